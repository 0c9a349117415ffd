package org.pagewright.fs.ext4.mkfs;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.pagewright.block.BlockDevice;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.disk.Checksums;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.disk.GroupDescriptor;
import org.pagewright.fs.ext4.disk.InodeCodec;
import org.pagewright.fs.ext4.disk.LittleEndian;
import org.pagewright.fs.ext4.disk.Superblock;

/// Makes a file system on a device: a root directory, `lost+found`, and the hidden files that the
/// features ask for. Compare mke2fs, of whose layout this is.
public final class Mkfs {
  private static final int ROOT_INO = 2;
  private static final int RESIZE_INO = 7;
  static final int JOURNAL_INO = 8;
  private static final int LOST_FOUND_INO = 11;
  private static final int RESERVED_INODES = 10;
  private static final int MODE_DIRECTORY = 0x4000;
  private static final int MODE_FILE = 0x8000;
  private static final int TYPE_DIRECTORY = 2;
  private static final int DIND = 13;
  private static final int DIRECT = 12;

  /// The size that lost+found has from the start, so that e2fsck finds room in it.
  private static final int LOST_FOUND_BYTES = 16 << 10;

  /// Old RAID superblocks lie in the last 64 KiB of a device.
  private static final int TAIL_BYTES = 64 << 10;

  private static final int JOURNAL_MAGIC = 0xc03b_3998;
  private static final int JOURNAL_SUPERBLOCK_V2 = 4;

  private final BlockDevice device;
  private final MkfsOptions options;
  private final Superblock sb;
  private final Geometry geometry;
  private final long journalBlocks;
  private final UsedBlocks used = new UsedBlocks();
  private final BlockStore store;
  private final int blockSize;
  private final int descSize;
  private final MemorySegment descriptors;
  private final long time;
  private final int inodesUsed;
  private List<UsedBlocks.Run> journalRuns = List.of();

  private Mkfs(BlockDevice device, MkfsOptions options, Sizing.Plan plan, Arena arena) {
    this.device = device;
    this.options = options;
    this.sb = plan.superblock();
    this.journalBlocks = plan.journalBlocks();
    this.geometry = new Geometry(sb);
    this.blockSize = geometry.blockSize();
    this.descSize = geometry.descSize();
    this.store = new BlockStore(device, blockSize, options.zeroed, arena);
    this.descriptors = store.allocate((long) geometry.descBlocks() * blockSize);
    this.time = sb.mkfsTime();
    this.inodesUsed =
        RESERVED_INODES
            + (options.lostFound ? 1 : 0)
            + (geometry.features().has(Feature.ORPHAN_FILE) ? 1 : 0);
  }

  /// What the superblock of a new file system would say, before anything is written; free counts
  /// are not known yet.
  ///
  /// @param name of the device, for messages
  /// @param deviceBytes size of the device
  /// @param options what to make
  /// @return a superblock whose [Geometry] is that of the file system to be
  /// @throws FsException EINVAL for options that do not fit each other or the size
  public static Superblock plan(String name, long deviceBytes, MkfsOptions options)
      throws FsException {
    return Sizing.plan(name, deviceBytes, options).superblock();
  }

  /// Makes a file system. What was on the device is lost. The result is durable.
  ///
  /// @param device where to
  /// @param options what to make
  /// @return the superblock that was written
  /// @throws FsException EINVAL for options that do not fit each other or the size; EROFS, EIO,
  ///     ENOSPC from the device, which holds no file system then
  public static Superblock make(BlockDevice device, MkfsOptions options) throws FsException {
    if (device.readOnly()) {
      throw new FsException(Errno.EROFS, "mkfs " + device.name());
    }
    Sizing.Plan plan = Sizing.plan(device.name(), device.sizeBytes(), options);
    if (device.sectorSize() > plan.superblock().blockSize()) {
      throw new FsException(
          Errno.EINVAL,
          "mkfs "
              + device.name()
              + ": blocks of "
              + plan.superblock().blockSize()
              + " on sectors of "
              + device.sectorSize());
    }
    try (Arena arena = Arena.ofShared()) {
      Mkfs mkfs = new Mkfs(device, options, plan, arena);
      mkfs.placeBase();
      mkfs.placeTables();
      mkfs.makeFiles();
      mkfs.write();
      return mkfs.sb;
    }
  }

  private void placeBase() {
    for (int group = 0; group < geometry.groupCount(); group++) {
      used.mark(geometry.groupFirstBlock(group), geometry.baseBlocksIn(group));
    }
  }

  // Bitmaps and inode tables.

  private void placeTables() throws FsException {
    int groupsPerFlex = 1 << geometry.logGroupsPerFlex();
    boolean flex = geometry.hasFlexGroups() && groupsPerFlex > 1;
    int tableBlocks = geometry.inodeTableBlocks();
    long overhead = geometry.firstDataBlock();
    for (int group = 0; group < geometry.groupCount(); group++) {
      long block;
      long inodes;
      long table;
      if (flex) {
        int first = group & -groupsPerFlex;
        int last = Math.min(first + groupsPerFlex, geometry.groupCount()) - 1;
        int left = last - group + 1;
        // A flexible group of one group keeps room for the bitmaps of groups to come.
        int gap = last == first ? groupsPerFlex : left;
        boolean leads = group == first;
        block = placeInFlex(leads ? -1 : blockBitmap(group - 1) + 1, first, last, left, 1);
        used.mark(block, 1);
        inodes =
            placeInFlex(
                leads ? block + gap : inodeBitmap(group - 1) + 1, first, last, left, 1);
        used.mark(inodes, 1);
        long next = leads ? inodes + gap : inodeTable(group - 1) + tableBlocks;
        table = placeInFlex(next, first, last, left, tableBlocks);
      } else {
        long from = geometry.groupFirstBlock(group);
        long end = from + geometry.blocksInGroup(group);
        block = used.findFree(from, end, 1);
        require(block);
        used.mark(block, 1);
        inodes = used.findFree(block, end, 1);
        require(inodes);
        used.mark(inodes, 1);
        table = used.findFree(inodes, end, tableBlocks);
        require(table);
      }
      used.mark(table, tableBlocks);
      long at = (long) group * descSize;
      GroupDescriptor.putBlockBitmap(descriptors, at, descSize, block);
      GroupDescriptor.putInodeBitmap(descriptors, at, descSize, inodes);
      GroupDescriptor.putInodeTable(descriptors, at, descSize, table);
      overhead += geometry.baseBlocksIn(group) + 2 + tableBlocks;
    }
    sb.putOverheadClusters(overhead + journalBlocks);
  }

  /// Behind the one of the group before if there is room; else where all those of the groups that
  /// are left have room together; else anywhere.
  private long placeInFlex(long next, int firstGroup, int lastGroup, int left, int size)
      throws FsException {
    long end = geometry.groupFirstBlock(lastGroup) + geometry.blocksInGroup(lastGroup);
    if (next >= 0 && next <= end - size && used.isFree(next, size)) {
      return next;
    }
    long from = geometry.groupFirstBlock(firstGroup);
    long together = Math.min((long) left * size, geometry.blocksPerGroup() / 4);
    long found = used.findFree(from, end, Math.max(together, size));
    if (found < 0) {
      found = used.findFree(from, end, size);
    }
    if (found < 0) {
      found = used.findFree(geometry.firstDataBlock(), geometry.blocksCount(), size);
    }
    require(found);
    return found;
  }

  private void require(long block) throws FsException {
    if (block < 0) {
      throw new FsException(
          Errno.EINVAL, "mkfs " + device.name() + ": too small, or too many inodes for the size");
    }
  }

  private long blockBitmap(int group) {
    return GroupDescriptor.blockBitmap(descriptors, (long) group * descSize, descSize);
  }

  private long inodeBitmap(int group) {
    return GroupDescriptor.inodeBitmap(descriptors, (long) group * descSize, descSize);
  }

  private long inodeTable(int group) {
    return GroupDescriptor.inodeTable(descriptors, (long) group * descSize, descSize);
  }

  // Files.

  private void makeFiles() throws FsException {
    for (int ino = 1; ino <= inodesUsed; ino++) {
      inode(ino); // the blocks of inodes in use are written whole, zeros between them too
    }
    makeRoot();
    if (options.lostFound) {
      makeLostFound();
    }
    // The list of bad blocks, which is empty, has nothing but times.
    MemorySegment bad = inode(1);
    for (InodeCodec.Time t : InodeCodec.Time.values()) {
      InodeCodec.putTime(bad, 0, sb.inodeSize(), t, time, 0);
    }
    InodeCodec.seal(geometry, 1, bad, 0);
    if (geometry.features().has(Feature.RESIZE_INODE)) {
      makeResizeInode();
    }
    if (journalBlocks > 0) {
      makeJournal();
    }
    if (geometry.features().has(Feature.ORPHAN_FILE)) {
      makeOrphanFile();
    }
  }

  private MemorySegment inode(long ino) {
    long table = inodeTable(geometry.groupOfInode(ino));
    return store
        .block(geometry.inodeBlock(table, ino))
        .asSlice(geometry.inodeOffset(ino), geometry.inodeSize());
  }

  private FileMaker file(MemorySegment inode, long ino, long goal) {
    return new FileMaker(geometry, used, store, inode, ino, goal);
  }

  private void makeRoot() throws FsException {
    MemorySegment inode = inode(ROOT_INO);
    int links = options.lostFound ? 3 : 2;
    FileMaker.initInode(
        sb, inode, MODE_DIRECTORY | options.rootMode, links, blockSize, time);
    InodeCodec.putUid(inode, 0, options.rootUid);
    InodeCodec.putGid(inode, 0, options.rootGid);
    long block = file(inode, ROOT_INO, geometry.firstDataBlock()).allocate(1).getFirst().first();
    MemorySegment s = store.block(block);
    int end = directoryEnd();
    int at = putEntry(s, 0, ROOT_INO, ".", 12);
    at = putEntry(s, at, ROOT_INO, "..", options.lostFound ? 12 : end - at);
    if (options.lostFound) {
      putEntry(s, at, LOST_FOUND_INO, "lost+found", end - at);
    }
    sealDirectoryBlock(s, ROOT_INO);
    InodeCodec.seal(geometry, ROOT_INO, inode, 0);
    addDirectory(ROOT_INO);
  }

  private void makeLostFound() throws FsException {
    int blocks = Math.clamp(LOST_FOUND_BYTES / blockSize, 2, DIRECT);
    MemorySegment inode = inode(LOST_FOUND_INO);
    FileMaker.initInode(sb, inode, MODE_DIRECTORY | 0700, 2, (long) blocks * blockSize, time);
    List<UsedBlocks.Run> runs =
        file(inode, LOST_FOUND_INO, geometry.firstDataBlock()).allocate(blocks);
    int end = directoryEnd();
    boolean first = true;
    for (UsedBlocks.Run run : runs) {
      for (long nr = run.first(); nr < run.end(); nr++) {
        MemorySegment s = store.block(nr);
        if (first) {
          int at = putEntry(s, 0, LOST_FOUND_INO, ".", 12);
          putEntry(s, at, ROOT_INO, "..", end - at);
        } else {
          LittleEndian.put16(s, 4, end);
        }
        first = false;
        sealDirectoryBlock(s, LOST_FOUND_INO);
      }
    }
    InodeCodec.seal(geometry, LOST_FOUND_INO, inode, 0);
    addDirectory(LOST_FOUND_INO);
    sb.putLostFoundInode(LOST_FOUND_INO);
  }

  private void addDirectory(long ino) {
    long at = (long) geometry.groupOfInode(ino) * descSize;
    int dirs = GroupDescriptor.usedDirs(descriptors, at, descSize);
    GroupDescriptor.putUsedDirs(descriptors, at, descSize, dirs + 1);
  }

  private int directoryEnd() {
    return geometry.hasMetadataChecksums() ? blockSize - Checksums.DIR_TAIL_SIZE : blockSize;
  }

  private int putEntry(MemorySegment s, int at, long ino, String name, int length) {
    byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
    LittleEndian.put32(s, at, ino);
    LittleEndian.put16(s, at + 4L, length);
    LittleEndian.put8(s, at + 6L, bytes.length);
    boolean typed = geometry.features().has(Feature.FILETYPE);
    LittleEndian.put8(s, at + 7L, typed ? TYPE_DIRECTORY : 0);
    MemorySegment.copy(MemorySegment.ofArray(bytes), 0, s, at + 8L, bytes.length);
    return at + length;
  }

  private void sealDirectoryBlock(MemorySegment s, long ino) {
    if (geometry.hasMetadataChecksums()) {
      Checksums.putDirTail(s, 0, blockSize);
      int seed = Checksums.inodeSeed(geometry.checksumSeed(), ino, 0);
      Checksums.sealDirLeaf(seed, s, 0, blockSize);
    }
  }

  /// Inode 7 owns the blocks kept for more group descriptors: each of group 0 is an indirect block
  /// that lists its copies in the groups with backups, and one block lists those.
  private void makeResizeInode() throws FsException {
    int reserved = geometry.reservedGdtBlocks();
    MemorySegment inode = inode(RESIZE_INO);
    long perBlock = blockSize / 4;
    long size = (perBlock * perBlock + perBlock + DIRECT) * blockSize;
    FileMaker.initInode(sb, inode, MODE_FILE | 0600, 1, size, time);
    long behindTable = inodeTable(0) + geometry.inodeTableBlocks();
    long top = used.findFree(behindTable, geometry.blocksCount(), 1);
    require(top);
    used.mark(top, 1);
    InodeCodec.putBlock(inode, 0, DIND, (int) top);
    MemorySegment list = store.block(top);
    long blocks = 1;
    for (int i = 0; i < reserved; i++) {
      long primary = geometry.superblockBlock() + 1 + geometry.descBlocks() + i;
      int slot = (int) ((geometry.descBlocks() + i) % perBlock);
      LittleEndian.put32(list, slot * 4L, primary);
      blocks++;
      MemorySegment copies = store.block(primary);
      long at = 0;
      for (int group = 1; group < geometry.groupCount(); group++) {
        if (geometry.hasSuper(group)) {
          LittleEndian.put32(copies, at, primary + (long) group * geometry.blocksPerGroup());
          at += 4;
          blocks++;
        }
      }
    }
    FileMaker.putSectors(geometry, inode, blocks);
    InodeCodec.seal(geometry, RESIZE_INO, inode, 0);
  }

  private void makeJournal() throws FsException {
    MemorySegment inode = inode(JOURNAL_INO);
    FileMaker.initInode(sb, inode, MODE_FILE | 0600, 1, journalBlocks * blockSize, time);
    boolean extents = geometry.features().has(Feature.EXTENT);
    long goal = extents ? journalGoal() : geometry.firstDataBlock();
    List<UsedBlocks.Run> runs = file(inode, JOURNAL_INO, goal).allocate(journalBlocks);
    InodeCodec.seal(geometry, JOURNAL_INO, inode, 0);
    journalRuns = runs;
    // The journal counts in big endian.
    var s = store.block(runs.getFirst().first()).asByteBuffer().order(ByteOrder.BIG_ENDIAN);
    s.putInt(0x00, JOURNAL_MAGIC);
    s.putInt(0x04, JOURNAL_SUPERBLOCK_V2);
    s.putInt(0x0c, blockSize);
    s.putInt(0x10, (int) journalBlocks);
    s.putInt(0x14, 1); // first block of the log
    s.putInt(0x18, 1); // first sequence number
    s.putLong(0x30, sb.uuid().getMostSignificantBits());
    s.putLong(0x38, sb.uuid().getLeastSignificantBits());
    s.putInt(0x40, 1); // users

    sb.putJournalBackupType(1);
    for (int i = 0; i < 15; i++) {
      sb.putJournalBackup(i, InodeCodec.block(inode, 0, i));
    }
    sb.putJournalBackup(15, (int) (journalBlocks * blockSize >>> 32));
    sb.putJournalBackup(16, (int) (journalBlocks * blockSize));
  }

  /// The middle of the device, in the group of those around it that has most room: near to
  /// everything.
  private long journalGoal() {
    int groups = geometry.groupCount();
    long blocks = geometry.blocksCount() - geometry.firstDataBlock();
    int middle = geometry.groupOfBlock(blocks / 2);
    int groupsPerFlex = 1 << geometry.logGroupsPerFlex();
    int start;
    if (groupsPerFlex > 1 && middle > groupsPerFlex) {
      middle &= -groupsPerFlex;
      while (middle < groups && freeIn(middle) == 0) {
        middle++;
      }
      middle = middle == groups ? 0 : middle;
      start = middle;
    } else {
      start = Math.max(0, middle - 1);
    }
    int best = start;
    for (int group = start + 1; group <= Math.min(middle + 1, groups - 1); group++) {
      if (freeIn(group) > freeIn(best)) {
        best = group;
      }
    }
    return geometry.groupFirstBlock(best);
  }

  private long freeIn(int group) {
    long first = geometry.groupFirstBlock(group);
    int count = geometry.blocksInGroup(group);
    return count - used.countIn(first, first + count);
  }

  private void makeOrphanFile() throws FsException {
    long total = geometry.blocksCount();
    long blocks = total < 128 << 10 ? 32 : total < 2 << 20 ? total / 4096 : 512;
    long ino = inodesUsed;
    MemorySegment inode = inode(ino);
    FileMaker.initInode(sb, inode, MODE_FILE | 0600, 1, blocks * blockSize, time);
    int seed = Checksums.inodeSeed(geometry.checksumSeed(), ino, 0);
    for (UsedBlocks.Run run : file(inode, ino, geometry.firstDataBlock()).allocate(blocks)) {
      for (long nr = run.first(); nr < run.end(); nr++) {
        Checksums.sealOrphanBlock(geometry, seed, nr, store.block(nr), 0);
      }
    }
    InodeCodec.seal(geometry, ino, inode, 0);
    sb.putOrphanFileInode(ino);
  }

  // Writing.

  private void write() throws FsException {
    if (!options.zeroed) {
      wipe();
    }
    for (UsedBlocks.Run run : journalRuns) {
      store.zero(run.first(), run.count());
    }
    countAndWriteBitmaps();
    store.writeBlocks();
    writeDescriptors();
    long kilobytes = store.bytesWritten() / 1024 + 1;
    sb.putKbytesWritten(kilobytes);
    for (int group = 1; group < geometry.groupCount(); group++) {
      if (geometry.hasSuper(group)) {
        sb.writeBackup(device, geometry, group);
      }
    }
    device.flush();
    sb.write(device);
    device.flush();
  }

  /// Boot sector, first superblock, and what RAID may have left at the end.
  private void wipe() throws FsException {
    int start = Math.max(Superblock.OFFSET + Superblock.SIZE, device.sectorSize());
    store.zeroBytes(0, start);
    device.flush();
    long end = geometry.blocksCount();
    long tail = Math.max(geometry.firstDataBlock() + 1, end - TAIL_BYTES / blockSize);
    if (used.isFree(tail, end - tail)) {
      store.zero(tail, end - tail);
    }
  }

  private void countAndWriteBitmaps() throws FsException {
    boolean checksums = geometry.hasGroupChecksums();
    int groups = geometry.groupCount();
    MemorySegment bitmap = store.allocate(blockSize);
    long freeBlocks = 0;
    long freeInodes = 0;
    for (int group = 0; group < groups; group++) {
      long at = (long) group * descSize;
      int free = (int) freeIn(group);
      freeBlocks += free;
      GroupDescriptor.putFreeBlocks(descriptors, at, descSize, free);
      long firstInode = (long) group * geometry.inodesPerGroup();
      int taken = Math.clamp(inodesUsed - firstInode, 0, geometry.inodesPerGroup());
      int unused = geometry.inodesPerGroup() - taken;
      freeInodes += unused;
      GroupDescriptor.putFreeInodes(descriptors, at, descSize, unused);

      boolean blockUninit = checksums && group != groups - 1 && holdsOnlyItsOwn(group);
      boolean inodeUninit = checksums && taken == 0;
      if (checksums) {
        GroupDescriptor.putUnusedInodes(descriptors, at, descSize, unused);
        GroupDescriptor.putFlags(
            descriptors,
            at,
            (blockUninit ? GroupDescriptor.BLOCK_UNINIT : 0)
                | (inodeUninit ? GroupDescriptor.INODE_UNINIT : 0)
                | (options.zeroed ? GroupDescriptor.INODE_ZEROED : 0));
      } else {
        zeroInodeTable(group);
      }
      if (!blockUninit) {
        writeBlockBitmap(group, at, bitmap);
      }
      if (!inodeUninit) {
        writeInodeBitmap(group, at, taken, bitmap);
      }
    }
    sb.putFreeBlocksCount(freeBlocks);
    sb.putFreeInodesCount(freeInodes);
    for (int group = 0; group < groups; group++) {
      GroupDescriptor.seal(geometry, group, descriptors, (long) group * descSize);
    }
  }

  /// Whether a group's bitmap can be computed from the superblock and its own descriptor: nothing
  /// lies in it but superblock, descriptors, and without flex_bg its own bitmaps and inode table.
  private boolean holdsOnlyItsOwn(int group) {
    long taken = geometry.blocksInGroup(group) - freeIn(group);
    long own = geometry.baseBlocksIn(group);
    if (geometry.logGroupsPerFlex() == 0) {
      own += 2 + geometry.inodeTableBlocks();
    }
    return taken == own;
  }

  /// Where no flag can say that a table holds nothing, it must hold zeros; the blocks with inodes
  /// in them are written later.
  private void zeroInodeTable(int group) throws FsException {
    store.zero(inodeTable(group), geometry.inodeTableBlocks());
  }

  private void writeBlockBitmap(int group, long at, MemorySegment bitmap) throws FsException {
    long first = geometry.groupFirstBlock(group);
    int count = geometry.blocksInGroup(group);
    bitmap.fill((byte) 0);
    used.forEachIn(
        first, first + count, (start, length) -> BlockStore.setBits(bitmap, start - first, length));
    BlockStore.setBits(bitmap, count, blockSize * 8L - count);
    if (geometry.hasMetadataChecksums()) {
      GroupDescriptor.putBlockBitmapChecksum(
          descriptors, at, descSize, Checksums.blockBitmap(geometry, bitmap, 0));
    }
    store.writeNow(blockBitmap(group), bitmap);
  }

  private void writeInodeBitmap(int group, long at, int taken, MemorySegment bitmap)
      throws FsException {
    bitmap.fill((byte) 0);
    BlockStore.setBits(bitmap, 0, taken);
    int count = geometry.inodesPerGroup();
    BlockStore.setBits(bitmap, count, blockSize * 8L - count);
    if (geometry.hasMetadataChecksums()) {
      GroupDescriptor.putInodeBitmapChecksum(
          descriptors, at, descSize, Checksums.inodeBitmap(geometry, bitmap, 0));
    }
    store.writeNow(inodeBitmap(group), bitmap);
  }

  private void writeDescriptors() throws FsException {
    boolean metaBg = geometry.features().has(Feature.META_BG);
    for (int group = 0; group < geometry.groupCount(); group++) {
      if (geometry.descBlocksIn(group) == 0) {
        continue;
      }
      if (metaBg) {
        int index = geometry.descIndex(group);
        MemorySegment block = descriptors.asSlice((long) index * blockSize, blockSize);
        store.writeNow(geometry.descBlockIn(index, group), block);
      } else {
        store.writeNow(geometry.descBlockIn(0, group), descriptors);
      }
    }
  }
}
