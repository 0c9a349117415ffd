package org.pagewright.fuse.server;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.vfs.Inode;

/// Open files and directories by the number that the kernel has for them.
///
///     | 63..32 how often the slot was used before | 31..0 slot |
///
/// Looking one up takes no lock. A number that was closed is never another file's: EBADF.
final class HandleTable {
  private static final int SLOTS_MAX = 1 << 24;

  private final Mutex lock = new Mutex(LockClass.INODE_STATE, "handles");
  private volatile AtomicReferenceArray<@Nullable Handle> slots = new AtomicReferenceArray<>(64);

  // Guarded by lock.
  private int[] free = new int[64];
  private int freeCount;
  private int used; // slots that were ever in use
  private int sequence;

  /// Enters an open file.
  ///
  /// @param handle gets its number
  /// @throws FsException ENFILE
  void add(Handle handle) throws FsException {
    lock.lock();
    try {
      int slot;
      if (freeCount > 0) {
        slot = free[--freeCount];
      } else {
        slot = used;
        if (slot == SLOTS_MAX) {
          throw new FsException(Errno.ENFILE, SLOTS_MAX + " open files");
        }
        if (slot == slots.length()) {
          grow();
        }
        used++;
      }
      handle.number = (long) ++sequence << 32 | slot;
      slots.set(slot, handle);
    } finally {
      lock.unlock();
    }
  }

  private void grow() {
    AtomicReferenceArray<@Nullable Handle> old = slots;
    AtomicReferenceArray<@Nullable Handle> wide = new AtomicReferenceArray<>(2 * old.length());
    for (int i = 0; i < old.length(); i++) {
      wide.set(i, old.get(i));
    }
    slots = wide;
    free = java.util.Arrays.copyOf(free, wide.length());
  }

  /// The open file with a number.
  ///
  /// @throws FsException EBADF
  Handle get(long number) throws FsException {
    AtomicReferenceArray<@Nullable Handle> now = slots;
    int slot = (int) number;
    Handle handle = slot >= 0 && slot < now.length() ? now.get(slot) : null;
    if (handle == null || handle.number != number) {
      throw new FsException(Errno.EBADF, "handle " + Long.toHexString(number));
    }
    return handle;
  }

  /// Takes an open file out.
  ///
  /// @return for the caller to close; null if the number is not in use
  @Nullable Handle remove(long number) {
    lock.lock();
    try {
      int slot = (int) number;
      Handle handle = slot >= 0 && slot < slots.length() ? slots.get(slot) : null;
      if (handle == null || handle.number != number) {
        return null;
      }
      slots.set(slot, null);
      free[freeCount++] = slot;
      return handle;
    } finally {
      lock.unlock();
    }
  }

  /// Whether an inode is open. Looks at all that are: for rare cases.
  boolean isOpen(Inode inode) {
    AtomicReferenceArray<@Nullable Handle> now = slots;
    for (int i = 0; i < now.length(); i++) {
      Handle handle = now.get(i);
      if (handle != null && handle.file.inode() == inode) {
        return true;
      }
    }
    return false;
  }

  /// Takes any open file out; for the end.
  @Nullable Handle removeAny() {
    AtomicReferenceArray<@Nullable Handle> now = slots;
    for (int i = 0; i < now.length(); i++) {
      Handle handle = now.get(i);
      if (handle != null) {
        return remove(handle.number);
      }
    }
    return null;
  }
}
