package org.pagewright.vfs;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.AddressSpaceOperations;
import org.pagewright.cache.Folio;
import org.pagewright.cache.WriteOp;
import org.pagewright.cache.WritebackControl;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.Truncate;
import org.pagewright.writeback.DirtyContexts;
import org.pagewright.writeback.Writeback;

/// A file system for tests that can take snapshots, as Ceph's does: cheaply, by counting. What is
/// dirty at that moment is written later, but under the number of the snapshot that it belongs to
/// (R-F17). One directory; the store is a map from folio and snapshot to bytes.
final class Snapfs implements SuperBlockOperations, InodeOperations, AddressSpaceOperations {
  private static final int FOLIO = AddressSpace.FOLIO_SIZE;

  /// A snapshot, and the context of what is dirty and belongs to it.
  static final class Snap {
    final int number;
    final AtomicInteger dirtyFolios = new AtomicInteger();
    private final Map<Long, Long> sizes = new HashMap<>(); // at the moment it was taken

    Snap(int number) {
      this.number = number;
    }

    @Override
    public String toString() {
      return "snapshot " + number;
    }
  }

  private static final class SnapInode extends Inode {
    /// Newest bytes of each folio up to each snapshot.
    final Map<Long, NavigableMap<Integer, byte[]>> versions = new HashMap<>(); // by the fs

    SnapInode(SuperBlock superBlock, long ino, Snapfs fs) {
      super(superBlock, ino, fs, fs);
    }
  }

  private final Map<Name, SnapInode> names = new TreeMap<>();
  private final Map<Long, SnapInode> inodes = new ConcurrentSkipListMap<>();
  private final Deque<Runnable> heldBack = new ArrayDeque<>();
  private volatile Snap live = new Snap(1);

  /// Write-outs start, but do not end before [#release()].
  volatile boolean holdWrites;

  /// Write-outs fail.
  volatile boolean failWrites;

  static Volume mount(CacheMemory memory, Snapfs fs) throws FsException {
    return Volume.of(
        SuperBlock.mount(memory.cache(), fs, MountOptions.DEFAULTS, memory.newDevice("snapfs")));
  }

  // ---- Snapshots --------------------------------------------------------------------------------

  /// What becomes dirty from now on belongs to the next snapshot.
  Snap snapshot() {
    Snap taken = live;
    for (SnapInode inode : inodes.values()) {
      inode.rwsem().lock(); // no write is half in it
    }
    for (SnapInode inode : inodes.values()) {
      taken.sizes.put(inode.ino(), inode.size());
    }
    live = new Snap(taken.number + 1);
    for (SnapInode inode : inodes.values()) {
      DirtyContexts.changed(inode.mapping()); // stores through regions are asked again
      inode.rwsem().unlock();
    }
    return taken;
  }

  Snap live() {
    return live;
  }

  /// A file as the store has it in a snapshot.
  byte[] image(Snap snap, Inode inode) {
    long size = snap == live ? inode.size() : snap.sizes.getOrDefault(inode.ino(), 0L);
    byte[] bytes = new byte[Math.toIntExact(size)];
    for (int at = 0; at < bytes.length; at += FOLIO) {
      byte[] version = version((SnapInode) inode, at / FOLIO, snap.number);
      System.arraycopy(version, 0, bytes, at, Math.min(FOLIO, bytes.length - at));
    }
    return bytes;
  }

  private static byte[] version(SnapInode inode, long index, int number) {
    synchronized (inode.versions) {
      NavigableMap<Integer, byte[]> all = inode.versions.get(index);
      Map.Entry<Integer, byte[]> newest = all == null ? null : all.floorEntry(number);
      return newest == null ? new byte[FOLIO] : newest.getValue();
    }
  }

  private static void store(SnapInode inode, long index, int number, byte[] bytes) {
    synchronized (inode.versions) {
      inode.versions.computeIfAbsent(index, i -> new TreeMap<>()).put(number, bytes);
    }
  }

  @Override
  public boolean keepsContexts() {
    return true;
  }

  @Override
  public Object contextOf(Folio folio) {
    return live;
  }

  @Override
  public void attachedContext(Folio folio, Object context) {
    ((Snap) context).dirtyFolios.incrementAndGet();
  }

  @Override
  public void releasedContext(Folio folio, Object context) {
    int left = ((Snap) context).dirtyFolios.decrementAndGet();
    assert left >= 0 : context + ": " + left;
  }

  // ---- Content ----------------------------------------------------------------------------------

  @Override
  public FillResult readFolio(AddressSpace mapping, Folio folio) {
    fill(mapping, folio);
    folio.unlock();
    return FillResult.STARTED;
  }

  private void fill(AddressSpace mapping, Folio folio) {
    byte[] bytes = version((SnapInode) mapping.host(), folio.index(), Integer.MAX_VALUE);
    folio.beginChange();
    MemorySegment.copy(
        bytes, 0, folio.chunk(), ValueLayout.JAVA_BYTE, folio.chunkOffset(), bytes.length);
    folio.endChange();
    folio.markUptodate();
  }

  @Override
  public Folio writeBegin(AddressSpace mapping, long pos, int length, WriteOp op)
      throws FsException {
    int flags = op.nowait() ? AddressSpace.NOWAIT : 0;
    Folio folio = mapping.getOrCreate(AddressSpace.indexOf(pos), flags);
    if (!folio.isUptodate()) {
      fill(mapping, folio);
    }
    return folio;
  }

  @Override
  public int writeEnd(
      AddressSpace mapping, long pos, int length, int copied, Folio folio, WriteOp op) {
    if (copied > 0) {
      folio.markDirty();
      mapping.growSize(pos + copied);
      folio.openForOverwrite(); // in vain, or later writes would not be asked for their context
    }
    folio.unlock();
    return copied;
  }

  @Override
  public void writepages(AddressSpace mapping, WritebackControl control) throws FsException {
    Writeback.writeCachePages(
        mapping,
        control,
        (folio, asked) -> {
          if (mapping.size() <= folio.pos()) {
            folio.unlock();
            return false;
          }
          writeFolio(mapping, folio);
          return true;
        });
  }

  private void writeFolio(AddressSpace mapping, Folio folio) {
    Snap snap = (Snap) folio.context();
    assert snap != null : folio + " belongs to nothing";
    folio.clearDirtyForIo();
    byte[] bytes = new byte[FOLIO];
    int inside = Math.clamp(mapping.size() - folio.pos(), 0, FOLIO);
    MemorySegment.copy(
        folio.chunk(), ValueLayout.JAVA_BYTE, folio.chunkOffset(), bytes, 0, inside);
    folio.startWriteback();
    folio.unlock();
    Runnable end =
        () -> {
          boolean written = !failWrites;
          if (written) {
            store((SnapInode) mapping.host(), folio.index(), snap.number, bytes);
          } else {
            mapping.writebackErrors().set(Errno.EIO);
          }
          assert folio.context() == snap : folio.context();
          folio.endWriteback(written);
        };
    synchronized (heldBack) {
      if (holdWrites) {
        heldBack.add(end);
        return;
      }
    }
    end.run();
  }

  int writesHeldBack() {
    synchronized (heldBack) {
      return heldBack.size();
    }
  }

  /// Ends what was held back, and holds back no more.
  void release() {
    Deque<Runnable> all;
    synchronized (heldBack) {
      holdWrites = false;
      all = new ArrayDeque<>(heldBack);
      heldBack.clear();
    }
    all.forEach(Runnable::run);
  }

  @Override
  public void setSize(Inode inode, long size) throws FsException {
    AddressSpace mapping = inode.mapping();
    // What an older snapshot is to keep must not go with what is cut off now.
    Errno error = Writeback.syncRange(mapping, 0, Long.MAX_VALUE);
    if (error != null) {
      throw new FsException(error, inode + ": set size");
    }
    mapping.invalidateLock().lock();
    long old = mapping.size();
    Truncate.setSize(mapping, size);
    for (long pos = size & -FOLIO; pos < old; pos += FOLIO) {
      byte[] bytes = version((SnapInode) inode, pos / FOLIO, live.number).clone();
      Arrays.fill(bytes, (int) Math.max(0, Math.min(FOLIO, size - pos)), FOLIO, (byte) 0);
      store((SnapInode) inode, pos / FOLIO, live.number, bytes);
    }
    mapping.invalidateLock().unlock();
    inode.touchModified();
  }

  // ---- Names ------------------------------------------------------------------------------------

  @Override
  public long lookup(Inode dir, Name name) {
    SnapInode inode = names.get(name);
    return inode == null ? NO_INODE : inode.ino();
  }

  @Override
  public Inode create(Inode dir, Name name, NewNode node) {
    SnapInode inode = new SnapInode(dir.superBlock(), inodes.size() + 2L, this);
    inode.initialize(node);
    names.put(name, inode);
    inodes.put(inode.ino(), inode);
    dir.superBlock().insertNew(inode);
    return inode;
  }

  @Override
  public Inode readInode(SuperBlock superBlock, long ino) throws FsException {
    if (ino != rootIno()) {
      throw new FsException(Errno.ESTALE, "snapfs:" + ino);
    }
    Inode root = new Inode(superBlock, ino, this, this) {};
    root.initialize(new NewNode(FileType.DIRECTORY.modeBits() | 0755, 0, 0, 0, null));
    return root;
  }

  @Override
  public String name() {
    return "snapfs";
  }

  @Override
  public long rootIno() {
    return 1;
  }

  @Override
  public boolean livesInMemory() {
    return false;
  }

  @Override
  public void writeInode(Inode inode, boolean wait) {}

  @Override
  public void evictInode(Inode inode) {}

  @Override
  public void syncFs(boolean wait) {}

  @Override
  public StatFs statfs() {
    throw new AssertionError("not asked");
  }

  @Override
  public void close() {}

  @Override
  public long fileSizeMax() {
    return Integer.MAX_VALUE;
  }

  @Override
  public int blockSize() {
    return FOLIO;
  }
}
