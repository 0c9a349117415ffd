package org.pagewright.sim.posix;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.DirEntry;
import org.pagewright.vfs.Name;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;
import org.pagewright.vfs.XattrMode;

/// The door of core itself: [Volume] and [OpenFile].
public final class VolumeDoor implements Door {
  private final Volume root;
  private final Runnable tick;
  private Volume view;

  /// A door to a volume.
  ///
  /// @param volume as root sees it
  /// @param tick moves the clock that the volume was mounted with
  public VolumeDoor(Volume volume, Runnable tick) {
    this.root = volume;
    this.view = volume;
    this.tick = tick;
  }

  @Override
  public void as(User user, int umask) {
    view = root.as(user.credentials()).withUmask(umask);
  }

  @Override
  public void tick() {
    tick.run();
  }

  @Override
  public void mkdir(String path, int mode) throws FsException {
    view.mkdir(path, mode);
  }

  @Override
  public void mknod(String path, int mode, long rdev) throws FsException {
    view.mknod(path, mode, rdev);
  }

  @Override
  public void symlink(String target, String path) throws FsException {
    view.symlink(target, path);
  }

  @Override
  public void link(String oldPath, String newPath) throws FsException {
    view.link(oldPath, newPath);
  }

  @Override
  public void unlink(String path) throws FsException {
    view.unlink(path);
  }

  @Override
  public void rmdir(String path) throws FsException {
    view.rmdir(path);
  }

  @Override
  public void rename(String oldPath, String newPath, int flags) throws FsException {
    view.rename(oldPath, newPath, flags);
  }

  @Override
  public String readlink(String path) throws FsException {
    return view.readlink(path);
  }

  @Override
  public Stat stat(String path, boolean follow) throws FsException {
    return follow ? view.stat(path) : view.lstat(path);
  }

  @Override
  public void chmod(String path, int mode) throws FsException {
    view.chmod(path, mode);
  }

  @Override
  public void chown(String path, int uid, int gid, boolean follow) throws FsException {
    view.chown(path, uid, gid, follow);
  }

  @Override
  public void utimens(String path, Instant atime, Instant mtime, boolean follow)
      throws FsException {
    view.utimens(path, atime, mtime, follow);
  }

  @Override
  public void truncate(String path, long size) throws FsException {
    view.truncate(path, size);
  }

  @Override
  public void access(String path, int mask) throws FsException {
    view.access(path, mask);
  }

  @Override
  public byte @Nullable [] getXattr(String path, String name, boolean follow) throws FsException {
    return view.getXattr(path, name, follow);
  }

  @Override
  public void setXattr(String path, String name, byte[] value, XattrMode mode, boolean follow)
      throws FsException {
    view.setXattr(path, name, value, mode, follow);
  }

  @Override
  public void removeXattr(String path, String name, boolean follow) throws FsException {
    view.removeXattr(path, name, follow);
  }

  @Override
  public List<String> listXattrs(String path, boolean follow) throws FsException {
    return view.listXattrs(path, follow).stream().map(Name::toString).toList();
  }

  @Override
  public int flags(String path) throws FsException {
    return view.flags(path);
  }

  @Override
  public void setFlags(String path, int flags) throws FsException {
    view.setFlags(path, flags);
  }

  @Override
  public List<Entry> list(String path) throws FsException {
    List<Entry> entries = new ArrayList<>();
    for (DirEntry entry : view.list(path)) {
      entries.add(new Entry(entry.name().toString(), entry.ino(), entry.type().letter()));
    }
    return entries;
  }

  @Override
  public File open(String path, int flags, int mode) throws FsException {
    return new VolumeFile(view, view.open(path, flags, mode));
  }

  private record VolumeFile(Volume view, OpenFile file) implements File {
    @Override
    public byte[] read(int length) throws FsException {
      byte[] bytes = new byte[length];
      return Arrays.copyOf(bytes, file.read(bytes, 0, length));
    }

    @Override
    public int write(byte[] bytes) throws FsException {
      return file.write(bytes, 0, bytes.length);
    }

    @Override
    public void seek(long pos) throws FsException {
      file.seek(pos);
    }

    @Override
    public long seek(long pos, boolean data) throws FsException {
      return data ? file.seekData(pos) : file.seekHole(pos);
    }

    @Override
    public void truncate(long size) throws FsException {
      file.truncate(size);
    }

    @Override
    public void fallocate(int mode, long pos, long length) throws FsException {
      file.fallocate(mode, pos, length);
    }

    @Override
    public long copy(long pos, File target, long targetPos, long length) throws FsException {
      return file.copyRange(pos, ((VolumeFile) target).file, targetPos, length);
    }

    @Override
    public void link(String path) throws FsException {
      view.link(file, path);
    }

    @Override
    public Stat stat() throws FsException {
      return file.stat();
    }

    @Override
    public void close() throws FsException {
      file.close();
    }
  }
}
