package org.pagewright.nio;

import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.FsException;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.vfs.Inode;
import org.pagewright.vfs.Name;
import org.pagewright.vfs.OpenFile;

/// The watch of one directory.
///
///     READY --event--> SIGNALLED (in the service's queue) --reset, no events--> READY
///                                                         --reset, events--> SIGNALLED
///     any --cancel, directory removed, service closed--> ended
///
/// Events of a kind for a name that follow each other are one with a count. More than a bound of
/// them become OVERFLOW: whoever reads that looks at the directory anew.
final class DirectoryWatch implements WatchKey {
  /// Events kept until somebody asks.
  private static final int EVENTS_MAX = 512;

  private final VolumeWatchService service;
  private final VolumePath path;
  private final OpenFile directory;
  private final Inode inode;

  /// Called with INODE locks held, so it is the innermost.
  private final Mutex lock;

  // Guarded by lock.
  private Set<WatchEvent.Kind<?>> kinds;
  private final Map<Long, List<Name>> names = new HashMap<>();
  private List<Event> events = new ArrayList<>();
  private boolean signalled;
  private volatile boolean ended;

  DirectoryWatch(
      VolumeWatchService service,
      VolumePath path,
      OpenFile directory,
      Set<WatchEvent.Kind<?>> kinds) {
    this.service = service;
    this.path = path;
    this.directory = directory;
    this.inode = directory.inode();
    this.kinds = kinds;
    this.lock = new Mutex(LockClass.QUEUE, path);
  }

  /// One event.
  private static final class Event implements WatchEvent<Path> {
    private final WatchEvent.Kind<?> kind;
    private final @Nullable Path context;
    private int count = 1; // guarded by the watch's lock until it is handed out

    Event(WatchEvent.Kind<?> kind, @Nullable Path context) {
      this.kind = kind;
      this.context = context;
    }

    @Override
    @SuppressWarnings("unchecked") // OVERFLOW is of Object, and has no context
    public WatchEvent.Kind<Path> kind() {
      return (WatchEvent.Kind<Path>) kind;
    }

    @Override
    public int count() {
      return count;
    }

    @Override
    public @Nullable Path context() {
      return context;
    }

    @Override
    public String toString() {
      return kind.name() + " " + context + " x" + count;
    }
  }

  void setKinds(Set<WatchEvent.Kind<?>> kinds) {
    lock.lock();
    this.kinds = kinds;
    lock.unlock();
  }

  /// Reads the names that are there. The directory's INODE lock is held for all of it, so that each
  /// change is either in what is read or told afterwards; what was told before is read again.
  void fill() throws FsException {
    directory.readDir(
        0,
        (name, ino, type, nextCookie) -> {
          lock.lock();
          try {
            remember(ino, name);
          } finally {
            lock.unlock();
          }
          return true;
        });
  }

  private void remember(long ino, Name name) {
    List<Name> known = names.computeIfAbsent(ino, key -> new ArrayList<>(1));
    if (!known.contains(name)) {
      known.add(name);
    }
  }

  // ---- What is told, with INODE of the directory or of the inode held ---------------------------

  void added(Name name, Inode what) {
    lock.lock();
    try {
      remember(what.ino(), name);
      note(StandardWatchEventKinds.ENTRY_CREATE, name);
    } finally {
      lock.unlock();
    }
  }

  void removed(Name name, Inode what) {
    lock.lock();
    try {
      List<Name> known = names.get(what.ino());
      if (known != null && known.remove(name) && known.isEmpty()) {
        names.remove(what.ino());
      }
      note(StandardWatchEventKinds.ENTRY_DELETE, name);
    } finally {
      lock.unlock();
    }
  }

  void changed(Inode what) {
    lock.lock();
    try {
      List<Name> known = names.get(what.ino());
      if (known != null) {
        for (Name name : known) {
          note(StandardWatchEventKinds.ENTRY_MODIFY, name);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /// The directory is gone: the key is signalled, and does not come back from its reset. Closing it
  /// would free it, which has to wait until the locks of this thread are given back.
  void end() {
    ended = true;
    service.forget(this, inode);
    lock.lock();
    try {
      signal();
    } finally {
      lock.unlock();
    }
  }

  private void note(WatchEvent.Kind<?> kind, Name name) {
    if (ended || !kinds.contains(kind)) {
      return;
    }
    Path context = path.getFileSystem().getPath(name.toString());
    Event last = events.isEmpty() ? null : events.getLast();
    if (last != null && last.kind == StandardWatchEventKinds.OVERFLOW) {
      last.count++;
    } else if (last != null && last.kind == kind && context.equals(last.context)) {
      last.count++;
    } else if (kind != StandardWatchEventKinds.ENTRY_MODIFY || !countsOnto(context)) {
      if (events.size() == EVENTS_MAX) {
        events.clear();
        events.add(new Event(StandardWatchEventKinds.OVERFLOW, null));
      } else {
        events.add(new Event(kind, context));
      }
    }
    signal();
  }

  /// Counts a change onto an earlier one of the same name, unless the name was made or removed
  /// since.
  private boolean countsOnto(Path context) {
    for (int i = events.size() - 1; i >= 0; i--) {
      Event event = events.get(i);
      if (context.equals(event.context)) {
        if (event.kind == StandardWatchEventKinds.ENTRY_MODIFY) {
          event.count++;
          return true;
        }
        return false;
      }
    }
    return false;
  }

  private void signal() {
    if (!signalled) {
      signalled = true;
      service.signal(this);
    }
  }

  // ---- Of WatchKey ------------------------------------------------------------------------------

  @Override
  public boolean isValid() {
    return !ended;
  }

  @Override
  public List<WatchEvent<?>> pollEvents() {
    lock.lock();
    try {
      List<WatchEvent<?>> taken = new ArrayList<>(events);
      events = new ArrayList<>();
      return taken;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean reset() {
    lock.lock();
    try {
      if (ended) {
        return false;
      }
      if (signalled) {
        signalled = false;
        if (!events.isEmpty()) {
          signal();
        }
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void cancel() {
    ended = true;
    service.forget(this, inode);
    close();
  }

  /// Lets the directory of a watch that has ended go. No lock is held.
  void close() {
    try {
      directory.close();
    } catch (FsException e) {
      return; // an error of write-out: not this watch's to tell
    }
  }

  @Override
  public VolumePath watchable() {
    return path;
  }

  @Override
  public String toString() {
    return "watch of " + path;
  }
}
