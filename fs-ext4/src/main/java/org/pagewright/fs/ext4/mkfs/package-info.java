/// Makes ext2, ext3 and ext4 file systems, straight on a device.
///
/// | type           | what it does                                                               |
/// |----------------|----------------------------------------------------------------------------|
/// | [Mkfs]         | the entry: writes a file system with a root, lost+found and a journal       |
/// | [MkfsOptions]  | what may be chosen; the defaults are those of `mke2fs -t ext4`              |
/// | `Sizing`       | turns a device size and the options into the numbers of a superblock        |
/// | `UsedBlocks`   | which blocks are taken, as runs: 16 TiB need some thousands of them         |
/// | `FileMaker`    | one inode with its blocks, mapped by extents or by indirect blocks          |
///
/// ```
/// Sizing            superblock: blocks, groups, inodes, reserved descriptor blocks
///   |
/// Mkfs.placeTables  bitmaps and inode tables, gathered by flexible groups
///   |
/// Mkfs.makeFiles    root, lost+found, resize inode, journal, orphan file
///   |
/// Mkfs.write        tables, descriptors, backups; flush; first superblock; flush
/// ```
///
/// # Rules
///
/// - The first superblock is wiped first and written last: a device where this ended half-way is
///   not taken for a file system.
/// - On a device that is known to hold zeros, nothing that is zero is written; and bitmaps of
///   groups that nothing was put in are left out where checksummed descriptors can say so. So 16
///   TiB take a few hundred MiB, most of them copies of the group descriptors.
/// - The same options, device size and time give the same bytes: what is random otherwise (UUID,
///   hash seed) is derived when the time is given.
///
/// # What we do differently from mke2fs
///
/// Inode tables of a device that holds zeros are marked as zeroed, so the kernel has no lazy work
/// to do after its first mount. Everything else that dumpe2fs shows is the same by intention.
///
/// May import errno, block and the `disk` room beside this one. Not here: adding files; that is
/// work for the mounted file system.
package org.pagewright.fs.ext4.mkfs;
