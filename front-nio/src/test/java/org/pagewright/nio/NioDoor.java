package org.pagewright.nio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessMode;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sim.posix.Door;
import org.pagewright.sim.posix.User;
import org.pagewright.sim.posix.VolumeDoor;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;
import org.pagewright.vfs.XattrMode;

/// The door of `java.nio.file`: a file system per user and umask over one volume. What has no words
/// there (special files, flags, a slash at the end) is done by core's own door if it prepares a
/// case, and left out if it is the point of one.
final class NioDoor implements Door, AutoCloseable {
  private static final LinkOption[] ITSELF = {LinkOption.NOFOLLOW_LINKS};

  private final Volume volume;
  private final VolumeDoor core;
  private final Map<String, VolumeFileSystem> views = new HashMap<>();
  private FileSystem view;

  NioDoor(Volume volume, Runnable tick) {
    this.volume = volume;
    this.core = new VolumeDoor(volume, tick);
    as(User.ROOT, 0);
  }

  private interface Call<T> {
    T run() throws IOException;
  }

  private static <T> T call(Call<T> call) throws FsException {
    try {
      return call.run();
    } catch (IOException | java.nio.file.ReadOnlyFileSystemException e) {
      if (e.getCause() instanceof FsException cause) {
        throw cause;
      }
      throw new AssertionError("an error without its number", e);
    } catch (java.nio.channels.NonReadableChannelException
        | java.nio.channels.NonWritableChannelException e) {
      throw new FsException(Errno.EBADF, "channel", e);
    }
  }

  private static UnsupportedOperationException wordless(Object what) {
    return new UnsupportedOperationException(what.toString());
  }

  private Path path(String text) throws FsException {
    if (text.isEmpty() || text.length() > 1 && text.endsWith("/") || text.contains("//")) {
      throw wordless(text); // a Path would not keep it
    }
    return call(() -> view.getPath(text));
  }

  private static LinkOption[] links(boolean follow) {
    return follow ? new LinkOption[0] : ITSELF;
  }

  private static FileAttribute<?> mode(int mode) {
    if ((mode & ~0777) != 0) {
      throw wordless("mode");
    }
    return PosixFilePermissions.asFileAttribute(VolumeAttributes.permissionsOf(mode));
  }

  @Override
  public void as(User user, int umask) {
    core.as(user, umask);
    view =
        views.computeIfAbsent(
            user + "-" + umask,
            name -> {
              try {
                return VolumeFileSystem.of(
                    name, volume, Map.of("user", user.credentials(), "umask", umask));
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
  }

  @Override
  public void close() throws IOException {
    for (VolumeFileSystem each : views.values()) {
      each.close();
    }
  }

  @Override
  public void tick() {
    core.tick();
  }

  @Override
  public void mkdir(String path, int mode) throws FsException {
    Path dir = path(path);
    call(() -> Files.createDirectory(dir, mode(mode)));
  }

  @Override
  public void mknod(String path, int mode, long rdev) throws FsException {
    core.mknod(path, mode, rdev);
  }

  @Override
  public void symlink(String target, String path) throws FsException {
    if (target.isEmpty() || target.length() > 1 && target.endsWith("/")) {
      throw wordless(target);
    }
    Path link = path(path);
    call(() -> Files.createSymbolicLink(link, view.getPath(target)));
  }

  @Override
  public void link(String oldPath, String newPath) throws FsException {
    Path old = path(oldPath);
    Path made = path(newPath);
    call(() -> Files.createLink(made, old));
  }

  private interface InRoot {
    void run(SecureDirectoryStream<Path> root) throws IOException;
  }

  /// The calls that tell a file from a directory are those of an open directory.
  private void inRoot(InRoot action) throws FsException {
    call(
        () -> {
          try (DirectoryStream<Path> root = Files.newDirectoryStream(view.getPath("/"))) {
            action.run((SecureDirectoryStream<Path>) root);
          }
          return null;
        });
  }

  @Override
  public void unlink(String path) throws FsException {
    Path file = path(path);
    inRoot(root -> root.deleteFile(file));
  }

  @Override
  public void rmdir(String path) throws FsException {
    Path dir = path(path);
    inRoot(root -> root.deleteDirectory(dir));
  }

  @Override
  public void rename(String oldPath, String newPath, int flags) throws FsException {
    if (flags != 0) {
      throw wordless("flags");
    }
    Path old = path(oldPath);
    Path made = path(newPath);
    call(() -> Files.move(old, made, StandardCopyOption.ATOMIC_MOVE));
  }

  @Override
  public String readlink(String path) throws FsException {
    Path link = path(path);
    return call(() -> Files.readSymbolicLink(link).toString());
  }

  @Override
  public Stat stat(String path, boolean follow) throws FsException {
    Path file = path(path);
    PosixFileAttributes all =
        call(() -> Files.readAttributes(file, PosixFileAttributes.class, links(follow)));
    return ((VolumeAttributes) all).stat();
  }

  @Override
  public void chmod(String path, int mode) throws FsException {
    Path file = path(path);
    call(() -> Files.setAttribute(file, "unix:mode", mode));
  }

  @Override
  public void chown(String path, int uid, int gid, boolean follow) throws FsException {
    if ((uid == -1) == (gid == -1)) {
      core.chown(path, uid, gid, follow); // both at once, or none: not to be said here
      return;
    }
    Path file = path(path);
    String name = uid == -1 ? "unix:gid" : "unix:uid";
    call(() -> Files.setAttribute(file, name, uid == -1 ? gid : uid, links(follow)));
  }

  private static FileTime time(Instant time) {
    if (time.equals(Volume.NOW)) {
      throw wordless("now");
    }
    return time.equals(Volume.OMIT) ? null : FileTime.from(time);
  }

  @Override
  public void utimens(String path, Instant atime, Instant mtime, boolean follow)
      throws FsException {
    if (atime.equals(Volume.OMIT) && mtime.equals(Volume.OMIT)) {
      throw wordless("nothing");
    }
    Path file = path(path);
    FileTime accessed = time(atime);
    FileTime modified = time(mtime);
    call(
        () -> {
          Files.getFileAttributeView(file, BasicFileAttributeView.class, links(follow))
              .setTimes(modified, accessed, null);
          return null;
        });
  }

  @Override
  public void truncate(String path, long size) throws FsException {
    throw wordless("truncate by path");
  }

  @Override
  public void access(String path, int mask) throws FsException {
    Set<AccessMode> modes = EnumSet.noneOf(AccessMode.class);
    if ((mask & 4) != 0) {
      modes.add(AccessMode.READ);
    }
    if ((mask & 2) != 0) {
      modes.add(AccessMode.WRITE);
    }
    if ((mask & 1) != 0) {
      modes.add(AccessMode.EXECUTE);
    }
    Path file = path(path);
    call(
        () -> {
          view.provider().checkAccess(file, modes.toArray(AccessMode[]::new));
          return null;
        });
  }

  private UserDefinedFileAttributeView attributes(String path, boolean follow)
      throws FsException {
    return Files.getFileAttributeView(
        path(path), UserDefinedFileAttributeView.class, links(follow));
  }

  private static String userName(String name) {
    if (!name.startsWith("user.") || name.length() == 5) {
      throw wordless(name);
    }
    return name.substring(5);
  }

  @Override
  public byte[] getXattr(String path, String name, boolean follow) throws FsException {
    String asked = userName(name);
    UserDefinedFileAttributeView attributes = attributes(path, follow);
    try {
      return call(
          () -> {
            ByteBuffer value = ByteBuffer.allocate(attributes.size(asked));
            attributes.read(asked, value);
            return value.array();
          });
    } catch (FsException e) {
      if (e.errno() == Errno.ENODATA) {
        return null;
      }
      throw e;
    }
  }

  @Override
  public void setXattr(String path, String name, byte[] value, XattrMode mode, boolean follow)
      throws FsException {
    if (mode != XattrMode.SET) {
      throw wordless(mode);
    }
    String asked = userName(name);
    UserDefinedFileAttributeView attributes = attributes(path, follow);
    call(() -> attributes.write(asked, ByteBuffer.wrap(value)));
  }

  @Override
  public void removeXattr(String path, String name, boolean follow) throws FsException {
    String asked = userName(name);
    UserDefinedFileAttributeView attributes = attributes(path, follow);
    call(
        () -> {
          attributes.delete(asked);
          return null;
        });
  }

  @Override
  public List<String> listXattrs(String path, boolean follow) throws FsException {
    throw wordless("names of all attributes");
  }

  @Override
  public int flags(String path) throws FsException {
    return core.flags(path);
  }

  @Override
  public void setFlags(String path, int flags) throws FsException {
    core.setFlags(path, flags);
  }

  @Override
  public List<Entry> list(String path) throws FsException {
    Path dir = path(path);
    return call(
        () -> {
          List<Entry> entries = new ArrayList<>();
          try (DirectoryStream<Path> stream = Files.newDirectoryStream(dir)) {
            for (Path entry : stream) {
              entries.add(entryOf(entry));
            }
          }
          return entries;
        });
  }

  private static Entry entryOf(Path path) throws IOException {
    String name = path.getFileName().toString();
    try {
      Stat stat =
          ((VolumeAttributes) Files.readAttributes(path, PosixFileAttributes.class, ITSELF))
              .stat();
      return new Entry(name, stat.ino(), stat.type().letter());
    } catch (java.nio.file.AccessDeniedException | NoSuchFileException e) {
      throw wordless(e);
    }
  }

  // ---- Open files -------------------------------------------------------------------------------

  @Override
  public File open(String path, int flags, int mode) throws FsException {
    int access = flags & OpenFlags.ACCESS_MASK;
    boolean append = (flags & OpenFlags.APPEND) != 0;
    boolean write = access != OpenFlags.RDONLY;
    int forWriting = OpenFlags.CREAT | OpenFlags.TRUNC | OpenFlags.APPEND;
    int known =
        OpenFlags.ACCESS_MASK | forWriting | OpenFlags.EXCL | OpenFlags.SYNC | OpenFlags.NOFOLLOW;
    boolean lonelyExcl = (flags & (OpenFlags.CREAT | OpenFlags.EXCL)) == OpenFlags.EXCL;
    if ((flags & ~known) != 0
        || access == OpenFlags.ACCESS_MASK
        || !write && (flags & forWriting) != 0
        || append && (access == OpenFlags.RDWR || (flags & OpenFlags.TRUNC) != 0)
        || lonelyExcl) {
      throw wordless("flags");
    }
    Set<OpenOption> options = new HashSet<>();
    if (access != OpenFlags.WRONLY) {
      options.add(StandardOpenOption.READ);
    }
    if (write) {
      options.add(append ? StandardOpenOption.APPEND : StandardOpenOption.WRITE);
    }
    if ((flags & OpenFlags.CREAT) != 0) {
      boolean fresh = (flags & OpenFlags.EXCL) != 0;
      options.add(fresh ? StandardOpenOption.CREATE_NEW : StandardOpenOption.CREATE);
    }
    if ((flags & OpenFlags.TRUNC) != 0) {
      options.add(StandardOpenOption.TRUNCATE_EXISTING);
    }
    if ((flags & OpenFlags.DSYNC) != 0) {
      boolean all = (flags & OpenFlags.SYNC) == OpenFlags.SYNC;
      options.add(all ? StandardOpenOption.SYNC : StandardOpenOption.DSYNC);
    }
    if ((flags & OpenFlags.NOFOLLOW) != 0) {
      options.add(LinkOption.NOFOLLOW_LINKS);
    }
    Path file = path(path);
    FileAttribute<?>[] attributes =
        (flags & OpenFlags.CREAT) == 0
            ? new FileAttribute<?>[0]
            : new FileAttribute<?>[] {mode(mode)};
    return new NioFile(call(() -> FileChannel.open(file, options, attributes)));
  }

  private record NioFile(FileChannel channel) implements File {
    @Override
    public byte[] read(int length) throws FsException {
      byte[] bytes = new byte[length];
      int n = call(() -> channel.read(ByteBuffer.wrap(bytes)));
      return Arrays.copyOf(bytes, Math.max(n, 0));
    }

    @Override
    public int write(byte[] bytes) throws FsException {
      return call(() -> channel.write(ByteBuffer.wrap(bytes)));
    }

    @Override
    public void seek(long pos) throws FsException {
      if (pos < 0) {
        throw wordless(pos);
      }
      call(() -> channel.position(pos));
    }

    @Override
    public long seek(long pos, boolean data) {
      throw wordless("seek for data");
    }

    @Override
    public void truncate(long size) throws FsException {
      if (size < 0 || size >= call(channel::size)) {
        throw wordless("anything but cutting");
      }
      call(() -> channel.truncate(size));
    }

    @Override
    public void fallocate(int mode, long pos, long length) {
      throw wordless("fallocate");
    }

    @Override
    public long copy(long pos, File target, long targetPos, long length) {
      throw wordless("copy");
    }

    @Override
    public void link(String path) {
      throw wordless("link of an open file");
    }

    @Override
    public Stat stat() {
      throw wordless("stat of an open file");
    }

    @Override
    public void close() throws FsException {
      call(
          () -> {
            channel.close();
            return null;
          });
    }
  }
}
