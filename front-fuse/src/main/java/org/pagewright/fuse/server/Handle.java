package org.pagewright.fuse.server;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.pagewright.vfs.FileLock;
import org.pagewright.vfs.LockKind;
import org.pagewright.vfs.LockOwner;
import org.pagewright.vfs.OpenFile;

/// An open file or directory of the kernel's.
final class Handle {
  final OpenFile file;

  /// The number that the kernel has for it. Written once before publication.
  long number;

  /// Up to which change of capabilities this file was looked at; see [FileOps].
  volatile int capabilitiesSeen = -1;

  /// Who ever asked for a lock by this file, for the day when the kernel is gone. Null for most.
  private volatile @Nullable Map<LockOwner, LockKind> owners;

  Handle(OpenFile file) {
    this.file = file;
  }

  void noteOwner(FileLock lock) {
    Map<LockOwner, LockKind> known = owners;
    if (known == null) {
      known = new ConcurrentHashMap<>();
      owners = known; // of two threads at a time one loses its note: the other locks the same file
    }
    known.put(lock.owner(), lock.kind());
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
