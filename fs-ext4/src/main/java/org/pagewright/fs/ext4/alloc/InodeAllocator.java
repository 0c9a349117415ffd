package org.pagewright.fs.ext4.alloc;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.buffer.BufferType;
import org.pagewright.fs.ext4.disk.Checksums;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.disk.GroupDescriptor;
import org.pagewright.fs.ext4.journal.Handle;
import org.pagewright.sync.Mutex;

/// Gives out and takes back inode numbers.
///
/// Spreads directories and keeps families together, after Orlov: a directory at the top goes where
/// there are few directories and much room; one further down stays near its parent as long as there
/// is room; a file goes to its directory's group. Groups that keep their metadata together
/// (flex_bg) count as one.
///
/// Locks: one group's lock at a time; callers may hold anything above BLOCK_GROUP.
public final class InodeAllocator {
  /// Credits of [#allocate]: bitmap, descriptors, and the block of the table.
  public static final int ALLOCATE_CREDITS = 3;

  /// Credits of [#free]: bitmap and descriptors.
  public static final int FREE_CREDITS = 2;

  private static final long ROOT_INO = 2;

  /// Directories that are placed by the same average of free blocks: a look at 131072 groups each
  /// time would cost more than a little more precision is worth.
  private static final int AVERAGE_USES = 64;

  private final GroupTable groups;
  private final Geometry geometry;
  private final String device;
  private final long firstInode;
  private final IntSupplier generations;
  private final AtomicLong freeInodes;
  private final AtomicLong directories = new AtomicLong();

  /// Free blocks of all groups, a while ago. Racy, a hint.
  private volatile long freeBlocksSeen;

  private volatile int freeBlocksUses;

  /// An allocator for a file system that is opened for writing.
  ///
  /// @param groups the group descriptors
  /// @param firstInode first number that files may have, from the superblock
  /// @param generations where generations come from; random, or counted for images that shall be
  ///     the same each time
  public InodeAllocator(GroupTable groups, long firstInode, IntSupplier generations) {
    this.groups = groups;
    this.geometry = groups.geometry();
    this.device = groups.cache().device().name();
    this.firstInode = firstInode;
    this.generations = generations;
    this.freeInodes = new AtomicLong(groups.sumFreeInodes());
    long dirs = 0;
    for (int group = 0; group < geometry.groupCount(); group++) {
      dirs += groups.usedDirs(group);
    }
    directories.set(dirs);
  }

  /// {@return number of free inodes}
  public long freeInodes() {
    return freeInodes.get();
  }

  /// The inode bitmap of one group.
  private record InodeBitmap(GroupTable groups, int group) implements BufferType {
    @Override
    public void verify(Buffer buffer) throws CorruptedException {
      Geometry geometry = groups.geometry();
      if (geometry.hasMetadataChecksums()) {
        int kept = groups.inodeBitmapChecksum(group);
        int computed =
            Checksums.keptInDescriptor(
                Checksums.inodeBitmap(geometry, buffer.segment(), 0), geometry.descSize());
        if (kept != computed) {
          throw bad(buffer, String.format("checksum 0x%08x, computed 0x%08x", kept, computed));
        }
      }
      int count = geometry.inodesPerGroup();
      int free = count - new Bits(buffer.segment()).countSet(0, count);
      if (free != groups.freeInodes(group)) {
        throw bad(
            buffer, free + " inodes are free, the descriptor says " + groups.freeInodes(group));
      }
    }

    private CorruptedException bad(Buffer buffer, String why) {
      return new CorruptedException(buffer.deviceName(), buffer.blockNr(), this + ": " + why);
    }

    @Override
    public void seal(Buffer buffer) {} // its checksum is in the descriptor, set with each change

    @Override
    public String toString() {
      return "inode bitmap of group " + group;
    }
  }

  /// The bitmap of a locked group, with a reference; all free if it was never initialised.
  private Buffer bitmap(int group) throws FsException {
    InodeBitmap type = new InodeBitmap(groups, group);
    long blockNr = groups.inodeBitmap(group);
    if ((groups.flags(group) & GroupDescriptor.INODE_UNINIT) == 0) {
      return groups.cache().read(blockNr, type);
    }
    int count = geometry.inodesPerGroup();
    if (groups.freeInodes(group) != count) {
      throw new CorruptedException(
          device,
          blockNr,
          "group " + group + " has no inode ever used, but " + groups.freeInodes(group) + " of "
              + count + " free");
    }
    Buffer buffer = groups.cache().create(blockNr, type);
    buffer.lock();
    try {
      new Bits(buffer.segment()).set(count, geometry.blockSize() * 8 - count);
    } finally {
      buffer.unlock();
    }
    return buffer;
  }

  // ---- allocate ---------------------------------------------------------------------------

  /// Gives out an inode number. Costs [#ALLOCATE_CREDITS].
  ///
  /// @param handle the operation
  /// @param parent inode number of the directory that it will be in
  /// @param directory whether it will be a directory
  /// @param top whether the parent keeps unrelated things: the root, or one flagged as TOPDIR
  /// @return the number and a generation
  /// @throws CorruptedException if a bitmap is wrong
  /// @throws FsException ENOSPC if no inode is free; EIO
  public NewInode allocate(Handle handle, long parent, boolean directory, boolean top)
      throws FsException {
    int home = geometry.groupOfInode(parent);
    int start = directory ? groupForDirectory(home, top || parent == ROOT_INO) : home;
    int count = geometry.groupCount();
    int flex = 1 << geometry.logGroupsPerFlex();
    // The group, the rest of its flexible group, a few places far off, then all there are.
    long ino = tryFlex(handle, start, flex, directory);
    if (ino == 0 && !directory) {
      int group = (int) ((start + parent) % count);
      for (int step = 1; ino == 0 && step < count; step <<= 1) {
        group = (group + step) % count;
        ino = groups.freeBlocks(group) > 0 ? tryGroup(handle, group, false) : 0;
      }
    }
    for (int i = 0; ino == 0 && i < count; i++) {
      ino = tryGroup(handle, (start + i) % count, directory);
    }
    if (ino == 0) {
      throw new FsException(Errno.ENOSPC, device + ": no free inode");
    }
    return new NewInode(ino, generations.getAsInt());
  }

  private long tryFlex(Handle handle, int start, int flex, boolean directory) throws FsException {
    int first = start & -flex;
    int n = Math.min(flex, geometry.groupCount() - first);
    for (int i = 0; i < n; i++) {
      int group = first + (start - first + i) % n;
      long ino = tryGroup(handle, group, directory);
      if (ino != 0) {
        return ino;
      }
    }
    return 0;
  }

  /// Room of a flexible group, summed up.
  private record Room(long inodes, long blocks, long dirs) {}

  private Room room(int first, int flex) {
    long inodes = 0;
    long blocks = 0;
    long dirs = 0;
    int end = Math.min(first + flex, geometry.groupCount());
    for (int group = first; group < end; group++) {
      inodes += groups.freeInodes(group);
      blocks += groups.freeBlocks(group);
      dirs += groups.usedDirs(group);
    }
    return new Room(inodes, blocks, dirs);
  }

  private int groupForDirectory(int home, boolean top) {
    int flex = 1 << geometry.logGroupsPerFlex();
    int count = geometry.groupCount();
    int flexCount = (count - 1) / flex + 1;
    long averageInodes = freeInodes.get() / flexCount;
    long averageBlocks = freeBlocks() / flexCount;
    long averageDirs = directories.get() / flexCount;
    if (top) {
      int best = -1;
      long fewest = Long.MAX_VALUE;
      for (int first = 0; first < count; first += flex) {
        Room room = room(first, flex);
        if (room.inodes > 0
            && room.inodes >= averageInodes
            && room.blocks >= averageBlocks
            && room.dirs < fewest) {
          best = first;
          fewest = room.dirs;
        }
      }
      return best >= 0 ? best : home;
    }
    // Near the parent, unless too many directories or too little room are there already.
    long inodesPerFlex = (long) geometry.inodesPerGroup() * flex;
    long maxDirs = averageDirs + inodesPerFlex / 16;
    long minInodes = Math.max(1, averageInodes - inodesPerFlex / 4);
    long minBlocks = averageBlocks - (long) geometry.blocksPerGroup() * flex / 4;
    int firstHome = home & -flex;
    for (int i = 0; i < flexCount; i++) {
      int first = (firstHome / flex + i) % flexCount * flex;
      Room room = room(first, flex);
      if (room.dirs <= maxDirs && room.inodes >= minInodes && room.blocks >= minBlocks) {
        return i == 0 ? home : first;
      }
    }
    return home;
  }

  private long freeBlocks() {
    int uses = freeBlocksUses;
    if (uses == 0) {
      freeBlocksSeen = groups.sumFreeBlocks();
    }
    freeBlocksUses = (uses + 1) % Math.max(1, Math.min(AVERAGE_USES, geometry.groupCount() / 64));
    return freeBlocksSeen;
  }

  /// @return an inode number, or 0 if the group is full
  private long tryGroup(Handle handle, int group, boolean directory) throws FsException {
    if (groups.freeInodes(group) == 0) {
      return 0;
    }
    Mutex lock = groups.lock(group);
    lock.lock();
    try (Buffer bitmap = bitmap(group)) {
      int count = geometry.inodesPerGroup();
      int first = group == 0 ? (int) firstInode - 1 : 0;
      int index = new Bits(bitmap.segment()).nextClear(first, count);
      if (index == count) {
        return 0;
      }
      long ino = (long) group * count + index + 1;
      Buffer table = declareTable(handle, group, index, ino);
      try {
        groups.declare(handle, group);
        handle.getWriteAccess(bitmap);
        change(handle, group, bitmap, index, directory, true);
        if (table != null) {
          handle.dirtyMetadata(table); // zeroes
        }
      } finally {
        if (table != null) {
          table.put();
        }
      }
      freeInodes.decrementAndGet();
      directories.addAndGet(directory ? 1 : 0);
      return ino;
    } finally {
      lock.unlock();
    }
  }

  /// Where inodes were never used, their table may hold anything. The first inode of a block of it
  /// makes the block all zeros; it is not even read.
  ///
  /// @return the block if it is new, with a reference
  private @Nullable Buffer declareTable(Handle handle, int group, int index, long ino)
      throws FsException {
    int used = geometry.inodesPerGroup() - groups.unusedInodes(group);
    if (index > used) {
      throw new CorruptedException(
          device,
          groups.inodeBitmap(group),
          "inode bitmap of group " + group + ": inodes behind the " + used
              + " that were ever used are marked as in use");
    }
    if (index < used || geometry.inodeOffset(ino) != 0) {
      return null;
    }
    Buffer table = groups.cache().create(groups.inodeBlock(ino), BufferType.PLAIN);
    boolean good = false;
    try {
      handle.getCreateAccess(table);
      good = true;
      return table;
    } finally {
      if (!good) {
        table.put();
      }
    }
  }

  private void change(
      Handle handle, int group, Buffer bitmap, int index, boolean directory, boolean set) {
    MemorySegment bytes = bitmap.segment();
    bitmap.lock();
    try {
      Bits bits = new Bits(bytes);
      if (set) {
        bits.set(index, 1);
      } else {
        bits.clear(index, 1);
      }
    } finally {
      bitmap.unlock();
    }
    handle.dirtyMetadata(bitmap);
    int sign = set ? 1 : -1;
    groups.change(
        handle,
        group,
        (s, at, size) -> {
          int free = GroupDescriptor.freeInodes(s, at, size);
          GroupDescriptor.putFreeInodes(s, at, size, free - sign);
          if (directory) {
            int dirs = GroupDescriptor.usedDirs(s, at, size);
            GroupDescriptor.putUsedDirs(s, at, size, Math.max(0, dirs + sign));
          }
          if (geometry.hasGroupChecksums()) {
            int flags = GroupDescriptor.flags(s, at);
            GroupDescriptor.putFlags(s, at, flags & ~GroupDescriptor.INODE_UNINIT);
            int used = geometry.inodesPerGroup() - GroupDescriptor.unusedInodes(s, at, size);
            if (set && index >= used) {
              GroupDescriptor.putUnusedInodes(
                  s, at, size, geometry.inodesPerGroup() - index - 1);
            }
          }
          if (geometry.hasMetadataChecksums()) {
            GroupDescriptor.putInodeBitmapChecksum(
                s, at, size, Checksums.inodeBitmap(geometry, bytes, 0));
          }
        });
  }

  // ---- free -------------------------------------------------------------------------------

  /// Takes an inode number back. The caller has written the inode with its deletion time. Costs
  /// [#FREE_CREDITS].
  ///
  /// @param handle the operation
  /// @param ino inode number
  /// @param directory whether it was a directory
  /// @throws CorruptedException if the number is reserved or free already
  /// @throws FsException EIO
  public void free(Handle handle, long ino, boolean directory) throws FsException {
    if (!geometry.isInode(ino) || ino < firstInode) {
      throw new CorruptedException(device, -1, "inode " + ino + " cannot be freed");
    }
    int group = geometry.groupOfInode(ino);
    int index = geometry.inodeIndexInGroup(ino);
    Mutex lock = groups.lock(group);
    lock.lock();
    try (Buffer bitmap = bitmap(group)) {
      if (!new Bits(bitmap.segment()).get(index)) {
        throw new CorruptedException(
            device,
            bitmap.blockNr(),
            "inode bitmap of group " + group + ": inode " + ino + ", to be freed, is free already");
      }
      groups.declare(handle, group);
      handle.getWriteAccess(bitmap);
      change(handle, group, bitmap, index, directory, false);
    } finally {
      lock.unlock();
    }
    freeInodes.incrementAndGet();
    directories.addAndGet(directory ? -1 : 0);
  }

  /// Whether an inode is in use: what a directory entry points to must be.
  ///
  /// @param ino a number
  /// @return false if it is free, or no inode has it
  /// @throws CorruptedException if the bitmap is wrong
  /// @throws FsException EIO
  public boolean isAllocated(long ino) throws FsException {
    if (!geometry.isInode(ino)) {
      return false;
    }
    int group = geometry.groupOfInode(ino);
    Mutex lock = groups.lock(group);
    lock.lock();
    try (Buffer bitmap = bitmap(group)) {
      return new Bits(bitmap.segment()).get(geometry.inodeIndexInGroup(ino));
    } finally {
      lock.unlock();
    }
  }

  /// Throws if the counts and the groups disagree; nothing else may be running.
  ///
  /// @return true
  public boolean checkInvariants() {
    assert groups.sumFreeInodes() == freeInodes.get()
        : "groups have " + groups.sumFreeInodes() + " free inodes, counted " + freeInodes;
    return true;
  }
}
