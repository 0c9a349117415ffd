package org.pagewright.fuse.server;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.pagewright.vfs.FileLock;
import org.pagewright.vfs.LockKind;
import org.pagewright.vfs.LockOwner;
import org.pagewright.vfs.OpenFile;

/// An open file or directory of the kernel's.
final class Handle {
  private static final VarHandle OWNERS;

  static {
    try {
      OWNERS = MethodHandles.lookup().findVarHandle(Handle.class, "owners", Map.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final OpenFile file;

  /// The number that the kernel has for it. Written once before publication.
  long number;

  /// Whether its content is to be durable when a call returns: it was opened so, or the mount
  /// made. Written once before publication.
  boolean synced;

  /// Up to which change of capabilities this file was looked at; see [FileOps].
  volatile int capabilitiesSeen = -1;

  /// Who asked for a lock by this file and has not closed it since, for the day when the kernel is
  /// gone. Null for most.
  private volatile @Nullable Map<LockOwner, LockKind> owners;

  Handle(OpenFile file) {
    this.file = file;
  }

  void noteOwner(FileLock lock) {
    Map<LockOwner, LockKind> known = owners;
    if (known == null) {
      OWNERS.compareAndSet(this, null, new ConcurrentHashMap<LockOwner, LockKind>());
      known = owners; // ours, or that of a thread that was faster
      assert known != null;
    }
    known.put(lock.owner(), lock.kind());
  }

  /// Takes away the locks of one kind that an owner has on the file.
  void unlockAll(LockKind kind, LockOwner owner) {
    file.unlockAll(kind, owner);
    Map<LockOwner, LockKind> known = owners;
    if (known != null) {
      known.remove(owner, kind);
    }
  }

  /// Takes away every lock that was asked for by this file.
  void unlockAll() {
    Map<LockOwner, LockKind> known = owners;
    if (known != null) {
      for (LockOwner owner : known.keySet()) {
        file.unlockAll(LockKind.RANGE, owner);
        file.unlockAll(LockKind.WHOLE, owner);
      }
    }
  }
}
