package org.pagewright.fs.ext4;

import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.alloc.BlockAllocator;
import org.pagewright.fs.ext4.alloc.NewInode;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.buffer.BufferType;
import org.pagewright.fs.ext4.dir.DirBlockType;
import org.pagewright.fs.ext4.dir.DirBlocks;
import org.pagewright.fs.ext4.dir.Directory;
import org.pagewright.fs.ext4.disk.Checksums;
import org.pagewright.fs.ext4.disk.DirHash;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.disk.InodeCodec;
import org.pagewright.fs.ext4.journal.Handle;
import org.pagewright.fs.ext4.map.BlockMapper;
import org.pagewright.fs.ext4.map.MapRoot;
import org.pagewright.fs.ext4.map.Mapping;
import org.pagewright.fs.ext4.xattr.XattrHost;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.vfs.DeviceNumber;
import org.pagewright.vfs.FileType;
import org.pagewright.vfs.Inode;
import org.pagewright.vfs.NewNode;
import org.pagewright.vfs.SuperBlock;

/// An inode of ext4: the fields of the VFS, and what only ext4 keeps.
///
/// The inode on disk is written by [#write(Handle)] from the fields as they are then. Its 60 bytes
/// of block map are changed by the [BlockMapper] under EXTENT_MAP, or hold a short symbolic link or
/// a device number.
final class Ext4Inode extends Inode implements MapRoot, XattrHost, DirBlocks {
  private static final int SECTOR_BITS = 9;


  private final Ext4FileSystem fs;
  private final MemorySegment block = MemorySegment.ofArray(new byte[InodeCodec.BLOCK_SIZE]);
  private final Mutex stateLock = new Mutex(LockClass.INODE_STATE, this);

  private @Nullable BlockMapper mapper; // written once before publication
  private volatile long fileAcl; // guarded by INODE exclusive
  private volatile long deletionTime; // the same
  private volatile long diskSize; // guarded by stateLock for writing, as is the sum of blocks
  private final Directory directory = new Directory(this);

  // The list of orphans; guarded by its lock.
  int orphanWhy;
  int orphanSlot = -1;
  long growEnd;
  @Nullable Ext4Inode orphanNewer;
  @Nullable Ext4Inode orphanOlder;

  /// Was cut to nothing while it had content: somebody is replacing it. Guarded by INODE exclusive.
  volatile boolean replaced;

  // Transactions that fsync and fdatasync have to wait for. Each grows; two writers store the same
  // number or the later one wins, and both are in the present transaction.
  private volatile long syncTransaction;
  private volatile long dataTransaction;

  Ext4Inode(Ext4FileSystem fs, SuperBlock superBlock, long ino) {
    super(superBlock, ino, fs.inodeOperations(), fs.mappingOperations());
    this.fs = fs;
  }

  Ext4FileSystem fs() {
    return fs;
  }

  // ---- From and to disk -------------------------------------------------------------------------

  /// Fills the fields from the inode on disk.
  ///
  /// @throws FsException ESTALE if it is not in use, EUCLEAN if it makes no sense, EIO
  void read() throws FsException {
    Geometry geometry = fs.geometry();
    try (Buffer buffer = inodeBlock()) {
      MemorySegment s = buffer.segment();
      int at = inodeOffset();
      int size = geometry.inodeSize();
      buffer.lock(); // another inode of the block may be half written
      try {
        // Without links it was deleted, and only those who free orphans may look at it.
        if (InodeCodec.linksCount(s, at) == 0
            && (InodeCodec.mode(s, at) == 0 || !fs.takesOrphans())) {
          throw new FsException(Errno.ESTALE, this + " is not in use");
        }
        InodeCodec.validate(deviceName(), buffer.blockNr(), geometry, ino(), s, at);
        setMode(InodeCodec.mode(s, at));
        setUid(InodeCodec.uid(s, at));
        setGid(InodeCodec.gid(s, at));
        setNlink(InodeCodec.linksCount(s, at));
        setFlags(InodeCodec.flags(s, at));
        setGeneration(InodeCodec.generation(s, at));
        setBlocks(InodeCodec.sectors(geometry, s, at));
        setAtime(time(s, at, size, InodeCodec.Time.ACCESS));
        setMtime(time(s, at, size, InodeCodec.Time.MODIFY));
        setCtime(time(s, at, size, InodeCodec.Time.CHANGE));
        setBirthTime(time(s, at, size, InodeCodec.Time.CREATE));
        fileAcl = InodeCodec.fileAcl(s, at);
        deletionTime = InodeCodec.deletionTime(s, at);
        MemorySegment.copy(s, at + InodeCodec.BLOCK, block, 0, InodeCodec.BLOCK_SIZE);
        long length = InodeCodec.size(s, at);
        mapping().setSize(length);
        diskSize = length;
        if (type() == FileType.BLOCK_DEVICE || type() == FileType.CHARACTER_DEVICE) {
          int dev = InodeCodec.rdev(s, at);
          setRdev(DeviceNumber.of(InodeCodec.major(dev), InodeCodec.minor(dev)));
        }
      } finally {
        buffer.unlock();
      }
      check(buffer.blockNr());
    }
    // Whoever changed it last is forgotten; it may be in the newest transaction.
    syncTransaction = fs.journal().newestTransaction();
    dataTransaction = syncTransaction;
    openMapper();
  }

  private static Instant time(MemorySegment s, int at, int size, InodeCodec.Time time) {
    return Instant.ofEpochSecond(
        InodeCodec.seconds(s, at, size, time), InodeCodec.nanos(s, at, size, time));
  }

  private void check(long blockNr) throws CorruptedException {
    if (type() == FileType.UNKNOWN) {
      throw corrupted(blockNr, String.format("mode 0%o", mode()));
    }
    if (isDirectory() && (size() == 0 || (size() & (blockSize() - 1)) != 0)) {
      throw corrupted(blockNr, "directory of " + size() + " bytes is not whole blocks");
    }
    if (isDirectory() && size() / blockSize() > fs.geometry().blocksCount()) {
      throw corrupted(blockNr, "directory of " + size() + " bytes is larger than the volume");
    }
    if (isSymlink() && size() > Math.max(blockSize(), InodeCodec.BLOCK_SIZE)) {
      throw corrupted(blockNr, "symbolic link of " + size() + " bytes");
    }
    if (isRegular() && size() > fs.fileSizeMax()) {
      throw corrupted(blockNr, "file of " + size() + " bytes is larger than its map can hold");
    }
    if ((flags() & InodeCodec.FLAG_INLINE_DATA) != 0) {
      throw corrupted(blockNr, "inline data without the feature");
    }
  }

  private CorruptedException corrupted(long blockNr, String why) {
    return new CorruptedException(deviceName(), blockNr, "inode " + ino() + ": " + why);
  }

  /// Makes the mapper, for types that have blocks.
  void openMapper() throws CorruptedException {
    boolean extents = (flags() & InodeCodec.FLAG_EXTENTS) != 0;
    if (isRegular() || isDirectory() || isSymlink() && !isFastSymlink()) {
      mapper = BlockMapper.open(fs.blocks(), this, extents);
    }
  }

  /// Fills a new inode and clears its slot on disk, which may hold a deleted one's bytes.
  void initialize(Handle handle, NewInode number, NewNode node, @Nullable Ext4Inode parent)
      throws FsException {
    initialize(node);
    setGeneration(number.generation());
    int flags = parent == null ? 0 : UserFlags.inherited(parent.flags(), type());
    boolean mapped = isRegular() || isDirectory();
    byte @Nullable [] target = node.target();
    if (target != null) {
      mapped = target.length >= InodeCodec.BLOCK_SIZE;
    }
    if (mapped && fs.geometry().features().has(Feature.EXTENT)) {
      flags |= InodeCodec.FLAG_EXTENTS;
    }
    setFlags(flags);
    if (mapped) {
      BlockMapper.initialise(this, (flags & InodeCodec.FLAG_EXTENTS) != 0);
      mapper = BlockMapper.open(fs.blocks(), this, (flags & InodeCodec.FLAG_EXTENTS) != 0);
    } else if (target != null) {
      MemorySegment.copy(MemorySegment.ofArray(target), 0, block, 0, target.length);
      mapping().setSize(target.length);
      diskSize = target.length;
    }
    try (Buffer buffer = inodeBlock()) {
      handle.getWriteAccess(buffer);
      int size = fs.geometry().inodeSize();
      buffer.lock();
      MemorySegment s = buffer.segment();
      s.asSlice(inodeOffset(), size).fill((byte) 0);
      if (size > 128) {
        InodeCodec.putExtraIsize(s, inodeOffset(), size, fs.extraIsize());
      }
      buffer.unlock();
    }
    write(handle);
  }

  /// Transaction whose commit makes the inode durable, or what reading it needs.
  long transaction(boolean datasync) {
    return datasync ? dataTransaction : syncTransaction;
  }

  /// Writes the time of deletion, which links orphans, and nothing else. The block is declared.
  void writeDeletionTime(Handle handle, Buffer buffer) {
    MemorySegment s = buffer.segment();
    int at = inodeOffset();
    buffer.lock();
    InodeCodec.putDeletionTime(s, at, deletionTime);
    InodeCodec.seal(fs.geometry(), ino(), s, at);
    buffer.unlock();
    handle.dirtyMetadata(buffer);
  }

  /// Writes the fields to the inode's place in the table. Costs one credit.
  ///
  /// @throws FsException EIO; EFBIG if a number does not fit
  void write(Handle handle) throws FsException {
    write(handle, true);
  }

  /// The same, where reading the file may not need it: times, owner, permissions.
  ///
  /// @param data whether fdatasync must write it
  void write(Handle handle, boolean data) throws FsException {
    Geometry geometry = fs.geometry();
    try (Buffer buffer = inodeBlock()) {
      handle.getWriteAccess(buffer);
      MemorySegment s = buffer.segment();
      int at = inodeOffset();
      int size = geometry.inodeSize();
      buffer.lock();
      try {
        InodeCodec.putMode(s, at, mode());
        InodeCodec.putUid(s, at, uid());
        InodeCodec.putGid(s, at, gid());
        InodeCodec.putLinksCount(s, at, nlink());
        InodeCodec.putFlags(s, at, flags());
        InodeCodec.putGeneration(s, at, generation());
        InodeCodec.putSize(s, at, isRegular() ? diskSize : size());
        putTime(s, at, size, InodeCodec.Time.ACCESS, atime());
        putTime(s, at, size, InodeCodec.Time.MODIFY, mtime());
        putTime(s, at, size, InodeCodec.Time.CHANGE, ctime());
        putTime(s, at, size, InodeCodec.Time.CREATE, birthTime());
        InodeCodec.putDeletionTime(s, at, deletionTime);
        InodeCodec.putFileAcl(s, at, fileAcl);
        if (type() == FileType.BLOCK_DEVICE || type() == FileType.CHARACTER_DEVICE) {
          InodeCodec.putRdev(
              s, at, InodeCodec.dev(DeviceNumber.major(rdev()), DeviceNumber.minor(rdev())));
        } else {
          MemorySegment.copy(block, 0, s, at + InodeCodec.BLOCK, InodeCodec.BLOCK_SIZE);
        }
        if (!InodeCodec.putSectors(geometry, s, at, blocks())) {
          throw new FsException(Errno.EFBIG, this + ": " + blocks() + " sectors");
        }
        InodeCodec.seal(geometry, ino(), s, at);
      } finally {
        buffer.unlock();
      }
      handle.dirtyMetadata(buffer);
      changedIn(handle, data);
    }
  }

  /// Has syncs of the file wait for the handle's transaction.
  private void changedIn(Handle handle, boolean data) {
    syncTransaction = handle.transaction();
    if (data) {
      dataTransaction = syncTransaction;
    }
  }

  private static void putTime(
      MemorySegment s, int at, int size, InodeCodec.Time which, Instant time) {
    InodeCodec.putTime(s, at, size, which, time.getEpochSecond(), time.getNano());
  }

  // ---- Content ----------------------------------------------------------------------------------

  /// The map of a file, directory or long symbolic link.
  BlockMapper mapper() {
    assert mapper != null : this + " has no blocks";
    return mapper;
  }

  boolean hasMapper() {
    return mapper != null;
  }

  /// The names of a directory.
  Directory directory() {
    assert isDirectory() : this;
    return directory;
  }

  /// Whether a symbolic link stands in the inode itself.
  boolean isFastSymlink() {
    long aclSectors = fileAcl == 0 ? 0 : sectors(1);
    return isSymlink()
        && (flags() & InodeCodec.FLAG_EXTENTS) == 0
        && size() < InodeCodec.BLOCK_SIZE
        && blocks() <= aclSectors;
  }

  /// Size that the disk knows: covers only bytes that are on it (R-C9, R-D2).
  long diskSize() {
    return diskSize;
  }

  /// Moves the size on disk up to the end of written bytes, never beyond the file's.
  ///
  /// @return true if it moved: the inode is to be written
  boolean growDiskSize(long end) {
    stateLock.lock();
    long grown = Math.min(end, size());
    boolean grew = grown > diskSize;
    if (grew) {
      diskSize = grown;
    }
    stateLock.unlock();
    return grew;
  }

  /// Sets the size on disk: truncation.
  void setDiskSize(long size) {
    stateLock.lock();
    diskSize = size;
    stateLock.unlock();
  }

  void setDeletionTime(long seconds) {
    deletionTime = seconds;
  }

  long deletionTime() {
    return deletionTime;
  }

  private long sectors(long fsBlocks) {
    return fsBlocks << (fs.geometry().blockSizeBits() - SECTOR_BITS);
  }

  // ---- MapRoot ----------------------------------------------------------------------------------

  @Override
  public MemorySegment block() {
    return block;
  }

  @Override
  public boolean metadataContent() {
    return !isRegular();
  }

  @Override
  public boolean journalledContent() {
    return metadataContent() || fs.journalsData();
  }

  @Override
  public long delayedBlocks() {
    BlockMapper promised = mapper;
    return promised == null ? 0 : sectors(promised.delayedBlocks());
  }

  @Override
  public void changed(Handle handle, long blocksDelta) throws FsException {
    // Write-out adds blocks of data beside whoever changes the attributes' block: two sums.
    stateLock.lock();
    long sum = blocks() + sectors(blocksDelta);
    // A count that lied must not make a change fail in its middle: it ends at its bounds.
    long possible = Math.clamp(sum, 0, InodeCodec.sectorsMax(fs.geometry()));
    setBlocks(possible);
    stateLock.unlock();
    if (sum != possible) {
      fs.met(corrupted(-1, "its count of blocks is wrong: it would become " + sum + " sectors"));
    }
    write(handle);
  }

  @Override
  public void changedBelow(Handle handle) {
    changedIn(handle, true);
  }

  // ---- XattrHost --------------------------------------------------------------------------------

  @Override
  public Buffer inodeBlock() throws FsException {
    return fs.cache().read(fs.groups().inodeBlock(ino()), BufferType.PLAIN);
  }

  @Override
  public int inodeOffset() {
    return fs.geometry().inodeOffset(ino());
  }

  @Override
  public void sealInode(Buffer buffer) {
    InodeCodec.seal(fs.geometry(), ino(), buffer.segment(), inodeOffset());
  }

  @Override
  public long fileAcl() {
    return fileAcl;
  }

  @Override
  public void setFileAcl(Handle handle, long blockNr) throws FsException {
    long delta = (blockNr == 0 ? 0 : 1) - (fileAcl == 0 ? 0 : 1);
    fileAcl = blockNr;
    changed(handle, delta);
  }

  @Override
  public long allocateBlock(Handle handle) throws FsException {
    long goal = fs.blocks().inodeGoal(ino(), true);
    return fs.blocks().allocate(handle, goal, 1, null, BlockAllocator.PRIVILEGED).blockNr();
  }

  @Override
  public void freeBlock(Handle handle, long blockNr) throws FsException {
    fs.blocks().free(handle, blockNr, 1, BlockAllocator.METADATA);
  }

  // ---- DirBlocks --------------------------------------------------------------------------------

  @Override
  public String deviceName() {
    return fs.name();
  }

  @Override
  public int blockSize() {
    return fs.geometry().blockSize();
  }

  @Override
  public long inodesCount() {
    return fs.geometry().inodesCount();
  }

  @Override
  public boolean checksums() {
    return fs.geometry().hasMetadataChecksums();
  }

  @Override
  public int inodeSeed() {
    return Checksums.inodeSeed(fs.geometry().checksumSeed(), ino(), generation());
  }

  @Override
  public boolean fileTypes() {
    return fs.geometry().features().has(Feature.FILETYPE);
  }

  @Override
  public boolean canIndex() {
    return fs.geometry().features().has(Feature.DIR_INDEX);
  }

  @Override
  public int indexLevelsMax() {
    return fs.geometry().features().has(Feature.LARGE_DIR) ? 3 : 2;
  }

  @Override
  public boolean indexed() {
    return (flags() & InodeCodec.FLAG_INDEX) != 0;
  }

  @Override
  public void setIndexed(Handle handle) throws FsException {
    setFlags(flags() | InodeCodec.FLAG_INDEX);
    write(handle);
  }

  @Override
  public DirHash defaultHash() {
    return fs.defaultHash();
  }

  @Override
  public int defaultHashVersion() {
    return fs.defaultHash().version();
  }

  @Override
  public @Nullable DirHash hash(int version) {
    return fs.hash(version);
  }

  @Override
  public long blockCount() {
    return size() >>> fs.geometry().blockSizeBits();
  }

  private DirBlockType blockType() {
    return new DirBlockType(ino(), inodeSeed(), checksums(), inodesCount());
  }

  @Override
  public Buffer read(long logical) throws FsException {
    return fs.cache().read(placeOf(logical), blockType());
  }

  /// Where a block of a directory or long symbolic link lies.
  long placeOf(long logical) throws FsException {
    Mapping at = new Mapping();
    mapper().lookup(logical, 1, at);
    if (at.state() != Mapping.State.MAPPED) {
      throw new CorruptedException(
          deviceName(), -1, "inode " + ino() + ": hole at block " + logical);
    }
    return at.blockNr();
  }

  @Override
  public Buffer append(Handle handle) throws FsException {
    return append(handle, blockType());
  }

  /// Appends a block of metadata content.
  Buffer append(Handle handle, BufferType type) throws FsException {
    long logical = (size() + blockSize() - 1) >>> fs.geometry().blockSizeBits();
    Mapping at = new Mapping();
    mapper()
        .allocate(
            handle, logical, 1, BlockMapper.GOAL_AUTO, false, BlockAllocator.PRIVILEGED, at);
    Buffer buffer = fs.cache().create(at.blockNr(), type);
    boolean good = false;
    try {
      handle.getCreateAccess(buffer);
      mapping().setSize((logical + 1) << fs.geometry().blockSizeBits());
      write(handle);
      good = true;
      return buffer;
    } finally {
      if (!good) {
        buffer.put();
      }
    }
  }

  /// The bytes of a symbolic link.
  byte[] target() throws FsException {
    int length = Math.toIntExact(size());
    byte[] target = new byte[length];
    if (length == 0) {
      throw corrupted(-1, "empty symbolic link");
    }
    if (isFastSymlink()) {
      MemorySegment.copy(block, 0, MemorySegment.ofArray(target), 0, length);
    } else {
      try (Buffer buffer = fs.cache().read(placeOf(0), BufferType.PLAIN)) {
        MemorySegment.copy(buffer.segment(), 0, MemorySegment.ofArray(target), 0, length);
      }
    }
    for (int i = 0; i < length; i++) {
      if (target[i] == 0) {
        if (i == 0) {
          throw corrupted(-1, "symbolic link that begins with NUL");
        }
        return Arrays.copyOf(target, i);
      }
    }
    return target;
  }
}
