package org.pagewright.nio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.FileOwnerAttributeView;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.nio.file.attribute.UserPrincipal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.FileMode;
import org.pagewright.vfs.Name;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;
import org.pagewright.vfs.XattrMode;

/// The views of a file's attributes. Each call looks the file up anew.
final class FileAttributeViews {
  static final String USER_PREFIX = "user.";

  private FileAttributeViews() {}

  /// Where a view finds its file.
  ///
  /// @param fileSystem of the file
  /// @param start whose paths are meant: the file system's, or those of an open directory
  /// @param path by that view
  /// @param follow whether a symbolic link at the end is followed
  record Target(VolumeFileSystem fileSystem, Start start, String path, boolean follow) {

    /// A file by its path from the root.
    static Target of(VolumePath path, boolean follow) {
      VolumeFileSystem fileSystem = path.getFileSystem();
      return new Target(fileSystem, fileSystem::volume, path.inVolume(), follow);
    }

    Stat stat() throws IOException {
      return with(this::statOf);
    }

    Stat statOf(Volume volume) throws FsException {
      return follow ? volume.stat(path) : volume.lstat(path);
    }

    <T extends @Nullable Object> T with(VolumeFileSystem.Call<T> call) throws IOException {
      return fileSystem.call(path, ignored -> call.run(start.volume()));
    }
  }

  /// The view that paths of a target begin in.
  interface Start {
    /// The view.
    ///
    /// @throws java.nio.file.ClosedDirectoryStreamException if its directory was closed
    Volume volume();
  }

  /// The view of a type.
  ///
  /// @return null if there is no such view
  static <V extends FileAttributeView> @Nullable V of(Class<V> type, Target target) {
    if (type == BasicFileAttributeView.class) {
      return type.cast(new Basic(target));
    }
    if (type == PosixFileAttributeView.class || type == FileOwnerAttributeView.class) {
      return type.cast(new Posix(target));
    }
    if (type == UserDefinedFileAttributeView.class) {
      return type.cast(new User(target));
    }
    if (type == null) {
      throw new NullPointerException("type");
    }
    return null;
  }

  /// Times that lie outside of what an [Instant] holds are its ends, which have meanings of their
  /// own for [Volume#utimens].
  private static Instant instantOf(@Nullable FileTime time) {
    if (time == null) {
      return Volume.OMIT;
    }
    Instant instant = time.toInstant();
    if (instant.equals(Instant.MAX)) {
      return instant.minusNanos(1);
    }
    return instant.equals(Instant.MIN) ? instant.plusNanos(1) : instant;
  }

  /// Changes times; the time of creation is nobody's to change.
  static void setTimes(Target target, @Nullable FileTime modified, @Nullable FileTime accessed)
      throws IOException {
    target.with(
        volume -> {
          volume.utimens(
              target.path, instantOf(accessed), instantOf(modified), target.follow);
          return null;
        });
  }

  /// Changes the permission bits of what is no symbolic link.
  static void chmod(Target target, int mode) throws IOException {
    target.with(
        volume -> {
          if (!target.follow && volume.lstat(target.path).isSymlink()) {
            throw new FsException(Errno.EOPNOTSUPP, target.path + ": permissions of a link");
          }
          volume.chmod(target.path, mode);
          return null;
        });
  }

  static void chown(Target target, int uid, int gid) throws IOException {
    target.with(
        volume -> {
          volume.chown(target.path, uid, gid, target.follow);
          return null;
        });
  }

  /// `basic`, and what the next one shares with it.
  private static class Basic implements BasicFileAttributeView {
    final Target target;

    Basic(Target target) {
      this.target = target;
    }

    @Override
    public String name() {
      return "basic";
    }

    @Override
    public VolumeAttributes readAttributes() throws IOException {
      return new VolumeAttributes(target.stat(), target.fileSystem.volume().superBlock());
    }

    @Override
    public void setTimes(
        @Nullable FileTime lastModifiedTime,
        @Nullable FileTime lastAccessTime,
        @Nullable FileTime createTime)
        throws IOException {
      if (lastModifiedTime != null || lastAccessTime != null) {
        FileAttributeViews.setTimes(target, lastModifiedTime, lastAccessTime);
      }
    }
  }

  /// `posix`, and `owner` through the same type.
  private static final class Posix extends Basic implements PosixFileAttributeView {
    Posix(Target target) {
      super(target);
    }

    @Override
    public String name() {
      return "posix";
    }

    @Override
    public UserPrincipal getOwner() throws IOException {
      return readAttributes().owner();
    }

    @Override
    public void setOwner(UserPrincipal owner) throws IOException {
      chown(target, Principals.idOfUser(owner), -1);
    }

    @Override
    public void setGroup(GroupPrincipal group) throws IOException {
      chown(target, -1, Principals.idOfGroup(group));
    }

    @Override
    public void setPermissions(Set<PosixFilePermission> perms) throws IOException {
      chmod(target, VolumeAttributes.modeOf(perms));
    }
  }

  /// `user`: extended attributes whose name begins with `user.`, without that beginning.
  private static final class User implements UserDefinedFileAttributeView {
    private final Target target;

    User(Target target) {
      this.target = target;
    }

    @Override
    public String name() {
      return "user";
    }

    @Override
    public List<String> list() throws IOException {
      return namesOf(target);
    }

    @Override
    public int size(String name) throws IOException {
      return value(target, name).length;
    }

    @Override
    public int read(String name, ByteBuffer dst) throws IOException {
      if (dst.isReadOnly()) {
        throw new IllegalArgumentException("read-only buffer");
      }
      byte[] value = value(target, name);
      if (value.length > dst.remaining()) {
        throw new FileSystemException(
            target.path,
            null,
            "attribute " + name + " has " + value.length + " bytes, the buffer room for "
                + dst.remaining());
      }
      dst.put(value);
      return value.length;
    }

    @Override
    public int write(String name, ByteBuffer src) throws IOException {
      byte[] value = new byte[src.remaining()];
      src.duplicate().get(value);
      set(target, name, value);
      src.position(src.limit());
      return value.length;
    }

    @Override
    public void delete(String name) throws IOException {
      target.with(
          volume -> {
            volume.removeXattr(target.path, USER_PREFIX + name, target.follow);
            return null;
          });
    }
  }

  static List<String> namesOf(Target target) throws IOException {
    return target.with(
        volume -> {
          List<String> names = new ArrayList<>();
          for (Name name : volume.listXattrs(target.path, target.follow)) {
            if (name.startsWith(USER_PREFIX)) {
              names.add(name.toString().substring(USER_PREFIX.length()));
            }
          }
          return names;
        });
  }

  static byte[] value(Target target, String name) throws IOException {
    return target.with(
        volume -> {
          byte[] value = volume.getXattr(target.path, USER_PREFIX + name, target.follow);
          if (value == null) {
            throw new FsException(Errno.ENODATA, target.path + ": attribute " + name);
          }
          return value;
        });
  }

  static void set(Target target, String name, byte[] value) throws IOException {
    target.with(
        volume -> {
          volume.setXattr(target.path, USER_PREFIX + name, value, XattrMode.SET, target.follow);
          return null;
        });
  }

  /// Permission bits that `unix:mode` may set.
  static int checkMode(int mode) {
    if ((mode & ~(FileMode.PERMISSION_MASK | FileMode.TYPE_MASK)) != 0) {
      throw new IllegalArgumentException("mode 0" + Integer.toOctalString(mode));
    }
    return mode & FileMode.PERMISSION_MASK;
  }
}
