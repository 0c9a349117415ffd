package org.pagewright.fs.ext4.journal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.pagewright.block.BlockDevice;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.disk.Crc32c;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.LittleEndian;
import org.pagewright.fs.ext4.disk.Superblock;

/// Replays a JBD2 journal: what was committed to it but may not have reached its place is written
/// there. Compare Linux's fs/jbd2/recovery.c.
///
/// ```
/// transaction n:   descriptor | data | data | ... | descriptor | data | ... | revoke | commit
///                  tags: where each data block belongs              blocks not to replay
///
/// SCAN     finds the last commit that is whole: the log ends where a block is not of the next
///          transaction, or a commit's checksum does not match
/// REVOKE   collects what later transactions revoked, and checks every checksum of every block
/// REPLAY   writes each logged block that was not revoked to its place
/// ```
///
/// Unlike Linux, all checksums are checked before the first block is written: a journal with a
/// damaged block in its middle changes nothing.
///
/// The caller holds the device alone and has cached nothing of it; what it read before, the
/// superblock included, may be stale afterwards.
public final class Recovery {
  /// What a replay did.
  ///
  /// @param transactions number of transactions replayed
  /// @param blocksWritten number of blocks written to their places
  /// @param blocksRevoked number of logged blocks that were left out as revoked
  /// @param journalErrno the error that had stopped the journal, as a negative errno, or 0; the
  ///     file system is marked as damaged then
  /// @param superblock the superblock as it is on the device now; its free counts may be old, as
  ///     Linux does not log them: the group descriptors know
  public record Result(
      int transactions,
      long blocksWritten,
      long blocksRevoked,
      int journalErrno,
      Superblock superblock) {}

  private enum Pass {
    SCAN,
    REVOKE,
    REPLAY
  }

  static final int HEADER_BYTES = 12;
  static final int TYPE_DESCRIPTOR = 1;
  static final int TYPE_COMMIT = 2;
  static final int TYPE_REVOKE = 5;

  static final int FLAG_ESCAPE = 1;
  static final int FLAG_SAME_UUID = 2;
  static final int FLAG_LAST_TAG = 8;
  static final int UUID_BYTES = 16;
  static final int TAIL_BYTES = 4;

  static final int COMMIT_CHECKSUM_TYPE = 0xc;
  static final int COMMIT_CHECKSUM_SIZE = 0xd;
  static final int COMMIT_CHECKSUM = 0x10;
  static final int COMMIT_SECONDS = 0x30;
  private static final int COMMIT_SIZE = 0x40;
  static final int CHECKSUM_CRC32 = 1;

  static final int REVOKE_COUNT = 0xc;
  static final int REVOKE_FIRST = 0x10;

  /// Little endian: a tag of 16 bits and a length of 16, then features and transaction number.
  private static final int FC_TAG_HEAD = 9;

  private static final int WINDOW_BYTES = 1 << 20;

  private final BlockDevice device;
  private final Superblock sb;
  private final JournalBlocks blocks;
  private final int blockSize;

  /// The log may have made the file system larger: its own size does not bound what is replayed.
  private final long deviceBlocks;

  private final JournalSuperblock journal;
  private final boolean blockChecksums;
  private final int seed;

  // A run of the journal that was read last.
  private final MemorySegment window;
  private final MemorySegment tags;
  private long windowFirst = -1;
  private long windowCount;

  // Blocks collected to be written together: later ones replace earlier ones of the same place.
  private final MemorySegment batch;
  private final long[] batchPlaces;
  private int batchCount;

  private final Revokes revokes = new Revokes();
  private int endSequence;
  private long blocksWritten;
  private long blocksRevoked;

  private Recovery(BlockDevice device, Superblock sb, JournalBlocks blocks, Arena arena)
      throws FsException {
    this.device = device;
    this.sb = sb;
    this.blocks = blocks;
    this.blockSize = sb.blockSize();
    this.deviceBlocks = device.sizeBytes() / blockSize;
    this.tags = arena.allocate(blockSize);
    this.window = arena.allocate(WINDOW_BYTES, 4096);
    this.batch = arena.allocate(WINDOW_BYTES, 4096);
    this.batchPlaces = new long[WINDOW_BYTES / blockSize];
    if (blocks.length() == 0) {
      throw new CorruptedException(device.name(), -1, "the journal has no blocks");
    }
    this.journal = JournalSuperblock.copyOf(block(0), 0);
    journal.validate(device.name(), blocks.deviceBlock(0), blockSize, blocks.length());
    this.blockChecksums = journal.hasBlockChecksums();
    this.seed = journal.checksumSeed();
  }

  /// Replays the journal of a file system if its superblock asks for it, and leaves the journal
  /// empty and the superblock not asking any more; both are durable. Maps the journal's inode
  /// itself.
  ///
  /// @param device where the file system is; nobody else may use it
  /// @param sb its superblock, validated
  /// @return what was done; with [Result#superblock()] the caller goes on
  /// @throws FsException EROFS if there is work and the device is read-only; EOPNOTSUPP for an
  ///     external journal, unknown features, or fast commits, each with advice; EUCLEAN for a
  ///     damaged journal, of which nothing was replayed; EIO
  public static Result recover(BlockDevice device, Superblock sb) throws FsException {
    boolean wanted = sb.features().has(Feature.NEEDS_RECOVERY);
    if (!sb.features().has(Feature.HAS_JOURNAL) || (sb.journalInode() == 0 && !wanted)) {
      return new Result(0, 0, 0, 0, sb);
    }
    return recover(device, sb, JournalBlocks.read(device, sb));
  }

  /// Replays like [#recover(BlockDevice, Superblock)], with blocks that the caller has mapped.
  ///
  /// @param device where the file system is; nobody else may use it
  /// @param sb its superblock, validated
  /// @param blocks the journal's blocks
  /// @return what was done
  /// @throws FsException see [#recover(BlockDevice, Superblock)]
  public static Result recover(BlockDevice device, Superblock sb, JournalBlocks blocks)
      throws FsException {
    try (Arena arena = Arena.ofShared()) {
      return new Recovery(device, sb, blocks, arena).run();
    }
  }

  private Result run() throws FsException {
    boolean wanted = sb.features().has(Feature.NEEDS_RECOVERY);
    long start = journal.start();
    if (!wanted && start == 0) {
      return new Result(0, 0, 0, 0, sb);
    }
    if (device.readOnly()) {
      if (!wanted) {
        return new Result(0, 0, 0, 0, sb);
      }
      throw new FsException(
          Errno.EROFS,
          device.name()
              + ": the journal must be replayed first, and the device is read-only"
              + " (work on a copy that can be written)");
    }
    int first = journal.sequence();
    endSequence = first;
    // A log that the superblock does not ask to replay is left over from a file system that was
    // used without its journal since: it must not be replayed.
    if (wanted && start != 0) {
      pass(Pass.SCAN);
      refuseFastCommits();
      pass(Pass.REVOKE);
      pass(Pass.REPLAY);
      writeBatch();
    }
    return finish(endSequence - first);
  }

  /// The order is what makes a power cut harmless: replayed blocks are durable before the log is
  /// emptied, and the log is empty before the superblock says that nothing is to be replayed.
  private Result finish(int transactions) throws FsException {
    device.flush();
    int errno = journal.errno();
    Superblock now = Superblock.read(device);
    if (errno != 0) {
      // The error is moved to where it outlives the journal's superblock.
      now.putState(now.state() | Superblock.STATE_ERROR);
      now.write(device);
      device.flush();
    }
    journal.putEmpty(endSequence + 1);
    MemorySegment first = block(0);
    journal.copyTo(first, 0);
    device.write(blocks.deviceBlock(0) * blockSize, first);
    device.flush();
    now.putFeatures(now.features().without(Feature.NEEDS_RECOVERY));
    now.write(device);
    device.flush();
    return new Result(transactions, blocksWritten, blocksRevoked, errno, now);
  }

  // The walk over the log, the same in all passes.

  private void pass(Pass pass) throws FsException {
    int sequence = journal.sequence();
    long at = journal.start();
    long left = journal.end() - journal.first();
    int crc = Crc32Forward.SEED;
    boolean hasCrc = (journal.compat() & JournalSuperblock.COMPAT_CHECKSUM) != 0;
    boolean doubtful = false;
    long lastCommitSeconds = 0;
    // Ends: `left` falls by each block that is passed, and the log has no more.
    while (left > 0 && (pass == Pass.SCAN || sequence - endSequence < 0)) {
      MemorySegment s = block(at);
      if (BigEndian.i32(s, 0) != JournalSuperblock.MAGIC || BigEndian.i32(s, 8) != sequence) {
        break;
      }
      int type = BigEndian.i32(s, 4);
      long here = at;
      at = wrap(at + 1);
      left--;
      if (type == TYPE_DESCRIPTOR) {
        if (blockChecksums && !tailMatches(s)) {
          if (pass != Pass.SCAN) {
            throw bad(here, "descriptor of transaction " + sequence + " has a wrong checksum");
          }
          doubtful = true; // an old block, or damage: the commit's time will tell
        }
        long count = countTags(s, here, pass);
        if (count > left) {
          if (pass != Pass.SCAN) {
            throw bad(here, "descriptor of transaction " + sequence + " is longer than the log");
          }
          break;
        }
        if (pass == Pass.SCAN) {
          if (hasCrc) {
            crc = Crc32Forward.update(crc, s);
            for (long i = 0; i < count; i++) {
              crc = Crc32Forward.update(crc, block(wrap(at + i)));
            }
          }
        } else {
          tags(pass, s, here, at, sequence);
        }
        at = wrap(at + count);
        left -= count;
      } else if (type == TYPE_COMMIT) {
        if (pass == Pass.SCAN) {
          boolean good = hasCrc ? crcMatches(s, crc) : !blockChecksums || commitMatches(s);
          long seconds = BigEndian.u32(s, COMMIT_SECONDS) << 32 | BigEndian.u32(s, 0x34);
          if (doubtful && seconds < lastCommitSeconds) {
            break; // an older transaction that had the same number: the log ended before it
          }
          if (doubtful) {
            throw bad(here, "transaction " + sequence + " has a block with a wrong checksum");
          }
          if (!good) {
            break; // a commit that was not finished: it never happened
          }
          lastCommitSeconds = seconds;
          crc = Crc32Forward.SEED;
        }
        sequence++;
      } else if (type == TYPE_REVOKE) {
        if (blockChecksums && !tailMatches(s)) {
          if (pass != Pass.SCAN) {
            throw bad(here, "revoke block of transaction " + sequence + " has a wrong checksum");
          }
          doubtful = true;
        }
        if (pass == Pass.REVOKE) {
          revoke(s, here, sequence);
        }
      } else {
        break;
      }
    }
    if (pass == Pass.SCAN) {
      endSequence = sequence;
    } else if (sequence != endSequence) {
      throw bad(
          journal.start(), "ends at transaction " + sequence + ", not at " + endSequence);
    }
  }

  private long wrap(long at) {
    return at >= journal.end() ? at - journal.end() + journal.first() : at;
  }

  private int tagsEnd() {
    return blockChecksums ? blockSize - TAIL_BYTES : blockSize;
  }

  private int tagFlags(MemorySegment s, int at) {
    // Version 3 has 32 bits of flags where others have a checksum and 16 bits of flags.
    return BigEndian.u16(s, at + 6L);
  }

  private long countTags(MemorySegment s, long here, Pass pass) throws FsException {
    int size = journal.tagBytes();
    long count = 0;
    for (int at = HEADER_BYTES; at + size <= tagsEnd(); at += size) {
      count++;
      int flags = tagFlags(s, at);
      if ((flags & FLAG_SAME_UUID) == 0) {
        at += UUID_BYTES;
      }
      if ((flags & FLAG_LAST_TAG) != 0) {
        return count;
      }
    }
    if (count == 0 && pass != Pass.SCAN) {
      throw bad(here, "descriptor without tags");
    }
    return count;
  }

  /// What a descriptor's tags say of the blocks that follow it: checked, or replayed.
  private void tags(Pass pass, MemorySegment descriptor, long here, long firstData, int sequence)
      throws FsException {
    int size = journal.tagBytes();
    boolean wide = journal.has(JournalSuperblock.INCOMPAT_64BIT);
    boolean v3 = journal.has(JournalSuperblock.INCOMPAT_CSUM_V3);
    // The descriptor lies in the window, which reading data blocks may move.
    MemorySegment s = tags;
    MemorySegment.copy(descriptor, 0, s, 0, blockSize);
    long data = firstData;
    for (int at = HEADER_BYTES; at + size <= tagsEnd(); at += size) {
      int flags = tagFlags(s, at);
      long place = BigEndian.u32(s, at);
      if (wide) {
        place |= BigEndian.u32(s, at + 8L) << 32;
      }
      if (place < 0 || place >= deviceBlocks || blocks.contains(place)) {
        throw bad(here, "transaction " + sequence + " logs block " + place);
      }
      if (pass == Pass.REVOKE) {
        if (blockChecksums && !dataMatches(s, at, v3, block(data), sequence)) {
          throw bad(data, "block " + place + " of transaction " + sequence + ": wrong checksum");
        }
      } else if (revokes.isRevoked(place, sequence)) {
        blocksRevoked++;
      } else {
        addToBatch(place, block(data), (flags & FLAG_ESCAPE) != 0);
      }
      data = wrap(data + 1);
      if ((flags & FLAG_SAME_UUID) == 0) {
        at += UUID_BYTES;
      }
      if ((flags & FLAG_LAST_TAG) != 0) {
        break;
      }
    }
  }

  private void revoke(MemorySegment s, long here, int sequence) throws FsException {
    long end = BigEndian.u32(s, REVOKE_COUNT);
    int size = journal.has(JournalSuperblock.INCOMPAT_64BIT) ? 8 : 4;
    if (end < REVOKE_FIRST || end > tagsEnd()) {
      throw bad(here, "revoke block of transaction " + sequence + " with " + end + " bytes");
    }
    for (int at = REVOKE_FIRST; at + size <= end; at += size) {
      long place = BigEndian.u32(s, at);
      if (size == 8) {
        place = place << 32 | BigEndian.u32(s, at + 4L);
      }
      if (place < 0 || place >= deviceBlocks) {
        throw bad(here, "transaction " + sequence + " revokes block " + place);
      }
      revokes.add(device.name(), place, sequence);
    }
  }

  // Checksums.

  private boolean tailMatches(MemorySegment s) {
    int tail = blockSize - TAIL_BYTES;
    int crc = Crc32c.update32(Crc32c.update(seed, s, 0, tail), 0);
    return BigEndian.i32(s, tail) == crc;
  }

  private boolean commitMatches(MemorySegment s) {
    int rest = COMMIT_CHECKSUM + 4;
    int crc = Crc32c.update32(Crc32c.update(seed, s, 0, COMMIT_CHECKSUM), 0);
    int found = BigEndian.i32(s, COMMIT_CHECKSUM);
    if (found == Crc32c.update(crc, s, rest, blockSize - rest)) {
      return true;
    }
    // The power went while the block was written: its first sector says all there is to say, and
    // what follows was zeros. Compare Linux's jbd2_commit_block_csum_verify_partial().
    crc = Crc32c.update(crc, s, rest, COMMIT_SIZE - rest);
    for (int at = COMMIT_SIZE; at < blockSize; at += Integer.BYTES) {
      crc = Crc32c.update32(crc, 0);
    }
    return found == crc;
  }

  /// Version 1: one CRC-32 over all of the transaction, if its commit says that there is one.
  private static boolean crcMatches(MemorySegment s, int crc) {
    int type = LittleEndian.u8(s, COMMIT_CHECKSUM_TYPE);
    int size = LittleEndian.u8(s, COMMIT_CHECKSUM_SIZE);
    int found = BigEndian.i32(s, COMMIT_CHECKSUM);
    return (type == CHECKSUM_CRC32 && size == 4 && found == crc)
        || (type == 0 && size == 0 && found == 0);
  }

  private boolean dataMatches(
      MemorySegment tags, int at, boolean v3, MemorySegment data, int sequence) {
    int crc = Crc32c.update32(seed, Integer.reverseBytes(sequence));
    crc = Crc32c.update(crc, data, 0, blockSize);
    return v3
        ? BigEndian.i32(tags, at + 12L) == crc
        : BigEndian.u16(tags, at + 4L) == (crc & 0xffff);
  }

  // Reading and writing.

  /// A block of the journal; valid until the next call.
  private MemorySegment block(long index) throws FsException {
    if (index < windowFirst || index >= windowFirst + windowCount || windowFirst < 0) {
      long count = Math.min(blocks.contiguous(index), WINDOW_BYTES / blockSize);
      windowFirst = -1;
      device.read(
          blocks.deviceBlock(index) * blockSize, window.asSlice(0, count * blockSize));
      windowFirst = index;
      windowCount = count;
    }
    return window.asSlice((index - windowFirst) * blockSize, blockSize);
  }

  private void addToBatch(long place, MemorySegment data, boolean escaped) throws FsException {
    int slot = 0;
    while (slot < batchCount && batchPlaces[slot] != place) {
      slot++;
    }
    if (slot == batchPlaces.length) {
      writeBatch();
      slot = 0;
    }
    long at = (long) slot * blockSize;
    MemorySegment.copy(data, 0, batch, at, blockSize);
    if (escaped) {
      // The block began with the journal's magic number, which the log hides.
      BigEndian.put32(batch, at, JournalSuperblock.MAGIC);
    }
    batchPlaces[slot] = place;
    batchCount = Math.max(batchCount, slot + 1);
  }

  /// Writes the batch in order of place, neighbours together.
  private void writeBatch() throws FsException {
    long[] order = new long[batchCount];
    for (int i = 0; i < batchCount; i++) {
      order[i] = batchPlaces[i] * batchPlaces.length + i;
    }
    Arrays.sort(order);
    for (int i = 0; i < batchCount; ) {
      long place = order[i] / batchPlaces.length;
      int run = 0;
      while (i + run < batchCount && order[i + run] / batchPlaces.length == place + run) {
        long slot = order[i + run] % batchPlaces.length;
        MemorySegment.copy(
            batch, slot * blockSize, sorted(), (long) run * blockSize, blockSize);
        run++;
      }
      device.write(place * blockSize, sorted().asSlice(0, (long) run * blockSize));
      blocksWritten += run;
      i += run;
    }
    batchCount = 0;
  }

  /// The window serves as the place where a run is put together; what it held is forgotten.
  private MemorySegment sorted() {
    windowFirst = -1;
    return window;
  }

  private void refuseFastCommits() throws FsException {
    if (journal.fastCommitBlocks() == 0 || journal.maxLength() == journal.end()) {
      return;
    }
    MemorySegment s = block(journal.end());
    boolean head = LittleEndian.u16(s, 0) == FC_TAG_HEAD;
    if (head && LittleEndian.i32(s, 8) == endSequence) {
      throw new FsException(
          Errno.EOPNOTSUPP,
          device.name()
              + ": the journal ends in fast commits, which are not replayed here"
              + " (mount it once with Linux, or run `e2fsck -fy`)");
    }
  }

  private CorruptedException bad(long index, String why) {
    return new CorruptedException(
        device.name(),
        blocks.deviceBlock(index),
        "journal block " + index + ": " + why + " (nothing was replayed; run e2fsck)");
  }
}
