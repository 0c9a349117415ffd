package org.pagewright.fuse.server;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.protocol.Reply;
import org.pagewright.fuse.protocol.Wire;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.sync.WaitQueue;
import org.pagewright.vfs.Inode;
import org.pagewright.vfs.Name;
import org.pagewright.vfs.Watcher;

/// Keeps the kernel's caches true: what another door changes in the volume, the kernel is told to
/// forget.
///
///     another door changes --> Watcher, INODE held --> queue --> thread of its own --> kernel
///
/// The kernel may wait, while it forgets, for locks and pages that a request of its own holds until
/// we answer: so neither the thread that changes nor one that answers may tell it. What our own
/// requests change, the kernel knows.
///
/// The queue is bounded. Should it ever be full, the kernel forgets all that it knows of any node;
/// names that were left out become true when the time for which it may believe them has passed.
final class Coherence implements Watcher {
  private static final int QUEUED_MAX = 1 << 16;
  private static final int INVAL_INODE = 2;
  private static final int INVAL_ENTRY = 3;

  /// Something to forget.
  ///
  /// @param node of what; of a name its directory
  /// @param name null for the node itself
  /// @param content whether cached bytes go too
  private record Stale(long node, @Nullable Name name, boolean content) {}

  private final Services s;
  private final FuseServer server;
  private final Mutex lock = new Mutex(LockClass.QUEUE, "stale");
  private final WaitQueue queue = new WaitQueue();

  // Guarded by lock.
  private Set<Stale> stale = new LinkedHashSet<>();
  private boolean full;

  private volatile @Nullable Channel channel; // written once, by start
  private volatile boolean pending;
  private volatile boolean overflow;
  private volatile boolean stopped;

  Coherence(Services services, FuseServer server) {
    this.s = services;
    this.server = server;
  }

  void start(Channel channel) {
    this.channel = channel;
    s.superBlock.addWatcher(this);
    Thread thread = new Thread(() -> run(channel), "fuse-notify");
    thread.setDaemon(true);
    thread.start();
  }

  void stop() {
    s.superBlock.removeWatcher(this);
    stopped = true;
    queue.wakeAll(this);
  }

  // ---- What happens, told by the thread that does it --------------------------------------------

  /// Whether the thread answers a request of this mount.
  private boolean isOurs() {
    return Thread.currentThread() instanceof Worker.WorkerThread t && t.server() == server;
  }

  @Override
  public void added(Inode dir, Name name, Inode inode) {
    if (!isOurs()) {
      changedName(dir, name, inode);
    }
  }

  @Override
  public void removed(Inode dir, Name name, Inode inode) {
    if (inode.nlink() == 0) {
      s.nodes.pin(inode); // what the kernel knows outlives its last name
    }
    if (!isOurs()) {
      changedName(dir, name, inode);
    }
  }

  private void changedName(Inode dir, Name name, Inode inode) {
    if (s.nodes.isKnown(dir)) {
      long id = s.nodes.idOf(dir.ino());
      add(new Stale(id, name, false));
      add(new Stale(id, null, true));
    }
    changed(inode, ATTRIBUTES);
  }

  @Override
  public void changed(Inode inode, int what) {
    if (!isOurs() && s.nodes.isKnown(inode)) {
      add(new Stale(s.nodes.idOf(inode.ino()), null, what == CONTENT));
    }
  }

  private void add(Stale what) {
    boolean overflowed = false;
    lock.lock();
    try {
      if (stale.size() < QUEUED_MAX) {
        stale.add(what);
      } else {
        overflowed = !full;
        full = true;
        overflow = true;
      }
      pending = true;
    } finally {
      lock.unlock();
    }
    queue.wakeAll(this);
    if (overflowed) {
      server.log.trouble("the kernel forgets too slowly what other doors change");
    }
  }

  // ---- Telling the kernel -----------------------------------------------------------------------

  private void run(Channel channel) {
    Reply message = Reply.small();
    WaitQueue.Waiter waiter = queue.enter(this);
    try {
      while (!stopped) {
        if (!pending) {
          waiter.park();
        }
        for (Stale what : take()) {
          if (stopped) {
            return;
          }
          tell(channel, message, what);
        }
        if (overflow) {
          overflow = false; // before the nodes are looked at: later ones come again
          for (long id : s.nodes.ids()) {
            tell(channel, message, new Stale(id, null, true));
          }
        }
      }
    } finally {
      queue.leave(waiter);
    }
  }

  private List<Stale> take() {
    lock.lock();
    try {
      List<Stale> taken = new ArrayList<>(stale);
      stale = new LinkedHashSet<>();
      full = false;
      pending = false;
      return taken;
    } finally {
      lock.unlock();
    }
  }

  /// Has the kernel forget the attributes of an inode, before a request is answered that changed
  /// them, and of which the kernel thinks that it changes none. For that alone it waits for nobody.
  void forgetAttributes(Inode inode) {
    Channel to = channel;
    if (to != null) {
      tell(to, Reply.small(), new Stale(s.nodes.idOf(inode.ino()), null, false));
    }
  }

  private void tell(Channel channel, Reply message, Stale what) {
    message.clear();
    Name name = what.name;
    if (name != null) {
      int at = message.add(Wire.InvalEntry.BYTES);
      message.putLong(at + Wire.InvalEntry.PARENT, what.node);
      message.putInt(at + Wire.InvalEntry.NAMELEN, name.length());
      message.addName(name);
      message.add(1);
      message.finishNotification(INVAL_ENTRY);
    } else {
      int at = message.add(Wire.InvalInode.BYTES);
      message.putLong(at + Wire.InvalInode.INO, what.node);
      message.putLong(at + Wire.InvalInode.OFF, what.content ? 0 : -1);
      message.finishNotification(INVAL_INODE);
    }
    try {
      channel.send(message.buffer(), message.length());
    } catch (FsException e) {
      server.log.trouble("tell the kernel to forget: " + e.getMessage());
    }
  }
}
