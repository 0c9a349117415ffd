package org.pagewright.cli.tree;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.pagewright.cli.image.Cancellation;
import org.pagewright.cli.os.HostCalls;
import org.pagewright.cli.os.HostNames;
import org.pagewright.cli.report.Progress;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.FileMode;

/// Makes a tree on the host. Used by one thread, which closes it.
///
/// What comes out of an image is not trusted: nothing is ever written through a symbolic link that
/// lies where a file is to be. What the user may not do on the host (give files away, make devices,
/// set some attributes) is told as a warning, and the copy goes on.
public final class HostTarget implements TreeTarget, AutoCloseable {
  private static final LinkOption NOFOLLOW = LinkOption.NOFOLLOW_LINKS;
  private static final Set<OpenOption> NEW_FILE =
      Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
  private static final Set<OpenOption> OLD_FILE =
      Set.of(StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING, NOFOLLOW);

  /// A directory is written by its owner as long as it is being filled.
  private static final int OWNER_ALL = 0700;

  private static final int UMASK_USUAL = 022;

  private final Path base;
  private final Keep keep;
  private final Progress progress;
  private final Consumer<String> warnings;
  private final ContentCopier copier;
  private final @Nullable HostCalls calls = HostCalls.open();
  private final int umask = readUmask();
  private String lastParent = "";
  private Path lastParentPath;

  /// A target below a directory.
  ///
  /// @param base exists
  /// @param keep what to keep
  /// @param progress told of each file
  /// @param cancellation asked between two steps
  /// @param warnings told of what could not be kept
  public HostTarget(
      Path base,
      Keep keep,
      Progress progress,
      Cancellation cancellation,
      Consumer<String> warnings) {
    this.base = base;
    this.keep = keep;
    this.progress = progress;
    this.warnings = warnings;
    this.lastParentPath = base;
    this.copier = new ContentCopier(keep.sparse(), progress, cancellation);
  }

  private Path resolve(String path) throws FsException {
    int slash = path.lastIndexOf('/');
    if (slash < 0) {
      return base;
    }
    String parent = path.substring(0, slash);
    if (!parent.equals(lastParent)) {
      Path at = base;
      int from = 1;
      while (from <= parent.length() && !parent.isEmpty()) { // ends: from grows
        int end = parent.indexOf('/', from);
        end = end < 0 ? parent.length() : end;
        at = HostNames.resolve(at, component(parent.substring(from, end)));
        from = end + 1;
      }
      lastParent = parent;
      lastParentPath = at;
    }
    return HostNames.resolve(lastParentPath, component(path.substring(slash + 1)));
  }

  /// A directory of an image has no such entries, unless somebody wants to get out of the target.
  private static String component(String name) throws FsException {
    if (name.isEmpty() || name.equals(".") || name.equals("..")) {
      throw new FsException(Errno.EINVAL, "name `" + name + "` in the tree to be copied");
    }
    return name;
  }

  @Override
  public void enterDirectory(String path, Attributes attributes) throws IOException {
    Path directory = resolve(path);
    BasicFileAttributes there = attributesOrNull(directory);
    if (there == null) {
      Files.createDirectory(directory);
      setMode(directory, attributes.mode() & 0777 & ~umask | OWNER_ALL);
    } else if (!there.isDirectory()) {
      throw new FsException(Errno.ENOTDIR, directory.toString());
    }
    progress.advance(0, 1);
  }

  @Override
  public void leaveDirectory(String path, Attributes attributes) throws IOException {
    Path directory = resolve(path);
    if (keep.attributes()) {
      setAttributes(directory, attributes, true);
    } else if ((attributes.mode() & OWNER_ALL) != OWNER_ALL) {
      setMode(directory, attributes.mode() & 0777 & ~umask);
    }
  }

  private static @Nullable BasicFileAttributes attributesOrNull(Path path) throws IOException {
    try {
      return Files.readAttributes(path, BasicFileAttributes.class, NOFOLLOW);
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  @Override
  public void file(String path, Attributes attributes, Content content) throws IOException {
    Path file = resolve(path);
    content.prepare();
    FileChannel channel;
    try {
      channel = FileChannel.open(file, NEW_FILE);
    } catch (FileAlreadyExistsException e) {
      BasicFileAttributes there = attributesOrNull(file);
      if (there != null && there.isDirectory()) {
        throw new FsException(Errno.EISDIR, file.toString(), e);
      }
      if (there != null && !there.isRegularFile()) {
        Files.delete(file);
        channel = FileChannel.open(file, NEW_FILE);
      } else {
        channel = FileChannel.open(file, OLD_FILE);
      }
    }
    try (FileChannel opened = channel) {
      long written = copier.copy(content, (pos, source) -> writeFully(opened, file, pos, source));
      if (written < copier.end()) {
        setSize(file, copier.end());
      }
    }
    if (keep.attributes()) {
      setAttributes(file, attributes, true);
    } else {
      setMode(file, attributes.mode() & 0777 & ~umask);
    }
    progress.advance(0, 1);
  }

  private static void writeFully(FileChannel channel, Path file, long pos, MemorySegment source)
      throws IOException {
    ByteBuffer buffer = source.asByteBuffer();
    while (buffer.hasRemaining()) { // ends: a write moves on or throws
      if (write(channel, file, buffer, pos + buffer.position()) <= 0) {
        throw new IOException(file + ": nothing written at " + pos);
      }
    }
  }

  /// The JDK says what is wrong with a write, not with a write to what.
  private static int write(FileChannel channel, Path file, ByteBuffer buffer, long pos)
      throws IOException {
    try {
      return channel.write(buffer, pos);
    } catch (IOException e) {
      FileSystemException named =
          new FileSystemException(file.toString(), null, String.valueOf(e.getMessage()));
      named.initCause(e);
      throw named;
    }
  }

  private void setSize(Path file, long size) throws IOException {
    if (calls != null) {
      calls.truncate(file, size);
    } else {
      try (RandomAccessFile opened = new RandomAccessFile(file.toFile(), "rw")) {
        opened.setLength(size);
      }
    }
  }

  private void makeWay(Path path) throws IOException {
    BasicFileAttributes there = attributesOrNull(path);
    if (there != null) {
      if (there.isDirectory()) {
        throw new FsException(Errno.EISDIR, path.toString());
      }
      Files.delete(path);
    }
  }

  @Override
  public void symlink(String path, Attributes attributes, String target) throws IOException {
    Path link = resolve(path);
    makeWay(link);
    Files.createSymbolicLink(link, Path.of(target));
    if (keep.attributes()) {
      setAttributes(link, attributes, false);
    }
    progress.advance(0, 1);
  }

  @Override
  public void special(String path, Attributes attributes) throws IOException {
    Path node = resolve(path);
    makeWay(node);
    try {
      if (calls == null) {
        throw new FsException(Errno.EOPNOTSUPP, node.toString());
      }
      calls.mknod(node, attributes.mode(), attributes.rdev());
    } catch (FsException e) {
      if (e.errno() != Errno.EPERM && e.errno() != Errno.EOPNOTSUPP) {
        throw e;
      }
      warnings.accept(node + ": not made: " + e.errno().words());
      return;
    }
    if (keep.attributes()) {
      setAttributes(node, attributes, true);
    }
    progress.advance(0, 1);
  }

  @Override
  public void hardLink(String path, String existing) throws IOException {
    Path link = resolve(path);
    makeWay(link);
    Files.createLink(link, resolve(existing));
    progress.advance(0, 1);
  }

  /// In this order: a new owner takes set-id bits and capabilities away.
  private void setAttributes(Path path, Attributes a, boolean hasMode) throws IOException {
    int mode = a.mode() & FileMode.PERMISSION_MASK;
    try {
      Files.setAttribute(path, "unix:uid", a.uid(), NOFOLLOW);
      Files.setAttribute(path, "unix:gid", a.gid(), NOFOLLOW);
    } catch (FileSystemException e) {
      // As every cp does: who is not root keeps the files, but lends nobody his own rights.
      mode &= ~(FileMode.SET_UID | FileMode.SET_GID);
    }
    if (hasMode) {
      if (FileMode.isRegular(a.mode()) || FileMode.isDirectory(a.mode())) {
        setMode(path, mode);
      } else {
        // Without following it the JDK would open the node, and a pipe would wait for its writer.
        Files.setAttribute(path, "unix:mode", mode);
      }
    }
    for (Xattr xattr : a.xattrs()) {
      setXattr(path, xattr);
    }
    if (calls != null) {
      calls.setTimes(path, a.atime(), a.mtime());
    } else {
      BasicFileAttributeView view =
          Files.getFileAttributeView(path, BasicFileAttributeView.class, NOFOLLOW);
      view.setTimes(FileTime.from(a.mtime()), FileTime.from(a.atime()), null);
    }
  }

  private static void setMode(Path path, int mode) throws IOException {
    Files.setAttribute(path, "unix:mode", mode, NOFOLLOW);
  }

  private void setXattr(Path path, Xattr xattr) throws IOException {
    try {
      if (calls != null) {
        calls.setXattr(path, xattr.name(), xattr.value());
        return;
      }
      UserDefinedFileAttributeView view =
          Files.getFileAttributeView(path, UserDefinedFileAttributeView.class, NOFOLLOW);
      if (view != null && xattr.name().startsWith("user.")) {
        view.write(xattr.name().substring(5), ByteBuffer.wrap(xattr.value()));
        return;
      }
      warnings.accept(path + ": attribute " + xattr.name() + " not kept");
    } catch (FsException e) {
      if (e.errno() != Errno.EPERM && e.errno() != Errno.EOPNOTSUPP) {
        throw e;
      }
      warnings.accept(path + ": attribute " + xattr.name() + " not kept: " + e.errno().words());
    }
  }

  /// The JDK does not tell it; Linux does, in a file.
  private static int readUmask() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        if (line.startsWith("Umask:")) {
          return Integer.parseInt(line.substring(6).strip(), 8) & 0777;
        }
      }
    } catch (IOException | NumberFormatException e) {
      return UMASK_USUAL; // another system
    }
    return UMASK_USUAL;
  }

  @Override
  public void close() {
    if (calls != null) {
      calls.close();
    }
  }
}
