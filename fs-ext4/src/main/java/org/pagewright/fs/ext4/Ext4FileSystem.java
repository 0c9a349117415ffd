package org.pagewright.fs.ext4;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.pagewright.block.BlockDevice;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.alloc.BlockAllocator;
import org.pagewright.fs.ext4.alloc.GroupTable;
import org.pagewright.fs.ext4.alloc.InodeAllocator;
import org.pagewright.fs.ext4.buffer.BufferCache;
import org.pagewright.fs.ext4.disk.DirHash;
import org.pagewright.fs.ext4.disk.ErrorNote;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.Features;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.disk.Superblock;
import org.pagewright.fs.ext4.journal.Handle;
import org.pagewright.fs.ext4.journal.Jbd2;
import org.pagewright.fs.ext4.journal.Journal;
import org.pagewright.fs.ext4.journal.NoJournal;
import org.pagewright.fs.ext4.xattr.XattrShare;
import org.pagewright.fs.ext4.xattr.Xattrs;
import org.pagewright.iomap.IomapOperations;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.vfs.Inode;
import org.pagewright.vfs.InodeOperations;
import org.pagewright.vfs.StatFs;
import org.pagewright.vfs.SuperBlock;
import org.pagewright.vfs.SuperBlockOperations;
import org.pagewright.writeback.Clock;

/// One ext4 volume: its tables, allocators and journal, and what the VFS asks of the whole.
///
/// While it is open for writing the superblock on the device says that there may be something to
/// recover or, without a journal, does not say "clean"; [#close()] takes that back after everything
/// else is on the device.
final class Ext4FileSystem implements SuperBlockOperations {
  private static final long ROOT_INO = 2;
  private static final long MAGIC = 0xef53;

  /// Where Linux names a function of its own.
  private static final String DRIVER = "pagewright";

  private final BlockDevice device;
  private final Superblock superblock; // its counts are guarded by superblockLock
  private final Mutex superblockLock;
  private final Geometry geometry;
  private final BufferCache cache;
  private final Journal journal;
  private final Orphans orphans;
  private final @Nullable JournalledContent content;
  private final GroupTable groups;
  private final BlockAllocator blocks;
  private final InodeAllocator inodes;
  private final Xattrs xattrs;
  private final DirHash defaultHash;
  private final IomapOperations mappingOperations;
  private final InodeOperations inodeOperations;
  private final AtomicReference<@Nullable FsException> lastDamage = new AtomicReference<>();
  private final long overheadBlocks;
  private final boolean readOnly;
  private final Ext4Options options;

  // Guarded by superblockLock: files that could not be cut, each with a reference.
  private final List<Ext4Inode> uncut = new ArrayList<>();

  private volatile @Nullable SuperBlock owner; // written once, when mounted
  private volatile boolean shutDown;
  private volatile boolean takesOrphans; // while the volume is being opened

  /// Opens the tables of a volume whose journal needs no recovery.
  ///
  /// @throws FsException EUCLEAN, EIO; EOPNOTSUPP for what cannot be handled
  Ext4FileSystem(
      BlockDevice device,
      Superblock superblock,
      Ext4Options chosen,
      boolean readOnly,
      Clock clock)
      throws FsException {
    this.device = device;
    this.superblock = superblock;
    this.options =
        chosen.resolve(
            superblock.defaultMountOptions(),
            superblock.mountOptions(),
            superblock.errorsBehaviour());
    this.readOnly = readOnly;
    this.superblockLock = new Mutex(LockClass.INODE_STATE, device.name());
    this.geometry = new Geometry(superblock);
    this.cache = new BufferCache(device, geometry.blockSize(), options.metadataBytes());
    this.journal = openJournal(clock);
    this.orphans = new Orphans(this);
    this.groups = GroupTable.open(cache, geometry);
    this.blocks = new BlockAllocator(groups, superblock.reservedBlocksCount());
    journal.setFreedBlocks(blocks);
    // Generations only tell users of one inode number apart; counted from the volume's own seed,
    // the same input makes the same image.
    SplittableRandom random =
        new SplittableRandom(
            superblock.hashSeed().getMostSignificantBits()
                ^ superblock.writeTime() << 20
                ^ superblock.mountCount());
    Mutex randomLock = new Mutex(LockClass.QUEUE, device.name());
    this.inodes =
        new InodeAllocator(
            groups,
            superblock.firstInode(),
            () -> {
              randomLock.lock();
              int generation = random.nextInt();
              randomLock.unlock();
              return generation;
            });
    this.xattrs = new Xattrs(cache, geometry, new XattrShare());
    DirHash hash = superblock.dirHash(superblock.defaultHashVersion());
    if (hash == null) {
      hash = superblock.dirHash(DirHash.HALF_MD4);
    }
    assert hash != null;
    this.defaultHash = hash;
    this.content = journalsData() ? new JournalledContent(this) : null;
    this.mappingOperations =
        new IomapOperations(
            new WatchedExtents(
                this, new Ext4Extents(this, content == null ? device : content)),
            device.name());
    this.inodeOperations = new WatchedInodeOperations(this, new Ext4InodeOperations(this));
    this.overheadBlocks = overhead();
  }

  private Journal openJournal(Clock clock) throws FsException {
    boolean wanted = !readOnly && options.data() != DataMode.NONE;
    if (!wanted || !superblock.features().has(Feature.HAS_JOURNAL)) {
      return new NoJournal(cache);
    }
    return Jbd2.open(
        cache,
        superblock,
        clock,
        options.mount().clock(),
        options.commitSeconds() * 1_000_000_000L,
        this::journalStopped);
  }

  private void journalStopped(String what, Throwable error) {
    shutDown = true;
    SuperBlock sb = owner;
    if (sb != null) {
      sb.shutdown(what, error);
    }
  }

  private long overhead() {
    long sum = geometry.firstDataBlock();
    for (int group = 0; group < geometry.groupCount(); group++) {
      sum += geometry.baseBlocksIn(group) + 2L + geometry.inodeTableBlocks();
    }
    return sum;
  }

  // ---- Parts ------------------------------------------------------------------------------------

  BlockDevice device() {
    return device;
  }

  Superblock superblock() {
    return superblock;
  }

  Geometry geometry() {
    return geometry;
  }

  BufferCache cache() {
    return cache;
  }

  Journal journal() {
    return journal;
  }

  Orphans orphans() {
    return orphans;
  }

  Ext4Options options() {
    return options;
  }

  /// Whether content of files goes through the journal.
  boolean journalsData() {
    return options.data() == DataMode.JOURNAL && journal.recovers();
  }

  /// Starts a handle. If space is so short that the operation may fail although a commit would
  /// bring some, commits first.
  ///
  /// @throws FsException EIO
  Handle start(int credits) throws FsException {
    if (blocks.waitsForCommit() && journal.current() == null) {
      journal.commit();
    }
    return journal.start(credits);
  }

  /// After an attempt that failed for want of space: makes space of what was freed since the last
  /// commit.
  ///
  /// @param released what [BlockAllocator#releasedBlocks()] said before the attempt
  /// @return false if there is none that the attempt did not see
  boolean findSpace(long released) throws FsException {
    if (blocks.heldBlocks() > 0) {
      journal.commit();
    }
    return blocks.releasedBlocks() != released;
  }

  /// A copy of the superblock with another first orphan, which it keeps.
  Superblock withLastOrphan(long ino) {
    superblockLock.lock();
    try {
      superblock.putLastOrphan(ino);
      return superblock.copy();
    } finally {
      superblockLock.unlock();
    }
  }

  GroupTable groups() {
    return groups;
  }

  BlockAllocator blocks() {
    return blocks;
  }

  InodeAllocator inodes() {
    return inodes;
  }

  Xattrs xattrs() {
    return xattrs;
  }

  IomapOperations mappingOperations() {
    return mappingOperations;
  }

  InodeOperations inodeOperations() {
    return inodeOperations;
  }

  DirHash defaultHash() {
    return defaultHash;
  }

  @Nullable DirHash hash(int version) {
    return superblock.dirHash(version);
  }

  /// Bytes that new inodes use beyond the first 128.
  int extraIsize() {
    int most = geometry.inodeSize() - Superblock.OLD_INODE_SIZE;
    int wanted = Math.max(superblock.wantExtraIsize(), superblock.minExtraIsize());
    return Math.clamp(wanted == 0 ? 32 : wanted, 0, most) & ~3;
  }

  /// Whether a directory may name an inode: the root, or one that is not the file system's own.
  boolean isUserInode(long ino) {
    return ino == ROOT_INO || ino >= superblock.firstInode() && ino <= geometry.inodesCount();
  }

  /// Something failed that no call can report.
  void trouble(String what, FsException error) {
    superblockLock.lock();
    countErrorLocked();
    superblockLock.unlock();
    SuperBlock sb = owner;
    if (sb != null) {
      sb.report(what, error);
    }
  }

  /// The field has 32 bits; none of them would say that all is well.
  private void countErrorLocked() {
    superblock.putErrorCount(Math.min(superblock.errorCount() + 1, 0xffff_ffffL));
  }

  /// Told of each exception that leaves the volume: if it is one of damage, that is noted in the
  /// superblock, and what [OnDamage] says is done. Any lock above INODE_STATE may be held.
  ///
  /// @param e what an operation ends with
  /// @return the same
  FsException met(FsException e) {
    if (e.errno() == Errno.EUCLEAN && !readOnly && !shutDown && lastDamage.getAndSet(e) != e) {
      note(e);
    }
    return e;
  }

  private void note(FsException e) {
    SuperBlock sb = owner;
    long now = (sb == null ? options.mount().clock().instant() : sb.now()).getEpochSecond();
    long block = e instanceof CorruptedException c ? Math.max(c.blockNr(), 0) : 0;
    superblockLock.lock();
    boolean marked = (superblock.state() & Superblock.STATE_ERROR) != 0;
    int code = ErrorNote.EFSCORRUPTED;
    if (superblock.firstError().time() == 0) { // the count is also of troubles that are no damage
      superblock.firstError().put(now, block, code, DRIVER);
    }
    superblock.lastError().put(now, block, code, DRIVER);
    countErrorLocked();
    superblock.putState(superblock.state() | Superblock.STATE_ERROR);
    superblockLock.unlock();
    if (!marked) {
      markDamaged();
    }
    if (sb != null && options.onDamage() == OnDamage.READ_ONLY) {
      sb.setReadOnly();
    } else if (sb != null && options.onDamage() == OnDamage.PANIC) {
      sb.shutdown("damage was met", e);
    }
  }

  /// Leaves the mark on the device at once: the volume may never be closed. Only the mark, as what
  /// else has changed in the superblock waits for its transaction.
  private void markDamaged() {
    try {
      Superblock there = Superblock.read(device);
      there.putState(there.state() | Superblock.STATE_ERROR);
      there.write(device);
    } catch (FsException e) {
      trouble("mark as damaged", e);
    }
  }

  // ---- Opening ----------------------------------------------------------------------------------

  /// Marks the volume as open for writing, on the device.
  void markOpen(Instant now) throws FsException {
    superblockLock.lock();
    if (journal.recovers()) {
      Features features = superblock.features().with(Feature.NEEDS_RECOVERY);
      superblock.putFeatures(
          features.has(Feature.ORPHAN_FILE) ? features.with(Feature.ORPHAN_PRESENT) : features);
    } else {
      superblock.putState(superblock.state() & ~Superblock.STATE_CLEAN);
    }
    superblock.putMountTime(now.getEpochSecond());
    superblock.putMountCount(superblock.mountCount() + 1);
    superblockLock.unlock();
    writeSuperblock(now);
    device.flush();
  }

  /// Whether inodes without links are read: while those are freed that a crash left over.
  boolean takesOrphans() {
    return takesOrphans;
  }

  void setTakesOrphans(boolean takes) {
    takesOrphans = takes;
  }

  void mounted(SuperBlock superBlock) {
    owner = superBlock;
    if (superBlock.device() != null) {
      journal.countIn(superBlock.device().counters());
    }
  }

  private void writeSuperblock(Instant now) throws FsException {
    superblockLock.lock();
    superblock.putFreeBlocksCount(blocks.freeBlocks());
    superblock.putFreeInodesCount(inodes.freeInodes());
    superblock.putWriteTime(now.getEpochSecond());
    Superblock copy = superblock.copy();
    superblockLock.unlock();
    copy.write(device);
  }

  // ---- SuperBlockOperations ---------------------------------------------------------------------

  @Override
  public String name() {
    return device.name();
  }

  @Override
  public long rootIno() {
    return ROOT_INO;
  }

  @Override
  public Inode readInode(SuperBlock superBlock, long ino) throws FsException {
    if (!isUserInode(ino)) {
      throw new FsException(Errno.ESTALE, name() + ": inode " + ino);
    }
    try {
      return readAnyInode(superBlock, ino);
    } catch (FsException e) {
      throw met(e);
    }
  }

  @Override
  public Inode readUntrusted(SuperBlock superBlock, long ino) throws FsException {
    if (!isUserInode(ino)) {
      throw new FsException(Errno.ESTALE, name() + ": inode " + ino);
    }
    try {
      if (!inodes().isAllocated(ino)) {
        throw new FsException(Errno.ESTALE, name() + ": inode " + ino + " is free");
      }
      return readAnyInode(superBlock, ino);
    } catch (CorruptedException e) {
      throw new FsException(Errno.ESTALE, name() + ": inode " + ino, e);
    }
  }

  /// Reads an inode, reserved ones included.
  Ext4Inode readAnyInode(SuperBlock superBlock, long ino) throws FsException {
    Ext4Inode inode = new Ext4Inode(this, superBlock, ino);
    inode.read();
    return inode;
  }

  @Override
  public void writeInode(Inode inode, boolean wait) throws FsException {
    try (Handle handle = journal.start(1)) {
      ((Ext4Inode) inode).write(handle, false);
    }
  }

  @Override
  public void evictInode(Inode inode) throws FsException {
    Ext4Inode ext4 = (Ext4Inode) inode;
    if (inode.nlink() > 0 || readOnly || shutDown || inode.superBlock().isClosed()) {
      if (ext4.hasMapper()) {
        ext4.mapper().punchDelayed(0, Long.MAX_VALUE);
        ext4.mapper().discardReserve();
      }
      return;
    }
    try {
      free(ext4);
    } catch (FsException e) {
      throw met(e);
    }
  }

  /// Frees an inode without names, and all that it has.
  private void free(Ext4Inode ext4) throws FsException {
    int credits =
        Xattrs.CHANGE_CREDITS
            + BlockAllocator.CREDITS_PER_GROUP
            + InodeAllocator.FREE_CREDITS
            + Orphans.CREDITS
            + 2;
    int steps = ext4.hasMapper() ? ext4.mapper().stepCredits() : 0;
    try (Handle handle = start(Math.max(steps, credits))) {
      if (ext4.hasMapper()) {
        ext4.mapping().setSize(0);
        ext4.setDiskSize(0);
        ext4.mapper().truncate(handle, 0);
        handle.ensure(credits);
      }
      xattrs.drop(handle, ext4);
      orphans.remove(handle, ext4, -1);
      ext4.setDeletionTime(ext4.superBlock().now().getEpochSecond());
      ext4.write(handle);
      inodes.free(handle, ext4.ino(), ext4.isDirectory());
    }
  }

  @Override
  public void syncFs(boolean wait) throws FsException {
    if (readOnly) {
      return;
    }
    SuperBlock sb = owner;
    Instant now = sb == null ? options.mount().clock().instant() : sb.now();
    if (journal.recovers()) {
      // The counts in the superblock are nobody's truth while it is in use: the groups have them.
      if (wait) {
        finishTruncations();
        journal.commit();
      } else {
        journal.startCommit();
      }
    } else if (wait) {
      finishTruncations();
      cache.sync();
      writeSuperblock(now);
      journal.commit();
    } else {
      cache.writeback(Integer.MAX_VALUE);
    }
  }

  /// The image is good by itself as long as it is frozen.
  @Override
  public void freeze() throws FsException {
    if (!readOnly && journal.recovers()) {
      journal.flush();
      writeRecoverable(false);
    }
  }

  @Override
  public void thaw() throws FsException {
    if (!readOnly && journal.recovers() && !shutDown) {
      writeRecoverable(true);
    }
  }

  /// Says on the device whether there may be something to recover.
  private void writeRecoverable(boolean needs) throws FsException {
    superblockLock.lock();
    Features features = superblock.features();
    superblock.putFeatures(
        needs
            ? features.with(Feature.NEEDS_RECOVERY)
            : features.without(Feature.NEEDS_RECOVERY));
    superblockLock.unlock();
    SuperBlock sb = owner;
    writeSuperblock(sb == null ? options.mount().clock().instant() : sb.now());
    device.flush();
  }

  /// Remembers a file whose blocks beyond its end could not all be freed: the next sync goes on.
  void truncateLater(Ext4Inode file) {
    superblockLock.lock();
    boolean known = uncut.contains(file);
    if (!known) {
      uncut.add(file);
    }
    superblockLock.unlock();
    if (!known) {
      file.superBlock().hold(file);
    }
  }

  /// Goes on with truncations that failed in their middle.
  private void finishTruncations() throws FsException {
    superblockLock.lock();
    List<Ext4Inode> files = List.copyOf(uncut);
    uncut.clear();
    superblockLock.unlock();
    FsException first = null;
    for (Ext4Inode file : files) {
      file.rwsem().lock();
      file.mapping().invalidateLock().lock();
      try (Handle handle = start(file.mapper().stepCredits() + 1)) {
        long end = (file.size() + blockSize() - 1) / blockSize();
        file.mapper().truncate(handle, end);
        handle.ensure(2 * Orphans.CREDITS + 1);
        orphans.remove(handle, file, Orphans.CUT);
        orphans.grown(handle, file, end);
        file.write(handle);
      } catch (FsException e) {
        first = first == null ? e : first;
        truncateLater(file);
      } finally {
        file.mapping().invalidateLock().unlock();
        file.rwsem().unlock();
      }
      file.superBlock().iput(file);
    }
    if (first != null) {
      throw first;
    }
  }

  @Override
  public StatFs statfs() {
    long total = geometry.blocksCount() - overheadBlocks;
    long free = Math.max(0, blocks.freeBlocks() - blocks.reservedBlocks());
    return new StatFs(
        MAGIC,
        geometry.blockSize(),
        total,
        free,
        Math.min(free, blocks.availableBlocks()),
        geometry.inodesCount(),
        inodes.freeInodes(),
        superblock.uuid().getMostSignificantBits() ^ superblock.uuid().getLeastSignificantBits(),
        nameLengthMax());
  }

  @Override
  public void close() throws FsException {
    mappingOperations.drain();
    try {
      if (!readOnly && !shutDown) {
        blocks.discardAll();
        syncFs(true);
        journal.flush(); // before the superblock says that there is nothing to recover
        boolean finished = !orphans.any();
        superblockLock.lock();
        if (journal.recovers()) {
          Features features = superblock.features().without(Feature.NEEDS_RECOVERY);
          superblock.putFeatures(
              finished ? features.without(Feature.ORPHAN_PRESENT) : features);
        }
        boolean sound = superblock.errorCount() == 0;
        if (sound) {
          superblock.putState(superblock.state() | Superblock.STATE_CLEAN);
        } else {
          superblock.putState(superblock.state() | Superblock.STATE_ERROR);
        }
        superblockLock.unlock();
        SuperBlock sb = owner;
        writeSuperblock(sb == null ? options.mount().clock().instant() : sb.now());
        device.flush();
      }
    } finally {
      if (content != null) {
        content.close();
      }
      journal.close();
      orphans.close();
      groups.close();
      device.close();
    }
  }

  @Override
  public void shutdown() {
    shutDown = true;
    journal.stop(new FsException(Errno.EIO, name() + ": shut down"));
  }

  @Override
  public long fileSizeMax() {
    int bits = geometry.blockSizeBits();
    if (geometry.features().has(Feature.EXTENT)) {
      return (0xffff_ffffL << bits) - 1;
    }
    long pointers = geometry.blockSize() / 4L;
    long mapped = 12 + pointers + pointers * pointers + pointers * pointers * pointers;
    // An inode without huge_file counts its space in 32 bits of 512 bytes.
    return Math.min(mapped << bits, 0xffff_ffffL << 9);
  }

  @Override
  public int nameLengthMax() {
    return 255;
  }

  @Override
  public int blockSize() {
    return geometry.blockSize();
  }

  @Override
  public Instant roundTime(Instant time) {
    return Ext4InodeOperations.round(time, extraIsize() >= 24);
  }
}
