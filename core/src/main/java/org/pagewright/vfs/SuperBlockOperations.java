package org.pagewright.vfs;

import java.time.Instant;
import org.pagewright.errno.FsException;

/// What a file system implements for a volume as a whole.
///
/// | method                | locks held by the caller                                            |
/// |-----------------------|---------------------------------------------------------------------|
/// | readInode             | perhaps SB_WRITE, INODE of directories, a JOURNAL_HANDLE; none on it |
/// | writeInode            | none on the inode; called by sync, the flusher, eviction            |
/// | evictInode            | perhaps SB_WRITE, INODE of others; nobody else has the inode        |
/// | syncFs, close         | none                                                                |
/// | freeze, thaw          | all writers are shut out                                            |
/// | dirtyInode            | perhaps INODE of it; no handle                                      |
/// | statfs, constants     | any                                                                 |
public interface SuperBlockOperations {
  /// What messages call the volume: an image's path, a device.
  ///
  /// @return a name for people
  String name();

  /// Number of the root directory's inode.
  ///
  /// @return not 0
  long rootIno();

  /// Reads an inode that is not in the cache. Called once at a time for each number.
  ///
  /// @param superBlock the volume
  /// @param ino inode number, perhaps nonsense from outside
  /// @return a new object with all fields filled; not yet in the cache
  /// @throws FsException ESTALE if no such inode is in use; EIO, EUCLEAN
  Inode readInode(SuperBlock superBlock, long ino) throws FsException;

  /// Reads an inode whose number came from outside: looks first whether it is in use at all, and
  /// takes nothing that it finds for damage.
  ///
  /// @param superBlock the volume
  /// @param ino any number
  /// @return as [#readInode]
  /// @throws FsException ESTALE if no such inode is in use, or it makes no sense; EIO
  default Inode readUntrusted(SuperBlock superBlock, long ino) throws FsException {
    return readInode(superBlock, ino);
  }

  /// Brings an inode's fields to the device, or to where [#syncFs(boolean)] finds them.
  ///
  /// @param inode its dirty bits are already cleared
  /// @param wait return only when the device has them; durability needs a flush of the device too
  /// @throws FsException EIO; the inode is then dirty again
  void writeInode(Inode inode, boolean wait) throws FsException;

  /// The cache lets an inode go. Its folios are already out of the page cache; with link count 0
  /// the file system frees its blocks and the inode itself, else it only drops what it holds in
  /// memory. The inode stays findable for [SuperBlock#iget(long)], which waits, until this returns.
  /// After [#close()], by [SuperBlock#isClosed()], it only drops what it holds in memory, too.
  ///
  /// @param inode the inode
  /// @throws FsException EIO, EUCLEAN; reported to the log of the volume, the inode is gone anyway
  void evictInode(Inode inode) throws FsException;

  /// Writes what the file system itself holds back: bitmaps, tables, its super block. All inodes
  /// and folios were handed to it before.
  ///
  /// @param wait return only when all of it is durable, the device flushed
  /// @throws FsException EIO
  void syncFs(boolean wait) throws FsException;

  /// Space and inodes in use.
  ///
  /// @return a snapshot
  /// @throws FsException EIO
  StatFs statfs() throws FsException;

  /// Everything was synced and no writer is left: make the image consistent as it lies.
  ///
  /// @throws FsException EIO; the volume is then not frozen
  default void freeze() throws FsException {}

  /// Writing may go on.
  ///
  /// @throws FsException EIO
  default void thaw() throws FsException {}

  /// The last call: everything was synced, no inode is left in the cache. Closes the device if the
  /// file system owns it. Only where it was forced inodes may be in use still, and are evicted
  /// afterwards.
  ///
  /// @throws FsException EIO
  void close() throws FsException;

  /// Writing is over after an error that nothing can mend, see [SuperBlock#shutdown]. Must not
  /// block; afterwards only evictInode and close are called.
  default void shutdown() {}

  /// The VFS changed fields of an inode outside any other method, such as the times on a write.
  /// A file system with a journal logs the inode here, under a handle of its own.
  ///
  /// @param inode the inode, already marked dirty
  /// @param what bits of [Inode#DIRTY_SYNC] and the like
  /// @throws FsException EIO
  default void dirtyInode(Inode inode, int what) throws FsException {}

  /// Largest size of a file.
  ///
  /// @return bytes
  long fileSizeMax();

  /// Longest name in bytes.
  ///
  /// @return bytes
  default int nameLengthMax() {
    return 255;
  }

  /// A good unit for I/O, told by `stat`.
  ///
  /// @return bytes
  int blockSize();

  /// Whether names may be remembered between lookups. A file system whose directories are changed
  /// behind our back says no.
  ///
  /// @return true if all changes come through the VFS
  default boolean cachesNames() {
    return true;
  }

  /// Whether inodes exist in memory only, so that one with names is never evicted before the volume
  /// is closed, and [#readInode] is never asked for one that was.
  ///
  /// @return true for a file system without a store
  default boolean livesInMemory() {
    return false;
  }

  /// Rounds a time to what the file system can keep, so that `stat` says the same before and after
  /// the inode was on disk.
  ///
  /// @param time any time
  /// @return the same time or one nearby
  default Instant roundTime(Instant time) {
    return time;
  }
}
