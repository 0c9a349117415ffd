package org.pagewright.nio;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.NotDirectoryException;
import java.nio.file.ProviderMismatchException;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.HashSet;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.Inode;
import org.pagewright.vfs.Name;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Watcher;

/// Tells of changes in directories, as they happen: the volume itself says so, whichever door they
/// came through. Nothing is polled.
///
/// A watch keeps its directory open. What is told of an entry that changed is found through the
/// list of entries that a watch keeps for that.
final class VolumeWatchService implements WatchService {
  private final VolumeFileSystem fileSystem;
  private final Map<Inode, DirectoryWatch> watches = new ConcurrentHashMap<>();

  /// Watches of directories that are gone, to be let go by the next call that holds no lock.
  private final Queue<DirectoryWatch> removed = new ConcurrentLinkedQueue<>();

  private final LinkedBlockingDeque<Object> signalled = new LinkedBlockingDeque<>();
  private final Listener listener = new Listener();
  private volatile boolean closed;

  /// In the queue: the service was closed, pass it on.
  private static final Object CLOSE = new Object();

  VolumeWatchService(VolumeFileSystem fileSystem) {
    this.fileSystem = fileSystem;
    fileSystem.volume().superBlock().addWatcher(listener);
  }

  private final class Listener implements Watcher {
    @Override
    public void added(Inode dir, Name name, Inode inode) {
      DirectoryWatch watch = watches.get(dir);
      if (watch != null) {
        watch.added(name, inode);
      }
    }

    @Override
    public void removed(Inode dir, Name name, Inode inode) {
      DirectoryWatch watch = watches.get(dir);
      if (watch != null) {
        watch.removed(name, inode);
      }
      if (inode.isDirectory() && inode.nlink() == 0) {
        DirectoryWatch ended = watches.get(inode);
        if (ended != null) {
          removed.add(ended);
          ended.end();
        }
      }
    }

    @Override
    public void changed(Inode inode, int what) {
      for (DirectoryWatch watch : watches.values()) {
        watch.changed(inode);
      }
    }
  }

  // ---- Registering ------------------------------------------------------------------------------

  WatchKey register(
      VolumePath path, WatchEvent.Kind<?>[] events, WatchEvent.Modifier... modifiers)
      throws IOException {
    Set<WatchEvent.Kind<?>> kinds = kindsOf(events);
    for (WatchEvent.Modifier modifier : modifiers) {
      if (modifier == null) {
        throw new NullPointerException("modifier");
      }
      throw new UnsupportedOperationException("no such modifier here: " + modifier);
    }
    if (path.getFileSystem().volume().superBlock() != fileSystem.volume().superBlock()) {
      throw new ProviderMismatchException(path + " is of another volume");
    }
    checkOpen();
    closeRemoved();
    fileSystem.enter();
    try {
      int flags = OpenFlags.RDONLY | OpenFlags.DIRECTORY;
      return watch(path, path.getFileSystem().volume().open(path.inVolume(), flags, 0), kinds);
    } catch (FsException e) {
      IOException told = Failures.ofDirectory(e, path);
      throw told instanceof NotDirectoryException ? told : fileSystem.failure(e, path);
    } finally {
      fileSystem.leave();
    }
  }

  private static Set<WatchEvent.Kind<?>> kindsOf(WatchEvent.Kind<?>[] events) {
    Set<WatchEvent.Kind<?>> kinds = new HashSet<>();
    for (WatchEvent.Kind<?> kind : events) {
      if (kind == StandardWatchEventKinds.ENTRY_CREATE
          || kind == StandardWatchEventKinds.ENTRY_DELETE
          || kind == StandardWatchEventKinds.ENTRY_MODIFY) {
        kinds.add(kind);
      } else if (kind == null) {
        throw new NullPointerException("kind");
      } else if (kind != StandardWatchEventKinds.OVERFLOW) { // which is always told
        throw new UnsupportedOperationException("no such kind of events: " + kind.name());
      }
    }
    if (kinds.isEmpty()) {
      throw new IllegalArgumentException("no events to watch for");
    }
    return kinds;
  }

  /// Makes a watch of an open directory, or changes the one there is.
  private WatchKey watch(VolumePath path, OpenFile directory, Set<WatchEvent.Kind<?>> kinds)
      throws FsException {
    DirectoryWatch watch = new DirectoryWatch(this, path, directory, kinds);
    DirectoryWatch known = watches.putIfAbsent(directory.inode(), watch);
    if (known != null) {
      directory.close();
      known.setKinds(kinds);
      return known;
    }
    boolean done = false;
    try {
      watch.fill();
      if (closed) {
        throw new ClosedWatchServiceException();
      }
      done = true;
      return watch;
    } finally {
      if (!done) {
        watch.cancel();
      }
    }
  }

  /// A watch has ended.
  void forget(DirectoryWatch watch, Inode directory) {
    watches.remove(directory, watch);
  }

  /// A watch has events.
  void signal(DirectoryWatch watch) {
    signalled.offer(watch);
  }

  // ---- Waiting ----------------------------------------------------------------------------------

  private void checkOpen() {
    if (closed) {
      throw new ClosedWatchServiceException();
    }
  }

  private void closeRemoved() {
    DirectoryWatch watch;
    while ((watch = removed.poll()) != null) {
      watch.close();
    }
  }

  private @Nullable WatchKey keyOf(@Nullable Object taken) {
    closeRemoved();
    if (taken == CLOSE) {
      signalled.offer(CLOSE); // for who else waits
    }
    checkOpen();
    return (WatchKey) taken;
  }

  @Override
  public @Nullable WatchKey poll() {
    checkOpen();
    return keyOf(signalled.poll());
  }

  @Override
  public @Nullable WatchKey poll(long timeout, TimeUnit unit) throws InterruptedException {
    checkOpen();
    return keyOf(signalled.poll(timeout, unit));
  }

  @Override
  public WatchKey take() throws InterruptedException {
    checkOpen();
    WatchKey key = keyOf(signalled.take());
    assert key != null;
    return key;
  }

  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    fileSystem.volume().superBlock().removeWatcher(listener);
    fileSystem.forget(this);
    for (DirectoryWatch watch : watches.values()) {
      watch.cancel();
    }
    closeRemoved();
    signalled.clear();
    signalled.offer(CLOSE);
  }
}
