package org.pagewright.cli.tree;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.cli.image.Cancellation;
import org.pagewright.cli.image.EarlyFlush;
import org.pagewright.cli.report.CommandException;
import org.pagewright.cli.report.Progress;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.FileMode;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;
import org.pagewright.vfs.XattrMode;

/// Makes a tree in an image. Used by one thread.
public final class ImageTarget implements TreeTarget {
  /// Bits that a change of owner takes away, or that a umask does not let through.
  private static final int SPECIAL_BITS = FileMode.SET_UID | FileMode.SET_GID | FileMode.STICKY;

  /// Inherited by what is made in a directory that has a default list.
  private static final List<String> ACCESS_LISTS =
      List.of("system.posix_acl_access", "system.posix_acl_default");

  /// In order, write-out of a file is started after so many bytes, while more are read. It is one
  /// request to the device. Before the next is started it has ended: were there several at a time,
  /// they would end in any order, and the order would show in the file's extents.
  private static final long WRITE_BEHIND = 2L << 20;

  private final String image;
  private final Volume volume;
  private final Keep keep;
  private final boolean fresh;
  private final Way way;
  private final @Nullable EarlyFlush early;
  private final Progress progress;
  private final ContentCopier copier;

  /// How content goes to the device, and when its blocks are chosen.
  public enum Way {
    /// Through the cache; blocks are chosen when the flusher comes to it.
    CACHED,
    /// Through the cache; blocks are chosen in the order of the files, so that the same files give
    /// the same image.
    ORDERED,
    /// Past the cache, from where it was read to: for an image that nobody else looks at, whose
    /// files have extents. Blocks are chosen in order.
    STRAIGHT
  }

  /// A target in a volume.
  ///
  /// @param image what messages call the volume
  /// @param volume where
  /// @param keep what to keep
  /// @param fresh whether nothing is there yet: a name that is there is an error
  /// @param way how content goes to the device
  /// @param early told of each write; null: what is written is made durable at the end
  /// @param progress told of each file
  /// @param cancellation asked between two steps
  public ImageTarget(
      String image,
      Volume volume,
      Keep keep,
      boolean fresh,
      Way way,
      @Nullable EarlyFlush early,
      Progress progress,
      Cancellation cancellation) {
    this.image = image;
    this.volume = keep.attributes() ? volume.withUmask(0) : volume;
    this.keep = keep;
    this.fresh = fresh;
    this.way = way;
    this.early = early;
    this.progress = progress;
    this.copier = new ContentCopier(keep.sparse(), progress, cancellation);
  }

  @Override
  public void enterDirectory(String path, Attributes attributes) throws IOException {
    try {
      makeDirectory(path, attributes);
    } catch (FsException e) {
      throw CommandException.at(image, path, e);
    }
  }

  private void makeDirectory(String path, Attributes attributes) throws IOException {
    try {
      volume.mkdir(path, attributes.mode() & 0777);
    } catch (FsException e) {
      if (e.errno() != Errno.EEXIST) {
        throw e;
      }
      Stat there = volume.lstat(path);
      if (there.isSymlink()) {
        there = volume.stat(path);
      }
      if (!there.isDirectory()) {
        throw new FsException(Errno.ENOTDIR, path, e);
      }
    }
    progress.advance(0, 1);
  }

  @Override
  public void leaveDirectory(String path, Attributes attributes) throws IOException {
    try {
      finishDirectory(path, attributes);
    } catch (FsException e) {
      throw CommandException.at(image, path, e);
    }
  }

  private void finishDirectory(String path, Attributes attributes) throws IOException {
    if (keep.attributes()) {
      // What was there may have had other permissions.
      setAttributes(path, attributes, true, true);
    }
  }

  @Override
  public void file(String path, Attributes attributes, Content content) throws IOException {
    try {
      makeFile(path, attributes, content);
    } catch (FsException e) {
      throw CommandException.at(image, path, e);
    }
  }

  private void makeFile(String path, Attributes attributes, Content content)
      throws IOException {
    content.prepare();
    int flags = OpenFlags.WRONLY | OpenFlags.CREAT | (fresh ? OpenFlags.EXCL : OpenFlags.TRUNC);
    flags |= way == Way.STRAIGHT ? OpenFlags.DIRECT : 0;
    boolean existed = false;
    if (!fresh) {
      existed = replaceable(path);
    }
    try (OpenFile file = volume.open(path, flags, attributes.mode() & 0777)) {
      FileSink sink = new FileSink(file);
      long written = copier.copy(content, sink);
      if (written < copier.end()) {
        file.truncate(copier.end());
      }
      sink.startWriting(written);
    }
    if (keep.attributes()) {
      setAttributes(path, attributes, existed, true);
    }
    progress.advance(0, 1);
  }

  private final class FileSink implements ContentCopier.Sink {
    private final OpenFile file;
    private long waiting; // begin of what is being written out
    private long behind; // end of it, and begin of what is only in the cache

    FileSink(OpenFile file) {
      this.file = file;
    }

    @Override
    public void write(long pos, MemorySegment source) throws IOException {
      long done = 0;
      while (done < source.byteSize()) { // ends: a write moves on or throws
        long n = file.write(pos + done, done == 0 ? source : source.asSlice(done));
        if (n <= 0) {
          throw new FsException(Errno.EIO, file + ": nothing written at " + (pos + done));
        }
        done += n;
      }
      if (pos + done - behind >= WRITE_BEHIND) {
        startWriting(pos + done);
      }
      if (early != null) {
        early.look();
      }
    }

    /// Starts to write out all before a position, and waits for what was started before.
    void startWriting(long end) throws FsException {
      if (way != Way.ORDERED || end <= behind) {
        return;
      }
      if (behind > waiting) {
        file.syncRange(waiting, behind - waiting, OpenFile.SYNC_WAIT_BEFORE);
      }
      file.syncRange(behind, end - behind, OpenFile.SYNC_WRITE);
      waiting = behind;
      behind = end;
    }
  }

  /// Makes way for a file: what is there stays if it is a file, and goes if it is another thing.
  ///
  /// @return whether a file is there
  private boolean replaceable(String path) throws FsException {
    Stat there = lstatOrNull(path);
    if (there == null) {
      return false;
    }
    if (there.isDirectory()) {
      throw new FsException(Errno.EISDIR, path);
    }
    if (there.isRegular() && there.nlink() == 1) {
      return true;
    }
    // Not through a link to who knows where, and not into the other names of a file.
    volume.unlink(path);
    return false;
  }

  private @Nullable Stat lstatOrNull(String path) throws FsException {
    try {
      return volume.lstat(path);
    } catch (FsException e) {
      if (e.errno() == Errno.ENOENT) {
        return null;
      }
      throw e;
    }
  }

  private void makeWay(String path) throws FsException {
    if (fresh) {
      return;
    }
    Stat there = lstatOrNull(path);
    if (there != null) {
      if (there.isDirectory()) {
        throw new FsException(Errno.EISDIR, path);
      }
      volume.unlink(path);
    }
  }

  @Override
  public void symlink(String path, Attributes attributes, String target) throws IOException {
    try {
      makeSymlink(path, attributes, target);
    } catch (FsException e) {
      throw CommandException.at(image, path, e);
    }
  }

  private void makeSymlink(String path, Attributes attributes, String target)
      throws IOException {
    makeWay(path);
    volume.symlink(target, path);
    if (keep.attributes()) {
      setAttributes(path, attributes, false, false);
    }
    progress.advance(0, 1);
  }

  @Override
  public void special(String path, Attributes attributes) throws IOException {
    try {
      makeSpecial(path, attributes);
    } catch (FsException e) {
      throw CommandException.at(image, path, e);
    }
  }

  private void makeSpecial(String path, Attributes attributes) throws IOException {
    makeWay(path);
    volume.mknod(path, attributes.mode() & ~SPECIAL_BITS, attributes.rdev());
    if (keep.attributes()) {
      setAttributes(path, attributes, false, true);
    }
    progress.advance(0, 1);
  }

  @Override
  public void hardLink(String path, String existing) throws IOException {
    try {
      makeHardLink(path, existing);
    } catch (FsException e) {
      throw CommandException.at(image, path, e);
    }
  }

  private void makeHardLink(String path, String existing) throws IOException {
    makeWay(path);
    volume.link(existing, path);
    progress.advance(0, 1);
  }

  /// In this order: a new owner takes set-id bits and capabilities away, everything else changes
  /// nothing that came before.
  private void setAttributes(String path, Attributes a, boolean existed, boolean hasMode)
      throws FsException {
    boolean follow = existed && hasMode;
    if (existed || a.uid() != 0 || a.gid() != 0) {
      volume.chown(path, a.uid(), a.gid(), follow);
    }
    if (hasMode && !fresh) {
      // What the directory gave it to begin with: the copy has the rights of what was copied.
      for (String list : ACCESS_LISTS) {
        removeXattr(path, list, follow);
      }
    }
    if (hasMode && (existed || !fresh || (a.mode() & SPECIAL_BITS) != 0)) {
      volume.chmod(path, a.mode() & FileMode.PERMISSION_MASK);
    }
    for (Xattr xattr : a.xattrs()) {
      volume.setXattr(path, xattr.name(), xattr.value(), XattrMode.SET, follow);
    }
    volume.utimens(path, a.atime(), a.mtime(), follow);
  }

  private void removeXattr(String path, String name, boolean follow) throws FsException {
    try {
      volume.removeXattr(path, name, follow);
    } catch (FsException e) {
      if (e.errno() != Errno.ENODATA && e.errno() != Errno.EOPNOTSUPP) {
        throw e;
      }
    }
  }
}
