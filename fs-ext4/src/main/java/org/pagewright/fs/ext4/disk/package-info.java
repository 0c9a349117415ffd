/// The formats of ext2, ext3 and ext4 on disk, as codecs over memory: no I/O but for superblocks,
/// no caching, no state.
///
/// | type                | what it knows                                                          |
/// |---------------------|------------------------------------------------------------------------|
/// | [Superblock]        | every field, [Superblock#validate], backups, its own checksum          |
/// | [ErrorNote]         | what a superblock says of the first error, or of the last one          |
/// | [Feature]           | one feature bit: mke2fs's name, what we do with it                     |
/// | [Features]          | the three words of bits; refusal by name with advice                   |
/// | [Geometry]          | where everything lies: groups, backups, descriptors, inodes            |
/// | [GroupDescriptor]   | 32 and 64 bytes, flags, checksum of either kind                        |
/// | [InodeCodec]        | every field of an inode, times past 2038, device numbers               |
/// | [Checksums]         | the checksum of each structure, with the right seed                    |
/// | [Crc32c], [Crc16]   | the two polynomials                                                    |
/// | [DirHash]           | legacy, half-MD4 and TEA hashes of names, signed and unsigned          |
/// | [LittleEndian]      | unaligned numbers                                                      |
///
/// # Rules
///
/// - Codecs are static methods over a segment and the first byte of the structure in it, because
///   the structures live in cached blocks that others share: nothing is copied in or out.
/// - Numbers from disk are not trusted until the `validate` of their structure has passed; it names
///   the device, the block and the structure. After it, [Geometry] computes without further checks.
/// - A structure is sealed (its checksum stored) last, just before its bytes are written.
///
/// # What we do differently
///
/// Linux checks each field where it is first used; here each structure is checked in one method,
/// so that what is checked can be read in one place. Blocks larger than 4 KiB are refused.
///
/// May import errno and block. Not here: extents, directories, attributes and bitmaps themselves;
/// the rooms beside this one know them, and find their checksums in [Checksums].
package org.pagewright.fs.ext4.disk;
