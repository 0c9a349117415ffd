package org.pagewright.fs.ext4.journal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.disk.Crc32c;
import org.pagewright.fs.ext4.disk.LittleEndian;

/// The superblock of a JBD2 journal: the first block of the journal, in big endian.
///
/// ```
/// block 0      first                    start                         end         maxLength
/// +-----------+------------------------+-----------------------------+-----------+
/// | superblock| (wrapped) log ends ... | log begins: transaction     | fast      |
/// |           |                        | number `sequence`           | commits   |
/// +-----------+------------------------+-----------------------------+-----------+
/// ```
///
/// A copy in memory. After [#validate], the numbers make sense.
public final class JournalSuperblock {
  /// Bytes of the superblock; the rest of its block is not used.
  public static final int SIZE = 1024;

  /// First word of every block of the journal that is not data.
  public static final int MAGIC = 0xc03b_3998;

  /// Feature: commits carry a CRC-32 of their transaction.
  public static final int COMPAT_CHECKSUM = 1;

  /// Feature: there may be revoke blocks.
  public static final int INCOMPAT_REVOKE = 1;

  /// Feature: block numbers have 64 bits.
  public static final int INCOMPAT_64BIT = 2;

  /// Feature: a commit may have been written together with its transaction.
  public static final int INCOMPAT_ASYNC_COMMIT = 4;

  /// Feature: every block carries a CRC-32C, of which tags keep 16 bits.
  public static final int INCOMPAT_CSUM_V2 = 8;

  /// Feature: every block carries a CRC-32C.
  public static final int INCOMPAT_CSUM_V3 = 0x10;

  /// Feature: the end of the journal is for fast commits.
  public static final int INCOMPAT_FAST_COMMIT = 0x20;

  static final int TYPE_SUPERBLOCK_V1 = 3;
  static final int TYPE_SUPERBLOCK_V2 = 4;

  private static final int KNOWN_INCOMPAT =
      INCOMPAT_REVOKE
          | INCOMPAT_64BIT
          | INCOMPAT_ASYNC_COMMIT
          | INCOMPAT_CSUM_V2
          | INCOMPAT_CSUM_V3
          | INCOMPAT_FAST_COMMIT;
  private static final int CHECKSUM_CRC32C = 4;
  private static final int DEFAULT_FAST_COMMIT_BLOCKS = 256;

  private static final int BLOCK_TYPE = 0x4;
  private static final int BLOCK_SIZE = 0xc;
  private static final int MAX_LENGTH = 0x10;
  private static final int FIRST = 0x14;
  private static final int SEQUENCE = 0x18;
  private static final int START = 0x1c;
  private static final int ERRNO = 0x20;
  private static final int FEATURE_COMPAT = 0x24;
  private static final int FEATURE_INCOMPAT = 0x28;
  private static final int FEATURE_RO_COMPAT = 0x2c;
  private static final int UUID = 0x30;
  private static final int USERS = 0x40;
  private static final int CHECKSUM_TYPE = 0x50;
  private static final int FAST_COMMIT_BLOCKS = 0x54;
  private static final int CHECKSUM = 0xfc;

  private final MemorySegment raw;

  private JournalSuperblock(MemorySegment raw) {
    this.raw = raw;
  }

  /// A copy of 1024 bytes, not validated.
  ///
  /// @param s memory
  /// @param at first byte
  /// @return a new one
  public static JournalSuperblock copyOf(MemorySegment s, long at) {
    MemorySegment raw = MemorySegment.ofArray(new byte[SIZE]);
    MemorySegment.copy(s, at, raw, 0, SIZE);
    return new JournalSuperblock(raw);
  }

  /// Copies the 1024 bytes to memory.
  ///
  /// @param target memory
  /// @param at first byte
  public void copyTo(MemorySegment target, long at) {
    MemorySegment.copy(raw, 0, target, at, SIZE);
  }

  /// {@return bytes of a block}
  public int blockSize() {
    return BigEndian.i32(raw, BLOCK_SIZE);
  }

  /// {@return number of blocks of the journal}
  public long maxLength() {
    return BigEndian.u32(raw, MAX_LENGTH);
  }

  /// {@return first block of the log}
  public long first() {
    return BigEndian.u32(raw, FIRST);
  }

  /// {@return block behind the log: where it wraps, and fast commits begin}
  public long end() {
    return maxLength() - fastCommitBlocks();
  }

  /// {@return number of blocks at the end that are for fast commits}
  public long fastCommitBlocks() {
    if (!has(INCOMPAT_FAST_COMMIT)) {
      return 0;
    }
    long blocks = BigEndian.u32(raw, FAST_COMMIT_BLOCKS);
    return blocks == 0 ? DEFAULT_FAST_COMMIT_BLOCKS : blocks;
  }

  /// {@return number of the first transaction of the log; wraps}
  public int sequence() {
    return BigEndian.i32(raw, SEQUENCE);
  }

  /// {@return block where the log begins; 0 if there is nothing to replay}
  public long start() {
    return BigEndian.u32(raw, START);
  }

  /// {@return an error that stopped the journal, as a negative errno, or 0}
  public int errno() {
    return BigEndian.i32(raw, ERRNO);
  }

  /// {@return compatible features}
  public int compat() {
    return isV2() ? BigEndian.i32(raw, FEATURE_COMPAT) : 0;
  }

  /// {@return incompatible features}
  public int incompat() {
    return isV2() ? BigEndian.i32(raw, FEATURE_INCOMPAT) : 0;
  }

  /// {@return whether an incompatible feature is on}
  ///
  /// @param feature INCOMPAT_REVOKE and the like
  public boolean has(int feature) {
    return (incompat() & feature) != 0;
  }

  /// {@return whether every block carries a CRC-32C}
  public boolean hasBlockChecksums() {
    return has(INCOMPAT_CSUM_V2 | INCOMPAT_CSUM_V3);
  }

  /// {@return the seed of the checksums of blocks}
  public int checksumSeed() {
    return Crc32c.update(Crc32c.SEED, raw, UUID, 16);
  }

  /// {@return bytes of a tag in a descriptor block, without the UUID that may follow}
  public int tagBytes() {
    if (has(INCOMPAT_CSUM_V3)) {
      return 16;
    }
    // Version 2 has two bytes more than its fields need; that is how it was written down.
    return 8 + (has(INCOMPAT_64BIT) ? 4 : 0) + (has(INCOMPAT_CSUM_V2) ? 2 : 0);
  }

  private boolean isV2() {
    return BigEndian.i32(raw, BLOCK_TYPE) == TYPE_SUPERBLOCK_V2;
  }

  private int computeChecksum() {
    int crc = Crc32c.update(Crc32c.SEED, raw, 0, CHECKSUM);
    crc = Crc32c.update32(crc, 0);
    return Crc32c.update(crc, raw, CHECKSUM + 4, SIZE - CHECKSUM - 4);
  }

  /// Makes the log empty, and seals.
  ///
  /// @param nextSequence number of the next transaction
  public void putEmpty(int nextSequence) {
    BigEndian.put32(raw, ERRNO, 0);
    putLog(0, nextSequence);
  }

  /// Says where the log begins, and seals.
  ///
  /// @param start block of its first transaction, 0 if there is none
  /// @param sequence number of that transaction, or of the next one
  public void putLog(long start, int sequence) {
    BigEndian.put32(raw, START, (int) start);
    BigEndian.put32(raw, SEQUENCE, sequence);
    if (hasBlockChecksums()) {
      BigEndian.put32(raw, CHECKSUM, computeChecksum());
    }
  }

  /// Makes an empty journal one that we write: of version 2 and with revoke blocks, block numbers
  /// and checksums as wide as the file system's. Checksums that the journal has already stay as
  /// they are. Does not seal.
  ///
  /// @param wide whether block numbers of the file system have 64 bits
  /// @param checksums whether the file system has checksums
  public void prepareForWriting(boolean wide, boolean checksums) {
    assert start() == 0;
    if (!isV2()) {
      raw.asSlice(FEATURE_COMPAT).fill((byte) 0);
      BigEndian.put32(raw, USERS, 1);
      BigEndian.put32(raw, BLOCK_TYPE, TYPE_SUPERBLOCK_V2);
    }
    int incompat = incompat() | INCOMPAT_REVOKE | (wide ? INCOMPAT_64BIT : 0);
    if (checksums && !hasBlockChecksums()) {
      BigEndian.put32(raw, FEATURE_COMPAT, compat() & ~COMPAT_CHECKSUM);
      raw.set(ValueLayout.JAVA_BYTE, CHECKSUM_TYPE, (byte) CHECKSUM_CRC32C);
      incompat |= INCOMPAT_CSUM_V3;
    }
    // A commit is written after its transaction here, never together with it.
    BigEndian.put32(raw, FEATURE_INCOMPAT, incompat & ~INCOMPAT_ASYNC_COMMIT);
  }

  /// Copies the UUID that the first tag of a descriptor carries.
  void copyUuidTo(MemorySegment target, long at) {
    MemorySegment.copy(raw, UUID, target, at, 16);
  }

  /// Throws unless this is the superblock of a journal that we can read.
  ///
  /// @param device name for messages
  /// @param blockNr where it lies
  /// @param fsBlockSize bytes of a block of the file system
  /// @param fileBlocks number of blocks of the journal's file
  /// @throws FsException EOPNOTSUPP for unknown features, EUCLEAN as a [CorruptedException]
  public void validate(String device, long blockNr, int fsBlockSize, long fileBlocks)
      throws FsException {
    int type = BigEndian.i32(raw, BLOCK_TYPE);
    require(
        BigEndian.i32(raw, 0) == MAGIC
            && (type == TYPE_SUPERBLOCK_V1 || type == TYPE_SUPERBLOCK_V2),
        device,
        blockNr,
        "no magic number");
    int unknown = incompat() & ~KNOWN_INCOMPAT;
    int unknownRo = isV2() ? BigEndian.i32(raw, FEATURE_RO_COMPAT) : 0;
    if (unknown != 0 || unknownRo != 0) {
      throw new FsException(
          Errno.EOPNOTSUPP,
          String.format(
              "%s: journal: unknown features 0x%x, 0x%x (replay it with `e2fsck -fy`)",
              device, unknown, unknownRo));
    }
    require(
        !has(INCOMPAT_CSUM_V2) || !has(INCOMPAT_CSUM_V3),
        device,
        blockNr,
        "checksums of version 2 and 3");
    require(
        !hasBlockChecksums() || (compat() & COMPAT_CHECKSUM) == 0,
        device,
        blockNr,
        "checksums of version 1 and " + (has(INCOMPAT_CSUM_V2) ? 2 : 3));
    if (hasBlockChecksums()) {
      int checksumType = LittleEndian.u8(raw, CHECKSUM_TYPE);
      require(
          checksumType == CHECKSUM_CRC32C, device, blockNr, "checksum type " + checksumType);
      require(
          BigEndian.i32(raw, CHECKSUM) == computeChecksum(), device, blockNr, "wrong checksum");
    }
    require(blockSize() == fsBlockSize, device, blockNr, "block size " + blockSize());
    require(
        maxLength() <= fileBlocks && maxLength() <= Integer.MAX_VALUE,
        device,
        blockNr,
        "length " + maxLength() + " in a file of " + fileBlocks + " blocks");
    require(
        first() >= 1 && fastCommitBlocks() < maxLength() && first() < end(),
        device,
        blockNr,
        "first block " + first() + " of " + end());
    require(
        start() == 0 || (start() >= first() && start() < end()),
        device,
        blockNr,
        "start " + start() + " not in " + first() + " to " + end());
  }

  private static void require(boolean holds, String device, long blockNr, String what)
      throws CorruptedException {
    if (!holds) {
      throw new CorruptedException(device, blockNr, "journal superblock: " + what);
    }
  }
}
