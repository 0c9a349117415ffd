package org.pagewright.fs.ext4.check;

import java.lang.foreign.MemorySegment;
import org.pagewright.block.BlockDevice;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.LittleEndian;
import org.pagewright.fs.ext4.disk.Superblock;
import org.pagewright.fs.ext4.journal.JournalBlocks;
import org.pagewright.fs.ext4.journal.JournalSuperblock;
import org.pagewright.fs.ext4.journal.Recovery;

/// The journal: looked at, and replayed in memory when the volume needs it.
final class JournalCheck {
  /// Most memory for replayed blocks.
  private static final long REPLAY_BYTES_MAX = 256L << 20;

  private static final long INO = 8;

  /// Number of file systems that share a journal.
  private static final int USERS = 0x40;

  private final BlockDevice image;
  private final Findings findings;
  private BlockDevice device;
  private Superblock sb;
  private boolean replayed;
  private boolean usable = true;

  JournalCheck(BlockDevice image, Superblock sb, Findings findings) {
    this.image = image;
    this.device = image;
    this.sb = sb;
    this.findings = findings;
  }

  /// What the other phases read: the image, or the image as it is after a replay.
  BlockDevice device() {
    return device;
  }

  Superblock superblock() {
    return sb;
  }

  boolean replayed() {
    return replayed;
  }

  /// Whether the rest can be judged.
  boolean usable() {
    return usable;
  }

  /// Looks, and replays.
  ///
  /// @throws FsException EIO; EOPNOTSUPP if the journal brings in features that are not known
  void run() throws FsException {
    boolean wanted = sb.features().has(Feature.NEEDS_RECOVERY);
    if (!sb.features().has(Feature.HAS_JOURNAL)) {
      if (wanted) {
        findings.add(
            FindingCode.JOURNAL, 0, -1, "the superblock asks to replay a journal, and has none");
      }
      return;
    }
    if (sb.journalInode() == 0) {
      if (wanted) {
        notReplayed("it lies on a device of its own, " + sb.journalUuid());
      }
      return;
    }
    if (sb.journalInode() != INO) {
      findings.add(
          FindingCode.JOURNAL, sb.journalInode(), -1, "the journal's inode is not inode " + INO);
    }
    try {
      look(wanted);
      if (wanted) {
        replay();
      }
    } catch (CorruptedException e) {
      findings.add(FindingCode.JOURNAL, sb.journalInode(), e.blockNr(), why(e));
    } catch (FsException e) {
      if (e.errno() == Errno.EIO) {
        throw e;
      }
      notReplayed(why(e));
    }
  }

  private void notReplayed(String why) {
    findings.add(
        FindingCode.JOURNAL_NOT_REPLAYED,
        sb.journalInode(),
        -1,
        "the journal must be replayed before anything can be said: " + why);
    usable = false;
  }

  private static String why(FsException e) {
    return String.valueOf(e.getMessage());
  }

  private void look(boolean wanted) throws FsException {
    JournalBlocks blocks = JournalBlocks.read(image, sb);
    if (blocks.length() == 0) {
      throw new CorruptedException(image.name(), -1, "the journal has no blocks");
    }
    int blockSize = sb.blockSize();
    MemorySegment first = MemorySegment.ofArray(new byte[blockSize]);
    image.read(blocks.deviceBlock(0) * blockSize, first);
    JournalSuperblock journal = JournalSuperblock.copyOf(first, 0);
    journal.validate(image.name(), blocks.deviceBlock(0), blockSize, blocks.length());
    int users = Integer.reverseBytes(LittleEndian.i32(first, USERS));
    if (Integer.compareUnsigned(users, 1) > 0) {
      throw new CorruptedException(
          image.name(), blocks.deviceBlock(0), "journal superblock: " + users + " users");
    }
    if (!wanted && journal.start() != 0) {
      findings.add(
          FindingCode.JOURNAL_LEFTOVER,
          sb.journalInode(),
          blocks.deviceBlock(0),
          "the journal has a log from its block " + journal.start()
              + " on, and the superblock does not ask to replay it");
    }
    if (journal.errno() != 0) {
      findings.add(
          FindingCode.MARKED_DAMAGED,
          sb.journalInode(),
          blocks.deviceBlock(0),
          "the journal was stopped by error " + journal.errno());
    }
  }

  private void replay() throws FsException {
    OverlayDevice overlay = new OverlayDevice(image, REPLAY_BYTES_MAX);
    Recovery.Result result = Recovery.recover(overlay, sb);
    findings.add(
        FindingCode.JOURNAL_REPLAYED,
        sb.journalInode(),
        -1,
        "the volume was not closed; it was checked as it is once its journal is replayed ("
            + result.transactions() + " transactions, " + result.blocksWritten() + " blocks)");
    device = overlay;
    sb = result.superblock();
    replayed = true;
  }
}
