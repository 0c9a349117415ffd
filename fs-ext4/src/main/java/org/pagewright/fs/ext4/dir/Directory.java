package org.pagewright.fs.ext4.dir;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.disk.DirHash;
import org.pagewright.fs.ext4.disk.LittleEndian;
import org.pagewright.fs.ext4.journal.Handle;

/// One directory: names to inode numbers, linear or indexed by hash.
///
/// Compare Linux's fs/ext4/namei.c and fs/ext4/dir.c. The caller holds the directory's INODE lock,
/// shared for the methods that only look, exclusive for those that take a handle.
public final class Directory {
  /// Blocks that [#add] may declare besides those for allocating blocks: leaf, new leaf, and for
  /// each index level the block and its new half.
  public static final int ADD_CREDITS = 8;

  /// Blocks that [#add] may allocate: a leaf, and a node for each level.
  public static final int ADD_BLOCKS = 4;

  /// Blocks that the other changing methods may declare.
  public static final int CHANGE_CREDITS = 1;

  /// An entry.
  ///
  /// @param name bytes of the name
  /// @param inode number of what it names
  /// @param type type code of ext4, 0 if the directory does not say
  public record Entry(byte[] name, long inode, int type) {}

  /// Takes entries in order.
  public interface Sink {
    /// One more entry.
    ///
    /// @param entry name, inode and type
    /// @param next the cookie to go on after this entry
    /// @return false if it was not taken
    boolean entry(Entry entry, long next);
  }

  private final DirBlocks dir;
  private final HashIndex index;

  /// A directory over its blocks.
  ///
  /// @param dir the inode's side
  public Directory(DirBlocks dir) {
    this.dir = dir;
    this.index = new HashIndex(dir);
  }

  private boolean usesIndex() {
    return dir.canIndex() && dir.indexed();
  }

  private int end(Buffer leaf) {
    return Leaf.end(leaf.segment(), dir.checksums());
  }

  // ---- Look -------------------------------------------------------------------------------------

  /// Where an entry lies; holds a reference to its block.
  private record Found(Buffer buffer, int at) implements AutoCloseable {
    @Override
    public void close() {
      buffer.put();
    }
  }

  private @Nullable Found locate(byte[] name) throws FsException {
    if (usesIndex() && !(name.length == 2 && name[0] == '.' && name[1] == '.')) {
      try (HashIndex.Path path = index.probe(name)) {
        long wanted = DirHash.major(path.hash().hash(name)) & 0xffff_ffffL;
        for (long leaves = dir.blockCount(); leaves > 0; leaves--) {
          Found found = locateIn(path.leaf(), name);
          if (found != null) {
            return found;
          }
          long next = path.advance();
          if (next != (wanted | 1)) {
            return null; // the next leaf does not continue our hash
          }
        }
        throw loop();
      }
    }
    // ".." of an indexed directory stands in block 0, as in any other.
    long blocks = usesIndex() ? Math.min(1, dir.blockCount()) : dir.blockCount();
    for (long logical = 0; logical < blocks; logical++) {
      Found found = locateIn(usesIndex() ? dir.read(logical) : Leaf.read(dir, logical), name);
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  private @Nullable Found locateIn(Buffer buffer, byte[] name) {
    int at = Leaf.find(buffer.segment(), end(buffer), name);
    if (at < 0) {
      buffer.put();
      return null;
    }
    return new Found(buffer, at);
  }

  private CorruptedException loop() {
    return new CorruptedException(
        dir.deviceName(), -1, "index of directory inode " + dir.ino() + " has a loop");
  }

  /// Finds a name.
  ///
  /// @param name bytes of the name
  /// @return inode number, 0 if there is no such entry
  /// @throws FsException EIO, EUCLEAN
  public long find(byte[] name) throws FsException {
    try (Found found = locate(name)) {
      return found == null ? 0 : Leaf.inode(found.buffer.segment(), found.at);
    }
  }

  /// The directory above.
  ///
  /// @return the inode number that `..` names
  /// @throws FsException EIO; EUCLEAN if there is no `..`
  public long parent() throws FsException {
    try (Buffer first = dir.read(0)) {
      return Leaf.inode(first.segment(), dotDot(first));
    }
  }

  /// Offset of `..` in block 0: the second entry.
  private int dotDot(Buffer first) throws CorruptedException {
    MemorySegment s = first.segment();
    int at = Leaf.recordLength(s, 0);
    if (Leaf.inode(s, 0) != dir.ino()
        || Leaf.nameLength(s, 0) != 1
        || at >= s.byteSize() - 12
        || Leaf.nameLength(s, at) != 2
        || !Leaf.isDots(s, at)
        || Leaf.inode(s, at) == 0) {
      throw new CorruptedException(
          dir.deviceName(), first.blockNr(),
          "directory inode " + dir.ino() + " does not begin with . and ..");
    }
    return at;
  }

  /// Whether there is nothing but `.` and `..`.
  ///
  /// @return true if it may be removed
  /// @throws FsException EIO, EUCLEAN
  public boolean isEmpty() throws FsException {
    boolean[] any = new boolean[1];
    forEach(0, (entry, next) -> {
      any[0] = true;
      return false;
    });
    return !any[0];
  }

  /// Gives the entries but `.` and `..` to a sink, until it takes no more or all were given.
  ///
  /// Where the file system has indexes, the order is that of the hashes, for a directory of one
  /// block too, and a cookie is a hash: so it stays good when leaves split and when the directory
  /// gets its index. Without indexes entries never move, and a cookie is a place.
  ///
  /// @param cookie 0 to begin, or one that the sink was given
  /// @param sink takes the entries
  /// @throws FsException EIO, EUCLEAN
  public void forEach(long cookie, Sink sink) throws FsException {
    if (usesIndex()) {
      forEachIndexed(cookie, sink);
    } else if (dir.canIndex() && dir.blockCount() == 1) {
      try (Buffer only = Leaf.read(dir, 0)) {
        emit(hashed(only, dir.defaultHash(), new ArrayList<>()), cookie, sink);
      }
    } else {
      forEachLinear(cookie, sink);
    }
  }

  private void forEachLinear(long cookie, Sink sink) throws FsException {
    int blockSize = dir.blockSize();
    for (long logical = cookie / blockSize; logical < dir.blockCount(); logical++) {
      try (Buffer buffer = Leaf.read(dir, logical)) {
        MemorySegment s = buffer.segment();
        int end = end(buffer);
        long base = logical * blockSize;
        // From the block's start: the entry at the cookie may have been merged into the one before.
        for (int at = 0; at < end; at += Leaf.recordLength(s, at)) {
          if (base + at < cookie || Leaf.inode(s, at) == 0 || Leaf.isDots(s, at)) {
            continue;
          }
          long next = base + at + Leaf.recordLength(s, at);
          if (next >= base + end) {
            next = base + blockSize;
          }
          if (!sink.entry(entry(s, at), next)) {
            return;
          }
        }
      }
    }
  }

  private Entry entry(MemorySegment s, int at) {
    return new Entry(
        Leaf.name(s, at), Leaf.inode(s, at), dir.fileTypes() ? Leaf.type(s, at) & 0xf : 0);
  }

  private void forEachIndexed(long cookie, Sink sink) throws FsException {
    try (HashIndex.Path path = index.probe((int) (cookie >>> 32) << 1)) {
      List<Hashed> batch = new ArrayList<>();
      for (long leaves = dir.blockCount(); leaves > 0; leaves--) {
        try (Buffer leaf = path.leaf()) {
          hashed(leaf, path.hash(), batch);
        }
        long next = path.advance();
        if (next >= 0 && (next & 1) != 0) {
          continue; // the next leaf holds more of our last hash: sort them together
        }
        if (!emit(batch, cookie, sink) || next < 0) {
          return;
        }
        batch.clear();
      }
      throw loop();
    }
  }

  /// An entry and its place in hash order: 31 bits of the major hash, 32 of the minor.
  private record Hashed(long key, Entry entry) {}

  private List<Hashed> hashed(Buffer leaf, DirHash hash, List<Hashed> out) {
    MemorySegment s = leaf.segment();
    int end = end(leaf);
    for (int at = 0; at < end; at += Leaf.recordLength(s, at)) {
      if (Leaf.inode(s, at) != 0 && !Leaf.isDots(s, at)) {
        Entry entry = entry(s, at);
        out.add(new Hashed(key(hash, entry.name), entry));
      }
    }
    return out;
  }

  private static long key(DirHash hash, byte[] name) {
    long h = hash.hash(name);
    long low = h & 0xffff_ffffL;
    if (hash.version() == DirHash.LEGACY) {
      // It has no minor hash: tell names with equal hashes apart by another function of the name.
      int fnv = 0x811c9dc5;
      for (byte b : name) {
        fnv = (fnv ^ b) * 0x01000193;
      }
      low = fnv & 0xffff_ffffL;
    }
    return (h >>> 33) << 32 | low;
  }

  /// Gives a batch in hash order, from the cookie on. A cookie is one more than the key it follows,
  /// so that it is never 0.
  private static boolean emit(List<Hashed> batch, long cookie, Sink sink) {
    batch.sort(Comparator.comparingLong(Hashed::key));
    for (Hashed h : batch) {
      if (h.key >= cookie && !sink.entry(h.entry, h.key + 1)) {
        return false;
      }
    }
    return true;
  }

  // ---- Change -----------------------------------------------------------------------------------

  /// Makes the first block of a new directory.
  ///
  /// @param handle the running handle
  /// @param parent inode of the directory above
  /// @throws FsException ENOSPC, EIO
  public void initialize(Handle handle, long parent) throws FsException {
    try (Buffer buffer = dir.append(handle)) {
      buffer.lock();
      MemorySegment s = buffer.segment();
      Leaf.clear(s, dir.checksums());
      int type = dir.fileTypes() ? TYPE_DIRECTORY : 0;
      Leaf.put(s, 0, 12, new byte[] {'.'}, dir.ino(), type);
      Leaf.put(s, 12, end(buffer) - 12, new byte[] {'.', '.'}, parent, type);
      buffer.unlock();
      handle.dirtyMetadata(buffer);
    }
  }

  /// Type code of a directory.
  public static final int TYPE_DIRECTORY = 2;

  /// Adds an entry; the name must not be there. May split a leaf, make the index, or grow it.
  ///
  /// @param handle with [#ADD_CREDITS] and the credits for [#ADD_BLOCKS] allocations
  /// @param name bytes of the name, 1 to 255
  /// @param inode what it names
  /// @param type type code, ignored where entries carry none
  /// @throws FsException ENOSPC, EIO, EUCLEAN
  public void add(Handle handle, byte[] name, long inode, int type) throws FsException {
    int storedType = dir.fileTypes() ? type : 0;
    if (usesIndex()) {
      addIndexed(handle, name, inode, storedType);
      return;
    }
    long blocks = dir.blockCount();
    for (long logical = 0; logical < blocks; logical++) {
      try (Buffer leaf = Leaf.read(dir, logical)) {
        if (addToLeaf(handle, leaf, name, inode, storedType)) {
          return;
        }
      }
    }
    if (blocks == 1 && dir.canIndex()) {
      try (Buffer first = dir.read(0)) {
        if (dotDot(first) != HashIndex.DOT_RECORD) {
          throw new CorruptedException(
              dir.deviceName(), first.blockNr(),
              "directory inode " + dir.ino() + ": record of . is too long");
        }
      }
      index.create(handle);
      addIndexed(handle, name, inode, storedType);
      return;
    }
    try (Buffer leaf = dir.append(handle)) {
      leaf.lock();
      Leaf.clear(leaf.segment(), dir.checksums());
      Leaf.insert(leaf.segment(), 0, name, inode, storedType);
      leaf.unlock();
      handle.dirtyMetadata(leaf);
    }
  }

  private void addIndexed(Handle handle, byte[] name, long inode, int type) throws FsException {
    try (HashIndex.Path path = index.probe(name)) {
      try (Buffer leaf = path.leaf()) {
        if (addToLeaf(handle, leaf, name, inode, type)) {
          return;
        }
      }
      try (Buffer half = index.split(handle, path, name)) {
        if (!addToLeaf(handle, half, name, inode, type)) {
          throw new FsException(
              Errno.ENOSPC, dir.deviceName() + ": directory inode " + dir.ino()
                  + ": names with equal hashes fill a block");
        }
      }
    }
  }

  private boolean addToLeaf(Handle handle, Buffer leaf, byte[] name, long inode, int type)
      throws FsException {
    int room = Leaf.findRoom(leaf.segment(), end(leaf), name.length);
    if (room < 0) {
      return false;
    }
    handle.getWriteAccess(leaf);
    leaf.lock();
    Leaf.insert(leaf.segment(), room, name, inode, type);
    leaf.unlock();
    handle.dirtyMetadata(leaf);
    return true;
  }

  /// Removes an entry.
  ///
  /// @param handle with [#CHANGE_CREDITS]
  /// @param name bytes of the name
  /// @throws FsException ENOENT, EIO, EUCLEAN
  public void remove(Handle handle, byte[] name) throws FsException {
    try (Found found = locateExisting(name)) {
      handle.getWriteAccess(found.buffer);
      found.buffer.lock();
      Leaf.remove(found.buffer.segment(), found.at);
      found.buffer.unlock();
      handle.dirtyMetadata(found.buffer);
    }
  }

  /// Makes an entry name another inode.
  ///
  /// @param handle with [#CHANGE_CREDITS]
  /// @param name bytes of the name
  /// @param inode what it names from now on
  /// @param type its type code
  /// @throws FsException ENOENT, EIO, EUCLEAN
  public void replace(Handle handle, byte[] name, long inode, int type) throws FsException {
    try (Found found = locateExisting(name)) {
      set(handle, found.buffer, found.at, inode, type);
    }
  }

  /// Makes `..` name another directory.
  ///
  /// @param handle with [#CHANGE_CREDITS]
  /// @param parent inode of the directory above
  /// @throws FsException EIO, EUCLEAN
  public void setParent(Handle handle, long parent) throws FsException {
    try (Buffer first = dir.read(0)) {
      set(handle, first, dotDot(first), parent, TYPE_DIRECTORY);
    }
  }

  private void set(Handle handle, Buffer buffer, int at, long inode, int type)
      throws FsException {
    handle.getWriteAccess(buffer);
    buffer.lock();
    LittleEndian.put32(buffer.segment(), at, (int) inode);
    if (dir.fileTypes()) {
      LittleEndian.put8(buffer.segment(), at + 7, type);
    }
    buffer.unlock();
    handle.dirtyMetadata(buffer);
  }

  private Found locateExisting(byte[] name) throws FsException {
    Found found = locate(name);
    if (found == null) {
      throw new FsException(
          Errno.ENOENT, dir.deviceName() + ": entry of directory inode " + dir.ino());
    }
    return found;
  }
}
