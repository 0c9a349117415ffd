package org.pagewright.fs.ext4.journal;

import org.pagewright.block.BlockDevice;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.Superblock;

/// A journal with transactions to replay, for tests of other packages.
public final class LoggedTransactions {
  private LoggedTransactions() {}

  /// Logs three transactions over blocks at the end of a volume, which no file has, with a revoke.
  ///
  /// @param device a volume with a journal
  /// @param checksums whether the log has them
  /// @throws FsException EIO
  public static void write(BlockDevice device, boolean checksums) throws FsException {
    Superblock sb = Superblock.read(device);
    int incompat = JournalSuperblock.INCOMPAT_REVOKE;
    if (checksums) {
      incompat |= JournalSuperblock.INCOMPAT_CSUM_V3 | JournalSuperblock.INCOMPAT_64BIT;
    }
    long end = sb.blocksCount();
    JournalWriter log = new JournalWriter(device, incompat, false, 1, 7, 0);
    log.log(new long[] {end - 1, end - 2, end - 3}, new int[] {1, 2, 0});
    log.commit();
    log.revoke(end - 2);
    log.log(new long[] {end - 4}, new int[] {4});
    log.commit();
    log.log(new long[] {end - 1, end - 5}, new int[] {5, 6});
    log.commit();
    if (!Superblock.read(device).features().has(Feature.NEEDS_RECOVERY)) {
      throw new AssertionError("nothing to replay");
    }
  }
}
