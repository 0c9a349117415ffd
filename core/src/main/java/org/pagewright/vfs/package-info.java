/// Files by name: volumes, inodes, the caches of both, path walk, open files. The top room of core,
/// and the one that users start from.
///
/// ## Use
///
///     CacheMemory memory = CacheMemory.ofBytes(64 << 20);
///     try (Volume volume = Ext4.mount(device, memory, options)) { // or Ramfs, Hostfs
///       volume.mkdir("/logs", 0755);
///       int flags = OpenFlags.WRONLY | OpenFlags.CREAT;
///       try (OpenFile file = volume.open("/logs/today", flags, 0644)) {
///         file.write(ByteBuffer.wrap("hello\n".getBytes(UTF_8)));
///         file.fsync(true);
///       }
///       volume.rename("/logs/today", "/logs/yesterday");
///     }
///
/// ## Entry points
///
/// | type                   | who uses it                                                         |
/// |------------------------|---------------------------------------------------------------------|
/// | [CacheMemory]          | programs: the memory budget that volumes share                      |
/// | [Volume]               | programs: everything by path                                        |
/// | [OpenFile]             | programs: reading, writing, syncing                                 |
/// | [Namespace]            | doors that hold inodes by number: names                             |
/// | [Attributes]           | doors that hold inodes by number: attributes                        |
/// | [FileLock], [LockOwner]| doors: locks on files and who holds them; see [OpenFile#lock]       |
/// | [SuperBlock]           | file systems and doors: the volume as a whole                       |
/// | [SuperBlockOperations] | file systems implement it                                           |
/// | [InodeOperations]      | file systems implement it                                           |
/// | [Inode]                | file systems extend it                                              |
/// | [Watcher]              | doors: each change, whichever door it came through                  |
///
/// May import every room of core. Nothing of core imports it.
///
/// ## How a path becomes an open file
///
///     Volume.open --> PathWalk --> Namespace.lookupName --> DentryCache   name  -> number
///                                          |                InodeCache    number -> Inode
///                                          +-- not known --> InodeOperations.lookup, readInode
///     OpenFile.open: type, rights, TRUNC; a sample of the file's ErrSeq
///
/// ## Rules
///
/// - References are given back after all locks: the last one may free an inode on disk.
/// - A dentry is killed before the reference that keeps its number from being used again is given
///   back; see `DentryCache`.
/// - Each change happens between [SuperBlock#startWrite()] and [SuperBlock#endWrite()].
/// - A close, forced or not, turns new calls away, lets those under way end, and syncs after that:
///   what an fsync has returned for is there, and no change is half made. See [SuperBlock#close].
/// - R-H7: each open file hears of each error of write-out once, from `fsync` or `close`.
/// - R-H9, R-H10: O_DSYNC and O_SYNC sync the range written, after INODE was given back.
///
/// ## What we do differently from Linux
///
/// A dentry holds a number, not an inode, and there is no tree of dentries: `..` asks the file
/// system. So names never pin inodes, and each cache has its own bound.
///
/// ## Not here
///
/// Mounts inside mounts, quotas.
package org.pagewright.vfs;
