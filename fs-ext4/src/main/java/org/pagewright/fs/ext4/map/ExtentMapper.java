package org.pagewright.fs.ext4.map;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.alloc.BlockAllocator;
import org.pagewright.fs.ext4.alloc.BlockRun;
import org.pagewright.fs.ext4.alloc.SystemZone;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.buffer.BufferType;
import org.pagewright.fs.ext4.disk.Checksums;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.journal.Handle;
import org.pagewright.fs.ext4.map.Mapping.State;

/// A mapping made of extents: a B+ tree whose root lies in the inode.
///
/// ```
/// inode, 60 bytes            blocks
/// [hdr depth 2|idx|idx]--+-->[hdr depth 1|idx|idx..]--+-->[hdr depth 0|ext|ext|ext..|checksum]
///                        |                            +-->...
/// ```
///
/// An index entry's key is the first key of the node below; that is checked on the way down and put
/// right on the way up.
///
/// A change goes: find the path; if the leaf has no room, split the highest node that must be split
/// and find the path again; then change the leaf in place. All with the map's lock held alone. Only
/// changes read and write nodes here; [BlockMapper] has the rest.
final class ExtentMapper extends BlockMapper {
  /// A split: the new block and the two of its allocation.
  private static final int SPLIT_CREDITS = 1 + BlockAllocator.CREDITS_PER_GROUP;

  /// One node per level, the root's growth, the path itself, and the inode.
  private static final int INSERT_CREDITS =
      (ExtentNode.DEPTH_MAX + 1) * SPLIT_CREDITS + ExtentNode.DEPTH_MAX + 1;

  private static final int ALLOCATE_CREDITS = INSERT_CREDITS + BlockAllocator.CREDITS_PER_GROUP;

  /// Nodes that become empty, each with its own group, and what the last entry left in the root.
  private static final int SHRINK_CREDITS =
      (ExtentNode.DEPTH_MAX + 1) * BlockAllocator.CREDITS_PER_GROUP;

  /// Groups that one step may free blocks in.
  private static final int FREE_GROUPS = 5;

  private static final int STEP_CREDITS =
      INSERT_CREDITS
          + SHRINK_CREDITS
          + FREE_GROUPS * BlockAllocator.CREDITS_PER_GROUP
          + REVOKE_CREDITS;

  /// Written with the map's lock held alone.
  private boolean rootTouched;

  ExtentMapper(BlockAllocator allocator, MapRoot root) throws CorruptedException {
    super(allocator, root);
    String wrong =
        ExtentNode.check(
            root.block(), -1, ExtentNode.ROOT_MAX, geometry, allocator.systemZone());
    if (wrong != null) {
      throw corrupted(-1, "extent root: " + wrong);
    }
  }

  /// A node in a block. Two are the same if inode and level are: a block that is found again on
  /// another level, or in another file, is checked again and fails.
  private record NodeType(
      Geometry geometry, SystemZone zone, long ino, int generation, int depth)
      implements BufferType {
    @Override
    public void verify(Buffer buffer) throws CorruptedException {
      MemorySegment s = buffer.segment();
      String wrong =
          ExtentNode.check(
              s, depth, ExtentNode.capacity(geometry.blockSize()), geometry, zone);
      if (wrong == null
          && geometry.hasMetadataChecksums()
          && !Checksums.extentBlockMatches(seed(), s, 0, geometry.blockSize())) {
        wrong = "checksum does not match";
      }
      if (wrong != null) {
        throw new CorruptedException(
            buffer.deviceName(), buffer.blockNr(), "inode " + ino + ", extent block: " + wrong);
      }
    }

    @Override
    public void seal(Buffer buffer) {
      if (geometry.hasMetadataChecksums()) {
        Checksums.sealExtentBlock(seed(), buffer.segment(), 0);
      }
    }

    private int seed() {
      return Checksums.inodeSeed(geometry.checksumSeed(), ino, generation);
    }

    @Override
    public String toString() {
      return "extent block of inode " + ino + ", depth " + depth;
    }
  }

  private BufferType type(int depth) {
    return new NodeType(
        geometry, allocator.systemZone(), root.ino(), root.generation(), depth);
  }

  @Override
  public boolean supportsUnwritten() {
    return true;
  }

  @Override
  public long maxBlocks() {
    return ExtentNode.BLOCKS_MAX;
  }

  @Override
  public int allocateCredits() {
    return ALLOCATE_CREDITS;
  }

  @Override
  public int stepCredits() {
    return STEP_CREDITS;
  }

  @Override
  int runMax() {
    return ExtentNode.WRITTEN_MAX;
  }

  @Override
  int runMaxUnwritten() {
    return ExtentNode.UNWRITTEN_MAX;
  }

  @Override
  public int depth() {
    return ExtentNode.depth(root.block());
  }

  @Override
  boolean rootTouched() {
    boolean was = rootTouched;
    rootTouched = false;
    return was;
  }

  // ---- the path --------------------------------------------------------------------------

  /// The nodes from the root to a leaf. Holds a reference on each block; closed by its owner.
  private final class Path implements AutoCloseable {
    final int levels;
    private final @Nullable Buffer[] buffers;

    /// The entry in each node that leads on; in the leaf the last one at or before the block, or
    /// -1.
    final int[] pos;

    Path(long logical) throws FsException {
      levels = ExtentNode.depth(root.block());
      buffers = new Buffer[levels + 1];
      pos = new int[levels + 1];
      boolean good = false;
      try {
        for (int level = 0; level <= levels; level++) {
          if (level > 0) {
            descend(level);
          }
          int at = ExtentNode.search(node(level), logical);
          pos[level] = level < levels ? Math.max(at, 0) : at;
        }
        good = true;
      } finally {
        if (!good) {
          close();
        }
      }
    }

    private void descend(int level) throws FsException {
      MemorySegment parent = node(level - 1);
      int at = pos[level - 1];
      Buffer buffer = cache.read(ExtentNode.child(parent, at), type(levels - level));
      buffers[level] = buffer;
      MemorySegment s = buffer.segment();
      int n = ExtentNode.entries(s);
      if (n > 0 && ExtentNode.key(s, 0) != ExtentNode.key(parent, at)) {
        throw corrupted(
            buffer.blockNr(),
            "extent block begins at block " + ExtentNode.key(s, 0) + " of the file, its index at "
                + ExtentNode.key(parent, at));
      }
      long end = n == 0 ? 0 : level < levels ? ExtentNode.key(s, n - 1) : ExtentNode.end(s, n - 1);
      if (end > nextKey(level - 1)) {
        throw corrupted(
            buffer.blockNr(), "extent block goes on to block " + end + " of the file, its "
                + "neighbour begins at " + nextKey(level - 1));
      }
    }

    MemorySegment node(int level) {
      Buffer buffer = buffers[level];
      return buffer == null ? root.block() : buffer.segment();
    }

    MemorySegment leaf() {
      return node(levels);
    }

    int leafPos() {
      return pos[levels];
    }

    Buffer buffer(int level) {
      Buffer buffer = buffers[level];
      assert buffer != null : "the root is in no block";
      return buffer;
    }

    /// First key behind the subtree that the path takes below a level.
    long nextKey(int level) {
      for (int up = level; up >= 0; up--) {
        if (pos[up] + 1 < ExtentNode.entries(node(up))) {
          return ExtentNode.key(node(up), pos[up] + 1);
        }
      }
      return ExtentNode.BLOCKS_MAX;
    }

    /// First key of the subtree that the path takes, if there is anything before it; else 0.
    long firstKey() {
      for (int up = levels - 1; up >= 0; up--) {
        if (pos[up] > 0) {
          return ExtentNode.key(node(levels - 1), pos[levels - 1]);
        }
      }
      return 0;
    }

    /// Declares a node and takes its lock; [#done] lets go. In between only bytes change.
    void edit(Handle handle, int level) throws FsException {
      Buffer buffer = buffers[level];
      if (buffer == null) {
        rootTouched = true;
      } else {
        touchNodes();
        handle.getWriteAccess(buffer);
        buffer.lock();
      }
    }

    void done(Handle handle, int level) {
      Buffer buffer = buffers[level];
      if (buffer != null) {
        buffer.unlock();
        handle.dirtyMetadata(buffer);
      }
    }

    @Override
    public void close() {
      for (Buffer buffer : buffers) {
        if (buffer != null) {
          buffer.put();
        }
      }
    }
  }

  // ---- read ------------------------------------------------------------------------------

  @Override
  void read(long logical, Mapping out) throws FsException {
    try (Path path = new Path(logical)) {
      MemorySegment leaf = path.leaf();
      int at = path.leafPos();
      long from = path.firstKey();
      if (at >= 0) {
        long end = ExtentNode.end(leaf, at);
        if (end > logical) {
          out.set(
              ExtentNode.unwritten(leaf, at) ? State.UNWRITTEN : State.MAPPED,
              ExtentNode.key(leaf, at),
              ExtentNode.length(leaf, at),
              ExtentNode.blockNr(leaf, at));
          return;
        }
        from = end;
      }
      long next = next(path);
      out.set(State.HOLE, from, next - from, -1);
    }
  }

  /// First block behind the leaf's position that an extent begins at.
  private static long next(Path path) {
    MemorySegment leaf = path.leaf();
    int at = path.leafPos() + 1;
    return at < ExtentNode.entries(leaf)
        ? ExtentNode.key(leaf, at)
        : path.nextKey(path.levels - 1);
  }

  // ---- allocate --------------------------------------------------------------------------

  @Override
  BlockRun allocateRun(
      Handle handle, long logical, int want, long goal, boolean unwritten, int flags)
      throws FsException {
    long near = goal >= 0 ? goal : goalFor(logical);
    int kind = flags | (root.metadataContent() ? BlockAllocator.METADATA : 0);
    BlockRun run = allocator.allocate(handle, near, want, stream(), kind);
    boolean entered = false;
    try {
      insert(handle, logical, run.count(), unwritten, run.blockNr());
      entered = true;
      blocksDelta += run.count();
      return run;
    } finally {
      if (!entered) {
        takeBack(handle, run, flags);
      }
    }
  }

  /// Behind the extent before the block, at the same distance; else before the one behind it.
  private long goalFor(long logical) throws FsException {
    try (Path path = new Path(logical)) {
      MemorySegment leaf = path.leaf();
      int at = path.leafPos();
      if (at >= 0) {
        return ExtentNode.blockNr(leaf, at) + logical - ExtentNode.key(leaf, at);
      }
      if (ExtentNode.entries(leaf) > 0) {
        long distance = ExtentNode.key(leaf, 0) - logical;
        if (ExtentNode.blockNr(leaf, 0) > distance) {
          return ExtentNode.blockNr(leaf, 0) - distance;
        }
      }
      return inodeGoal();
    }
  }

  private void insert(Handle handle, long logical, int length, boolean unwritten, long blockNr)
      throws FsException {
    if (append(handle, logical, length, unwritten, blockNr)) {
      return;
    }
    try (Path path = pathWithRoom(handle, logical, 1, true)) {
      MemorySegment leaf = path.leaf();
      int at = path.leafPos() + 1;
      for (int level = 1; level <= path.levels; level++) {
        handle.getWriteAccess(path.buffer(level));
      }
      path.edit(handle, path.levels);
      ExtentNode.shift(leaf, at, at + 1);
      ExtentNode.putExtent(leaf, at, logical, length, unwritten, blockNr);
      mergeAround(leaf, at, 1);
      path.done(handle, path.levels);
      correctKeys(handle, path);
    }
  }

  /// Makes the extent before the block longer, if it goes on like this: the usual case, for which
  /// no leaf needs room.
  private boolean append(
      Handle handle, long logical, int length, boolean unwritten, long blockNr)
      throws FsException {
    try (Path path = new Path(logical)) {
      MemorySegment leaf = path.leaf();
      int at = path.leafPos();
      int max = unwritten ? ExtentNode.UNWRITTEN_MAX : ExtentNode.WRITTEN_MAX;
      if (at < 0
          || ExtentNode.end(leaf, at) != logical
          || ExtentNode.unwritten(leaf, at) != unwritten
          || ExtentNode.blockNr(leaf, at) + ExtentNode.length(leaf, at) != blockNr
          || ExtentNode.length(leaf, at) + length > max) {
        return false;
      }
      path.edit(handle, path.levels);
      ExtentNode.putExtent(
          leaf,
          at,
          ExtentNode.key(leaf, at),
          ExtentNode.length(leaf, at) + length,
          unwritten,
          ExtentNode.blockNr(leaf, at));
      mergeAround(leaf, at, 1);
      path.done(handle, path.levels);
      return true;
    }
  }

  /// A path whose leaf has room for some more entries.
  private Path pathWithRoom(Handle handle, long logical, int need, boolean appends)
      throws FsException {
    // Each round splits one node or grows the tree by a level, from the top down: it ends.
    for (int round = 0; round <= 2 * (ExtentNode.DEPTH_MAX + 1); round++) {
      Path path = new Path(logical);
      boolean room = false;
      try {
        MemorySegment leaf = path.leaf();
        room = ExtentNode.entries(leaf) + need <= ExtentNode.max(leaf);
        if (room) {
          return path;
        }
        split(handle, path, appends);
      } finally {
        if (!room) {
          path.close();
        }
      }
    }
    throw corrupted(-1, "extent tree does not get room at block " + logical + " of the file");
  }

  /// Splits the highest node on the path that is full and whose parent is not; if all are full, the
  /// root's entries move to a block of their own.
  private void split(Handle handle, Path path, boolean appends) throws FsException {
    int level = path.levels;
    while (level > 0 && isFull(path.node(level - 1))) {
      level--;
    }
    MemorySegment node = path.node(level);
    int depth = path.levels - level;
    int n = ExtentNode.entries(node);
    Buffer fresh = allocateNode(handle, path, depth);
    try {
      MemorySegment s = fresh.segment();
      int capacity = ExtentNode.capacity(geometry.blockSize());
      if (level == 0) {
        fresh.lock();
        ExtentNode.initialise(s, capacity, depth);
        ExtentNode.copy(node, 0, s, 0, n);
        ExtentNode.putEntries(s, n);
        fresh.unlock();
        handle.dirtyMetadata(fresh);
        path.edit(handle, 0);
        long key = ExtentNode.key(node, 0);
        ExtentNode.initialise(node, ExtentNode.ROOT_MAX, depth + 1);
        ExtentNode.putIndex(node, 0, key, fresh.blockNr());
        ExtentNode.putEntries(node, 1);
        path.done(handle, 0);
        return;
      }
      // At the very end only the last entry moves: files mostly grow there, and nodes stay full.
      boolean atEnd =
          appends && path.pos[level] == n - 1 && path.nextKey(path.levels) == ExtentNode.BLOCKS_MAX;
      int keep = atEnd ? n - 1 : n / 2;
      fresh.lock();
      ExtentNode.initialise(s, capacity, depth);
      ExtentNode.copy(node, keep, s, 0, n - keep);
      ExtentNode.putEntries(s, n - keep);
      fresh.unlock();
      handle.dirtyMetadata(fresh);
      path.edit(handle, level);
      ExtentNode.putEntries(node, keep);
      path.done(handle, level);
      path.edit(handle, level - 1);
      MemorySegment parent = path.node(level - 1);
      int at = path.pos[level - 1] + 1;
      ExtentNode.shift(parent, at, at + 1);
      ExtentNode.putIndex(parent, at, ExtentNode.key(s, 0), fresh.blockNr());
      path.done(handle, level - 1);
    } finally {
      fresh.put();
    }
  }

  private static boolean isFull(MemorySegment node) {
    return ExtentNode.entries(node) >= ExtentNode.max(node);
  }

  /// A block for a new node, near the data, declared to the handle; every block that the split will
  /// change is declared first, so that nothing fails once bytes change.
  private Buffer allocateNode(Handle handle, Path path, int depth) throws FsException {
    for (int level = 1; level <= path.levels; level++) {
      handle.getWriteAccess(path.buffer(level));
    }
    MemorySegment leaf = path.leaf();
    long goal =
        ExtentNode.entries(leaf) > 0
            ? ExtentNode.blockNr(leaf, Math.max(0, path.leafPos()))
            : inodeGoal();
    BlockRun run = allocator.allocate(handle, goal, 1, null, BlockAllocator.METADATA);
    boolean good = false;
    Buffer buffer = null;
    try {
      buffer = cache.create(run.blockNr(), type(depth));
      handle.getCreateAccess(buffer);
      good = true;
      blocksDelta++;
      return buffer;
    } finally {
      if (!good) {
        if (buffer != null) {
          buffer.put();
        }
        allocator.free(handle, run.blockNr(), 1, BlockAllocator.METADATA);
      }
    }
  }

  /// Joins entries with their neighbours where they go on: those from one before `at` to the one
  /// behind the last of `n`. The node is being edited.
  private static void mergeAround(MemorySegment leaf, int at, int n) {
    int last = Math.min(at + n - 1, ExtentNode.entries(leaf) - 2);
    for (int i = last; i >= Math.max(0, at - 1); i--) {
      boolean unwritten = ExtentNode.unwritten(leaf, i);
      int length = ExtentNode.length(leaf, i) + ExtentNode.length(leaf, i + 1);
      if (unwritten == ExtentNode.unwritten(leaf, i + 1)
          && ExtentNode.end(leaf, i) == ExtentNode.key(leaf, i + 1)
          && ExtentNode.blockNr(leaf, i) + ExtentNode.length(leaf, i)
              == ExtentNode.blockNr(leaf, i + 1)
          && length <= (unwritten ? ExtentNode.UNWRITTEN_MAX : ExtentNode.WRITTEN_MAX)) {
        ExtentNode.putExtent(
            leaf, i, ExtentNode.key(leaf, i), length, unwritten, ExtentNode.blockNr(leaf, i));
        ExtentNode.shift(leaf, i + 2, i + 1);
      }
    }
  }

  /// Makes each index key the first key of the node below, after a leaf's first entry has changed.
  private void correctKeys(Handle handle, Path path) throws FsException {
    for (int level = path.levels; level > 0; level--) {
      MemorySegment node = path.node(level);
      MemorySegment parent = path.node(level - 1);
      int at = path.pos[level - 1];
      if (ExtentNode.entries(node) == 0
          || ExtentNode.key(node, 0) == ExtentNode.key(parent, at)) {
        return;
      }
      path.edit(handle, level - 1);
      ExtentNode.putKey(parent, at, ExtentNode.key(node, 0));
      path.done(handle, level - 1);
      if (at > 0) {
        return;
      }
    }
  }

  // ---- steps -----------------------------------------------------------------------------

  @Override
  long step(Handle handle, long from, long end, Step step) throws FsException {
    long target = end - 1;
    long key;
    int length;
    boolean unwritten;
    long blockNr;
    try (Path path = new Path(target)) {
      MemorySegment leaf = path.leaf();
      int at = path.leafPos();
      if (at < 0) {
        // Nothing in this leaf begins so early: go on in front of it, or be done.
        long first = path.firstKey();
        return Math.min(Math.max(first, from), target);
      }
      key = ExtentNode.key(leaf, at);
      length = ExtentNode.length(leaf, at);
      unwritten = ExtentNode.unwritten(leaf, at);
      blockNr = ExtentNode.blockNr(leaf, at);
    }
    if (key + length <= from) {
      return from;
    }
    long cut = Math.max(from, key);
    long cutEnd = Math.min(end, key + length);
    if (step == Step.FREE) {
      // No more groups than there are credits for: the rest of the extent is the next step's.
      long span = (long) (FREE_GROUPS - 1) * geometry.blocksPerGroup();
      cut = Math.max(cut, cutEnd - (root.journalledContent() ? REVOKES_PER_STEP : span));
      // What can fail comes first: then the blocks leave the tree and are free, or neither.
      allocator.prepareFree(handle, blockNr + (cut - key), cutEnd - cut);
      replace(handle, key, length, unwritten, blockNr, cut, cutEnd, step);
      free(handle, blockNr + (cut - key), cutEnd - cut);
      shrink(handle);
      return cut;
    }
    boolean toUnwritten = step == Step.TO_UNWRITTEN;
    if (unwritten != toUnwritten) {
      if (toUnwritten) {
        cut = Math.max(cut, cutEnd - ExtentNode.UNWRITTEN_MAX);
      }
      replace(handle, key, length, unwritten, blockNr, cut, cutEnd, step);
      shrink(handle);
    }
    return cut;
  }

  private void free(Handle handle, long blockNr, long count) throws FsException {
    allocator.free(
        handle, blockNr, count, root.journalledContent() ? BlockAllocator.METADATA : 0);
    blocksDelta -= count;
  }

  /// Cuts cut..cutEnd out of an extent, or turns it into the other kind: what is in front and
  /// behind stays as it is.
  private void replace(
      Handle handle,
      long key,
      int length,
      boolean unwritten,
      long blockNr,
      long cut,
      long cutEnd,
      Step step)
      throws FsException {
    int front = (int) (cut - key);
    int behind = (int) (key + length - cutEnd);
    int middle = step == Step.FREE ? 0 : 1;
    int pieces = (front > 0 ? 1 : 0) + middle + (behind > 0 ? 1 : 0);
    try (Path path = pathWithRoom(handle, key, Math.max(0, pieces - 1), false)) {
      MemorySegment leaf = path.leaf();
      int at = path.leafPos();
      assert ExtentNode.key(leaf, at) == key : "extent at " + key + " went away under the lock";
      boolean empty = pieces == 0;
      for (int level = path.levels; level > 0; level--) {
        handle.getWriteAccess(path.buffer(level));
        empty &= ExtentNode.entries(path.node(level)) == 1;
        if (empty) {
          allocator.prepareFree(handle, path.buffer(level).blockNr(), 1);
        }
      }
      path.edit(handle, path.levels);
      ExtentNode.shift(leaf, at + 1, at + pieces);
      int i = at;
      if (front > 0) {
        ExtentNode.putExtent(leaf, i++, key, front, unwritten, blockNr);
      }
      if (middle > 0) {
        ExtentNode.putExtent(
            leaf, i++, cut, (int) (cutEnd - cut), step == Step.TO_UNWRITTEN, blockNr + front);
      }
      if (behind > 0) {
        ExtentNode.putExtent(
            leaf, i, cutEnd, behind, unwritten, blockNr + (cutEnd - key));
      }
      if (middle > 0) {
        mergeAround(leaf, at, pieces);
      }
      path.done(handle, path.levels);
      if (ExtentNode.entries(leaf) > 0) {
        correctKeys(handle, path);
      } else {
        removeEmpty(handle, path);
      }
    }
  }

  /// Takes an empty leaf out of the tree, and every index that becomes empty with it.
  private void removeEmpty(Handle handle, Path path) throws FsException {
    int level = path.levels;
    while (level > 0 && ExtentNode.entries(path.node(level)) == 0) {
      long blockNr = path.buffer(level).blockNr();
      int at = path.pos[level - 1];
      MemorySegment parent = path.node(level - 1);
      path.edit(handle, level - 1);
      ExtentNode.shift(parent, at + 1, at);
      if (level == 1 && ExtentNode.entries(parent) == 0) {
        ExtentNode.initialise(parent, ExtentNode.ROOT_MAX, 0);
      }
      path.done(handle, level - 1);
      freeNode(handle, blockNr);
      level--;
    }
    // What is the first entry now may have another key.
    for (; level > 0 && path.pos[level] == 0; level--) {
      MemorySegment node = path.node(level);
      path.edit(handle, level - 1);
      ExtentNode.putKey(path.node(level - 1), path.pos[level - 1], ExtentNode.key(node, 0));
      path.done(handle, level - 1);
    }
  }

  private void freeNode(Handle handle, long blockNr) throws FsException {
    allocator.free(handle, blockNr, 1, BlockAllocator.METADATA);
    blocksDelta--;
  }

  /// While the root has one child whose entries it has room for, it takes them.
  private void shrink(Handle handle) throws FsException {
    MemorySegment top = root.block();
    // Each round takes a level away.
    for (int depth = ExtentNode.depth(top);
        depth > 0 && ExtentNode.entries(top) == 1;
        depth--) {
      long blockNr = ExtentNode.child(top, 0);
      try (Buffer child = cache.read(blockNr, type(depth - 1))) {
        int n = ExtentNode.entries(child.segment());
        if (n > ExtentNode.ROOT_MAX) {
          return;
        }
        allocator.prepareFree(handle, blockNr, 1);
        rootTouched = true;
        ExtentNode.initialise(top, ExtentNode.ROOT_MAX, depth - 1);
        ExtentNode.copy(child.segment(), 0, top, 0, n);
        ExtentNode.putEntries(top, n);
      }
      freeNode(handle, blockNr);
    }
  }

  // ---- moving ----------------------------------------------------------------------------

  @Override
  long end() throws FsException {
    try (Path path = new Path(ExtentNode.BLOCKS_MAX)) {
      return path.leafPos() < 0 ? 0 : ExtentNode.end(path.leaf(), path.leafPos());
    }
  }

  @Override
  void cutAt(Handle handle, long at) throws FsException {
    try (Path path = new Path(at)) {
      int i = path.leafPos();
      if (i < 0 || ExtentNode.key(path.leaf(), i) == at || ExtentNode.end(path.leaf(), i) <= at) {
        return;
      }
    }
    try (Path path = pathWithRoom(handle, at, 1, false)) {
      MemorySegment leaf = path.leaf();
      int i = path.leafPos();
      long key = ExtentNode.key(leaf, i);
      int length = ExtentNode.length(leaf, i);
      boolean unwritten = ExtentNode.unwritten(leaf, i);
      long blockNr = ExtentNode.blockNr(leaf, i);
      int front = (int) (at - key);
      path.edit(handle, path.levels);
      ExtentNode.shift(leaf, i + 1, i + 2);
      ExtentNode.putExtent(leaf, i, key, front, unwritten, blockNr);
      ExtentNode.putExtent(leaf, i + 1, at, length - front, unwritten, blockNr + front);
      path.done(handle, path.levels);
    }
  }

  @Override
  long shiftLeft(Handle handle, long at, long by) throws FsException {
    try (Path path = new Path(at)) {
      MemorySegment leaf = path.leaf();
      int i = path.leafPos();
      if (i < 0 || ExtentNode.key(leaf, i) < at) {
        i++;
      }
      long next = path.nextKey(path.levels - 1);
      if (i < ExtentNode.entries(leaf)) {
        move(handle, path, i, ExtentNode.entries(leaf), -by);
      }
      return next;
    }
  }

  @Override
  long shiftRight(Handle handle, long at, long last, long by) throws FsException {
    try (Path path = new Path(last)) {
      MemorySegment leaf = path.leaf();
      int i = path.leafPos();
      if (i < 0) {
        return Math.min(Math.max(path.firstKey(), at), last);
      }
      int first = i + 1;
      while (first > 0 && ExtentNode.key(leaf, first - 1) >= at) {
        first--;
      }
      if (first > i) {
        return at;
      }
      long moved = ExtentNode.key(leaf, first);
      move(handle, path, first, i + 1, by);
      return first > 0 ? at : moved;
    }
  }

  private void move(Handle handle, Path path, int from, int end, long by) throws FsException {
    MemorySegment leaf = path.leaf();
    for (int level = 1; level <= path.levels; level++) {
      handle.getWriteAccess(path.buffer(level));
    }
    path.edit(handle, path.levels);
    for (int i = from; i < end; i++) {
      ExtentNode.putKey(leaf, i, ExtentNode.key(leaf, i) + by);
    }
    mergeAround(leaf, from, 1);
    path.done(handle, path.levels);
    correctKeys(handle, path);
  }
}
