package org.pagewright.vfs;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.AddressSpaceOperations;
import org.pagewright.cache.WriteOp;
import org.pagewright.cache.WritebackControl.SyncMode;
import org.pagewright.errno.FsException;
import org.pagewright.iov.SegmentIter;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.RwSem;
import org.pagewright.sync.WaitQueue;
import org.pagewright.writeback.FlushTarget;

/// A file, directory, link or device of a volume, in memory. A file system extends it with what it
/// keeps of its own, as Linux embeds `struct inode`.
///
/// | field                                    | guarded by                                       |
/// |------------------------------------------|--------------------------------------------------|
/// | mode, owner, flags, nlink, rdev          | INODE exclusive to change; read without           |
/// | times                                    | the same; atime: the last writer wins             |
/// | size, folios                             | see [AddressSpace]                                |
/// | dirty bits                               | atomic; list membership by the super block's lock |
/// | references, state, links of the cache    | the lock of the inode cache                       |
///
/// Who holds a reference ([SuperBlock#iget(long)], or an open file) may use the inode; the last
/// [SuperBlock#iput(Inode)] of an inode without names frees it on disk.
public class Inode implements AddressSpace.Host, FlushTarget.DirtyInode {
  /// The inode must be written for a full `fsync`, but reading the file does not need it: mode,
  /// owner, times, link count.
  public static final int DIRTY_SYNC = 1;

  /// Reading the file needs it: size, block map. `fdatasync` writes it, too.
  public static final int DIRTY_DATASYNC = 2;

  /// Only times changed; written with whatever comes next, or at the latest by a sync.
  public static final int DIRTY_TIME = 4;

  /// In the word of dirty bits: a thread hands the fields to the file system right now.
  private static final int WRITING = 1 << 31;

  /// Who waits for the end of WRITING, of any inode.
  private static final WaitQueue WRITERS = new WaitQueue();

  static final int NEW = 0;
  static final int LIVE = 1;
  static final int FREEING = 2;
  static final int GONE = 3;

  /// Its eviction failed: it is on the device as it was, and tried again at the next sync.
  static final int STUCK = 4;

  private static final VarHandle DIRTY;

  static {
    try {
      DIRTY = MethodHandles.lookup().findVarHandle(Inode.class, "dirty", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final SuperBlock superBlock;
  private final long ino;
  private final long cacheId;
  private final InodeOperations operations;
  private final AddressSpace mapping;
  private final RwSem rwsem;

  private volatile int generation;
  private volatile int mode;
  private volatile int uid;
  private volatile int gid;
  private volatile int nlink;
  private volatile int flags;
  private volatile long rdev;
  private volatile long blocks;
  private volatile Instant atime = Instant.EPOCH;
  private volatile Instant mtime = Instant.EPOCH;
  private volatile Instant ctime = Instant.EPOCH;
  private volatile Instant birthTime = Instant.EPOCH;
  private volatile boolean atimeSettled;
  private volatile boolean lacksCapability; // false: perhaps
  private volatile @Nullable PosixAcl accessAcl;
  private volatile @Nullable PosixAcl defaultAcl;

  @SuppressWarnings("unused") // through DIRTY
  private volatile int dirty;

  /// Made without a name, and a name may be given to it. Written once before publication.
  boolean linkable;

  /// Locks on the file, null if there are none. Written under the mutex of the FileLocks.
  volatile FileLocks.@Nullable Table fileLocks;

  // Guarded by the lock of the InodeCache.
  volatile int state = NEW;
  volatile int syncing; // walks that are writing it out
  int refs;
  @Nullable Inode hashNext;
  @Nullable Inode unusedPrevious;
  @Nullable Inode unusedNext;

  // Guarded by the lock of the DirtyInodes.
  @Nullable Inode dirtyPrevious;
  @Nullable Inode dirtyNext;
  boolean onDirtyList;
  long dirtySince; // by the clock of the flusher; later each time a walk puts it back
  long unsyncedSince; // the same, but stays until it is clean

  /// What a write uses and the next one uses again, so that writing allocates nothing. Guarded by
  /// INODE exclusive.
  final WriteOp writeOp = new WriteOp();

  /// The same for the cursor in the caller's memory.
  final SegmentIter segmentIter = new SegmentIter();

  /// An inode whose fields the file system fills before anyone else sees it.
  ///
  /// @param superBlock the volume
  /// @param ino inode number, not 0
  /// @param operations names, attributes and space
  /// @param mappingOperations content
  @SuppressWarnings("this-escape") // only as a name for messages, and to be called much later
  protected Inode(
      SuperBlock superBlock,
      long ino,
      InodeOperations operations,
      AddressSpaceOperations mappingOperations) {
    assert ino != InodeOperations.NO_INODE;
    this.superBlock = superBlock;
    this.ino = ino;
    this.cacheId = superBlock.nextCacheId();
    this.operations = operations;
    this.rwsem = new RwSem(LockClass.INODE, this);
    this.mapping =
        new AddressSpace(
            superBlock.cache(),
            mappingOperations,
            this,
            superBlock.device(),
            superBlock.operations().name() + ":" + ino);
  }

  // ---- What it belongs to -----------------------------------------------------------------------

  /// The volume.
  ///
  /// @return never null
  public final SuperBlock superBlock() {
    return superBlock;
  }

  /// Inode number.
  ///
  /// @return not 0
  public final long ino() {
    return ino;
  }

  /// A number that no other object of this volume has or will have; unlike [#ino()], which is used
  /// again after the file is gone.
  final long cacheId() {
    return cacheId;
  }

  /// The file system's side.
  ///
  /// @return never null
  public final InodeOperations operations() {
    return operations;
  }

  /// The cached content.
  ///
  /// @return never null, also for what has no content
  @Override
  public final AddressSpace mapping() {
    return mapping;
  }

  /// Writers and truncate take it exclusively; looking names up in a directory takes it shared.
  ///
  /// @return a lock of class INODE
  public final RwSem rwsem() {
    return rwsem;
  }

  /// Waits for writers that hold INODE and are counted nowhere else: from now on each of them sees
  /// what was set before this call.
  final void awaitOverwriters() {
    rwsem.lock();
    rwsem.unlock();
  }

  // ---- Attributes -------------------------------------------------------------------------------

  /// Size in bytes.
  ///
  /// @return the size of the mapping
  public final long size() {
    return mapping.size();
  }

  /// Tells apart two inodes that had the same number one after the other.
  ///
  /// @return any number
  public final int generation() {
    return generation;
  }

  /// Sets the generation, once, by the file system.
  ///
  /// @param generation any number
  public final void setGeneration(int generation) {
    this.generation = generation;
  }

  /// Type and permissions.
  ///
  /// @return see [FileMode]
  public final int mode() {
    return mode;
  }

  /// Sets type and permissions.
  ///
  /// @param mode see [FileMode]
  public final void setMode(int mode) {
    this.mode = mode;
  }

  /// Whether it is a directory.
  ///
  /// @return true if so
  public final boolean isDirectory() {
    return FileMode.isDirectory(mode);
  }

  /// Whether it is a file with bytes.
  ///
  /// @return true if so
  public final boolean isRegular() {
    return FileMode.isRegular(mode);
  }

  /// Whether it is a symbolic link.
  ///
  /// @return true if so
  public final boolean isSymlink() {
    return FileMode.isSymlink(mode);
  }

  /// The type in the mode.
  ///
  /// @return the type
  public final FileType type() {
    return FileType.ofMode(mode);
  }

  /// Owner.
  ///
  /// @return user number, unsigned
  public final int uid() {
    return uid;
  }

  /// Sets the owner.
  ///
  /// @param uid user number, unsigned
  public final void setUid(int uid) {
    this.uid = uid;
  }

  /// Group.
  ///
  /// @return group number, unsigned
  public final int gid() {
    return gid;
  }

  /// Sets the group.
  ///
  /// @param gid group number, unsigned
  public final void setGid(int gid) {
    this.gid = gid;
  }

  /// Number of names; 0 means it is freed with the last reference.
  ///
  /// @return at least 0
  public final int nlink() {
    return nlink;
  }

  /// Sets the number of names.
  ///
  /// @param nlink at least 0
  public final void setNlink(int nlink) {
    assert nlink >= 0 : this;
    this.nlink = nlink;
  }

  /// Flag word.
  ///
  /// @return see [InodeFlags]; a file system may have more bits
  public final int flags() {
    return flags;
  }

  /// Sets the flag word.
  ///
  /// @param flags see [InodeFlags]
  public final void setFlags(int flags) {
    this.flags = flags;
    atimeSettled = false;
  }

  /// Device number of a device node.
  ///
  /// @return see [DeviceNumber]
  public final long rdev() {
    return rdev;
  }

  /// Sets the device number.
  ///
  /// @param rdev see [DeviceNumber]
  public final void setRdev(long rdev) {
    this.rdev = rdev;
  }

  /// Space taken.
  ///
  /// @return units of 512 bytes
  public final long blocks() {
    return blocks;
  }

  /// Sets the space taken; the file system's own lock guards the sum.
  ///
  /// @param blocks units of 512 bytes
  public final void setBlocks(long blocks) {
    this.blocks = blocks;
  }

  /// Space promised to dirty folios and not taken yet; `stat` adds it to [#blocks()].
  ///
  /// @return units of 512 bytes
  public long delayedBlocks() {
    return 0;
  }

  /// The list that says who may what, beside the mode.
  ///
  /// @return null if there is none
  final @Nullable PosixAcl accessAcl() {
    return accessAcl;
  }

  /// What new entries of a directory begin with.
  ///
  /// @return null if there is none
  final @Nullable PosixAcl defaultAcl() {
    return defaultAcl;
  }

  /// Notes the lists, with INODE held exclusively or before others see the inode.
  final void setAcls(@Nullable PosixAcl accessAcl, @Nullable PosixAcl defaultAcl) {
    this.accessAcl = accessAcl;
    this.defaultAcl = defaultAcl;
  }

  /// Reads the lists, before others see the inode. One that cannot be read or makes no sense lets
  /// nobody in but the owner and root, and hinders nobody else.
  final void loadAcls() {
    if (!isSymlink() && operations.keepsAcls()) {
      accessAcl = loadAcl(Attributes.ACL_ACCESS);
      defaultAcl = isDirectory() ? loadAcl(Attributes.ACL_DEFAULT) : null;
    }
  }

  /// Whether it is known that the file has no capabilities that a write would have to take away.
  final boolean lacksCapability() {
    return lacksCapability;
  }

  /// Notes whether there may be capabilities. INODE held exclusively.
  final void noteCapability(boolean perhaps) {
    lacksCapability = !perhaps;
  }

  private @Nullable PosixAcl loadAcl(Name which) {
    try {
      byte[] value = operations.getXattr(this, which);
      return value == null ? null : PosixAcl.parse(value);
    } catch (FsException e) {
      superBlock.report(this + ": access control list", e);
      return PosixAcl.unreadable(e);
    }
  }

  /// Last read.
  ///
  /// @return a time
  public final Instant atime() {
    return atime;
  }

  /// Sets the time of the last read.
  ///
  /// @param atime a time the file system can keep
  public final void setAtime(Instant atime) {
    this.atime = atime;
    atimeSettled = false;
  }

  /// Last change of content.
  ///
  /// @return a time
  public final Instant mtime() {
    return mtime;
  }

  /// Sets the time of the last change of content.
  ///
  /// @param mtime a time the file system can keep
  public final void setMtime(Instant mtime) {
    this.mtime = mtime;
    atimeSettled = false;
  }

  /// Last change of anything.
  ///
  /// @return a time
  public final Instant ctime() {
    return ctime;
  }

  /// Sets the time of the last change of anything.
  ///
  /// @param ctime a time the file system can keep
  public final void setCtime(Instant ctime) {
    this.ctime = ctime;
    atimeSettled = false;
  }

  /// Creation.
  ///
  /// @return a time; the epoch if the file system does not keep it
  public final Instant birthTime() {
    return birthTime;
  }

  /// Sets the time of creation.
  ///
  /// @param birthTime a time the file system can keep
  public final void setBirthTime(Instant birthTime) {
    this.birthTime = birthTime;
  }

  /// Sets mtime and ctime to now, without marking dirty: for a directory that gains or loses an
  /// entry, a file that is cut. INODE held exclusively.
  public final void touchModified() {
    Instant now = superBlock.now();
    mtime = now;
    ctime = now;
    atimeSettled = false;
  }

  /// Sets ctime to now, without marking dirty. INODE held exclusively.
  public final void touchChanged() {
    ctime = superBlock.now();
    atimeSettled = false;
  }

  /// Whether a read need not think of the access time: it is newer than the last change, or nobody
  /// keeps it. A hint: a race with a change costs one update, not for ever, because a day passes
  /// and readers look once in a while.
  final boolean isAtimeSettled() {
    return atimeSettled;
  }

  final void settleAtime() {
    atimeSettled = true;
  }

  /// Fills the fields of an inode that is being made; the link count becomes 2 for a directory, 1
  /// for anything else, all four times now.
  ///
  /// @param node what it shall be
  public final void initialize(NewNode node) {
    mode = node.mode();
    uid = node.uid();
    gid = node.gid();
    rdev = node.rdev();
    nlink = FileMode.isDirectory(mode) ? 2 : 1;
    Instant now = superBlock.now();
    atime = now;
    mtime = now;
    ctime = now;
    birthTime = now;
    accessAcl = aclOf(node.accessAcl());
    defaultAcl = aclOf(node.defaultAcl());
  }

  private static @Nullable PosixAcl aclOf(byte @Nullable [] value) {
    try {
      return value == null ? null : PosixAcl.parse(value);
    } catch (FsException e) {
      throw new AssertionError("made of a list that was checked", e);
    }
  }

  // ---- Dirty ------------------------------------------------------------------------------------

  /// Notes that the inode's fields changed and puts it on the list of dirty inodes. Never sleeps;
  /// any lock down to FOLIO may be held.
  ///
  /// @param what DIRTY_SYNC, DIRTY_DATASYNC, DIRTY_TIME
  public final void markDirty(int what) {
    int old = (int) DIRTY.getAndBitwiseOr(this, what);
    if ((old | what) != old) {
      superBlock.noteDirty(this);
    }
  }

  /// Whether fields changed that were not written, or are being written.
  ///
  /// @return true if any dirty bit is set
  public final boolean isDirty() {
    return (int) DIRTY.getVolatile(this) != 0;
  }

  /// The dirty bits.
  ///
  /// @return 0 if clean
  public final int dirtyBits() {
    return (int) DIRTY.getVolatile(this) & ~WRITING;
  }

  /// Whether fields or folios have to go to the store, or are on the way there.
  final boolean needsWriting() {
    return isDirty()
        || mapping.account() != null
            && (mapping.dirtyFolios() > 0 || mapping.writebackFolios() > 0);
  }

  /// Forgets that anything changed: nobody will write it.
  final void clearDirty() {
    DIRTY.setVolatile(this, 0);
  }

  /// Writes the inode if its dirty bits ask for it. If another thread is writing it, waits for that
  /// first: its bits are clear already, but an fsync that returned now would promise what is not
  /// yet in the file system's hands.
  ///
  /// @param wait return only when the device has it
  /// @param datasync only if reading the file needs it
  /// @throws FsException EIO; still dirty
  final void writeBack(boolean wait, boolean datasync) throws FsException {
    int bits = beginWriting(datasync);
    if (bits == 0) {
      return;
    }
    boolean written = false;
    try {
      superBlock.operations().writeInode(this, wait);
      written = true;
    } finally {
      endWriting(written ? 0 : bits);
    }
  }

  /// Clears the dirty bits before the fields are read for writing, so that a change that comes
  /// later is not lost.
  ///
  /// @return the bits that were set; 0 if there is nothing to write
  private int beginWriting(boolean datasync) {
    WaitQueue.Waiter waiter = null;
    try {
      while (true) {
        int bits = (int) DIRTY.getVolatile(this);
        if ((bits & WRITING) != 0) {
          if (waiter == null) {
            waiter = WRITERS.enter(this); // and look once more before the first park
          } else {
            waiter.park();
          }
        } else if (bits == 0 || datasync && (bits & DIRTY_DATASYNC) == 0) {
          return 0;
        } else if (DIRTY.compareAndSet(this, bits, WRITING)) {
          return bits;
        }
      }
    } finally {
      if (waiter != null) {
        WRITERS.leave(waiter);
      }
    }
  }

  private void endWriting(int again) {
    int bits;
    do {
      bits = (int) DIRTY.getVolatile(this);
    } while (!DIRTY.compareAndSet(this, bits, bits & ~WRITING | again));
    WRITERS.wakeAll(this);
    if (again != 0) {
      superBlock.noteDirty(this);
    }
  }

  /// Hands the inode's fields to the file system if they are dirty. A sync of the whole volume ends
  /// with [SuperBlockOperations#syncFs], so there is nothing to wait for here.
  ///
  /// @param mode not looked at
  /// @throws FsException EIO; still dirty
  @Override
  public final void writeInode(SyncMode mode) throws FsException {
    writeBack(false, false);
  }

  @Override
  public final void becameDirty(AddressSpace mapping) {
    superBlock.noteDirty(this);
  }

  // ---- stat -------------------------------------------------------------------------------------

  /// All attributes as they are now.
  ///
  /// @return a snapshot
  public final Stat stat() {
    return new Stat(
        ino,
        generation,
        mode,
        nlink,
        uid,
        gid,
        rdev,
        size(),
        blocks + delayedBlocks(),
        superBlock.operations().blockSize(),
        atime,
        mtime,
        ctime,
        birthTime);
  }

  @Override
  public String toString() {
    return mapping.toString();
  }
}
