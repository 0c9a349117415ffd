package org.pagewright.nio;

import java.io.Closeable;
import java.io.IOException;
import java.net.URI;
import java.nio.file.ClosedFileSystemException;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.ReadOnlyFileSystemException;
import java.nio.file.WatchService;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.observe.Published;
import org.pagewright.sync.WaitQueue;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;

/// A volume as a file system of `java.nio.file`.
///
/// Made by [java.nio.file.FileSystems#newFileSystem(Path)] of an image, or by the methods here.
/// What is opened through it (channels, directory streams, watch services) is closed with it. A
/// volume that it opened is closed with it, too; one that was given to it stays open.
///
/// Any number of file systems may be made of one volume, each for another user: they and all other
/// doors of the volume share its files, its page cache and its locks.
public final class VolumeFileSystem extends FileSystem {
  private static final int CLOSED = 1 << 31;

  /// As long as a close waits for calls under way in channels before it gives up on them.
  private static final long CLOSE_NANOS = 2_000_000_000L;

  private static final int LINKS_MAX = 40;

  private final PagewrightFileSystemProvider provider;
  private final OpenVolumes.Key key;
  private final Volume view;
  private final VolumeOptions options;
  private final OpenVolumes.Closing closing;
  private final boolean ownsVolume;
  private final @Nullable Published published;
  private final VolumePath root = VolumePath.of(this, "/");

  /// 31 closed, 30..0 calls under way.
  private final AtomicInteger calls = new AtomicInteger();

  private final WaitQueue lastCall = new WaitQueue();
  private volatile boolean closed;

  /// What is to be closed with this.
  private final Set<Closeable> open = ConcurrentHashMap.newKeySet();

  @SuppressWarnings("this-escape") // only kept by the root
  VolumeFileSystem(
      PagewrightFileSystemProvider provider,
      OpenVolumes.Key key,
      Volume volume,
      VolumeOptions options,
      OpenVolumes.Closing closing) {
    this.provider = provider;
    this.key = key;
    this.options = options;
    this.view = volume.as(options.who()).withUmask(options.umask());
    this.closing = closing;
    this.ownsVolume = closing.volume() != null;
    this.published =
        options.publish() ? Published.volume(volume.superBlock(), key.toString(), null) : null;
  }

  /// A file system over a volume that somebody else opened and closes: a server in the same
  /// process, say. Both see the same files at any time.
  ///
  /// @param name what URIs call it, `pagewright://NAME/path`; letters, digits, `.`, `-`, `_`
  /// @param volume the volume; it stays open when the file system is closed
  /// @param env [VolumeOptions#USER], [VolumeOptions#UMASK], [VolumeOptions#SYNC]
  /// @return to be closed before the volume
  /// @throws IOException never, in fact
  /// @throws java.nio.file.FileSystemAlreadyExistsException if the name is in use
  /// @throws IllegalArgumentException for a bad name or option
  public static VolumeFileSystem of(String name, Volume volume, Map<String, ?> env)
      throws IOException {
    return OpenVolumes.join(
        PagewrightFileSystemProvider.installed(), name, volume, VolumeOptions.of(env));
  }

  /// A volume in memory, which is gone when it is closed.
  ///
  /// @param name what URIs call it
  /// @param env see [VolumeOptions]; its files lie in the page cache, whose size is their bound
  /// @return an empty file system
  /// @throws IOException never, in fact
  /// @throws java.nio.file.FileSystemAlreadyExistsException if the name is in use
  /// @throws IllegalArgumentException for a bad name or option
  public static VolumeFileSystem inMemory(String name, Map<String, ?> env) throws IOException {
    VolumeOptions read = VolumeOptions.of(env);
    if (read.directory() != null) {
      throw new IllegalArgumentException("a volume in memory has no directory");
    }
    return OpenVolumes.make(PagewrightFileSystemProvider.installed(), name, read);
  }

  /// A directory of the host, through our page cache.
  ///
  /// @param name what URIs call it
  /// @param directory an existing directory
  /// @param env see [VolumeOptions]
  /// @return its files
  /// @throws IOException if it cannot be opened
  /// @throws java.nio.file.FileSystemAlreadyExistsException if the name is in use
  /// @throws IllegalArgumentException for a bad name or option
  public static VolumeFileSystem ofDirectory(String name, Path directory, Map<String, ?> env)
      throws IOException {
    Map<String, Object> all = new HashMap<>(env);
    all.put(VolumeOptions.DIRECTORY, directory);
    return OpenVolumes.make(
        PagewrightFileSystemProvider.installed(), name, VolumeOptions.of(all));
  }

  /// The volume, as this file system's user sees it: for what `java.nio.file` has no words for, and
  /// for other doors in the same process.
  ///
  /// @return open as long as this is
  public Volume volume() {
    return view;
  }

  VolumeOptions options() {
    return options;
  }

  // ---- Calls ------------------------------------------------------------------------------------

  /// What is done with the volume between entering and leaving.
  interface Call<T extends @Nullable Object> {
    T run(Volume volume) throws IOException;
  }

  /// Does something with the volume, which stays open meanwhile.
  ///
  /// @param path what it is done to, for messages
  /// @throws IOException of the JDK's own types
  <T extends @Nullable Object> T call(Object path, Call<T> call) throws IOException {
    enter();
    try {
      return call.run(view);
    } catch (FsException e) {
      throw failure(e, path);
    } finally {
      leave();
    }
  }

  /// The JDK's exception for ours; for a change of what was opened for reading it is unchecked.
  IOException failure(FsException e, Object path) {
    checkRefused(e);
    return Failures.of(e, path);
  }

  void checkRefused(FsException e) {
    if (e.errno() == Errno.EROFS && Boolean.TRUE.equals(options.readOnly())) {
      throw (ReadOnlyFileSystemException) new ReadOnlyFileSystemException().initCause(e);
    }
  }

  void enter() {
    int old;
    do {
      old = calls.get();
      if (old < 0) {
        throw new ClosedFileSystemException();
      }
    } while (!calls.compareAndSet(old, old + 1));
  }

  void leave() {
    if (calls.decrementAndGet() == CLOSED) {
      lastCall.wakeAll(this);
    }
  }

  /// Has something closed with this; the caller is between entering and leaving.
  <T extends Closeable> T keep(T closeable) {
    open.add(closeable);
    return closeable;
  }

  /// Something was closed.
  void forget(Closeable closeable) {
    open.remove(closeable);
  }

  // ---- Of FileSystem ----------------------------------------------------------------------------

  @Override
  public PagewrightFileSystemProvider provider() {
    return provider;
  }

  @Override
  public boolean isOpen() {
    return !closed;
  }

  @Override
  public boolean isReadOnly() {
    return view.superBlock().isReadOnly();
  }

  /// Closes what was opened through this, and the volume if this opened it: everything is then on
  /// the device. What cannot be written is lost, and told; sync [#volume()] before if you would
  /// rather mend the reason and try again.
  ///
  /// @throws IOException the first error; all is closed nevertheless
  @Override
  public void close() throws IOException {
    int old;
    do {
      old = calls.get();
      if (old < 0) {
        return;
      }
    } while (!calls.compareAndSet(old, old | CLOSED));
    closed = true;
    WaitQueue.Waiter waiter = lastCall.enter(this);
    try {
      while (calls.get() != CLOSED) {
        waiter.park();
      }
    } finally {
      lastCall.leave(waiter);
    }
    IOException failed = closeOpen();
    if (published != null) {
      published.close();
    }
    try {
      closing.run();
    } catch (FsException e) {
      IOException told = Failures.of(e, this);
      if (failed == null) {
        failed = told;
      } else {
        failed.addSuppressed(told);
      }
    } finally {
      OpenVolumes.leave(key);
    }
    if (failed != null) {
      throw failed;
    }
  }

  private @Nullable IOException closeOpen() {
    IOException failed = null;
    boolean hadFiles = !open.isEmpty();
    for (Closeable closeable : open) {
      try {
        closeable.close();
      } catch (IOException e) {
        if (failed == null) {
          failed = e;
        } else {
          failed.addSuppressed(e);
        }
      }
    }
    open.clear();
    if (hadFiles && ownsVolume) {
      // Of files that are not closed by then, closing the volume tells.
      view.superBlock().awaitClosedFiles(CLOSE_NANOS);
    }
    return failed;
  }

  @Override
  public String getSeparator() {
    return "/";
  }

  @Override
  public Iterable<Path> getRootDirectories() {
    return List.of(root);
  }

  @Override
  public Iterable<FileStore> getFileStores() {
    return List.of(new VolumeFileStore(this));
  }

  @Override
  public Set<String> supportedFileAttributeViews() {
    return FileAttributeNames.VIEWS;
  }

  @Override
  public Path getPath(String first, String... more) {
    if (more.length == 0) {
      return VolumePath.of(this, first);
    }
    StringBuilder joined = new StringBuilder(first);
    for (String part : more) {
      if (!part.isEmpty()) {
        joined.append(joined.isEmpty() ? "" : "/").append(part);
      }
    }
    return VolumePath.of(this, joined.toString());
  }

  @Override
  public PathMatcher getPathMatcher(String syntaxAndPattern) {
    int colon = syntaxAndPattern.indexOf(':');
    if (colon <= 0) {
      throw new IllegalArgumentException("`" + syntaxAndPattern + "` is no SYNTAX:PATTERN");
    }
    String syntax = syntaxAndPattern.substring(0, colon);
    String input = syntaxAndPattern.substring(colon + 1);
    String regex;
    if (syntax.equalsIgnoreCase("glob")) {
      regex = GlobPattern.toRegex(input);
    } else if (syntax.equalsIgnoreCase("regex")) {
      regex = input;
    } else {
      throw new UnsupportedOperationException("no such syntax of patterns: " + syntax);
    }
    Pattern pattern = Pattern.compile(regex);
    return path -> pattern.matcher(path.toString()).matches();
  }

  /// Users and groups are numbers here: a volume has no list of users. `root` is 0.
  @Override
  public UserPrincipalLookupService getUserPrincipalLookupService() {
    return Principals.LOOKUP;
  }

  @Override
  public WatchService newWatchService() throws IOException {
    enter();
    try {
      return keep(new VolumeWatchService(this));
    } finally {
      leave();
    }
  }

  @Override
  public String toString() {
    return key.name() != null
        ? key.name()
        : key.partition() == 0 ? String.valueOf(key.image()) : key.image() + "@" + key.partition();
  }

  // ---- Paths ------------------------------------------------------------------------------------

  URI uriOf(VolumePath absolute) {
    Path image = key.image();
    if (image != null) {
      return ImageUri.of(image, key.partition(), absolute.toString());
    }
    assert key.name() != null;
    return ImageUri.of(key.name(), absolute.toString());
  }

  /// The path without links, `.` and `..`; without links only as far as it is to follow them.
  VolumePath realPath(VolumePath path, LinkOption... options) throws IOException {
    boolean follow = Links.follow(options);
    return call(
        path,
        volume -> {
          VolumePath real = follow ? followed(volume, path) : undotted(volume, path);
          volume.lstat(real.toString());
          return real;
        });
  }

  private VolumePath undotted(Volume volume, VolumePath path) throws FsException {
    VolumePath at = root;
    for (Path name : path.toAbsolutePath()) {
      String text = name.toString();
      if (text.equals(".") || text.isEmpty()) {
        continue;
      }
      if (text.equals("..") && !volume.lstat(at.toString()).isSymlink()) {
        VolumePath parent = at.getParent();
        at = parent == null ? root : parent;
      } else {
        at = at.resolveName(text);
      }
    }
    return at;
  }

  private VolumePath followed(Volume volume, VolumePath path) throws FsException {
    Deque<String> rest = new ArrayDeque<>();
    pushNames(rest, path.toAbsolutePath().toString());
    VolumePath at = root;
    int links = 0;
    while (!rest.isEmpty()) {
      String name = rest.pop();
      if (name.isEmpty() || name.equals(".")) {
        continue;
      }
      if (name.equals("..")) {
        VolumePath parent = at.getParent();
        at = parent == null ? root : parent;
        continue;
      }
      VolumePath next = at.resolveName(name);
      Stat stat = volume.lstat(next.toString());
      if (stat.isSymlink()) {
        if (++links > LINKS_MAX) {
          throw new FsException(Errno.ELOOP, path.toString());
        }
        String target = volume.readlink(next.toString());
        if (target.startsWith("/")) {
          at = root;
        }
        pushNames(rest, target);
      } else {
        if (!rest.isEmpty() && !stat.isDirectory()) {
          throw new FsException(Errno.ENOTDIR, path.toString());
        }
        at = next;
      }
    }
    return at;
  }

  private static void pushNames(Deque<String> rest, String text) {
    String[] names = text.split("/");
    for (int i = names.length - 1; i >= 0; i--) {
      rest.push(names[i]);
    }
  }
}
