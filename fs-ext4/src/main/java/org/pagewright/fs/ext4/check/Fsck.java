package org.pagewright.fs.ext4.check;

import org.pagewright.block.BlockDevice;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.disk.Superblock;

/// Checks whether a file system agrees with itself. Reads only, whatever it finds.
public final class Fsck {
  /// Findings that are kept by default.
  public static final int FINDINGS_MAX = 1000;

  private Fsck() {}

  /// Checks a file system; see the package for what is looked at, in which order.
  ///
  /// Memory: some bits for each block and some bytes for each inode, of groups that are in use.
  /// Each block of metadata is read a bounded number of times, whatever it says.
  ///
  /// @param device the image; never written, and not closed
  /// @param findingsMax how many findings are kept; all are counted
  /// @return what was found
  /// @throws FsException EINVAL if no ext2, ext3 or ext4 is there; EOPNOTSUPP, naming features
  ///     that are not known; EIO if even the superblock cannot be read
  public static Report check(BlockDevice device, int findingsMax) throws FsException {
    Findings findings = new Findings(findingsMax);
    Superblock sb;
    try {
      sb = Superblock.read(device);
    } catch (CorruptedException e) {
      return unreadable(device, findings, e);
    }
    JournalCheck journal = new JournalCheck(device, sb, findings);
    Scan scan;
    try {
      journal.run();
      scan = new Scan(journal.device(), journal.superblock(), findings, journal.replayed());
      scan.refuseUnknownFeatures();
    } catch (CorruptedException e) {
      return unreadable(device, findings, e); // the log brought a superblock that makes no sense
    }
    if (!journal.usable()) {
      return report(findings, 0, 0, 0, false);
    }
    new LayoutCheck(scan).run();
    new OrphanCheck(scan).run();
    new InodeCheck(scan).run();
    new DirectoryCheck(scan).run();
    new TreeCheck(scan).run();
    new BitmapCheck(scan).run();
    return report(
        findings,
        scan.used.count(),
        scan.directories.count(),
        // What lies before the first block that a bitmap speaks of is a boot loader's, and in use.
        scan.geometry.firstDataBlock() + scan.claimed.count() * scan.geometry.clusterRatio(),
        true);
  }

  private static Report unreadable(BlockDevice device, Findings findings, CorruptedException e)
      throws FsException {
    findings.add(
        FindingCode.SUPERBLOCK, 0, Math.max(e.blockNr(), -1), String.valueOf(e.getMessage()));
    Superblock backup = Superblock.findBackup(device);
    if (backup != null) {
      findings.add(
          FindingCode.BACKUP_SUPERBLOCK,
          0,
          -1,
          "the backup of the superblock in group " + backup.blockGroupNr() + " is good");
    }
    return report(findings, 0, 0, 0, false);
  }

  private static Report report(
      Findings findings, long inodes, long directories, long blocks, boolean complete) {
    return new Report(
        findings.kept(),
        findings.damages(),
        findings.notes(),
        inodes,
        directories,
        blocks,
        complete);
  }
}
