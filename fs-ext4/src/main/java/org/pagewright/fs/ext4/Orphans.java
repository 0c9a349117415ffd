package org.pagewright.fs.ext4;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.buffer.BufferType;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.Superblock;
import org.pagewright.fs.ext4.journal.Handle;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.vfs.SuperBlock;

/// Inodes that a crash would leave with something to be done: without names but in use, half cut,
/// or with blocks beyond their end. The next recovery frees them, or cuts them at their size.
///
/// ```
/// superblock.lastOrphan --> inode --> inode --> 0       the link is where the time of deletion
///                           newest              oldest  will be
/// ```
///
/// or, with the feature `orphan_file`, as numbers in a hidden file, which many can change at a
/// time. Only with a journal: without one, e2fsck looks at every inode anyway.
final class Orphans {
  /// Credits of [#add] and of [#remove]: superblock or a block of the file, the inode, and the one
  /// that links to it.
  static final int CREDITS = 3;

  /// It has no names.
  static final int NAMELESS = 1;

  /// Its truncation takes several transactions.
  static final int CUT = 2;

  /// It is growing and cannot say that blocks behind its end read as zeros.
  static final int GROWING = 4;

  private final Ext4FileSystem fs;
  private final Mutex lock;
  private final boolean active;

  // Guarded by lock.
  private @Nullable Ext4Inode newest;
  private @Nullable OrphanFile file;
  private int count;

  /// The block of the superblock: held, so that an operation in its middle need not read it.
  /// Written once before the first use.
  private @Nullable Buffer superblockBlock;

  Orphans(Ext4FileSystem fs) {
    this.fs = fs;
    this.lock = new Mutex(LockClass.ORPHAN, fs.name());
    this.active = fs.journal().recovers();
  }

  /// Reads what an earlier use has left.
  ///
  /// @return inodes, each with a reference
  /// @throws FsException EUCLEAN if the list makes no sense, EIO
  List<Ext4Inode> load(SuperBlock superBlock) throws FsException {
    List<Ext4Inode> found = new ArrayList<>();
    Set<Long> seen = new HashSet<>();
    Superblock superblock = fs.superblock();
    if (active) {
      superblockBlock =
          fs.cache().read(Superblock.OFFSET / fs.blockSize(), BufferType.PLAIN);
    }
    Ext4Inode newer = null;
    for (long ino = superblock.lastOrphan(); ino != 0; ) {
      if (!seen.add(ino) || !fs.isUserInode(ino)) {
        throw new CorruptedException(fs.name(), -1, "orphan list leads to inode " + ino);
      }
      Ext4Inode inode = (Ext4Inode) superBlock.iget(ino);
      found.add(inode);
      ino = inode.deletionTime() & 0xffff_ffffL;
      if (active) {
        inode.orphanWhy = inode.nlink() == 0 ? NAMELESS : CUT;
        inode.orphanSlot = -1;
        inode.orphanNewer = newer;
        if (newer == null) {
          newest = inode;
        } else {
          newer.orphanOlder = inode;
        }
        newer = inode;
        count++;
      } else {
        inode.setDeletionTime(0);
      }
    }
    if (superblock.features().has(Feature.ORPHAN_FILE)
        && (active || superblock.features().has(Feature.ORPHAN_PRESENT))) {
      OrphanFile opened = new OrphanFile(fs, superBlock);
      file = active ? opened : null;
      opened.forEach(
          (slot, ino) -> {
            if (seen.add(ino)) {
              Ext4Inode inode = (Ext4Inode) superBlock.iget(ino);
              found.add(inode);
              if (active) {
                inode.orphanWhy = inode.nlink() == 0 ? NAMELESS : CUT;
                inode.orphanSlot = slot;
                count++;
              }
            }
          });
      if (!active) {
        opened.close();
      }
    }
    return found;
  }

  /// Without a journal: says that nothing is left to be done.
  void clear(SuperBlock superBlock) throws FsException {
    Superblock superblock = fs.superblock();
    superblock.putLastOrphan(0);
    if (superblock.features().has(Feature.ORPHAN_PRESENT)) {
      OrphanFile opened = new OrphanFile(fs, superBlock);
      opened.clear();
      opened.close();
      superblock.putFeatures(superblock.features().without(Feature.ORPHAN_PRESENT));
    }
  }

  /// {@return whether inodes are left that the next opening has to look after}
  boolean any() {
    lock.lock();
    try {
      return count > 0;
    } finally {
      lock.unlock();
    }
  }

  /// Notes an inode, for one more reason. Costs [#CREDITS].
  ///
  /// @throws FsException EIO, and nothing has changed
  void add(Handle handle, Ext4Inode inode, int why) throws FsException {
    if (!active) {
      return;
    }
    lock.lock();
    try {
      addLocked(handle, inode, why);
    } finally {
      lock.unlock();
    }
  }

  private void addLocked(Handle handle, Ext4Inode inode, int why) throws FsException {
    if (inode.orphanWhy == 0) {
      OrphanFile slots = file;
      int slot = slots == null ? -1 : slots.add(handle, inode.ino());
      inode.orphanSlot = slot;
      if (slot < 0) {
        Ext4Inode older = newest;
        try (Buffer table = inode.inodeBlock();
            Buffer block = superblockBlock()) {
          handle.getWriteAccess(table);
          handle.getWriteAccess(block);
          inode.setDeletionTime(older == null ? 0 : older.ino());
          inode.writeDeletionTime(handle, table);
          writeFirst(handle, block, inode.ino());
        }
        inode.orphanOlder = older;
        if (older != null) {
          older.orphanNewer = inode;
        }
        newest = inode;
      }
      count++;
    }
    inode.orphanWhy |= why;
  }

  /// Takes a reason away; with the last one the inode is no orphan any more, and its time of
  /// deletion is 0. Costs [#CREDITS].
  ///
  /// @throws FsException EIO, and nothing has changed
  void remove(Handle handle, Ext4Inode inode, int why) throws FsException {
    if (!active) {
      return;
    }
    lock.lock();
    try {
      removeLocked(handle, inode, why);
    } finally {
      lock.unlock();
    }
  }

  private void removeLocked(Handle handle, Ext4Inode inode, int why) throws FsException {
    if ((inode.orphanWhy & ~why) != 0 || inode.orphanWhy == 0) {
      inode.orphanWhy &= ~why;
      return;
    }
    if (inode.orphanSlot >= 0) {
      OrphanFile slots = file;
      assert slots != null;
      slots.remove(handle, inode.orphanSlot);
    } else {
      unlink(handle, inode);
    }
    inode.orphanWhy = 0;
    inode.orphanSlot = -1;
    count--;
  }

  private void unlink(Handle handle, Ext4Inode inode) throws FsException {
    Ext4Inode newer = inode.orphanNewer;
    Ext4Inode older = inode.orphanOlder;
    long olderIno = older == null ? 0 : older.ino();
    try (Buffer table = inode.inodeBlock();
        Buffer other = newer == null ? superblockBlock() : newer.inodeBlock()) {
      handle.getWriteAccess(table);
      handle.getWriteAccess(other);
      if (newer == null) {
        writeFirst(handle, other, olderIno);
        newest = older;
      } else {
        newer.setDeletionTime(olderIno);
        newer.writeDeletionTime(handle, other);
        newer.orphanOlder = older;
      }
      if (older != null) {
        older.orphanNewer = newer;
      }
      inode.orphanNewer = null;
      inode.orphanOlder = null;
      inode.setDeletionTime(0);
      inode.writeDeletionTime(handle, table);
    }
  }

  private Buffer superblockBlock() {
    Buffer block = superblockBlock;
    assert block != null : "orphans were not loaded";
    return block.get();
  }

  /// Lets go of what is held in memory.
  void close() {
    if (superblockBlock != null) {
      superblockBlock.put();
      superblockBlock = null;
    }
    if (file != null) {
      file.close();
      file = null;
    }
  }

  /// Changes the superblock through the journal. What of it was written past the journal is in the
  /// copy in memory, so nothing of it is lost.
  private void writeFirst(Handle handle, Buffer block, long ino) {
    Superblock copy = fs.withLastOrphan(ino);
    copy.seal();
    block.lock();
    MemorySegment.copy(
        copy.raw(), 0, block.segment(), Superblock.OFFSET % fs.blockSize(), Superblock.SIZE);
    block.unlock();
    handle.dirtyMetadata(block);
  }

  // ---- growth -----------------------------------------------------------------------------------

  /// A file with block pointers is about to get blocks up to one: until the size on disk follows,
  /// a crash would leave blocks behind the end. Costs [#CREDITS].
  void growing(Handle handle, Ext4Inode inode, long endBlock) throws FsException {
    if (!active || inode.mapper().supportsUnwritten()) {
      return;
    }
    lock.lock();
    try {
      if (endBlock > blocksOf(inode.diskSize())) {
        addLocked(handle, inode, GROWING);
        inode.growEnd = Math.max(inode.growEnd, endBlock);
      }
    } finally {
      lock.unlock();
    }
  }

  /// The size on disk of a file has moved, or blocks behind its end are gone. Costs [#CREDITS].
  ///
  /// @param limit block behind which the file surely has none
  void grown(Handle handle, Ext4Inode inode, long limit) throws FsException {
    if (!active) {
      return;
    }
    lock.lock();
    try {
      inode.growEnd = Math.min(inode.growEnd, limit);
      if ((inode.orphanWhy & GROWING) != 0 && blocksOf(inode.diskSize()) >= inode.growEnd) {
        removeLocked(handle, inode, GROWING);
        inode.growEnd = 0;
      }
    } finally {
      lock.unlock();
    }
  }

  private long blocksOf(long size) {
    return (size + fs.blockSize() - 1) / fs.blockSize();
  }
}
