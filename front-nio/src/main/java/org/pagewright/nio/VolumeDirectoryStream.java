package org.pagewright.nio;

import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.ClosedDirectoryStreamException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// The entries of an open directory, and operations on them that go to this directory wherever it
/// is moved meanwhile.
///
/// Entries come a batch at a time: what is made or removed while one iterates may be seen or not,
/// what stays is seen once.
final class VolumeDirectoryStream implements SecureDirectoryStream<Path> {
  /// Entries of a batch.
  private static final int BATCH = 256;

  private final VolumeFileSystem fileSystem;
  private final VolumePath path;
  private final OpenFile directory;
  private final Volume view;
  private final DirectoryStream.Filter<? super Path> filter;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final AtomicBoolean iterated = new AtomicBoolean();

  /// Over an open directory, which it closes.
  ///
  /// @param path what entries' paths begin with
  /// @param view the volume with paths that begin in the directory
  VolumeDirectoryStream(
      VolumePath path,
      OpenFile directory,
      Volume view,
      DirectoryStream.Filter<? super Path> filter) {
    this.fileSystem = path.getFileSystem();
    this.path = path;
    this.directory = directory;
    this.view = view;
    this.filter = filter;
  }

  /// Opens a directory.
  ///
  /// @param start the view that `text` is of
  static VolumeDirectoryStream open(
      VolumePath path,
      Volume start,
      String text,
      int flags,
      DirectoryStream.Filter<? super Path> filter)
      throws IOException {
    if (filter == null) {
      throw new NullPointerException("filter");
    }
    VolumeFileSystem fileSystem = path.getFileSystem();
    fileSystem.enter();
    try {
      OpenFile directory = start.open(text, flags | OpenFlags.DIRECTORY, 0);
      return fileSystem.keep(
          new VolumeDirectoryStream(path, directory, start.at(directory), filter));
    } catch (FsException e) {
      throw Failures.ofDirectory(e, path);
    } finally {
      fileSystem.leave();
    }
  }

  // ---- Iterating --------------------------------------------------------------------------------

  @Override
  public Iterator<Path> iterator() {
    if (closed.get()) {
      throw new IllegalStateException("the directory stream is closed");
    }
    if (!iterated.compareAndSet(false, true)) {
      throw new IllegalStateException("a directory stream is iterated once");
    }
    return new Entries();
  }

  private final class Entries implements Iterator<Path> {
    private final Deque<String> batch = new ArrayDeque<>();
    private long cookie;
    private boolean atEnd;
    private @Nullable Path next;

    @Override
    public boolean hasNext() {
      while (next == null) {
        if (batch.isEmpty() && !readBatch()) {
          return false;
        }
        VolumePath entry = path.resolveName(batch.pop());
        try {
          if (filter.accept(entry)) {
            next = entry;
          }
        } catch (IOException e) {
          throw new DirectoryIteratorException(e);
        }
      }
      return true;
    }

    /// Reads the next names.
    ///
    /// @return false if there are none
    private boolean readBatch() {
      if (atEnd || closed.get()) {
        return false;
      }
      try {
        directory.readDir(
            cookie,
            (name, ino, type, nextCookie) -> {
              if (batch.size() == BATCH) {
                return false;
              }
              batch.add(name.toString());
              cookie = nextCookie;
              return true;
            });
      } catch (FsException e) {
        if (closed.get() || e.errno() == Errno.ENOENT) {
          return false; // a directory that was removed has no entries
        }
        throw new DirectoryIteratorException(Failures.of(e, path));
      }
      atEnd = batch.size() < BATCH;
      return !batch.isEmpty();
    }

    @Override
    public Path next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      Path entry = next;
      assert entry != null;
      next = null;
      return entry;
    }
  }

  // ---- Relative operations ----------------------------------------------------------------------

  /// The view in which relative paths begin here.
  private Volume view() {
    if (closed.get()) {
      throw new ClosedDirectoryStreamException();
    }
    return view;
  }

  /// A path of the user's by our view, which starts absolute ones at the root.
  private static String text(VolumePath entry) {
    return entry.relative();
  }

  @Override
  public SecureDirectoryStream<Path> newDirectoryStream(Path entry, LinkOption... options)
      throws IOException {
    VolumePath child = VolumePath.of(entry);
    int flags = Links.follow(options) ? 0 : OpenFlags.NOFOLLOW;
    return open(path.resolve(child), view(), text(child), flags, any -> true);
  }

  @Override
  public SeekableByteChannel newByteChannel(
      Path entry, Set<? extends OpenOption> options, FileAttribute<?>... attrs)
      throws IOException {
    VolumePath child = VolumePath.of(entry);
    OpenRequest request = OpenRequest.of(options, fileSystem.options().sync(), attrs);
    return fileSystem.call(
        child,
        ignored ->
            fileSystem.keep(
                new VolumeFileChannel(
                    path.resolve(child), request.open(view(), text(child)), request, false)));
  }

  @Override
  public void deleteFile(Path entry) throws IOException {
    VolumePath child = VolumePath.of(entry);
    fileSystem.call(
        child,
        ignored -> {
          view().unlink(text(child));
          return null;
        });
  }

  @Override
  public void deleteDirectory(Path entry) throws IOException {
    VolumePath child = VolumePath.of(entry);
    fileSystem.call(
        child,
        ignored -> {
          view().rmdir(text(child));
          return null;
        });
  }

  @Override
  public void move(Path source, SecureDirectoryStream<Path> targetDir, Path target)
      throws IOException {
    VolumePath from = VolumePath.of(source);
    VolumePath to = VolumePath.of(target);
    if (!(targetDir instanceof VolumeDirectoryStream other)) {
      throw targetDir == null
          ? new NullPointerException("targetDir")
          : new ProviderMismatchException("a directory of another provider");
    }
    Volume there = other.view();
    fileSystem.call(
        from,
        ignored -> {
          try {
            view().rename(text(from), there, text(to), 0);
          } catch (FsException e) {
            if (e.errno() == Errno.EXDEV) {
              throw new AtomicMoveNotSupportedException(
                  from.toString(), to.toString(), "two volumes");
            }
            fileSystem.checkRefused(e);
            throw Failures.of(e, from, to);
          }
          return null;
        });
  }

  @Override
  public <V extends FileAttributeView> @Nullable V getFileAttributeView(Class<V> type) {
    return FileAttributeViews.of(
        type, new FileAttributeViews.Target(fileSystem, this::view, ".", true));
  }

  @Override
  public <V extends FileAttributeView> @Nullable V getFileAttributeView(
      Path entry, Class<V> type, LinkOption... options) {
    VolumePath child = VolumePath.of(entry);
    return FileAttributeViews.of(
        type,
        new FileAttributeViews.Target(
            fileSystem, this::view, text(child), Links.follow(options)));
  }

  @Override
  public void close() throws IOException {
    if (closed.compareAndSet(false, true)) {
      fileSystem.forget(this);
      try {
        directory.close();
      } catch (FsException e) {
        throw Failures.of(e, path);
      }
    }
  }
}
