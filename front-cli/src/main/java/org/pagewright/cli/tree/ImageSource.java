package org.pagewright.cli.tree;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.pagewright.cli.image.Cancellation;
import org.pagewright.cli.report.CommandException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.DirEntry;
import org.pagewright.vfs.FileType;
import org.pagewright.vfs.Name;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;

/// Reads a tree of an image. Used by one thread.
public final class ImageSource {
  private final String image;
  private final Volume volume;
  private final LinkTable links = new LinkTable();
  private final boolean keepLinks;
  private final boolean keepXattrs;
  private final Cancellation cancellation;
  private final Trouble trouble;

  /// A reader.
  ///
  /// @param image what messages call the volume
  /// @param volume where from
  /// @param keep what is asked of files beyond content and mode
  /// @param cancellation asked between two files
  /// @param trouble told of what is in a directory and cannot be read, or not be taken
  public ImageSource(
      String image, Volume volume, Keep keep, Cancellation cancellation, Trouble trouble) {
    this.trouble = trouble;
    this.image = image;
    this.volume = volume;
    this.keepLinks = keep.links();
    this.keepXattrs = keep.attributes();
    this.cancellation = cancellation;
  }

  /// Tells a file, or a directory with all that is in it.
  ///
  /// @param path in the image
  /// @param targetPath where it belongs in the target
  /// @param follow whether the path itself, being a symbolic link, is followed
  /// @param target takes it
  /// @throws IOException what cannot be read or made
  public void walk(String path, String targetPath, boolean follow, TreeTarget target)
      throws IOException {
    try {
      walkUnnamed(path, targetPath, follow, target);
    } catch (FsException e) {
      throw CommandException.at(image, path, e);
    }
  }

  private void walkUnnamed(String path, String targetPath, boolean follow, TreeTarget target)
      throws IOException {
    cancellation.check();
    Stat stat = follow ? volume.stat(path) : volume.lstat(path);
    FileType type = stat.type();
    if (keepLinks && type != FileType.DIRECTORY) {
      String first = links.meet(0, stat.ino(), stat.nlink(), targetPath);
      if (first != null) {
        target.hardLink(targetPath, first);
        return;
      }
    }
    Attributes attributes = Attributes.of(stat, keepXattrs ? xattrs(path, follow) : List.of());
    switch (type) {
      case DIRECTORY -> {
        target.enterDirectory(targetPath, attributes);
        String from = path.endsWith("/") ? path : path + "/";
        String to = targetPath.endsWith("/") ? targetPath : targetPath + "/";
        List<Name> names = new ArrayList<>();
        for (DirEntry entry : volume.list(path)) {
          names.add(entry.name());
        }
        names.sort(null);
        for (Name name : names) {
          try {
            walk(from + name, to + name, false, target);
          } catch (IOException e) {
            trouble.with(e);
          }
        }
        target.leaveDirectory(targetPath, attributes);
      }
      case REGULAR -> {
        try (OpenFile file = volume.open(path, OpenFlags.RDONLY, 0)) {
          target.file(targetPath, attributes, new FileContent(path, file, stat.size()));
        }
      }
      case SYMLINK -> target.symlink(targetPath, attributes, volume.readlink(path));
      case FIFO, SOCKET, BLOCK_DEVICE, CHARACTER_DEVICE -> target.special(targetPath, attributes);
      case UNKNOWN ->
          throw new FsException(
              Errno.EUCLEAN, path + ": mode 0" + Integer.toOctalString(stat.mode()));
    }
  }

  private List<Xattr> xattrs(String path, boolean follow) throws FsException {
    List<Name> names = volume.listXattrs(path, follow);
    if (names.isEmpty()) {
      return List.of();
    }
    List<Xattr> xattrs = new ArrayList<>(names.size());
    for (Name name : names) {
      byte[] value = volume.getXattr(path, name.toString(), follow);
      if (value != null) {
        xattrs.add(new Xattr(name.toString(), value));
      }
    }
    return xattrs;
  }

  private final class FileContent implements Content {
    private final String path;
    private final OpenFile file;
    private final long size;

    FileContent(String path, OpenFile file, long size) {
      this.path = path;
      this.file = file;
      this.size = size;
    }

    @Override
    public long size() {
      return size;
    }

    @Override
    public boolean knowsHoles() {
      return true;
    }

    @Override
    public long nextData(long pos) throws IOException {
      try {
        return file.seekData(pos);
      } catch (FsException e) {
        if (e.errno() == Errno.ENXIO) {
          return size;
        }
        throw CommandException.at(image, path, e);
      }
    }

    @Override
    public long nextHole(long pos) throws IOException {
      try {
        return file.seekHole(pos);
      } catch (FsException e) {
        throw CommandException.at(image, path, e);
      }
    }

    @Override
    public int read(long pos, MemorySegment target) throws IOException {
      try {
        return (int) file.read(pos, target);
      } catch (FsException e) {
        throw CommandException.at(image, path, e);
      }
    }
  }
}
