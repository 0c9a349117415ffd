package org.pagewright.fs.ext4;

import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.buffer.BufferType;
import org.pagewright.fs.ext4.disk.Checksums;
import org.pagewright.fs.ext4.disk.LittleEndian;
import org.pagewright.fs.ext4.journal.Handle;
import org.pagewright.vfs.SuperBlock;

/// The orphan file: a hidden file whose blocks are full of the numbers of inodes that have no names
/// any more, or whose truncation is under way. The feature `orphan_file`.
///
/// All of its blocks are held in memory, so that an operation in its middle need not read one;
/// there are few.
final class OrphanFile {
  private final Ext4FileSystem fs;
  private final Ext4Inode file;
  private final Buffer[] blocks;

  OrphanFile(Ext4FileSystem fs, SuperBlock superBlock) throws FsException {
    this.fs = fs;
    long ino = fs.superblock().orphanFileInode();
    if (!fs.geometry().isInode(ino)) {
      throw new CorruptedException(
          fs.name(), -1, "superblock: orphan file in inode " + ino + ", which there is not");
    }
    this.file = fs.readAnyInode(superBlock, ino);
    if (!file.isRegular() || file.nlink() == 0) {
      throw new CorruptedException(
          fs.name(), -1, "the orphan file's inode " + file.ino() + " is no file's");
    }
    long count = file.blockCount();
    if (count > BLOCKS_MAX) {
      throw new CorruptedException(fs.name(), -1, "orphan file of " + count + " blocks");
    }
    BufferType type = new OrphanBlock(file);
    this.blocks = new Buffer[(int) count];
    boolean done = false;
    try {
      for (int i = 0; i < count; i++) {
        blocks[i] = fs.cache().read(file.placeOf(i), type);
      }
      done = true;
    } finally {
      if (!done) {
        close();
      }
    }
  }

  /// Linux makes files of at most 512 blocks.
  private static final int BLOCKS_MAX = 4096;

  /// Gives the blocks back.
  void close() {
    for (int i = 0; i < blocks.length; i++) {
      if (blocks[i] != null) {
        blocks[i].put();
      }
    }
  }

  /// Checks and seals the blocks of the file.
  private record OrphanBlock(Ext4Inode file) implements BufferType {
    @Override
    public void verify(Buffer buffer) throws CorruptedException {
      if (!Checksums.orphanBlockMatches(
          file.fs().geometry(), file.inodeSeed(), buffer.blockNr(), buffer.segment(), 0)) {
        throw new CorruptedException(
            buffer.deviceName(), buffer.blockNr(), "orphan file: magic or checksum");
      }
    }

    @Override
    public void seal(Buffer buffer) {
      Checksums.sealOrphanBlock(
          file.fs().geometry(), file.inodeSeed(), buffer.blockNr(), buffer.segment(), 0);
    }
  }

  private int entries() {
    return (fs.blockSize() - Checksums.ORPHAN_TAIL_SIZE) / 4;
  }

  /// Takes what the file names.
  interface Sink {
    /// One inode.
    void orphan(int slot, long ino) throws FsException;
  }

  /// Gives the inodes that the file names.
  ///
  /// @throws FsException EUCLEAN, EIO
  void forEach(Sink sink) throws FsException {
    for (int logical = 0; logical < blocks.length; logical++) {
      Buffer buffer = blocks[logical];
      for (int i = 0; i < entries(); i++) {
        long ino = LittleEndian.u32(buffer.segment(), 4L * i);
        if (ino != 0 && !fs.isUserInode(ino)) {
          throw new CorruptedException(
              fs.name(), buffer.blockNr(), "orphan file names inode " + ino);
        }
        if (ino != 0) {
          sink.orphan(logical * entries() + i, ino);
        }
      }
    }
  }

  /// Enters an inode. Costs one credit. The lock of orphans is held.
  ///
  /// @return its slot, -1 if the file is full
  /// @throws FsException EIO
  int add(Handle handle, long ino) throws FsException {
    for (int logical = 0; logical < blocks.length; logical++) {
      for (int i = 0; i < entries(); i++) {
        if (LittleEndian.i32(blocks[logical].segment(), 4L * i) == 0) {
          put(handle, blocks[logical], i, (int) ino);
          return logical * entries() + i;
        }
      }
    }
    return -1;
  }

  /// Takes an inode out. Costs one credit. The lock of orphans is held.
  ///
  /// @throws FsException EIO
  void remove(Handle handle, int slot) throws FsException {
    put(handle, blocks[slot / entries()], slot % entries(), 0);
  }

  private static void put(Handle handle, Buffer buffer, int i, int value) throws FsException {
    handle.getWriteAccess(buffer);
    buffer.lock();
    LittleEndian.put32(buffer.segment(), 4L * i, value);
    buffer.unlock();
    handle.dirtyMetadata(buffer);
  }

  /// Empties the file.
  ///
  /// @throws FsException EIO
  void clear() throws FsException {
    for (Buffer buffer : blocks) {
      try (Handle handle = fs.journal().start(1)) {
        handle.getWriteAccess(buffer);
        buffer.lock();
        buffer.segment().asSlice(0, 4L * entries()).fill((byte) 0);
        buffer.unlock();
        handle.dirtyMetadata(buffer);
      }
    }
  }
}
