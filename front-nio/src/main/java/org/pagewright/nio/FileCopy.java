package org.pagewright.nio;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.LinkOption;
import java.nio.file.StandardCopyOption;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.FileMode;
import org.pagewright.vfs.Name;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.RenameFlags;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;
import org.pagewright.vfs.XattrMode;

/// Copies or moves one file between two places of volumes.
///
/// A copy keeps holes. A move within a volume is one rename; between two volumes it is a copy of a
/// file, or of an empty directory, and a removal.
final class FileCopy {
  /// Bytes per step; between two an interrupt is looked for.
  private static final long STEP = 1 << 20;

  private final VolumePath source;
  private final VolumePath target;
  private final Volume from;
  private final Volume to;
  private final String fromText;
  private final String toText;
  private boolean replace;
  private boolean attributes;
  private boolean follow = true;
  private boolean atomic;
  private boolean interruptible;

  private FileCopy(VolumePath source, VolumePath target) {
    this.source = source;
    this.target = target;
    this.from = source.getFileSystem().volume();
    this.to = target.getFileSystem().volume();
    this.fromText = source.inVolume();
    this.toText = target.inVolume();
  }

  /// Copies a file, a link or the directory itself.
  static void copy(VolumePath source, VolumePath target, CopyOption... options)
      throws IOException {
    FileCopy copy = new FileCopy(source, target);
    copy.read(options);
    if (copy.atomic) {
      throw new UnsupportedOperationException("a copy is not atomic");
    }
    copy.within(copy::copy);
  }

  /// Moves a file, a link or a directory.
  static void move(VolumePath source, VolumePath target, CopyOption... options)
      throws IOException {
    FileCopy move = new FileCopy(source, target);
    move.read(options);
    if (move.attributes || move.interruptible) {
      throw new UnsupportedOperationException("a move keeps attributes and is not interrupted");
    }
    move.within(move::move);
  }

  private void read(CopyOption... options) {
    for (CopyOption option : options) {
      switch (option) {
        case StandardCopyOption.REPLACE_EXISTING -> replace = true;
        case StandardCopyOption.COPY_ATTRIBUTES -> attributes = true;
        case StandardCopyOption.ATOMIC_MOVE -> atomic = true;
        case LinkOption.NOFOLLOW_LINKS -> follow = false;
        case null -> throw new NullPointerException("option");
        default -> {
          if (!OpenRequest.isNamed(
              option, "com.sun.nio.file.ExtendedCopyOption", "INTERRUPTIBLE")) {
            throw new UnsupportedOperationException("no such option here: " + option);
          }
          interruptible = true;
        }
      }
    }
  }

  private interface Action {
    void run() throws IOException;
  }

  /// Does it with both file systems kept open.
  private void within(Action action) throws IOException {
    VolumeFileSystem other = target.getFileSystem();
    other.enter();
    try {
      source
          .getFileSystem()
          .call(
              source,
              ignored -> {
                action.run();
                return null;
              });
    } finally {
      other.leave();
    }
  }

  // ---- Copying ----------------------------------------------------------------------------------

  private void copy() throws IOException {
    Stat stat = follow ? from.stat(fromText) : from.lstat(fromText);
    if (!makeRoom(stat)) {
      return;
    }
    copyTo(stat);
  }

  private static boolean isSame(Volume a, Stat s, Volume b, Stat t) {
    return a.superBlock() == b.superBlock() && s.ino() == t.ino();
  }

  /// Removes what is in the way, if that was asked for.
  ///
  /// @return false if source and target are one file, and nothing is to be done
  private boolean makeRoom(Stat stat) throws IOException {
    Stat there = statOrNull(to, toText);
    if (there == null) {
      return true;
    }
    if (isSame(from, stat, to, there)) {
      return false;
    }
    if (!replace) {
      throw new FileAlreadyExistsException(target.toString());
    }
    try {
      remove(to, toText, there);
    } catch (FsException e) {
      throw target.getFileSystem().failure(e, target);
    }
    return true;
  }

  private @Nullable Stat statOrNull(Volume volume, String path) throws IOException {
    try {
      return volume.lstat(path);
    } catch (FsException e) {
      if (e.errno() == Errno.ENOENT) {
        return null;
      }
      throw target.getFileSystem().failure(e, target);
    }
  }

  private static void remove(Volume volume, String path, Stat stat) throws FsException {
    if (stat.isDirectory()) {
      volume.rmdir(path);
    } else {
      volume.unlink(path);
    }
  }

  private void copyTo(Stat stat) throws IOException {
    int mode = stat.mode() & FileMode.PERMISSION_MASK;
    if (stat.isRegular()) {
      copyContent(stat, mode);
      return;
    }
    String says = stat.isSymlink() ? from.readlink(fromText) : null;
    try {
      if (says != null) {
        to.symlink(says, toText);
      } else if (stat.isDirectory()) {
        to.mkdir(toText, mode);
      } else {
        to.mknod(toText, stat.mode(), stat.rdev());
      }
    } catch (FsException e) {
      throw target.getFileSystem().failure(e, target);
    }
    if (attributes) {
      copyAttributes(stat);
    }
  }

  private void copyContent(Stat stat, int mode) throws IOException {
    int nofollow = follow ? 0 : OpenFlags.NOFOLLOW;
    boolean made = false;
    boolean done = false;
    try (OpenFile in = from.open(fromText, OpenFlags.RDONLY | nofollow, 0)) {
      try (OpenFile out = openTarget(mode)) {
        made = true;
        copyExtents(in, out);
      } catch (FsException e) {
        target.getFileSystem().checkRefused(e);
        throw Failures.of(e, source, target);
      }
      if (attributes) {
        copyAttributes(stat);
      }
      done = true;
    } finally {
      if (made && !done) {
        to.unlink(toText);
      }
    }
  }

  private OpenFile openTarget(int mode) throws IOException {
    try {
      return to.open(toText, OpenFlags.WRONLY | OpenFlags.CREAT | OpenFlags.EXCL, mode);
    } catch (FsException e) {
      throw target.getFileSystem().failure(e, target);
    }
  }

  private void copyExtents(OpenFile in, OpenFile out) throws IOException {
    long size = in.size();
    long pos = 0;
    while (pos < size) {
      long start;
      try {
        start = in.seekData(pos);
      } catch (FsException e) {
        if (e.errno() == Errno.ENXIO) {
          break; // a hole up to the end
        }
        throw e;
      }
      long end = Math.min(in.seekHole(start), size);
      pos = copyRange(in, out, start, end);
      if (pos < end) {
        break; // the source was cut meanwhile
      }
    }
    if (out.size() < size) {
      out.truncate(size);
    }
  }

  private long copyRange(OpenFile in, OpenFile out, long start, long end) throws IOException {
    long pos = start;
    while (pos < end) {
      if (interruptible && Thread.currentThread().isInterrupted()) {
        throw new ClosedByInterruptException();
      }
      long at = pos;
      long step = Math.min(STEP, end - pos);
      long n = Interrupts.aside(() -> in.copyRange(at, out, at, step));
      if (n == 0) {
        break;
      }
      pos += n;
    }
    return pos;
  }

  /// Owner, permissions, attributes and times, as far as the user may set them.
  private void copyAttributes(Stat stat) throws IOException {
    try {
      setAttributes(stat);
    } catch (FsException e) {
      throw Failures.of(e, source, target);
    }
  }

  private void setAttributes(Stat stat) throws FsException {
    boolean link = stat.isSymlink();
    try {
      to.chown(toText, stat.uid(), stat.gid(), false);
    } catch (FsException e) {
      if (e.errno() != Errno.EPERM) {
        throw e;
      }
    }
    if (!link) {
      copyXattrs();
      to.chmod(toText, stat.mode() & FileMode.PERMISSION_MASK);
    }
    to.utimens(toText, stat.atime(), stat.mtime(), false);
  }

  /// All that the user can see, access control lists among them: without its list, the group bits
  /// of a mode would mean other people. What only others may set is left out.
  private void copyXattrs() throws FsException {
    for (Name name : from.listXattrs(fromText, follow)) {
      byte[] value = from.getXattr(fromText, name.toString(), follow);
      if (value != null) {
        copyXattr(name, value);
      }
    }
  }

  private void copyXattr(Name name, byte[] value) throws FsException {
    try {
      to.setXattr(toText, name.toString(), value, XattrMode.SET, false);
    } catch (FsException e) {
      boolean refused = e.errno() == Errno.EPERM || e.errno() == Errno.EOPNOTSUPP;
      if (!refused || name.startsWith(FileAttributeViews.USER_PREFIX)) {
        throw e;
      }
    }
  }

  // ---- Moving -----------------------------------------------------------------------------------

  private void move() throws IOException {
    if (!source.isOfSameVolume(target)) {
      moveAcross();
      return;
    }
    Stat stat = atomic ? null : from.lstat(fromText);
    Stat there = atomic ? null : statOrNull(to, toText);
    if (stat != null && there != null && isSame(from, stat, to, there)) {
      return;
    }
    try {
      if (atomic) {
        from.rename(fromText, to, toText, 0);
      } else if (!replace) {
        from.rename(fromText, to, toText, RenameFlags.NOREPLACE);
      } else {
        replaceByRename(there);
      }
    } catch (FsException e) {
      source.getFileSystem().checkRefused(e);
      throw e.errno() == Errno.EEXIST || e.errno() == Errno.ENOTEMPTY
          ? Failures.of(e, target)
          : Failures.of(e, source, target);
    }
  }

  /// In one step where that is possible: a file over a file, a directory over an empty one.
  private void replaceByRename(@Nullable Stat there) throws FsException {
    try {
      from.rename(fromText, to, toText, 0);
    } catch (FsException e) {
      boolean otherKind = e.errno() == Errno.ENOTDIR || e.errno() == Errno.EISDIR;
      if (!otherKind || there == null) {
        throw e;
      }
      remove(to, toText, there);
      from.rename(fromText, to, toText, 0);
    }
  }

  private void moveAcross() throws IOException {
    if (atomic) {
      throw new AtomicMoveNotSupportedException(
          source.toString(), target.toString(), "two volumes");
    }
    follow = false;
    attributes = true;
    Stat stat = from.lstat(fromText);
    if (stat.isDirectory() && !from.list(fromText).isEmpty()) {
      DirectoryNotEmptyException told = new DirectoryNotEmptyException(source.toString());
      told.initCause(new FsException(Errno.EXDEV, source.toString()));
      throw told;
    }
    if (!makeRoom(stat)) {
      return;
    }
    copyTo(stat);
    try {
      remove(from, fromText, stat);
    } catch (FsException e) {
      FileSystemException told =
          new FileSystemException(
              source.toString(), target.toString(), "copied, but not removed: " + e.getMessage());
      told.initCause(e);
      throw told;
    }
  }
}
