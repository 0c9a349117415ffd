package org.pagewright.nio;

import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.UserPrincipal;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Set;
import org.pagewright.vfs.FileMode;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.SuperBlock;
import org.pagewright.vfs.Volume;

/// What `stat` tells, in the JDK's words. Times are as exact as the volume keeps them.
///
/// @param stat of the file
/// @param superBlock its volume
record VolumeAttributes(Stat stat, SuperBlock superBlock) implements PosixFileAttributes {

  /// Tells files apart, whichever file system of a volume is asked.
  ///
  /// @param superBlock the volume
  /// @param ino inode number
  /// @param generation tells apart two files that had the number one after the other
  record FileKey(SuperBlock superBlock, long ino, int generation) {
    @Override
    public String toString() {
      return "(volume=" + superBlock + ",ino=" + ino + ")";
    }
  }

  /// Attributes of a file.
  static VolumeAttributes of(Volume volume, Stat stat) {
    return new VolumeAttributes(stat, volume.superBlock());
  }

  @Override
  public FileTime lastModifiedTime() {
    return FileTime.from(stat.mtime());
  }

  @Override
  public FileTime lastAccessTime() {
    return FileTime.from(stat.atime());
  }

  /// The last change where the volume does not keep the time of creation.
  @Override
  public FileTime creationTime() {
    Instant birth = stat.birthTime();
    return birth.equals(Instant.EPOCH) ? lastModifiedTime() : FileTime.from(birth);
  }

  FileTime changeTime() {
    return FileTime.from(stat.ctime());
  }

  @Override
  public boolean isRegularFile() {
    return stat.isRegular();
  }

  @Override
  public boolean isDirectory() {
    return stat.isDirectory();
  }

  @Override
  public boolean isSymbolicLink() {
    return stat.isSymlink();
  }

  @Override
  public boolean isOther() {
    return !stat.isRegular() && !stat.isDirectory() && !stat.isSymlink();
  }

  @Override
  public long size() {
    return stat.size();
  }

  @Override
  public FileKey fileKey() {
    return new FileKey(superBlock, stat.ino(), stat.generation());
  }

  @Override
  public UserPrincipal owner() {
    return new Principals.User(stat.uid());
  }

  @Override
  public GroupPrincipal group() {
    return new Principals.Group(stat.gid());
  }

  @Override
  public Set<PosixFilePermission> permissions() {
    return permissionsOf(stat.mode());
  }

  /// The permission whose bit of the mode is a shift of 0400.
  private static final PosixFilePermission[] BY_BIT = {
    PosixFilePermission.OWNER_READ,
    PosixFilePermission.OWNER_WRITE,
    PosixFilePermission.OWNER_EXECUTE,
    PosixFilePermission.GROUP_READ,
    PosixFilePermission.GROUP_WRITE,
    PosixFilePermission.GROUP_EXECUTE,
    PosixFilePermission.OTHERS_READ,
    PosixFilePermission.OTHERS_WRITE,
    PosixFilePermission.OTHERS_EXECUTE,
  };

  static Set<PosixFilePermission> permissionsOf(int mode) {
    Set<PosixFilePermission> set = EnumSet.noneOf(PosixFilePermission.class);
    for (int i = 0; i < BY_BIT.length; i++) {
      if ((mode & 0400 >> i) != 0) {
        set.add(BY_BIT[i]);
      }
    }
    return set;
  }

  /// The bits of a mode.
  ///
  /// @param set of [PosixFilePermission], unchecked
  /// @return bits of 0777
  static int modeOf(Set<?> set) {
    int mode = 0;
    for (Object permission : set) {
      if (permission == null) {
        throw new NullPointerException("permission");
      }
      if (!(permission instanceof PosixFilePermission known)) {
        throw new ClassCastException(permission + " is no permission");
      }
      for (int i = 0; i < BY_BIT.length; i++) {
        mode |= BY_BIT[i] == known ? 0400 >> i : 0;
      }
    }
    return mode & FileMode.PERMISSION_MASK;
  }
}
