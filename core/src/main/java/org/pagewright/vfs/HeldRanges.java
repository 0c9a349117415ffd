package org.pagewright.vfs;

import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The locks of one kind that are held on one file.
///
///     of          owner -> its ranges, by first byte, apart from each other
///     exclusive   all exclusive ranges, by first byte: nobody else's range overlaps one
///     shared      all shared ranges, as a tree of intervals: those of many owners overlap
///
/// The last two answer who is in the way of a lock in a few steps, however many owners there are;
/// only the ranges of the one who asks are passed over one by one. The tree is a treap: a search
/// tree by first byte, a heap by a random rank, and each node knows the highest last byte below it.
///
/// Not safe for threads: [FileLocks] guards it.
final class HeldRanges {
  private final Map<LockOwner, NavigableMap<Long, Held>> of = new HashMap<>();
  private final NavigableMap<Long, Held> exclusive = new TreeMap<>();
  private @Nullable Held shared; // the root
  private long made;
  private int size;

  /// A range that an owner holds, and its node in the tree.
  private static final class Held {
    final LockOwner owner;
    final boolean exclusive;
    final long first;
    final long last;

    // In the tree.
    final long number; // tells apart those with one first byte
    final int rank;
    long highest; // last byte of all from here downwards
    @Nullable Held left;
    @Nullable Held right;

    Held(LockOwner owner, boolean exclusive, long first, long last, long number) {
      this.owner = owner;
      this.exclusive = exclusive;
      this.first = first;
      this.last = last;
      this.number = number;
      this.rank = Long.hashCode(number * 0x9e37_79b9_7f4a_7c15L); // any order will do
      this.highest = last;
    }

    boolean isBefore(Held other) {
      return first != other.first ? first < other.first : number < other.number;
    }

    /// Its children have changed.
    Held counted() {
      long most = last;
      if (left != null) {
        most = Math.max(most, left.highest);
      }
      if (right != null) {
        most = Math.max(most, right.highest);
      }
      highest = most;
      return this;
    }

    FileLock asLock(LockKind kind) {
      return new FileLock(kind, owner, exclusive, first, last);
    }
  }

  /// {@return how many ranges there are}
  int size() {
    return size;
  }

  /// {@return whether nobody holds any}
  boolean isEmpty() {
    return size == 0;
  }

  /// {@return whether an owner holds any}
  boolean has(LockOwner owner) {
    return of.containsKey(owner);
  }

  /// {@return whether the first range of an owner, who has one, is exclusive}
  boolean isExclusive(LockOwner owner) {
    NavigableMap<Long, Held> mine = of.get(owner);
    return mine != null && mine.firstEntry().getValue().exclusive;
  }

  // ---- Who is in the way ------------------------------------------------------------------------

  /// The first range of somebody else that stands against a lock.
  ///
  /// @return null if there is none
  @Nullable FileLock inTheWay(FileLock lock) {
    Held found = firstExclusive(lock, lock.first());
    if (lock.exclusive()) {
      Held other = firstShared(shared, lock, held -> true);
      if (found == null || other != null && other.first < found.first) {
        found = other;
      }
    }
    return found == null ? null : found.asLock(lock.kind());
  }

  /// Shows the owners that are in the way of a lock, perhaps more than once each.
  void showOwnersInTheWay(FileLock lock, Consumer<LockOwner> sink) {
    Held found = firstExclusive(lock, lock.first());
    while (found != null) {
      sink.accept(found.owner);
      found = found.last >= lock.last() ? null : firstExclusive(lock, found.last + 1);
    }
    if (lock.exclusive()) {
      firstShared(
          shared,
          lock,
          held -> {
            sink.accept(held.owner);
            return false; // go on
          });
    }
  }

  /// The first exclusive range of somebody else from a byte on, up to the end of a lock.
  private @Nullable Held firstExclusive(FileLock lock, long from) {
    Map.Entry<Long, Held> at = exclusive.floorEntry(from);
    if (at == null || at.getValue().last < from) {
      at = exclusive.higherEntry(from);
    }
    while (at != null && at.getKey() <= lock.last()) {
      if (!at.getValue().owner.equals(lock.owner())) {
        return at.getValue();
      }
      at = exclusive.higherEntry(at.getKey());
    }
    return null;
  }

  /// The first shared range of somebody else that overlaps a lock and is wanted. Recursion as deep
  /// as the tree: a few times the logarithm of its size.
  private static @Nullable Held firstShared(
      @Nullable Held node, FileLock lock, Predicate<Held> wanted) {
    if (node == null || node.highest < lock.first()) {
      return null;
    }
    Held found = firstShared(node.left, lock, wanted);
    if (found != null || node.first > lock.last()) {
      return found;
    }
    if (node.last >= lock.first()
        && !node.owner.equals(lock.owner())
        && wanted.test(node)) {
      return node;
    }
    return firstShared(node.right, lock, wanted);
  }

  // ---- Changing ---------------------------------------------------------------------------------

  /// Whether a range lies inside one of its owner's, so that taking it out leaves two.
  boolean isInMiddle(FileLock lock) {
    NavigableMap<Long, Held> mine = of.get(lock.owner());
    Map.Entry<Long, Held> at = mine == null ? null : mine.lowerEntry(lock.first());
    return at != null && at.getValue().last > lock.last();
  }

  /// Takes a range out of what its owner holds; the ends of what it cuts stay.
  ///
  /// @return whether any of it was exclusive
  boolean cut(FileLock lock) {
    NavigableMap<Long, Held> mine = of.get(lock.owner());
    if (mine == null) {
      return false;
    }
    boolean wasExclusive = false;
    Map.Entry<Long, Held> at = mine.floorEntry(lock.first());
    if (at == null || at.getValue().last < lock.first()) {
      at = mine.higherEntry(lock.first());
    }
    while (at != null && at.getKey() <= lock.last()) {
      Held held = at.getValue();
      wasExclusive |= held.exclusive;
      remove(mine, held);
      if (held.first < lock.first()) {
        add(mine, held.owner, held.exclusive, held.first, lock.first() - 1);
      }
      if (held.last > lock.last()) {
        add(mine, held.owner, held.exclusive, lock.last() + 1, held.last);
        break;
      }
      at = mine.higherEntry(held.first);
    }
    if (mine.isEmpty()) {
      of.remove(lock.owner());
    }
    return wasExclusive;
  }

  /// Gives an owner a range that nobody is in the way of, in place of what it has there, and joins
  /// it with neighbours of its type.
  ///
  /// @return whether something that was exclusive is shared now
  boolean put(FileLock lock) {
    assert inTheWay(lock) == null : lock;
    final boolean wasExclusive = cut(lock);
    NavigableMap<Long, Held> mine = of.computeIfAbsent(lock.owner(), owner -> new TreeMap<>());
    long first = lock.first();
    long last = lock.last();
    Map.Entry<Long, Held> before = mine.lowerEntry(first);
    if (before != null
        && before.getValue().last == first - 1
        && before.getValue().exclusive == lock.exclusive()) {
      first = before.getKey();
      remove(mine, before.getValue());
    }
    Map.Entry<Long, Held> after = last == FileLock.TO_END ? null : mine.ceilingEntry(last + 1);
    if (after != null
        && after.getKey() == last + 1
        && after.getValue().exclusive == lock.exclusive()) {
      last = after.getValue().last;
      remove(mine, after.getValue());
    }
    add(mine, lock.owner(), lock.exclusive(), first, last);
    return wasExclusive && !lock.exclusive();
  }

  /// Takes all ranges of an owner.
  ///
  /// @param sink is shown each range
  void removeAll(LockOwner owner, LockKind kind, Consumer<FileLock> sink) {
    NavigableMap<Long, Held> mine = of.remove(owner);
    if (mine != null) {
      forgetAll(mine, kind, sink);
    }
  }

  /// Takes all ranges of those owners who hold them for an object.
  ///
  /// @param sink is shown each range
  void removeAllOfHolder(@Nullable Object holder, LockKind kind, Consumer<FileLock> sink) {
    Iterator<Map.Entry<LockOwner, NavigableMap<Long, Held>>> all = of.entrySet().iterator();
    while (all.hasNext()) {
      Map.Entry<LockOwner, NavigableMap<Long, Held>> entry = all.next();
      if (entry.getKey().holder() == holder) {
        forgetAll(entry.getValue(), kind, sink);
        all.remove();
      }
    }
  }

  private void forgetAll(NavigableMap<Long, Held> mine, LockKind kind, Consumer<FileLock> sink) {
    for (Held held : mine.values()) {
      forget(held);
      sink.accept(held.asLock(kind));
    }
  }

  private void add(
      NavigableMap<Long, Held> mine, LockOwner owner, boolean isExclusive, long first, long last) {
    Held held = new Held(owner, isExclusive, first, last, ++made);
    mine.put(first, held);
    if (isExclusive) {
      exclusive.put(first, held);
    } else {
      shared = insert(shared, held);
    }
    size++;
  }

  private void remove(NavigableMap<Long, Held> mine, Held held) {
    mine.remove(held.first);
    forget(held);
  }

  private void forget(Held held) {
    if (held.exclusive) {
      exclusive.remove(held.first);
    } else {
      shared = without(shared, held);
    }
    size--;
  }

  // ---- The tree ---------------------------------------------------------------------------------

  private static Held insert(@Nullable Held node, Held held) {
    if (node == null) {
      return held;
    }
    if (held.rank > node.rank) {
      splitInto(node, held);
      return held.counted();
    }
    if (held.isBefore(node)) {
      node.left = insert(node.left, held);
    } else {
      node.right = insert(node.right, held);
    }
    return node.counted();
  }

  /// Makes what is before a range its left subtree, and what is behind it the right one.
  private static void splitInto(@Nullable Held node, Held held) {
    if (node == null) {
      held.left = null;
      held.right = null;
    } else if (held.isBefore(node)) {
      splitInto(node.left, held);
      node.left = held.right;
      held.right = node.counted();
    } else {
      splitInto(node.right, held);
      node.right = held.left;
      held.left = node.counted();
    }
  }

  private static @Nullable Held without(@Nullable Held node, Held held) {
    assert node != null : "not in the tree";
    if (node == held) {
      return join(node.left, node.right);
    }
    if (held.isBefore(node)) {
      node.left = without(node.left, held);
    } else {
      node.right = without(node.right, held);
    }
    return node.counted();
  }

  private static @Nullable Held join(@Nullable Held low, @Nullable Held high) {
    if (low == null || high == null) {
      return low == null ? high : low;
    }
    if (low.rank > high.rank) {
      low.right = join(low.right, high);
      return low.counted();
    }
    high.left = join(low, high.left);
    return high.counted();
  }
}
