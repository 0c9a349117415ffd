package org.pagewright.fs.ext4.dir;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.disk.DirHash;
import org.pagewright.fs.ext4.disk.LittleEndian;
import org.pagewright.fs.ext4.journal.Handle;

/// The hash tree of an indexed directory: from the hash of a name to the leaf that may hold it.
/// Compare Linux's fs/ext4/namei.c:dx_probe().
///
///     block 0 (root): "." ".."  info  | limit,count,block0 | hash1,block1 | hash2,block2 | ...
///     node:           empty entry     | limit,count,block0 | hash1,block1 | ...
///
/// Leaves between two hashes hold the names with hashes from the first on and below the second.
/// Equal hashes may fill more than one leaf: then the lowest bit of the next leaf's hash is set,
/// and a search goes on there. One walk down is a [Path]; it holds references to the index blocks.
final class HashIndex {
  private static final int ENTRY = 8;
  private static final int INFO = 24;

  /// Length of the record of `.`, so that `..` and the index lie where they must.
  static final int DOT_RECORD = 12;

  private final DirBlocks dir;

  HashIndex(DirBlocks dir) {
    this.dir = dir;
  }

  /// One index block on the way down, and the entry taken in it.
  private static final class Step {
    final Buffer buffer;
    final int entries; // byte of the first entry
    int position; // which entry was taken

    Step(Buffer buffer, int entries) {
      this.buffer = buffer;
      this.entries = entries;
    }

    MemorySegment s() {
      return buffer.segment();
    }

    int limit() {
      return LittleEndian.u16(s(), entries);
    }

    int count() {
      return LittleEndian.u16(s(), entries + 2);
    }

    void putCount(int count) {
      LittleEndian.put16(s(), entries + 2, count);
    }

    /// Hash of an entry; the first has none and covers everything below the second.
    int hash(int i) {
      return i == 0 ? 0 : LittleEndian.i32(s(), entries + i * ENTRY);
    }

    long block(int i) {
      return LittleEndian.u32(s(), entries + i * ENTRY + 4) & 0x0fff_ffffL;
    }

    void put(int i, int hash, long block) {
      LittleEndian.put32(s(), entries + i * ENTRY, hash);
      LittleEndian.put32(s(), entries + i * ENTRY + 4, (int) block);
    }
  }

  /// A walk from the root to a leaf.
  final class Path implements AutoCloseable {
    private final List<Step> steps = new ArrayList<>(3);
    private final DirHash hash;

    private Path(DirHash hash) {
      this.hash = hash;
    }

    /// The hash function of this index.
    DirHash hash() {
      return hash;
    }

    private Step bottom() {
      return steps.getLast();
    }

    /// The leaf that the walk ended at.
    Buffer leaf() throws FsException {
      return Leaf.read(dir, bottom().block(bottom().position));
    }

    /// Steps to the next leaf in hash order.
    ///
    /// @return the hash that its entries begin with, lowest bit set if it continues the last leaf;
    ///     -1 (which no hash is) at the end
    long advance() throws FsException {
      int level = steps.size() - 1;
      while (level >= 0 && steps.get(level).position + 1 >= steps.get(level).count()) {
        level--;
      }
      if (level < 0) {
        return -1;
      }
      Step turn = steps.get(level);
      turn.position++;
      long hash = turn.hash(turn.position) & 0xffff_ffffL;
      int depth = steps.size();
      while (steps.size() > level + 1) {
        steps.removeLast().buffer.put();
      }
      while (steps.size() < depth) {
        steps.add(node(bottom().block(bottom().position)));
      }
      return hash;
    }

    @Override
    public void close() {
      for (Step step : steps) {
        step.buffer.put();
      }
      steps.clear();
    }
  }

  /// Walks down to the first leaf that may hold a hash.
  Path probe(int major) throws FsException {
    return walk(null, major);
  }

  /// Walks down to the first leaf that may hold a name.
  Path probe(byte[] name) throws FsException {
    return walk(name, 0);
  }

  private Path walk(byte @Nullable [] name, int majorOrZero) throws FsException {
    Buffer root = dir.read(0);
    Path path = null;
    boolean good = false;
    try {
      MemorySegment s = root.segment();
      if (Leaf.recordLength(s, 0) != DOT_RECORD
          || Leaf.recordLength(s, DOT_RECORD) != dir.blockSize() - DOT_RECORD) {
        throw corrupted(root, "its root is none");
      }
      int version = LittleEndian.u8(s, INFO + 4);
      DirHash hash = dir.hash(version);
      int levels = LittleEndian.u8(s, INFO + 6);
      if (hash == null
          || LittleEndian.u8(s, INFO + 5) != 8
          || LittleEndian.i32(s, INFO) != 0
          || levels >= dir.indexLevelsMax()) {
        throw corrupted(root, "hash version " + version + ", depth " + levels);
      }
      path = new Path(hash);
      Step step = new Step(root, DirBlockType.ROOT_ENTRIES);
      path.steps.add(step);
      check(step, DirBlockType.ROOT_ENTRIES);
      int major = name == null ? majorOrZero : DirHash.major(hash.hash(name));
      for (int level = 0; ; level++) {
        step.position = search(step, major);
        if (level == levels) {
          break;
        }
        step = node(step.block(step.position));
        path.steps.add(step);
      }
      good = true;
      return path;
    } finally {
      if (!good) {
        if (path != null && !path.steps.isEmpty()) {
          path.close();
        } else {
          root.put();
        }
      }
    }
  }

  /// The last entry whose hash is not above the wanted one.
  private static int search(Step step, int major) {
    int low = 1;
    int high = step.count() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      if (Integer.compareUnsigned(step.hash(middle), major) > 0) {
        high = middle - 1;
      } else {
        low = middle + 1;
      }
    }
    return low - 1;
  }

  private Step node(long logical) throws FsException {
    if (logical == 0) {
      throw new CorruptedException(
          dir.deviceName(),
          -1,
          "index of directory inode " + dir.ino() + " leads back to its root");
    }
    Buffer buffer = dir.read(logical);
    Step step = new Step(buffer, DirBlockType.NODE_ENTRIES);
    boolean good = false;
    try {
      if (Leaf.inode(buffer.segment(), 0) != 0
          || Leaf.recordLength(buffer.segment(), 0) != dir.blockSize()) {
        throw corrupted(buffer, "no index node");
      }
      check(step, DirBlockType.NODE_ENTRIES);
      good = true;
      return step;
    } finally {
      if (!good) {
        buffer.put();
      }
    }
  }

  /// Looks at all entries, once for each load of the block: there may be hundreds.
  private void check(Step step, int entries) throws CorruptedException {
    if (step.buffer.isChecked()) {
      return;
    }
    if (step.limit() != limit(entries)) {
      throw corrupted(step.buffer, "limit " + step.limit() + ", not " + limit(entries));
    }
    if (step.count() < 1 || step.count() > step.limit()) {
      throw corrupted(step.buffer, step.count() + " entries of " + step.limit());
    }
    for (int i = 0; i < step.count(); i++) {
      if (step.block(i) == 0 || step.block(i) >= dir.blockCount()) {
        throw corrupted(
            step.buffer, "entry " + i + " names block " + step.block(i) + " of "
                + dir.blockCount());
      }
      if (i > 1 && Integer.compareUnsigned(step.hash(i - 1), step.hash(i)) > 0) {
        throw corrupted(step.buffer, "hashes fall at entry " + i);
      }
    }
    step.buffer.setChecked();
  }

  private int limit(int entries) {
    return (dir.blockSize() - entries) / ENTRY - (dir.checksums() ? 1 : 0);
  }

  private CorruptedException corrupted(Buffer buffer, String why) {
    return new CorruptedException(
        dir.deviceName(), buffer.blockNr(), "index of directory inode " + dir.ino() + ": " + why);
  }

  // ---- Change -----------------------------------------------------------------------------------

  /// Turns a directory of one full leaf into an indexed one: its entries move to a new leaf, and
  /// block 0 becomes a root over it.
  void create(Handle handle) throws FsException {
    try (Buffer root = dir.read(0);
        Buffer leaf = dir.append(handle)) {
      handle.getWriteAccess(root);
      MemorySegment from = root.segment();
      int end = Leaf.end(from, dir.checksums());
      int dotDot = Leaf.recordLength(from, 0);
      int first = dotDot + Leaf.recordLength(from, dotDot);
      leaf.lock();
      MemorySegment to = leaf.segment();
      Leaf.clear(to, dir.checksums());
      int at = 0;
      int last = -1;
      for (int i = first; i < end; i += Leaf.recordLength(from, i)) {
        if (Leaf.inode(from, i) != 0) {
          int size = Leaf.needed(Leaf.nameLength(from, i));
          MemorySegment.copy(from, i, to, at, size);
          LittleEndian.put16(to, at + 4, size);
          last = at;
          at += size;
        }
      }
      if (last >= 0) {
        LittleEndian.put16(to, last + 4, Leaf.end(to, dir.checksums()) - last);
      }
      leaf.unlock();
      handle.dirtyMetadata(leaf);

      root.lock();
      LittleEndian.put16(from, dotDot + 4, dir.blockSize() - dotDot);
      from.asSlice(INFO).fill((byte) 0);
      LittleEndian.put8(from, INFO + 4, dir.defaultHashVersion());
      LittleEndian.put8(from, INFO + 5, 8);
      Step step = new Step(root, DirBlockType.ROOT_ENTRIES);
      LittleEndian.put16(from, step.entries, limit(step.entries));
      step.putCount(1);
      LittleEndian.put32(from, step.entries + 4, 1);
      root.unlock();
      handle.dirtyMetadata(root);
      dir.setIndexed(handle);
    }
  }

  /// Splits the leaf that a path ends at, so that there is room for a name in one of the halves.
  ///
  /// @return the half that the name belongs into, with a reference for the caller
  Buffer split(Handle handle, Path path, byte[] name) throws FsException {
    makeRoom(handle, path, name);
    Step index = path.bottom();
    try (Buffer leaf = path.leaf()) {
      long fresh = dir.blockCount();
      Buffer upper = dir.append(handle);
      boolean done = false;
      try {
        handle.getWriteAccess(leaf);
        handle.getWriteAccess(index.buffer);
        long[] map = sorted(leaf.segment(), path.hash());
        int half = half(leaf.segment(), map);
        int hash = (int) (map[half] >>> 32);
        boolean continued = (int) (map[half - 1] >>> 32) == hash;
        distribute(leaf, upper, map, half);
        handle.dirtyMetadata(leaf);
        handle.dirtyMetadata(upper);
        insert(index, index.position + 1, hash | (continued ? 1 : 0), fresh);
        handle.dirtyMetadata(index.buffer);
        int major = DirHash.major(path.hash().hash(name));
        boolean goesUp = Integer.compareUnsigned(major, hash) >= 0;
        done = true;
        if (goesUp) {
          return upper;
        }
        upper.put();
        return leaf.get();
      } finally {
        if (!done) {
          upper.put();
        }
      }
    }
  }

  /// Hash and offset of each entry, ascending by unsigned hash: hash in the high 32 bits.
  private static long[] sorted(MemorySegment s, DirHash hash) {
    long[] map = new long[(int) s.byteSize() / 12];
    int n = 0;
    for (int at = 0; at < s.byteSize(); at += Leaf.recordLength(s, at)) {
      if (Leaf.inode(s, at) != 0) {
        int major = DirHash.major(hash.hash(s, at + Leaf.HEADER, Leaf.nameLength(s, at)));
        map[n++] = (long) (major ^ Integer.MIN_VALUE) << 32 | at;
      }
    }
    long[] result = Arrays.copyOf(map, n);
    Arrays.sort(result);
    for (int i = 0; i < n; i++) {
      result[i] ^= Long.MIN_VALUE;
    }
    return result;
  }

  /// First entry of the upper half, by bytes and not by number.
  private int half(MemorySegment s, long[] map) throws FsException {
    if (map.length < 2) {
      throw new FsException(
          Errno.EUCLEAN, dir.deviceName() + ": directory inode " + dir.ino() + ": leaf with "
              + map.length + " entries has no room");
    }
    int size = 0;
    int i = map.length;
    while (i > 1) {
      int entry = Leaf.needed(Leaf.nameLength(s, (int) map[i - 1]));
      if (i < map.length && size + entry / 2 > dir.blockSize() / 2) {
        break;
      }
      size += entry;
      i--;
    }
    return i;
  }

  private void distribute(Buffer leaf, Buffer upper, long[] map, int half) {
    MemorySegment old = MemorySegment.ofArray(new byte[dir.blockSize()]);
    MemorySegment.copy(leaf.segment(), 0, old, 0, dir.blockSize());
    upper.lock();
    fill(upper.segment(), old, map, half, map.length);
    upper.unlock();
    leaf.lock();
    fill(leaf.segment(), old, map, 0, half);
    leaf.unlock();
  }

  private void fill(MemorySegment to, MemorySegment from, long[] map, int first, int end) {
    Leaf.clear(to, dir.checksums());
    int at = 0;
    for (int i = first; i < end; i++) {
      int source = (int) map[i];
      int size = Leaf.needed(Leaf.nameLength(from, source));
      MemorySegment.copy(from, source, to, at, size);
      int record = i == end - 1 ? Leaf.end(to, dir.checksums()) - at : size;
      LittleEndian.put16(to, at + 4, record);
      at += size;
    }
  }

  private static void insert(Step step, int position, int hash, long block) {
    step.buffer.lock();
    int count = step.count();
    assert count < step.limit();
    MemorySegment s = step.s();
    long at = step.entries + (long) position * ENTRY;
    MemorySegment.copy(s, at, s, at + ENTRY, (long) (count - position) * ENTRY);
    step.put(position, hash, block);
    step.putCount(count + 1);
    step.buffer.unlock();
  }

  /// Sees to it that the lowest index block of a path has room for one more entry: splits full
  /// blocks from the top down, and puts a new level under the root when even that is full.
  private void makeRoom(Handle handle, Path path, byte[] name) throws FsException {
    while (path.bottom().count() == path.bottom().limit()) {
      int level = path.steps.size() - 1;
      while (level > 0 && path.steps.get(level - 1).count() == path.steps.get(level - 1).limit()) {
        level--;
      }
      // Now the block at `level` is full and the one above it is not, or `level` is the root.
      if (level == 0) {
        growRoot(handle, path);
      } else {
        splitNode(handle, path.steps.get(level - 1), path.steps.get(level));
      }
      try (Path again = probe(name)) {
        List<Step> fresh = new ArrayList<>(again.steps);
        again.steps.clear();
        path.close();
        path.steps.addAll(fresh);
      }
    }
  }

  private void growRoot(Handle handle, Path path) throws FsException {
    int levels = path.steps.size();
    if (levels >= dir.indexLevelsMax()) {
      throw new FsException(
          Errno.ENOSPC, dir.deviceName() + ": index of directory inode " + dir.ino()
              + " is full at depth " + levels);
    }
    Step root = path.steps.getFirst();
    long logical = dir.blockCount();
    try (Buffer buffer = dir.append(handle)) {
      handle.getWriteAccess(root.buffer);
      Step node = newNode(buffer);
      buffer.lock();
      MemorySegment.copy(
          root.s(), root.entries + 4, node.s(), node.entries + 4,
          (long) root.count() * ENTRY - 4);
      node.putCount(root.count());
      buffer.unlock();
      handle.dirtyMetadata(buffer);
      root.buffer.lock();
      root.putCount(1);
      LittleEndian.put32(root.s(), root.entries + 4, (int) logical);
      LittleEndian.put8(root.s(), INFO + 6, levels);
      root.buffer.unlock();
      handle.dirtyMetadata(root.buffer);
    }
  }

  private void splitNode(Handle handle, Step above, Step full) throws FsException {
    long logical = dir.blockCount();
    try (Buffer buffer = dir.append(handle)) {
      handle.getWriteAccess(above.buffer);
      handle.getWriteAccess(full.buffer);
      Step node = newNode(buffer);
      int keep = full.count() / 2;
      int moved = full.count() - keep;
      int hash = full.hash(keep);
      buffer.lock();
      // The first entry's hash goes up; its place holds limit and count.
      MemorySegment.copy(
          full.s(), full.entries + (long) keep * ENTRY + 4, node.s(), node.entries + 4,
          (long) moved * ENTRY - 4);
      node.putCount(moved);
      buffer.unlock();
      handle.dirtyMetadata(buffer);
      full.buffer.lock();
      full.putCount(keep);
      full.buffer.unlock();
      handle.dirtyMetadata(full.buffer);
      insert(above, above.position + 1, hash, logical);
      handle.dirtyMetadata(above.buffer);
    }
  }

  private Step newNode(Buffer buffer) {
    Step node = new Step(buffer, DirBlockType.NODE_ENTRIES);
    buffer.lock();
    MemorySegment s = buffer.segment();
    s.fill((byte) 0);
    LittleEndian.put16(s, 4, dir.blockSize());
    LittleEndian.put16(s, node.entries, limit(node.entries));
    buffer.unlock();
    return node;
  }
}
