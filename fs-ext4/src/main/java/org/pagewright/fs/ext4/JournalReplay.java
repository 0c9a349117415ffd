package org.pagewright.fs.ext4;

import org.pagewright.block.BlockDevice;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.disk.Superblock;

final class JournalReplay {
  private JournalReplay() {}

  static Superblock replay(BlockDevice device, Superblock superblock, Ext4Options options)
      throws FsException {
    throw new FsException(
        Errno.EUCLEAN, device.name() + ": needs its journal replayed; run e2fsck on it");
  }
}
