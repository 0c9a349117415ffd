package org.pagewright.fs.ext4.disk;

import java.lang.foreign.MemorySegment;
import org.pagewright.errno.CorruptedException;

/// An inode on disk: static codecs over memory. `at` is the first byte of the inode, `size` the
/// bytes of one as the superblock says.
///
/// The first 128 bytes are always there. Behind them [#extraIsize] says how many more the inode
/// uses; a field beyond reads as zero and is not stored, and the rest holds extended attributes.
public final class InodeCodec {
  /// Bytes of the block map: 15 block numbers, an extent root, or a short symlink's target.
  public static final int BLOCK_SIZE = 60;

  /// Byte of the block map in the inode.
  public static final int BLOCK = 0x28;

  /// Flag: secure deletion.
  public static final int FLAG_SECRM = 0x1;

  /// Flag: undelete.
  public static final int FLAG_UNRM = 0x2;

  /// Flag: compressed.
  public static final int FLAG_COMPR = 0x4;

  /// Flag: synchronous updates.
  public static final int FLAG_SYNC = 0x8;

  /// Flag: may not be changed.
  public static final int FLAG_IMMUTABLE = 0x10;

  /// Flag: may only be appended to.
  public static final int FLAG_APPEND = 0x20;

  /// Flag: left out by dump.
  public static final int FLAG_NODUMP = 0x40;

  /// Flag: access times are not kept.
  public static final int FLAG_NOATIME = 0x80;

  /// Flag: not to be compressed.
  public static final int FLAG_NOCOMPR = 0x400;

  /// Flag: the directory has an index.
  public static final int FLAG_INDEX = 0x1000;

  /// Flag: data go through the journal.
  public static final int FLAG_JOURNAL_DATA = 0x4000;

  /// Flag: the tail is not merged.
  public static final int FLAG_NOTAIL = 0x8000;

  /// Flag: changes of the directory are synchronous.
  public static final int FLAG_DIRSYNC = 0x1_0000;

  /// Flag: the top of a directory tree, to be spread over groups.
  public static final int FLAG_TOPDIR = 0x2_0000;

  /// Flag: blocks are counted in file-system blocks, not in 512 bytes.
  public static final int FLAG_HUGE_FILE = 0x4_0000;

  /// Flag: mapped by extents.
  public static final int FLAG_EXTENTS = 0x8_0000;

  /// Flag: sealed by a hash tree.
  public static final int FLAG_VERITY = 0x10_0000;

  /// Flag: holds the value of a large extended attribute.
  public static final int FLAG_EA_INODE = 0x20_0000;

  /// Flag: blocks beyond the end of the file; obsolete.
  public static final int FLAG_EOFBLOCKS = 0x40_0000;

  /// Flag: encrypted.
  public static final int FLAG_ENCRYPT = 0x800;

  /// Flag: direct access to memory.
  public static final int FLAG_DAX = 0x200_0000;

  /// Flag: data in the inode.
  public static final int FLAG_INLINE_DATA = 0x1000_0000;

  /// Flag: new files in the directory take its project.
  public static final int FLAG_PROJINHERIT = 0x2000_0000;

  /// Flag: the directory ignores upper and lower case.
  public static final int FLAG_CASEFOLD = 0x4000_0000;

  /// Seconds since 1970 that fit an inode with extra time bits: up to May 2446.
  public static final long MAX_SECONDS_EXTRA = 0x3_7fff_ffffL;

  private static final int MODE = 0x0;
  private static final int UID_LO = 0x2;
  private static final int SIZE_LO = 0x4;
  private static final int ATIME = 0x8;
  private static final int CTIME = 0xc;
  private static final int MTIME = 0x10;
  private static final int DTIME = 0x14;
  private static final int GID_LO = 0x18;
  private static final int LINKS_COUNT = 0x1a;
  private static final int BLOCKS_LO = 0x1c;
  private static final int FLAGS = 0x20;
  private static final int VERSION_LO = 0x24;
  private static final int GENERATION = 0x64;
  private static final int FILE_ACL_LO = 0x68;
  private static final int SIZE_HI = 0x6c;
  private static final int BLOCKS_HI = 0x74;
  private static final int FILE_ACL_HI = 0x76;
  private static final int UID_HI = 0x78;
  private static final int GID_HI = 0x7a;
  private static final int CHECKSUM_LO = 0x7c;
  private static final int EXTRA_ISIZE = 0x80;
  private static final int CHECKSUM_HI = 0x82;
  private static final int CTIME_EXTRA = 0x84;
  private static final int MTIME_EXTRA = 0x88;
  private static final int ATIME_EXTRA = 0x8c;
  private static final int CRTIME = 0x90;
  private static final int CRTIME_EXTRA = 0x94;
  private static final int VERSION_HI = 0x98;
  private static final int PROJID = 0x9c;

  private InodeCodec() {}

  /// {@return type and permissions: the type in the high four bits}
  ///
  /// @param s memory
  /// @param at first byte of the inode
  public static int mode(MemorySegment s, long at) {
    return LittleEndian.u16(s, at + MODE);
  }

  /// Stores what [#mode] returns.
  ///
  /// @param s memory
  /// @param at first byte of the inode
  /// @param value the new one
  public static void putMode(MemorySegment s, long at, int value) {
    LittleEndian.put16(s, at + MODE, value);
  }

  /// {@return when it was deleted, seconds since 1970; the next inode in the list of orphans, or 0}
  ///
  /// @param s memory
  /// @param at first byte of the inode
  public static long deletionTime(MemorySegment s, long at) {
    return LittleEndian.u32(s, at + DTIME);
  }

  /// Stores what [#deletionTime] returns.
  ///
  /// @param s memory
  /// @param at first byte of the inode
  /// @param value the new one
  public static void putDeletionTime(MemorySegment s, long at, long value) {
    LittleEndian.put32(s, at + DTIME, value);
  }

  /// {@return number of names}
  ///
  /// @param s memory
  /// @param at first byte of the inode
  public static int linksCount(MemorySegment s, long at) {
    return LittleEndian.u16(s, at + LINKS_COUNT);
  }

  /// Stores what [#linksCount] returns.
  ///
  /// @param s memory
  /// @param at first byte of the inode
  /// @param value the new one
  public static void putLinksCount(MemorySegment s, long at, int value) {
    LittleEndian.put16(s, at + LINKS_COUNT, value);
  }

  /// {@return FLAG_EXTENTS and the like}
  ///
  /// @param s memory
  /// @param at first byte of the inode
  public static int flags(MemorySegment s, long at) {
    return LittleEndian.i32(s, at + FLAGS);
  }

  /// Stores what [#flags] returns.
  ///
  /// @param s memory
  /// @param at first byte of the inode
  /// @param value the new one
  public static void putFlags(MemorySegment s, long at, int value) {
    LittleEndian.put32(s, at + FLAGS, value);
  }

  /// {@return a number that tells this inode from earlier ones of the same number}
  ///
  /// @param s memory
  /// @param at first byte of the inode
  public static int generation(MemorySegment s, long at) {
    return LittleEndian.i32(s, at + GENERATION);
  }

  /// Stores what [#generation] returns.
  ///
  /// @param s memory
  /// @param at first byte of the inode
  /// @param value the new one
  public static void putGeneration(MemorySegment s, long at, int value) {
    LittleEndian.put32(s, at + GENERATION, value);
  }

  /// {@return bytes beyond 128 that the inode uses: 0 in inodes of 128 bytes}
  ///
  /// @param s memory
  /// @param at first byte of the inode
  /// @param size bytes of an inode
  public static int extraIsize(MemorySegment s, long at, int size) {
    return size > Superblock.OLD_INODE_SIZE ? LittleEndian.u16(s, at + EXTRA_ISIZE) : 0;
  }

  /// Stores what [#extraIsize] returns; nothing in inodes of 128 bytes.
  ///
  /// @param s memory
  /// @param at first byte of the inode
  /// @param size bytes of an inode
  /// @param value the new one
  public static void putExtraIsize(MemorySegment s, long at, int size, int value) {
    if (size > Superblock.OLD_INODE_SIZE) {
      LittleEndian.put16(s, at + EXTRA_ISIZE, value);
    }
  }

  /// {@return byte in the inode where extended attributes may begin; the size if there is no room}
  ///
  /// @param s memory
  /// @param at first byte of the inode
  /// @param size bytes of an inode
  public static int xattrOffset(MemorySegment s, long at, int size) {
    return Superblock.OLD_INODE_SIZE + extraIsize(s, at, size);
  }

  private static boolean fits(MemorySegment s, long at, int size, int field, int length) {
    return field + length <= Superblock.OLD_INODE_SIZE + extraIsize(s, at, size)
        && field + length <= size;
  }

  /// {@return length in bytes; a directory has 64 bits only under large_dir}
  ///
  /// @param s memory
  /// @param at first byte of the inode
  public static long size(MemorySegment s, long at) {
    return LittleEndian.u32(s, at + SIZE_LO) | LittleEndian.u32(s, at + SIZE_HI) << 32;
  }

  /// Stores what [#size] returns.
  ///
  /// @param s memory
  /// @param at first byte of the inode
  /// @param value the new one
  public static void putSize(MemorySegment s, long at, long value) {
    LittleEndian.put32(s, at + SIZE_LO, (int) value);
    LittleEndian.put32(s, at + SIZE_HI, (int) (value >>> 32));
  }

  /// {@return owner, 32 bits}
  ///
  /// @param s memory
  /// @param at first byte of the inode
  public static int uid(MemorySegment s, long at) {
    return LittleEndian.u16(s, at + UID_LO) | LittleEndian.u16(s, at + UID_HI) << 16;
  }

  /// Stores what [#uid] returns.
  ///
  /// @param s memory
  /// @param at first byte of the inode
  /// @param value the new one
  public static void putUid(MemorySegment s, long at, int value) {
    LittleEndian.put16(s, at + UID_LO, value);
    LittleEndian.put16(s, at + UID_HI, value >>> 16);
  }

  /// {@return group, 32 bits}
  ///
  /// @param s memory
  /// @param at first byte of the inode
  public static int gid(MemorySegment s, long at) {
    return LittleEndian.u16(s, at + GID_LO) | LittleEndian.u16(s, at + GID_HI) << 16;
  }

  /// Stores what [#gid] returns.
  ///
  /// @param s memory
  /// @param at first byte of the inode
  /// @param value the new one
  public static void putGid(MemorySegment s, long at, int value) {
    LittleEndian.put16(s, at + GID_LO, value);
    LittleEndian.put16(s, at + GID_HI, value >>> 16);
  }

  /// The space that the inode takes, in units of 512 bytes, whatever the unit on disk is.
  ///
  /// @param geometry of the file system
  /// @param s memory
  /// @param at first byte of the inode
  /// @return units of 512 bytes
  public static long sectors(Geometry geometry, MemorySegment s, long at) {
    long low = LittleEndian.u32(s, at + BLOCKS_LO);
    if (!geometry.features().has(Feature.HUGE_FILE)) {
      return low;
    }
    long blocks = low | (long) LittleEndian.u16(s, at + BLOCKS_HI) << 32;
    return (flags(s, at) & FLAG_HUGE_FILE) != 0
        ? blocks << (geometry.blockSizeBits() - 9)
        : blocks;
  }

  /// Stores what [#sectors] returns, and sets or clears the flag that says which unit was used.
  ///
  /// @param geometry of the file system
  /// @param s memory
  /// @param at first byte of the inode
  /// @param value units of 512 bytes
  /// @return false, and nothing is stored, if the number does not fit the file system's format
  public static boolean putSectors(Geometry geometry, MemorySegment s, long at, long value) {
    boolean huge = geometry.features().has(Feature.HUGE_FILE);
    long stored = value;
    int flags = flags(s, at) & ~FLAG_HUGE_FILE;
    if (value > 0xffff_ffff_ffffL && huge) {
      stored = value >>> (geometry.blockSizeBits() - 9);
      flags |= FLAG_HUGE_FILE;
    }
    if (stored < 0 || stored > (huge ? 0xffff_ffff_ffffL : 0xffff_ffffL)) {
      return false;
    }
    putFlags(s, at, flags);
    LittleEndian.put32(s, at + BLOCKS_LO, (int) stored);
    LittleEndian.put16(s, at + BLOCKS_HI, (int) (stored >>> 32));
    return true;
  }

  /// {@return the most sectors of 512 bytes that an inode can count}
  ///
  /// @param geometry of the file system
  public static long sectorsMax(Geometry geometry) {
    return geometry.features().has(Feature.HUGE_FILE)
        ? 0xffff_ffff_ffffL << geometry.blockSizeBits() - 9
        : 0xffff_ffffL;
  }

  /// {@return block of extended attributes, or 0}
  ///
  /// @param s memory
  /// @param at first byte of the inode
  public static long fileAcl(MemorySegment s, long at) {
    return LittleEndian.u32(s, at + FILE_ACL_LO)
        | (long) LittleEndian.u16(s, at + FILE_ACL_HI) << 32;
  }

  /// Stores what [#fileAcl] returns.
  ///
  /// @param s memory
  /// @param at first byte of the inode
  /// @param value the new one
  public static void putFileAcl(MemorySegment s, long at, long value) {
    LittleEndian.put32(s, at + FILE_ACL_LO, (int) value);
    LittleEndian.put16(s, at + FILE_ACL_HI, (int) (value >>> 32));
  }

  /// {@return number of changes, 64 bits where the inode has room}
  ///
  /// @param s memory
  /// @param at first byte of the inode
  /// @param size bytes of an inode
  public static long version(MemorySegment s, long at, int size) {
    long low = LittleEndian.u32(s, at + VERSION_LO);
    return fits(s, at, size, VERSION_HI, 4)
        ? low | LittleEndian.u32(s, at + VERSION_HI) << 32
        : low;
  }

  /// Stores what [#version] returns.
  ///
  /// @param s memory
  /// @param at first byte of the inode
  /// @param size bytes of an inode
  /// @param value the new one
  public static void putVersion(MemorySegment s, long at, int size, long value) {
    LittleEndian.put32(s, at + VERSION_LO, (int) value);
    if (fits(s, at, size, VERSION_HI, 4)) {
      LittleEndian.put32(s, at + VERSION_HI, (int) (value >>> 32));
    }
  }

  /// {@return project number, or 0 where the inode has no room for one}
  ///
  /// @param s memory
  /// @param at first byte of the inode
  /// @param size bytes of an inode
  public static int projid(MemorySegment s, long at, int size) {
    return fits(s, at, size, PROJID, 4) ? LittleEndian.i32(s, at + PROJID) : 0;
  }

  /// Stores what [#projid] returns; nothing where the inode has no room.
  ///
  /// @param s memory
  /// @param at first byte of the inode
  /// @param size bytes of an inode
  /// @param value the new one
  public static void putProjid(MemorySegment s, long at, int size, int value) {
    if (fits(s, at, size, PROJID, 4)) {
      LittleEndian.put32(s, at + PROJID, value);
    }
  }

  /// {@return a word of the block map}
  ///
  /// @param s memory
  /// @param at first byte of the inode
  /// @param which 0 to 14
  public static int block(MemorySegment s, long at, int which) {
    return LittleEndian.i32(s, at + BLOCK + 4L * which);
  }

  /// Stores what [#block] returns.
  ///
  /// @param s memory
  /// @param at first byte of the inode
  /// @param which 0 to 14
  /// @param value the new one
  public static void putBlock(MemorySegment s, long at, int which, int value) {
    LittleEndian.put32(s, at + BLOCK + 4L * which, value);
  }

  /// One of the four times of an inode.
  public enum Time {
    /// Last read.
    ACCESS(ATIME, ATIME_EXTRA),
    /// Last change of the inode.
    CHANGE(CTIME, CTIME_EXTRA),
    /// Last change of the content.
    MODIFY(MTIME, MTIME_EXTRA),
    /// Creation; only where the inode has room.
    CREATE(CRTIME, CRTIME_EXTRA);

    private final int seconds;
    private final int extra;

    Time(int seconds, int extra) {
      this.seconds = seconds;
      this.extra = extra;
    }
  }

  /// {@return seconds since 1970, negative before; 0 where there is no room for that time}
  ///
  /// @param s memory
  /// @param at first byte of the inode
  /// @param size bytes of an inode
  /// @param time which
  public static long seconds(MemorySegment s, long at, int size, Time time) {
    if (time == Time.CREATE && !fits(s, at, size, CRTIME, 4)) {
      return 0;
    }
    long low = LittleEndian.i32(s, at + time.seconds);
    return fits(s, at, size, time.extra, 4)
        ? low + ((LittleEndian.i32(s, at + time.extra) & 3L) << 32)
        : low;
  }

  /// {@return nanoseconds within the second, 0 to 999999999; 0 where there is no room for them}
  ///
  /// @param s memory
  /// @param at first byte of the inode
  /// @param size bytes of an inode
  /// @param time which
  public static int nanos(MemorySegment s, long at, int size, Time time) {
    if (!fits(s, at, size, time.extra, 4)) {
      return 0;
    }
    int nanos = LittleEndian.i32(s, at + time.extra) >>> 2;
    return nanos < 1_000_000_000 ? nanos : 0;
  }

  /// Stores a time; what does not fit is brought to the nearest that does, and left out where there
  /// is no room. Two bits beside the nanoseconds count how often 2^32 is added to the signed 32-bit
  /// seconds, so 1901 stays 1901 for those who do not know of the bits.
  ///
  /// @param s memory
  /// @param at first byte of the inode
  /// @param size bytes of an inode
  /// @param time which
  /// @param seconds since 1970
  /// @param nanos 0 to 999999999
  public static void putTime(
      MemorySegment s, long at, int size, Time time, long seconds, int nanos) {
    if (time == Time.CREATE && !fits(s, at, size, CRTIME, 4)) {
      return;
    }
    if (fits(s, at, size, time.extra, 4)) {
      long fitting = Math.clamp(seconds, Integer.MIN_VALUE, MAX_SECONDS_EXTRA);
      int epoch = (int) ((fitting - (int) fitting) >>> 32) & 3;
      int nanosFitting = fitting == seconds ? nanos : 0;
      LittleEndian.put32(s, at + time.seconds, (int) fitting);
      LittleEndian.put32(s, at + time.extra, nanosFitting << 2 | epoch);
    } else {
      int fitting = Math.clamp(seconds, Integer.MIN_VALUE, Integer.MAX_VALUE);
      LittleEndian.put32(s, at + time.seconds, fitting);
    }
  }

  /// {@return the largest number of seconds since 1970 that the inode can keep}
  ///
  /// @param s memory
  /// @param at first byte of the inode
  /// @param size bytes of an inode
  public static long maxSeconds(MemorySegment s, long at, int size) {
    return fits(s, at, size, ATIME_EXTRA, 4) ? MAX_SECONDS_EXTRA : Integer.MAX_VALUE;
  }

  /// The device number of a device node, which takes the place of the block map: an old word of 8
  /// and 8 bits, or, where that is zero, a new one of 12 and 20.
  ///
  /// @param s memory
  /// @param at first byte of the inode
  /// @return the number as [#dev(int, int)] makes it
  public static int rdev(MemorySegment s, long at) {
    int old = block(s, at, 0);
    return old != 0 ? dev(old >>> 8 & 0xff, old & 0xff) : block(s, at, 1);
  }

  /// Stores the device number of a device node, in the old form if it fits.
  ///
  /// @param s memory
  /// @param at first byte of the inode
  /// @param dev the number as [#dev(int, int)] makes it
  public static void putRdev(MemorySegment s, long at, int dev) {
    int major = major(dev);
    int minor = minor(dev);
    boolean old = major < 256 && minor < 256;
    putBlock(s, at, 0, old ? major << 8 | minor : 0);
    putBlock(s, at, 1, old ? 0 : dev);
    if (!old) {
      putBlock(s, at, 2, 0);
    }
  }

  /// {@return a device number in Linux's 32-bit form}
  ///
  /// @param major 12 bits
  /// @param minor 20 bits
  public static int dev(int major, int minor) {
    return (minor & 0xff) | (major & 0xfff) << 8 | (minor & 0xf_ff00) << 12;
  }

  /// {@return major number, 12 bits}
  ///
  /// @param dev a number as [#dev(int, int)] makes it
  public static int major(int dev) {
    return dev >>> 8 & 0xfff;
  }

  /// {@return minor number, 20 bits}
  ///
  /// @param dev a number as [#dev(int, int)] makes it
  public static int minor(int dev) {
    return (dev & 0xff) | (dev >>> 12 & 0xf_ff00);
  }

  /// {@return the checksum that is stored: 16 bits where the inode has no room for 32}
  ///
  /// @param s memory
  /// @param at first byte of the inode
  /// @param size bytes of an inode
  public static int checksum(MemorySegment s, long at, int size) {
    int low = LittleEndian.u16(s, at + CHECKSUM_LO);
    return fits(s, at, size, CHECKSUM_HI, 2)
        ? low | LittleEndian.u16(s, at + CHECKSUM_HI) << 16
        : low;
  }

  /// {@return the checksum as computed: 16 bits where the inode has no room for 32}
  ///
  /// @param fsSeed [Superblock#checksumSeed()]
  /// @param ino inode number
  /// @param s memory
  /// @param at first byte of the inode
  /// @param size bytes of an inode
  public static int computeChecksum(int fsSeed, long ino, MemorySegment s, long at, int size) {
    int crc = Checksums.inodeSeed(fsSeed, ino, generation(s, at));
    crc = Crc32c.update(crc, s, at, CHECKSUM_LO);
    crc = Crc32c.update8(Crc32c.update8(crc, 0), 0);
    int rest = CHECKSUM_LO + 2;
    boolean high = fits(s, at, size, CHECKSUM_HI, 2);
    if (high) {
      crc = Crc32c.update(crc, s, at + rest, CHECKSUM_HI - rest);
      crc = Crc32c.update8(Crc32c.update8(crc, 0), 0);
      rest = CHECKSUM_HI + 2;
    }
    crc = Crc32c.update(crc, s, at + rest, size - rest);
    return high ? crc : crc & 0xffff;
  }

  /// {@return whether the checksum is right, or there is none to check}
  ///
  /// @param geometry of the file system
  /// @param ino inode number
  /// @param s memory
  /// @param at first byte of the inode
  public static boolean checksumMatches(Geometry geometry, long ino, MemorySegment s, long at) {
    int size = geometry.inodeSize();
    return !geometry.hasMetadataChecksums()
        || checksum(s, at, size) == computeChecksum(geometry.checksumSeed(), ino, s, at, size);
  }

  /// Stores the checksum, if the file system has checksums; last, before the bytes are written.
  ///
  /// @param geometry of the file system
  /// @param ino inode number
  /// @param s memory
  /// @param at first byte of the inode
  public static void seal(Geometry geometry, long ino, MemorySegment s, long at) {
    if (geometry.hasMetadataChecksums()) {
      int size = geometry.inodeSize();
      int crc = computeChecksum(geometry.checksumSeed(), ino, s, at, size);
      LittleEndian.put16(s, at + CHECKSUM_LO, crc);
      if (fits(s, at, size, CHECKSUM_HI, 2)) {
        LittleEndian.put16(s, at + CHECKSUM_HI, crc >>> 16);
      }
    }
  }

  /// Throws unless the checksum is right and the numbers that the rest relies on make sense: the
  /// extra size, the length, and the block of extended attributes.
  ///
  /// @param device name for messages
  /// @param blockNr block that holds the inode
  /// @param geometry of the file system
  /// @param ino inode number
  /// @param s memory
  /// @param at first byte of the inode
  /// @throws CorruptedException if not
  public static void validate(
      String device, long blockNr, Geometry geometry, long ino, MemorySegment s, long at)
      throws CorruptedException {
    int size = geometry.inodeSize();
    int extra = extraIsize(s, at, size);
    if (extra > size - Superblock.OLD_INODE_SIZE || (extra & 3) != 0) {
      throw bad(device, blockNr, ino, "extra size " + extra);
    }
    if (!checksumMatches(geometry, ino, s, at)) {
      throw bad(
          device,
          blockNr,
          ino,
          String.format(
              "checksum 0x%08x, computed 0x%08x",
              checksum(s, at, size),
              computeChecksum(geometry.checksumSeed(), ino, s, at, size)));
    }
    if (size(s, at) < 0) {
      throw bad(device, blockNr, ino, "length " + size(s, at));
    }
    long acl = fileAcl(s, at);
    if (acl != 0 && !geometry.isBlockRange(acl, 1)) {
      throw bad(device, blockNr, ino, "extended attributes in block " + acl);
    }
  }

  private static CorruptedException bad(String device, long blockNr, long ino, String why) {
    return new CorruptedException(device, blockNr, "inode " + ino + ": " + why);
  }
}
