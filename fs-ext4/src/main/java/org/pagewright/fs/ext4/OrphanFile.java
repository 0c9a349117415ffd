package org.pagewright.fs.ext4;

import java.util.ArrayList;
import java.util.List;
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
final class OrphanFile {
  private OrphanFile() {}

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

  /// Reads all numbers and clears them.
  static List<Long> takeAll(Ext4FileSystem fs, SuperBlock superBlock) throws FsException {
    Ext4Inode file = fs.readAnyInode(superBlock, fs.superblock().orphanFileInode());
    BufferType type = new OrphanBlock(file);
    List<Long> orphans = new ArrayList<>();
    int entries = (fs.blockSize() - Checksums.ORPHAN_TAIL_SIZE) / 4;
    for (long logical = 0; logical < file.blockCount(); logical++) {
      try (Handle handle = fs.journal().start(1);
          Buffer buffer = fs.cache().read(file.placeOf(logical), type)) {
        handle.getWriteAccess(buffer);
        buffer.lock();
        for (int i = 0; i < entries; i++) {
          long ino = LittleEndian.u32(buffer.segment(), 4L * i);
          if (ino != 0) {
            orphans.add(ino);
            LittleEndian.put32(buffer.segment(), 4L * i, 0);
          }
        }
        buffer.unlock();
        handle.dirtyMetadata(buffer);
      }
    }
    for (long ino : orphans) {
      if (!fs.isUserInode(ino)) {
        throw new CorruptedException(fs.name(), -1, "orphan file names inode " + ino);
      }
    }
    return orphans;
  }
}
