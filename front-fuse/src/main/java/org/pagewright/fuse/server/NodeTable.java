package org.pagewright.fuse.server;

import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.sync.WaitQueue;
import org.pagewright.vfs.Inode;
import org.pagewright.vfs.SuperBlock;

/// The nodes that the kernel knows, by number: how often each was given to it, so that as many can
/// be taken back.
///
///     lookup, create ... --> lookups + 1      forget n --> lookups - n, at 0 the node goes
///
/// A node's number is its inode number, but for the root, which the protocol calls 1: so a number
/// that the kernel kept in a file handle is found again after the node was forgotten. Number and
/// generation together are never used twice.
///
/// A node pins its inode, so that one without a name lives on while somebody uses it; but only so
/// many of them: the one longest unused is let go, and found again by number and generation.
final class NodeTable {
  /// The protocol's number of the root.
  static final long ROOT_ID = 1;

  /// How long an open file without a name is given to be closed.
  private static final long CLOSING_NANOS = 200_000_000;

  /// How many of the oldest are looked at for one that may be let go.
  private static final int SCAN_MAX = 16;

  /// A number that the kernel knows.
  private static final class Node {
    final long id;
    int generation;
    long lookups;
    @Nullable Inode inode; // with a reference of ours; null: let go, to be found by number
    boolean used; // since it was last looked at
    @Nullable Node next; // in its bucket
    @Nullable Node older; // in the ring of pinned ones
    @Nullable Node younger;

    Node(long id) {
      this.id = id;
    }
  }

  private final SuperBlock superBlock;
  private final long rootIno;
  private final int pinnedMax;
  private final Mutex lock = new Mutex(LockClass.INODE_STATE, "nodes");
  private final WaitQueue freeing = new WaitQueue();

  // Guarded by lock.
  private @Nullable Node[] table = new @Nullable Node[256];
  private int count;
  private int pinned;
  private int leaving; // calls that let go of an inode, and perhaps free it
  private volatile long departures; // how many such calls have ended
  private @Nullable Node oldest;
  private @Nullable Node youngest;

  NodeTable(SuperBlock superBlock, int pinnedMax) {
    this.superBlock = superBlock;
    this.rootIno = superBlock.root().ino();
    this.pinnedMax = pinnedMax;
  }

  /// The node number of an inode number; its own inverse.
  long idOf(long ino) {
    return ino == rootIno ? ROOT_ID : ino == ROOT_ID ? rootIno : ino;
  }

  private static int bucket(long id, int length) {
    return (int) (id * 0x9E3779B97F4A7C15L >>> 32) & length - 1;
  }

  private @Nullable Node findLocked(long id) {
    for (Node n = table[bucket(id, table.length)]; n != null; n = n.next) {
      if (n.id == id) {
        return n;
      }
    }
    return null;
  }

  /// Counts that an inode is given to the kernel once more.
  ///
  /// @param inode with a reference, which the table takes over
  /// @return its node number
  long remember(Inode inode) {
    long id = idOf(inode.ino());
    if (id == ROOT_ID) { // there as long as the volume is
      superBlock.iput(inode);
      return id;
    }
    Inode spare = null;
    Inode victim = null;
    lock.lock();
    try {
      Node node = findLocked(id);
      if (node == null) {
        node = new Node(id);
        insertLocked(node);
      }
      node.lookups++;
      if (node.inode == inode) {
        spare = inode;
      } else {
        spare = node.inode; // of a generation before: the kernel sees that from the answer
        pinLocked(node, inode);
        victim = victimLocked();
      }
    } finally {
      lock.unlock();
    }
    put(spare);
    put(victim);
    return id;
  }

  private void put(@Nullable Inode inode) {
    if (inode != null) {
      superBlock.iput(inode);
    }
  }

  private void insertLocked(Node node) {
    if (count > table.length) {
      @Nullable Node[] wide = new @Nullable Node[table.length * 2];
      for (Node head : table) {
        for (Node n = head; n != null; ) {
          final Node next = n.next;
          int b = bucket(n.id, wide.length);
          n.next = wide[b];
          wide[b] = n;
          n = next;
        }
      }
      table = wide;
    }
    int b = bucket(node.id, table.length);
    node.next = table[b];
    table[b] = node;
    count++;
  }

  private void removeLocked(Node node) {
    int b = bucket(node.id, table.length);
    Node n = table[b];
    if (n == node) {
      table[b] = node.next;
    } else {
      while (n != null && n.next != node) {
        n = n.next;
      }
      assert n != null : "node " + node.id + " not in its bucket";
      n.next = node.next;
    }
    count--;
  }

  private void pinLocked(Node node, Inode inode) {
    if (node.inode == null) {
      appendLocked(node);
      pinned++;
    }
    node.inode = inode;
    node.generation = inode.generation();
    node.used = true;
  }

  private void appendLocked(Node node) {
    node.older = youngest;
    node.younger = null;
    if (youngest != null) {
      youngest.younger = node;
    } else {
      oldest = node;
    }
    youngest = node;
  }

  private void unlinkLocked(Node node) {
    if (node.older != null) {
      node.older.younger = node.younger;
    } else {
      oldest = node.younger;
    }
    if (node.younger != null) {
      node.younger.older = node.older;
    } else {
      youngest = node.older;
    }
    node.older = null;
    node.younger = null;
  }

  private @Nullable Inode unpinLocked(Node node) {
    Inode inode = node.inode;
    if (inode != null) {
      unlinkLocked(node);
      pinned--;
      node.inode = null;
    }
    return inode;
  }

  /// If too many are pinned, one to let go: neither used lately nor without a name.
  private @Nullable Inode victimLocked() {
    for (int i = 0; pinned > pinnedMax && i < SCAN_MAX; i++) {
      Node node = oldest;
      assert node != null && node.inode != null;
      if (!node.used && node.inode.nlink() > 0) {
        return unpinLocked(node);
      }
      node.used = false;
      unlinkLocked(node);
      appendLocked(node);
    }
    return null;
  }

  /// The inode of a node.
  ///
  /// @param id what the kernel calls it
  /// @return with a reference, to be given back
  /// @throws FsException ESTALE if the kernel was not given it, or it is gone; EIO, EUCLEAN
  Inode get(long id) throws FsException {
    if (id == ROOT_ID) {
      Inode root = superBlock.root();
      superBlock.holdLasting(root);
      return root;
    }
    int generation;
    lock.lock();
    try {
      Node node = findLocked(id);
      if (node == null) {
        throw stale(id);
      }
      Inode inode = node.inode;
      if (inode != null) {
        node.used = true;
        superBlock.hold(inode);
        return inode;
      }
      generation = node.generation;
    } finally {
      lock.unlock();
    }
    return pinAgain(id, generation);
  }

  private FsException stale(long id) {
    return new FsException(Errno.ESTALE, superBlock + ": node " + id);
  }

  private Inode pinAgain(long id, int generation) throws FsException {
    Inode inode = superBlock.igetUntrusted(idOf(id));
    if (inode.generation() != generation) {
      superBlock.iput(inode);
      throw stale(id);
    }
    Inode victim = null;
    lock.lock();
    try {
      Node node = findLocked(id);
      if (node != null && node.inode == null && node.generation == generation) {
        superBlock.hold(inode);
        pinLocked(node, inode);
        victim = victimLocked();
      }
    } finally {
      lock.unlock();
    }
    put(victim);
    return inode;
  }

  /// Pins a node that the kernel knows, because its last name is about to go.
  ///
  /// @param inode the caller has a reference
  void pin(Inode inode) {
    lock.lock();
    try {
      Node node = findLocked(idOf(inode.ino()));
      if (node != null && node.inode == null && node.generation == inode.generation()) {
        superBlock.hold(inode);
        pinLocked(node, inode);
      }
    } finally {
      lock.unlock();
    }
  }

  /// Whether the kernel knows an inode.
  boolean isKnown(Inode inode) {
    long id = idOf(inode.ino());
    if (id == ROOT_ID) {
      return true;
    }
    lock.lock();
    Node node = findLocked(id);
    boolean known = node != null && node.generation == inode.generation();
    lock.unlock();
    return known;
  }

  /// Takes back what the kernel was given.
  ///
  /// @param id the node
  /// @param lookups how often; more than it was given counts as all
  void forget(long id, long lookups) {
    Inode inode = null;
    lock.lock();
    try {
      Node node = findLocked(id);
      if (node != null && id != ROOT_ID) {
        if (Long.compareUnsigned(lookups, node.lookups) < 0) {
          node.lookups -= lookups;
        } else {
          removeLocked(node);
          inode = unpinLocked(node);
          leaving += inode != null ? 1 : 0;
        }
      }
    } finally {
      lock.unlock();
    }
    if (inode != null) {
      try {
        put(inode);
      } finally {
        endLeaving();
      }
    }
  }

  /// Says that this thread is about to let go of an inode in another way, by a close.
  void beginLeaving() {
    lock.lock();
    leaving++;
    lock.unlock();
  }

  /// It has let go.
  void endLeaving() {
    lock.lock();
    leaving--;
    departures++;
    lock.unlock();
    freeing.wakeAll(this);
  }

  /// {@return how often an inode was let go of: for [#awaitFreed]}
  long departures() {
    return departures;
  }

  /// Waits until the kernel has let go of files without names that nobody has open, a moment at
  /// most: it says so without waiting for us, and until then their space is not free.
  ///
  /// @param open whether somebody has an inode open
  /// @param since [#departures()] when the caller last looked for space
  /// @param nanos how long at most
  /// @return false if none went since then: there is as little space as there was
  boolean awaitFreed(Predicate<Inode> open, long since, long nanos) {
    long until = System.nanoTime() + nanos;
    WaitQueue.Waiter waiter = freeing.enter(this);
    try {
      long left = nanos;
      // One that is open may be about to be closed: the kernel does not wait for RELEASE either,
      // and a thread that has read it may not have come to it.
      while (left > 0
          && (hasNameless(open) || left > nanos - CLOSING_NANOS && hasNameless(i -> false))) {
        waiter.park(Math.min(left, CLOSING_NANOS));
        left = until - System.nanoTime();
      }
    } finally {
      freeing.leave(waiter);
    }
    return departures != since;
  }

  private boolean hasNameless(Predicate<Inode> open) {
    lock.lock();
    try {
      if (leaving > 0) {
        return true;
      }
      for (Node n = oldest; n != null; n = n.younger) {
        if (n.inode != null && n.inode.nlink() == 0 && !open.test(n.inode)) {
          return true;
        }
      }
      return false;
    } finally {
      lock.unlock();
    }
  }

  /// Takes everything back: the mount is gone.
  void clear() {
    while (true) { // ends: each turn removes one, and nobody adds any more
      Inode inode = null;
      lock.lock();
      try {
        if (oldest == null) {
          table = new @Nullable Node[256];
          count = 0;
          return;
        }
        Node node = oldest;
        removeLocked(node);
        inode = unpinLocked(node);
      } finally {
        lock.unlock();
      }
      put(inode);
    }
  }

  /// The numbers of all nodes that the kernel knows, the root among them.
  long[] ids() {
    lock.lock();
    try {
      long[] ids = new long[count + 1];
      ids[0] = ROOT_ID;
      int at = 1;
      for (Node head : table) {
        for (Node n = head; n != null; n = n.next) {
          ids[at++] = n.id;
        }
      }
      return ids;
    } finally {
      lock.unlock();
    }
  }

  /// Nodes that the kernel knows, the root not among them.
  int size() {
    lock.lock();
    int n = count;
    lock.unlock();
    return n;
  }

  /// Those of them that hold their inode.
  int pinned() {
    lock.lock();
    int n = pinned;
    lock.unlock();
    return n;
  }
}
