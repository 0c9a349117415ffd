package org.pagewright.hostfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.Truncate;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.vfs.AttributeChange;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.DirSink;
import org.pagewright.vfs.FileMode;
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

/// A directory of the host as a volume: its files' content is cached here, everything else is done
/// by the host at once.
///
/// The directory is ours as long as the volume is open: content that another program changes behind
/// our back may be seen late or overwritten. Names are asked for each time, so those that come and
/// go are seen.
///
/// An inode is the host's inode, by number; but the host may use a number again while we still hold
/// the inode that had it and has no name left, and then the new one gets a number of ours. What
/// `java.nio.file` has no words for is refused: device nodes, files without a name, swapping names,
/// holes.
public final class Hostfs implements SuperBlockOperations, InodeOperations {
  private static final String ATTRIBUTES =
      "unix:ino,mode,nlink,uid,gid,rdev,size,lastAccessTime,lastModifiedTime,ctime,creationTime";
  private static final LinkOption[] ITSELF = {LinkOption.NOFOLLOW_LINKS};
  private static final long MAGIC = 0x65735546L; // as Linux's FUSE tells in statfs

  /// Paths remembered between finding a name and reading its inode.
  private static final int PATHS_MAX = 4096;

  private final Path root;
  private final boolean readOnly;
  private final boolean direct;
  private final HostIo io;
  private final HostContent content;
  private final long rootIno;
  private final Map<Long, HostInode> live = new ConcurrentHashMap<>();
  private final Set<HostInode> unforced = ConcurrentHashMap.newKeySet();
  private final Map<Long, Long> aliases = new ConcurrentHashMap<>(); // host's number to ours
  private final AtomicLong lastAlias = new AtomicLong(1L << 62);
  private final Mutex pathLock = new Mutex(LockClass.INODE_STATE, "host paths");
  private final Map<Long, Path> paths; // guarded by pathLock, oldest use first

  private Hostfs(Path root, boolean readOnly, boolean direct) throws IOException {
    this.root = root;
    this.readOnly = readOnly;
    this.direct = direct;
    this.io = new HostIo(String.valueOf(root.getFileName()));
    this.content = new HostContent(io);
    this.paths =
        new LinkedHashMap<>(64, 0.75f, true) {
          private static final long serialVersionUID = 1L;

          @Override
          protected boolean removeEldestEntry(Map.Entry<Long, Path> eldest) {
            return size() > PATHS_MAX;
          }
        };
    this.rootIno = inoOf(Files.readAttributes(root, ATTRIBUTES, ITSELF));
  }

  /// Opens a host directory as a volume.
  ///
  /// @param directory an existing directory of a Unix host
  /// @param memory where the content of its files lives
  /// @param options how
  /// @param direct go past the host's page cache where it lets us, so that bytes are cached once
  /// @return the volume
  /// @throws FsException ENOENT, ENOTDIR, EACCES; EOPNOTSUPP on a host that is no Unix
  public static Volume mount(
      Path directory, CacheMemory memory, MountOptions options, boolean direct)
      throws FsException {
    Hostfs fs;
    try {
      fs = new Hostfs(directory.toRealPath(), options.readOnly(), direct);
    } catch (UnsupportedOperationException | IllegalArgumentException e) {
      throw new FsException(Errno.EOPNOTSUPP, directory + ": no Unix file attributes", e);
    } catch (IOException e) {
      throw HostIo.translate(directory.toString(), e);
    }
    boolean done = false;
    try {
      SuperBlock superBlock =
          SuperBlock.mount(memory.cache(), fs, options, memory.newDevice(fs.name()));
      done = true;
      return Volume.of(superBlock);
    } finally {
      if (!done) {
        fs.io.close();
      }
    }
  }

  HostFile newFile(Path path) {
    return new HostFile(path, readOnly, direct);
  }

  void noteWritten(HostInode inode) {
    unforced.add(inode);
  }

  // ---- Super block ------------------------------------------------------------------------------

  @Override
  public String name() {
    return root.toString();
  }

  @Override
  public long rootIno() {
    return rootIno;
  }

  @Override
  public boolean cachesNames() {
    return false;
  }

  @Override
  public long fileSizeMax() {
    return AddressSpace.MAX_SIZE;
  }

  @Override
  public int blockSize() {
    return AddressSpace.FOLIO_SIZE;
  }

  @Override
  public Inode readInode(SuperBlock superBlock, long ino) throws FsException {
    Path path = ino == rootIno ? root : knownPath(ino);
    if (path == null) {
      throw new FsException(Errno.ESTALE, name() + ":" + ino);
    }
    Map<String, Object> attributes = attributes(path);
    if (numberOf(attributes) != ino) {
      throw new FsException(Errno.ESTALE, path + " is another file now");
    }
    HostInode inode = new HostInode(superBlock, ino, this, content, path);
    take(inode, attributes, true);
    inode.setBirthTime(time(attributes, "creationTime"));
    live.put(ino, inode);
    return inode;
  }

  private @Nullable Path knownPath(long ino) {
    pathLock.lock();
    try {
      return paths.get(ino);
    } finally {
      pathLock.unlock();
    }
  }

  private void know(long ino, Path path) {
    pathLock.lock();
    paths.put(ino, path);
    pathLock.unlock();
    HostInode inode = live.get(ino);
    if (inode != null && inode.path() == null) {
      inode.setPath(path); // it lost the name we knew; here is another
    }
  }

  private static Map<String, Object> attributes(Path path) throws FsException {
    try {
      return Files.readAttributes(path, ATTRIBUTES, ITSELF);
    } catch (IOException e) {
      throw HostIo.translate(path.toString(), e);
    }
  }

  private static long inoOf(Map<String, Object> attributes) {
    return ((Number) attributes.get("ino")).longValue();
  }

  /// Our number of what the host has under a number: the same, unless that is taken by an inode
  /// that has lost its last name.
  private long numberOf(Map<String, Object> attributes) {
    long ino = inoOf(attributes);
    Long alias = aliases.get(ino);
    HostInode holder = live.get(alias != null ? alias : ino);
    if (holder == null || holder.nlink() > 0) {
      return alias != null ? alias : ino;
    }
    long fresh = lastAlias.incrementAndGet();
    Long other = alias == null ? aliases.putIfAbsent(ino, fresh) : null;
    if (other != null || alias != null && !aliases.replace(ino, alias, fresh)) {
      return Objects.requireNonNull(aliases.get(ino)); // another thread was faster
    }
    return fresh;
  }

  private static int number(Map<String, Object> attributes, String name) {
    return ((Number) attributes.get(name)).intValue();
  }

  private static Instant time(Map<String, Object> attributes, String name) {
    return ((FileTime) attributes.get(name)).toInstant();
  }

  /// Takes over what the host says; content and its times are ours once the inode is in memory.
  private static void take(HostInode inode, Map<String, Object> attributes, boolean fresh) {
    inode.setMode(number(attributes, "mode"));
    inode.setNlink(number(attributes, "nlink"));
    inode.setUid(number(attributes, "uid"));
    inode.setGid(number(attributes, "gid"));
    inode.setRdev(((Number) attributes.get("rdev")).longValue());
    inode.setCtime(time(attributes, "ctime"));
    if (fresh || !inode.isRegular()) {
      inode.mapping().setSize(((Number) attributes.get("size")).longValue());
      inode.setAtime(time(attributes, "lastAccessTime"));
      inode.setMtime(time(attributes, "lastModifiedTime"));
    }
    inode.setBlocks((inode.size() + 511) / 512); // the host's figure is not told
  }

  private void refresh(Inode inode) throws FsException {
    HostInode host = (HostInode) inode;
    Path path = host.path();
    if (path != null) {
      take(host, attributes(path), false);
    }
  }

  @Override
  public void writeInode(Inode inode, boolean wait) throws FsException {
    Path path = ((HostInode) inode).path();
    if (path == null || inode.nlink() == 0 || readOnly) {
      return;
    }
    setTimes(path, inode.atime(), inode.mtime());
  }

  private static void setTimes(Path path, Instant atime, Instant mtime) throws FsException {
    try {
      Files.getFileAttributeView(path, BasicFileAttributeView.class, ITSELF)
          .setTimes(FileTime.from(mtime), FileTime.from(atime), null);
    } catch (IOException e) {
      throw HostIo.translate(path + ": set times", e);
    }
  }

  @Override
  public void evictInode(Inode inode) throws FsException {
    HostInode host = (HostInode) inode;
    live.remove(inode.ino(), host);
    aliases.values().removeIf(alias -> inode.nlink() == 0 && alias == inode.ino());
    boolean force = unforced.remove(host) && inode.nlink() > 0 && host.takeWritten();
    HostFile file = host.file();
    if (file.isOpen()) {
      io.call(
          inode + ": close",
          () -> {
            if (force) {
              file.force(true);
            }
            file.close();
          });
    }
  }

  @Override
  public void syncFs(boolean wait) throws FsException {
    for (HostInode inode : unforced) {
      unforced.remove(inode);
      force(inode, true);
    }
  }

  private void force(HostInode inode, boolean metadata) throws FsException {
    if (inode.takeWritten()) {
      boolean done = false;
      try {
        io.call(inode + ": sync", () -> inode.file().force(metadata));
        done = true;
      } finally {
        if (!done) {
          inode.noteWritten();
        }
      }
    }
  }

  @Override
  public StatFs statfs() throws FsException {
    try {
      FileStore store = Files.getFileStore(root);
      long block = blockSize();
      return new StatFs(
          MAGIC,
          blockSize(),
          store.getTotalSpace() / block,
          store.getUnallocatedSpace() / block,
          store.getUsableSpace() / block,
          Integer.MAX_VALUE,
          Integer.MAX_VALUE - live.size(),
          rootIno,
          nameLengthMax());
    } catch (IOException e) {
      throw HostIo.translate(root.toString(), e);
    }
  }

  @Override
  public void close() {
    io.close();
  }

  // ---- Names ------------------------------------------------------------------------------------

  private static Path pathOf(Inode inode) throws FsException {
    Path path = ((HostInode) inode).path();
    if (path == null) {
      throw new FsException(Errno.ENOENT, inode + ": its name was removed");
    }
    return path;
  }

  private static Path child(Inode dir, Name name) throws FsException {
    try {
      return pathOf(dir).resolve(name.toString());
    } catch (InvalidPathException e) {
      throw new FsException(Errno.EINVAL, dir + ": name `" + name + "` is none of the host", e);
    }
  }

  /// A change of the host's names.
  private interface Change {
    void run() throws IOException;
  }

  private static void change(String what, Change change) throws FsException {
    try {
      change.run();
    } catch (IOException e) {
      throw HostIo.translate(what, e);
    }
  }

  @Override
  public long lookup(Inode dir, Name name) throws FsException {
    Path path = child(dir, name);
    try {
      long ino = numberOf(attributes(path));
      know(ino, path);
      return ino;
    } catch (FsException e) {
      if (e.errno() == Errno.ENOENT) {
        return NO_INODE;
      }
      throw e;
    }
  }

  @Override
  public long parent(Inode dir) throws FsException {
    Path above = Objects.requireNonNull(pathOf(dir).getParent());
    long ino = numberOf(attributes(above));
    know(ino, above);
    return ino;
  }

  @Override
  public Inode create(Inode dir, Name name, NewNode node) throws FsException {
    Path path = child(dir, name);
    change(
        path.toString(),
        () -> {
          switch (node.type()) {
            case REGULAR -> Files.createFile(path);
            case DIRECTORY -> Files.createDirectory(path);
            case SYMLINK -> Files.createSymbolicLink(path, target(path, node));
            default -> throw new FsException(Errno.EPERM, path + ": make a " + node.type());
          }
          own(path, node);
        });
    Map<String, Object> attributes = attributes(path);
    HostInode inode =
        new HostInode(dir.superBlock(), numberOf(attributes), this, content, path);
    take(inode, attributes, true);
    inode.setBirthTime(inode.mtime());
    know(inode.ino(), path);
    dir.superBlock().insertNew(inode);
    live.put(inode.ino(), inode);
    refresh(dir);
    return inode;
  }

  private static Path target(Path link, NewNode node) throws FsException {
    try {
      byte[] bytes = Objects.requireNonNull(node.target());
      return link.getFileSystem().getPath(Name.textOf(bytes));
    } catch (InvalidPathException e) {
      throw new FsException(Errno.EINVAL, link + ": target is no path of the host", e);
    }
  }

  /// Gives a new file the owner and mode that were asked for. A host user who may not give files
  /// away keeps them: such a host knows one owner only.
  private static void own(Path path, NewNode node) throws IOException {
    Map<String, Object> made = Files.readAttributes(path, ATTRIBUTES, ITSELF);
    try {
      if (number(made, "uid") != node.uid()) {
        Files.setAttribute(path, "unix:uid", node.uid(), ITSELF);
      }
      if (number(made, "gid") != node.gid()) {
        Files.setAttribute(path, "unix:gid", node.gid(), ITSELF);
      }
    } catch (IOException e) {
      if (HostIo.errnoOf(e) != Errno.EPERM) {
        throw e;
      }
    }
    if (node.type() != FileType.SYMLINK) {
      Files.setAttribute(path, "unix:mode", node.mode() & FileMode.PERMISSION_MASK, ITSELF);
    }
  }

  @Override
  public void link(Inode dir, Name name, Inode inode) throws FsException {
    Path path = child(dir, name);
    change(path.toString(), () -> Files.createLink(path, pathOf(inode)));
    refresh(inode);
    refresh(dir);
  }

  @Override
  public void unlink(Inode dir, Name name, Inode inode) throws FsException {
    Path path = child(dir, name);
    keepOpen(inode);
    removing((HostInode) inode, path, () -> Files.delete(path));
    refresh(dir);
  }

  /// A file that is open here must be open on the host before its last name goes.
  private void keepOpen(Inode inode) throws FsException {
    HostInode host = (HostInode) inode;
    boolean unwritten = inode.mapping().dirtyFolios() > 0;
    if (inode.isRegular() && (host.opens().get() > 0 || unwritten) && !host.file().isOpen()) {
      io.call(inode + ": open", host.file()::open);
    }
  }

  /// Removes a name. If it is the last one, the inode says so before the host does: the host may
  /// give its number to another file at once, see [#numberOf].
  private static void removing(HostInode inode, Path path, Change change) throws FsException {
    int links = inode.isDirectory() ? 1 : inode.nlink();
    int before = inode.nlink();
    boolean done = false;
    if (links == 1) {
      inode.setNlink(0);
    }
    try {
      change(path.toString(), change);
      done = true;
    } finally {
      inode.setNlink(done ? links - 1 : before);
    }
    if (path.equals(inode.path())) {
      inode.setPath(null);
    }
    inode.touchChanged();
  }

  @Override
  public void rmdir(Inode dir, Name name, Inode inode) throws FsException {
    Path path = child(dir, name);
    removing((HostInode) inode, path, () -> Files.delete(path));
    refresh(dir);
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
    if (exchange) {
      throw new FsException(Errno.EINVAL, "the host is not asked to swap names");
    }
    Path from = child(oldDir, oldName);
    Path to = child(newDir, newName);
    Change move = () -> Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    if (target != null) {
      keepOpen(target);
      removing((HostInode) target, to, move);
    } else {
      change(from + " to " + to, move);
    }
    moved(from, to);
    refresh(source);
    refresh(oldDir);
    refresh(newDir);
  }

  /// What was known below one path is now below another.
  private void moved(Path from, Path to) {
    for (HostInode inode : live.values()) {
      Path path = inode.path();
      if (path != null && path.startsWith(from)) {
        inode.setPath(to.resolve(from.relativize(path)));
      }
    }
    pathLock.lock();
    paths.replaceAll((ino, path) -> path.startsWith(from) ? rebased(path, from, to) : path);
    pathLock.unlock();
  }

  private static Path rebased(Path path, Path from, Path to) {
    return path.equals(from) ? to : to.resolve(from.relativize(path));
  }

  @Override
  public byte[] readlink(Inode link) throws FsException {
    Path path = pathOf(link);
    try {
      return Name.bytesOf(Files.readSymbolicLink(path).toString());
    } catch (IOException e) {
      throw HostIo.translate(path.toString(), e);
    }
  }

  /// The host's own order cannot be taken up again in the middle; ours is by a hash of the name,
  /// which is the cookie. Of two names with one hash, the second takes the next number.
  @Override
  public void readDir(Inode dir, long cookie, DirSink sink) throws FsException {
    TreeMap<Long, Path> entries = new TreeMap<>();
    Path path = pathOf(dir);
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(path)) {
      List<Path> sorted = new ArrayList<>();
      stream.forEach(sorted::add);
      sorted.sort(null);
      for (Path entry : sorted) {
        long hash = 1;
        for (byte b : Name.bytesOf(String.valueOf(entry.getFileName()))) {
          hash = hash * 0x9E3779B97F4A7C15L + b + 1;
        }
        hash = Math.max(1, (hash ^ hash >>> 29) >>> 2);
        while (entries.putIfAbsent(hash, entry) != null) {
          hash++;
        }
      }
    } catch (IOException e) {
      throw HostIo.translate(path.toString(), e);
    }
    for (Map.Entry<Long, Path> entry : entries.tailMap(cookie, false).entrySet()) {
      Path file = entry.getValue();
      Map<String, Object> attributes;
      try {
        attributes = attributes(file);
      } catch (FsException e) {
        if (e.errno() == Errno.ENOENT) {
          continue; // gone since we read the directory
        }
        throw e;
      }
      if (!sink.entry(
          Name.of(String.valueOf(file.getFileName())),
          numberOf(attributes),
          FileType.ofMode(number(attributes, "mode")),
          entry.getKey())) {
        return;
      }
    }
  }

  // ---- Attributes and content -------------------------------------------------------------------

  @Override
  public void setAttributes(Inode inode, AttributeChange change) throws FsException {
    Path path = pathOf(inode);
    change(
        path.toString(),
        () -> {
          if (change.uid() != null) {
            Files.setAttribute(path, "unix:uid", change.uid(), ITSELF);
          }
          if (change.gid() != null) {
            Files.setAttribute(path, "unix:gid", change.gid(), ITSELF);
          }
          Integer mode = change.mode();
          if (mode == null && (change.uid() != null || change.gid() != null)) {
            mode = inode.mode() & FileMode.PERMISSION_MASK; // the host took bits away
          }
          if (mode != null && !inode.isSymlink()) {
            Files.setAttribute(path, "unix:mode", mode, ITSELF);
          }
        });
    change.applyTo(inode);
    if (change.atime() != null || change.mtime() != null) {
      setTimes(path, inode.atime(), inode.mtime());
    }
  }

  @Override
  public void setSize(Inode inode, long size) throws FsException {
    AddressSpace mapping = inode.mapping();
    mapping.invalidateLock().lock();
    long accepted = mapping.size();
    try {
      // Down: what is under write-out ends first, or it would make the host file longer again.
      if (size < mapping.size()) {
        Truncate.setSize(mapping, size);
      }
      io.call(inode + ": set size", () -> ((HostInode) inode).file().setSize(size, accepted));
      if (size > mapping.size()) {
        Truncate.setSize(mapping, size);
      }
    } finally {
      mapping.invalidateLock().unlock();
    }
    inode.touchModified();
    inode.setBlocks((size + 511) / 512);
    inode.markDirty(Inode.DIRTY_DATASYNC);
    ((HostInode) inode).noteWritten();
  }

  @Override
  public void fsync(Inode inode, long from, long to, boolean datasync) throws FsException {
    inode.superBlock().genericSync(inode, from, to, datasync);
    if (inode.isDirectory()) {
      Path path = pathOf(inode);
      io.call(
          path + ": sync",
          () -> {
            try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
              channel.force(true);
            }
          });
    } else {
      force((HostInode) inode, !datasync);
    }
  }

  @Override
  public void opened(Inode inode, int flags) {
    ((HostInode) inode).opens().incrementAndGet();
  }

  @Override
  public void released(Inode inode, int flags) {
    ((HostInode) inode).opens().decrementAndGet();
  }

  // ---- Extended attributes ----------------------------------------------------------------------

  private static UserDefinedFileAttributeView view(Inode inode, Name name) throws FsException {
    // First what needs no path: a file whose name was removed is asked for its capabilities, too.
    UserDefinedFileAttributeView view =
        name.startsWith("user.")
            ? Files.getFileAttributeView(pathOf(inode), UserDefinedFileAttributeView.class)
            : null;
    if (view == null) {
      throw new FsException(Errno.EOPNOTSUPP, inode + ": attribute " + name);
    }
    return view;
  }

  private static String hostName(Name name) {
    return name.toString().substring("user.".length());
  }

  @Override
  public byte @Nullable [] getXattr(Inode inode, Name name) throws FsException {
    UserDefinedFileAttributeView view = view(inode, name);
    try {
      if (!view.list().contains(hostName(name))) {
        return null;
      }
      ByteBuffer value = ByteBuffer.allocate(view.size(hostName(name)));
      view.read(hostName(name), value);
      return value.array();
    } catch (IOException e) {
      throw HostIo.translate(inode + ": attribute " + name, e);
    }
  }

  @Override
  public void setXattr(Inode inode, Name name, byte @Nullable [] value, XattrMode mode)
      throws FsException {
    UserDefinedFileAttributeView view = view(inode, name);
    change(
        inode + ": attribute " + name,
        () -> {
          boolean there = view.list().contains(hostName(name));
          if (!there && (value == null || mode == XattrMode.REPLACE)) {
            throw new FsException(Errno.ENODATA, inode + ": " + name);
          }
          if (there && value != null && mode == XattrMode.CREATE) {
            throw new FsException(Errno.EEXIST, inode + ": " + name);
          }
          if (value == null) {
            view.delete(hostName(name));
          } else {
            view.write(hostName(name), ByteBuffer.wrap(value));
          }
        });
    inode.touchChanged();
  }

  @Override
  public List<Name> listXattrs(Inode inode) throws FsException {
    if (inode.isSymlink()) {
      return List.of();
    }
    UserDefinedFileAttributeView view =
        Files.getFileAttributeView(pathOf(inode), UserDefinedFileAttributeView.class);
    if (view == null) {
      return List.of();
    }
    List<Name> names = new ArrayList<>();
    try {
      for (String name : view.list()) {
        names.add(Name.of("user." + name));
      }
    } catch (IOException e) {
      throw HostIo.translate(inode.toString(), e);
    }
    return names;
  }
}
