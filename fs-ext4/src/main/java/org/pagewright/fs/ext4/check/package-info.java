/// Checks the consistency of an ext2, ext3 or ext4 file system. Reads only.
///
/// Entry point: [Fsck#check]; what it finds is a list of [Finding] in a [Report].
///
/// ```
/// JournalCheck    the journal; what needs it is replayed into memory, and checked as it is then
/// LayoutCheck     superblock, group descriptors, backups; claims the file system's own blocks
/// OrphanCheck     inodes that wait to be freed
/// InodeCheck      every inode, its map, its attributes; claims blocks; names those with two owners
/// DirectoryCheck  every directory: records, index, names; counts names of inodes
/// TreeCheck       what the root leads to; links against names
/// BitmapCheck     bitmaps and counts against what was claimed
/// ```
///
/// May import `disk` and the replay of `journal`; block and errno. It shares the formats with the
/// driver, and nothing else: maps, directories and attributes are read by code of its own, so that
/// an error in the driver is not made here again.
///
/// # Rules
///
/// - Nothing is written. A journal is replayed into memory over the image.
/// - A walk ends whatever the image says: each block of a map or directory is entered once in a
///   phase, and once all claims are many times the blocks there are, maps are not followed further.
/// - Memory is bits for blocks, bytes for inodes, of groups in use: a large image that is nearly
///   empty costs little, and no structure on disk makes it cost more.
/// - Damage is a finding and never an exception; the check goes on with what is still sound.
///
/// # What we do differently
///
/// e2fsck repairs, so it must stop at one thing before it looks at the next; this only tells, and
/// looks at the image as a mount would find it, after replay. A name that occurs twice is found
/// across the blocks of a directory, not only within one. docs/fsck.md lists where the two judge
/// differently, and why.
///
/// Not here: repair; quota files' content; the content of files.
package org.pagewright.fs.ext4.check;
