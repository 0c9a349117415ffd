package org.pagewright.sync;

import java.util.ArrayList;
import java.util.List;

/// Checks the order of locks at run time: what each thread holds, and that it waits only downwards.
///
/// Every method is called inside an `assert` and returns a boolean, so that a JVM without
/// assertions pays nothing. A lock that is given to an I/O completion (a folio under read) is
/// released here by the thread that submits, because no thread owns it from then on.
public final class Lockdep {

  private record Held(LockClass lockClass, Object lock) {
    @Override
    public String toString() {
      return lockClass + "(" + lock + ")";
    }
  }

  private static final ThreadLocal<List<Held>> HELD = ThreadLocal.withInitial(ArrayList::new);

  private Lockdep() {}

  /// To be called before a thread waits for a lock.
  ///
  /// @param lockClass class of the lock
  /// @param lock the instance
  /// @return true
  /// @throws AssertionError if the order is broken or the thread holds this very lock
  public static boolean willAcquire(LockClass lockClass, Object lock) {
    for (Held held : HELD.get()) {
      if (held.lock == lock && held.lockClass == lockClass) {
        throw new AssertionError("self-deadlock: " + held + " acquired twice, held " + describe());
      }
      int order = held.lockClass.compareTo(lockClass);
      if (order > 0 || (order == 0 && !lockClass.nests())) {
        throw new AssertionError(
            lockClass + "(" + lock + ") wanted while holding " + describe() + ": wrong order");
      }
    }
    return true;
  }

  /// To be called when a thread has got a lock, by waiting or by trying.
  ///
  /// @param lockClass class of the lock
  /// @param lock the instance
  /// @return true
  public static boolean acquired(LockClass lockClass, Object lock) {
    HELD.get().add(new Held(lockClass, lock));
    return true;
  }

  /// To be called when a thread gives a lock back or hands it to somebody else.
  ///
  /// @param lockClass class of the lock
  /// @param lock the instance
  /// @return true
  /// @throws AssertionError if the thread does not hold it
  public static boolean released(LockClass lockClass, Object lock) {
    List<Held> held = HELD.get();
    for (int i = held.size() - 1; i >= 0; i--) {
      if (held.get(i).lock == lock && held.get(i).lockClass == lockClass) {
        held.remove(i);
        return true;
      }
    }
    throw new AssertionError(lockClass + "(" + lock + ") released but not held, held " + held);
  }

  /// Whether this thread holds a lock of a class.
  ///
  /// @param lockClass the class
  /// @return true if it holds one
  public static boolean holds(LockClass lockClass) {
    for (Held held : HELD.get()) {
      if (held.lockClass == lockClass) {
        return true;
      }
    }
    return false;
  }

  /// Whether this thread holds one certain lock.
  ///
  /// @param lockClass class of the lock
  /// @param lock the instance
  /// @return true if it holds it
  public static boolean holds(LockClass lockClass, Object lock) {
    for (Held held : HELD.get()) {
      if (held.lock == lock && held.lockClass == lockClass) {
        return true;
      }
    }
    return false;
  }

  /// Whether this thread holds no lock at or below a class in the order.
  ///
  /// @param first the outermost class that must not be held
  /// @return true if it holds none from there on
  public static boolean holdsNoneFrom(LockClass first) {
    for (Held held : HELD.get()) {
      if (held.lockClass.compareTo(first) >= 0) {
        return false;
      }
    }
    return true;
  }

  /// Whether this thread holds nothing; asserted where a user's call returns.
  ///
  /// @return true
  /// @throws AssertionError with the list of what is held
  public static boolean holdsNothing() {
    if (!HELD.get().isEmpty()) {
      throw new AssertionError("locks held on return: " + describe());
    }
    return true;
  }

  /// What this thread holds, in words.
  ///
  /// @return a list such as `[INODE(12), FOLIO(12/3)]`
  public static String describe() {
    return HELD.get().toString();
  }
}
