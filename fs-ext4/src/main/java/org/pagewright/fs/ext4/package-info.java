/// ext2, ext3 and ext4 volumes: where an embedder opens an image.
///
///     try (CacheMemory memory = CacheMemory.ofBytes(64 << 20);
///         Volume volume =
///             Ext4.mount(
///                 FileBlockDevice.open(Path.of("disk.img"), Options.READ_WRITE),
///                 memory,
///                 Ext4Options.DEFAULTS)) {
///       try (OpenFile file = volume.open("/hello", OpenFlags.CREAT | OpenFlags.WRONLY, 0644)) {
///         file.write("hello, disk\n".getBytes(UTF_8));
///         file.fsync(false);
///       }
///     }
///
/// | type                 | what                                                                |
/// |----------------------|---------------------------------------------------------------------|
/// | [Ext4]               | opens a device as a volume                                          |
/// | [Ext4Options]        | how                                                                 |
/// | [Ext4FileSystem]     | the volume as a whole: tables, allocators, journal                  |
/// | [Ext4Inode]          | one inode, and what the rooms below need of it                      |
/// | [Ext4InodeOperations]| names, attributes                                                   |
/// | [Ext4Space]          | sizes, space: cut, reserve, punch, move                             |
/// | [Ext4Extents]        | what lies under a range of a file                                   |
///
/// May import core and all rooms of this module, bottom to top: `disk`, `buffer`, `journal`,
/// `alloc`, `map`, then `dir` and `xattr` side by side.
///
/// ## How a byte gets to the disk
///
///     OpenFile.write -> GenericWrite -> IomapOperations -> Ext4Extents.begin   blocks are promised
///       ... later, or with fsync ...
///     writepages -> Ext4Extents.allocateForWriteback    a handle; unwritten extents
///                -> the device -> writeCompleted        a handle; written, size on disk
///     journal.commit                                    metadata blocks, then a flush
///
/// Rules: R-C7 (space is promised at the write), R-C9 (unwritten until the data are there, and the
/// size on disk after that), R-D2, R-D4.
///
/// The journal is replayed when a volume is opened, and not written yet: until then a volume that
/// is open for writing is marked as not clean on the device, and clean again when it is closed.
package org.pagewright.fs.ext4;
