package org.pagewright.ramfs;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.AddressSpaceOperations;
import org.pagewright.cache.Folio;
import org.pagewright.cache.PageCache;
import org.pagewright.cache.WriteOp;
import org.pagewright.cache.WritebackControl;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.Truncate;
import org.pagewright.mem.FramePool;
import org.pagewright.vfs.Attributes;
import org.pagewright.vfs.DirSink;
import org.pagewright.vfs.FallocateMode;
import org.pagewright.vfs.FileType;
import org.pagewright.vfs.Inode;
import org.pagewright.vfs.InodeOperations;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.Name;
import org.pagewright.vfs.NewNode;
import org.pagewright.vfs.StatFs;
import org.pagewright.vfs.SuperBlock;
import org.pagewright.vfs.SuperBlockOperations;
import org.pagewright.vfs.Volume;
import org.pagewright.vfs.XattrMode;

/// A file system in memory, and the worked example of the three interfaces a file system has to
/// implement. Everything that can be left to the VFS is left to it: rights, locks, caches, paths.
///
/// - [SuperBlockOperations]: hardly anything, because nothing is ever written.
/// - [InodeOperations]: a directory is a map; the VFS holds its INODE lock, so the map needs none.
/// - [AddressSpaceOperations]: the folios are the file. They are always dirty, so reclaim keeps
///   them, and their address space has no account, so nobody tries to write them.
public final class Ramfs implements SuperBlockOperations, InodeOperations, AddressSpaceOperations {
  private static final long ROOT_INO = 1;
  private static final long MAGIC = 0x858458f6L; // as Linux's ramfs tells in statfs

  private final PageCache cache;
  private final AtomicLong lastIno = new AtomicLong(ROOT_INO);
  private final AtomicLong inodes = new AtomicLong(1);

  private Ramfs(PageCache cache) {
    this.cache = cache;
  }

  /// Makes an empty volume.
  ///
  /// @param cache whose memory the files take
  /// @param options how
  /// @return the volume, of which closing forgets everything
  /// @throws FsException never, in fact
  public static Volume mount(PageCache cache, MountOptions options) throws FsException {
    return Volume.of(SuperBlock.mount(cache, new Ramfs(cache), options, null));
  }

  // ---- Super block ------------------------------------------------------------------------------

  @Override
  public String name() {
    return "ramfs";
  }

  @Override
  public long rootIno() {
    return ROOT_INO;
  }

  @Override
  public boolean livesInMemory() {
    return true;
  }

  @Override
  public Inode readInode(SuperBlock superBlock, long ino) throws FsException {
    if (ino != ROOT_INO) {
      throw new FsException(Errno.ESTALE, "ramfs:" + ino);
    }
    RamInode root = new RamInode(superBlock, ROOT_INO, ROOT_INO);
    root.initialize(new NewNode(FileType.DIRECTORY.modeBits() | 0755, 0, 0, 0, null));
    return root;
  }

  @Override
  public void writeInode(Inode inode, boolean wait) {}

  @Override
  public void evictInode(Inode inode) {
    inodes.decrementAndGet();
  }

  @Override
  public void syncFs(boolean wait) {}

  @Override
  public void close() {}

  @Override
  public StatFs statfs() {
    FramePool frames = cache.frames();
    long free = Math.max(0, frames.frames() - frames.reserve() - frames.used());
    return new StatFs(
        MAGIC, blockSize(), frames.frames(), free, free, Integer.MAX_VALUE,
        Integer.MAX_VALUE - inodes.get(), 0, nameLengthMax());
  }

  @Override
  public long fileSizeMax() {
    return AddressSpace.MAX_SIZE;
  }

  @Override
  public int blockSize() {
    return AddressSpace.FOLIO_SIZE;
  }

  // ---- Names ------------------------------------------------------------------------------------

  /// An inode with what a file system in memory keeps: entries, a link's target, attributes.
  /// Guarded by its INODE lock.
  private final class RamInode extends Inode {
    final Map<Name, Long> cookies = new HashMap<>();
    final TreeMap<Long, Entry> entries = new TreeMap<>(); // by cookie: the order never changes
    final Map<Name, byte[]> xattrs = new TreeMap<>();
    long lastCookie;
    volatile long parent; // guarded by RENAME besides
    byte @Nullable [] target; // written once before publication

    RamInode(SuperBlock superBlock, long ino, long parent) {
      super(superBlock, ino, Ramfs.this, Ramfs.this);
      this.parent = parent;
    }

    @Nullable Entry find(Name name) {
      Long cookie = cookies.get(name);
      return cookie == null ? null : entries.get(cookie);
    }

    void add(Name name, Inode inode) {
      cookies.put(name, ++lastCookie);
      entries.put(lastCookie, new Entry(name, inode.ino(), inode.type()));
      touchModified();
    }

    void remove(Name name) {
      Long cookie = cookies.remove(name);
      assert cookie != null : this + "/" + name;
      entries.remove(cookie);
      touchModified();
    }
  }

  private record Entry(Name name, long ino, FileType type) {}

  private static RamInode ram(Inode inode) {
    return (RamInode) inode;
  }

  @Override
  public long lookup(Inode dir, Name name) {
    Entry entry = ram(dir).find(name);
    return entry == null ? NO_INODE : entry.ino;
  }

  @Override
  public long parent(Inode dir) {
    return ram(dir).parent;
  }

  private RamInode make(Inode dir, NewNode node) {
    RamInode inode = new RamInode(dir.superBlock(), lastIno.incrementAndGet(), dir.ino());
    inode.initialize(node);
    if (node.target() != null) {
      inode.target = node.target().clone();
      inode.mapping().setSize(node.target().length);
    }
    if (node.accessAcl() != null) {
      inode.xattrs.put(Attributes.ACL_ACCESS, node.accessAcl());
    }
    if (node.defaultAcl() != null) {
      inode.xattrs.put(Attributes.ACL_DEFAULT, node.defaultAcl());
    }
    inodes.incrementAndGet();
    inode.superBlock().insertNew(inode);
    return inode;
  }

  @Override
  public Inode create(Inode dir, Name name, NewNode node) {
    RamInode inode = make(dir, node);
    ram(dir).add(name, inode);
    if (inode.isDirectory()) {
      dir.setNlink(dir.nlink() + 1);
    }
    return inode;
  }

  @Override
  public Inode tmpfile(Inode dir, NewNode node) {
    RamInode inode = make(dir, node);
    inode.setNlink(0);
    return inode;
  }

  @Override
  public void link(Inode dir, Name name, Inode inode) {
    ram(dir).add(name, inode);
    inode.setNlink(inode.nlink() + 1);
    inode.touchChanged();
  }

  @Override
  public void unlink(Inode dir, Name name, Inode inode) {
    ram(dir).remove(name);
    inode.setNlink(inode.nlink() - 1);
    inode.touchChanged();
  }

  @Override
  public void rmdir(Inode dir, Name name, Inode inode) throws FsException {
    dropDirectory(dir, inode);
    ram(dir).remove(name);
  }

  private static void dropDirectory(Inode dir, Inode inode) throws FsException {
    if (!ram(inode).entries.isEmpty()) {
      throw new FsException(Errno.ENOTEMPTY, inode.toString());
    }
    inode.setNlink(0);
    inode.touchChanged();
    dir.setNlink(dir.nlink() - 1);
  }

  @Override
  public void rename(
      Inode oldDir,
      Name oldName,
      Inode source,
      Inode newDir,
      Name newName,
      @Nullable Inode target,
      boolean exchange)
      throws FsException {
    if (target != null) {
      if (!exchange && target.isDirectory()) {
        dropDirectory(newDir, target);
      } else if (!exchange) {
        target.setNlink(target.nlink() - 1);
      }
      ram(newDir).remove(newName);
      target.touchChanged();
    }
    ram(oldDir).remove(oldName);
    ram(newDir).add(newName, source);
    move(source, oldDir, newDir);
    if (exchange && target != null) {
      ram(oldDir).add(oldName, target);
      move(target, newDir, oldDir);
    }
    source.touchChanged();
  }

  @Override
  public Inode renameLeaving(
      Inode oldDir,
      Name oldName,
      Inode source,
      Inode newDir,
      Name newName,
      @Nullable Inode target,
      NewNode left)
      throws FsException {
    rename(oldDir, oldName, source, newDir, newName, target, false);
    return create(oldDir, oldName, left);
  }

  private static void move(Inode inode, Inode from, Inode to) {
    if (inode.isDirectory()) {
      from.setNlink(from.nlink() - 1);
      to.setNlink(to.nlink() + 1);
      ram(inode).parent = to.ino();
    }
  }

  @Override
  public byte[] readlink(Inode link) {
    byte[] target = ram(link).target;
    assert target != null : link;
    return target;
  }

  @Override
  public void readDir(Inode dir, long cookie, DirSink sink) {
    for (Map.Entry<Long, Entry> e : ram(dir).entries.tailMap(cookie, false).entrySet()) {
      Entry entry = e.getValue();
      if (!sink.entry(entry.name, entry.ino, entry.type, e.getKey())) {
        return;
      }
    }
  }

  @Override
  public void setFlags(Inode inode, int flags) {
    inode.setFlags(flags);
    inode.touchChanged();
  }

  @Override
  public boolean keepsAcls() {
    return true;
  }

  @Override
  public byte @Nullable [] getXattr(Inode inode, Name name) {
    byte[] value = ram(inode).xattrs.get(name);
    return value == null ? null : value.clone();
  }

  @Override
  public void setXattr(Inode inode, Name name, byte @Nullable [] value, XattrMode mode)
      throws FsException {
    Map<Name, byte[]> xattrs = ram(inode).xattrs;
    boolean there = xattrs.containsKey(name);
    if (!there && (value == null || mode == XattrMode.REPLACE)) {
      throw new FsException(Errno.ENODATA, inode + ": " + name);
    }
    if (there && value != null && mode == XattrMode.CREATE) {
      throw new FsException(Errno.EEXIST, inode + ": " + name);
    }
    if (value == null) {
      xattrs.remove(name);
    } else {
      xattrs.put(name, value.clone());
    }
    inode.touchChanged();
  }

  @Override
  public List<Name> listXattrs(Inode inode) {
    return List.copyOf(ram(inode).xattrs.keySet());
  }

  // ---- Content ----------------------------------------------------------------------------------

  /// What is not there is a hole: a new frame is zeroes already.
  @Override
  public FillResult readFolio(AddressSpace mapping, Folio folio) {
    folio.markUptodate();
    folio.unlock();
    return FillResult.STARTED;
  }

  @Override
  public Folio writeBegin(AddressSpace mapping, long pos, int length, WriteOp op)
      throws FsException {
    int flags = op.nowait() ? AddressSpace.NOWAIT : 0; // DONTCACHE: nowhere else to keep it
    Folio folio = mapping.getOrCreate(AddressSpace.indexOf(pos), flags);
    if (!folio.isUptodate()) {
      folio.markUptodate(); // the zeros of a hole are its bytes, so R-B1 holds
    }
    return folio;
  }

  @Override
  public int writeEnd(
      AddressSpace mapping, long pos, int length, int copied, Folio folio, WriteOp op) {
    if (copied > 0) {
      if (folio.markDirty()) {
        count(mapping, 1);
      }
      mapping.growSize(pos + copied);
      folio.openForOverwrite();
    }
    folio.unlock();
    return copied;
  }

  /// A hole that is stored to through a mapping becomes content.
  @Override
  public MkwriteResult pageMkwrite(AddressSpace mapping, Folio folio) throws FsException {
    MkwriteResult result = AddressSpaceOperations.super.pageMkwrite(mapping, folio);
    if (result == MkwriteResult.LOCKED && folio.markDirty()) {
      count(mapping, 1);
      folio.openForOverwrite();
    }
    return result;
  }

  private static void count(AddressSpace mapping, int folios) {
    Inode inode = (Inode) mapping.host();
    inode.setBlocks(inode.blocks() + (long) folios * (AddressSpace.FOLIO_SIZE / 512));
  }

  @Override
  public void writepages(AddressSpace mapping, WritebackControl control) {
    throw new AssertionError(mapping + " has no store");
  }

  @Override
  public void setSize(Inode inode, long size) {
    AddressSpace mapping = inode.mapping();
    mapping.invalidateLock().lock();
    Truncate.setSize(mapping, size);
    mapping.invalidateLock().unlock();
    inode.touchModified();
  }

  @Override
  public void fallocate(Inode inode, int mode, long pos, long length) throws FsException {
    int kind = mode & ~FallocateMode.KEEP_SIZE;
    if (kind == FallocateMode.COLLAPSE_RANGE || kind == FallocateMode.INSERT_RANGE) {
      throw new FsException(Errno.EOPNOTSUPP, inode + ": fallocate mode " + mode);
    }
    AddressSpace mapping = inode.mapping();
    mapping.invalidateLock().lock();
    if (kind != 0) {
      Truncate.truncatePages(mapping, pos, pos + length - 1);
    }
    if ((mode & FallocateMode.KEEP_SIZE) == 0 && pos + length > mapping.size()) {
      Truncate.setSize(mapping, pos + length);
    }
    mapping.invalidateLock().unlock();
  }

  @Override
  public void invalidateFolio(Folio folio, int offset, int length) {
    if (length == folio.size() && folio.isDirty()) {
      count(folio.mapping(), -1);
    }
  }

  @Override
  public long seekData(Inode inode, long pos) {
    @Nullable Folio[] one = new Folio[1];
    long last = AddressSpace.indexOf(inode.size() - 1);
    return inode.mapping().gatherDirty(AddressSpace.indexOf(pos), last, one) == 0
        ? inode.size()
        : Math.max(pos, Objects.requireNonNull(one[0]).pos());
  }

  @Override
  public long seekHole(Inode inode, long pos) {
    AddressSpace mapping = inode.mapping();
    long at = pos;
    while (at < mapping.size()) {
      Folio folio = mapping.find(AddressSpace.indexOf(at));
      if (folio == null || !folio.isDirty()) {
        return at;
      }
      at = folio.pos() + folio.size();
    }
    return mapping.size();
  }
}
