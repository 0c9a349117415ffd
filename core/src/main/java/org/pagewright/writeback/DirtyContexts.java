package org.pagewright.writeback;

import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.AddressSpaceOperations;
import org.pagewright.cache.Folio;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Lockdep;

/// Keeps bytes of two contexts out of one folio (R-F17), see
/// [AddressSpaceOperations#keepsContexts()]. Compare Linux's
/// fs/ceph/addr.c:ceph_find_incompatible() and fs/nfs/write.c:nfs_flush_incompatible(); decided
/// here, once, for the write loop and the write fault, so that no file system has to.
///
///     write loop               write fault
///     writeBegin -> L          pageMkwrite -> L
///     admits?                  admit
///       no: writeEnd of          no: unlocked,
///       nothing, writeOut,       written out,
///       again                    again
///     copy, markDirty          entry writable, markDirty
///
/// The question is asked under the folio lock and answered before that lock is given back, and a
/// folio takes on a context only under that lock: so the answer holds.
///
/// A store through a mapping is a fault only once for each write-out. So when another context
/// becomes current, as by a snapshot, the file system calls [#changed(AddressSpace)].
public final class DirtyContexts {
  private static final int BATCH = 64;

  private DirtyContexts() {}

  /// Whether a folio may become dirty, or dirtier, in the context of now. Folio lock held; does not
  /// sleep.
  ///
  /// @param folio attached
  /// @return false if it has to be written out first
  public static boolean admits(Folio folio) {
    assert folio.isLocked() : folio;
    return !folio.mapping().keepsContexts() || fits(folio);
  }

  private static boolean fits(Folio folio) {
    // The context goes away at the end of a write-out, under our eyes or a moment ago: then the
    // answer is that of a moment ago, and a write-out that finds nothing to do.
    if (folio.context() == null) {
      return true;
    }
    AddressSpaceOperations operations = folio.mapping().operations();
    return !operations.incompatible(folio, operations.contextOf(folio));
  }

  /// Makes sure that a folio may become dirty in the context of now: to be called for a write fault
  /// after pageMkwrite has returned the folio locked and before the entry becomes writable.
  ///
  /// No lock from CLUSTER on held but that of the folio. May sleep, if it returns false.
  ///
  /// @param folio locked, attached
  /// @return true: go on, it is locked still. False: it is unlocked, what it held was written out;
  ///     take the fault from its beginning
  /// @throws FsException EIO, ENOSPC: the folio is unlocked, and dirty in its old context
  public static boolean admit(Folio folio) throws FsException {
    if (admits(folio)) {
      return true;
    }
    folio.unlock();
    writeOut(folio.mapping(), folio.index());
    return false;
  }

  /// Writes out what a folio holds of another context than that of now, and waits. No folio lock
  /// held.
  ///
  /// @param mapping the file
  /// @param index number of the folio
  /// @throws FsException EIO, ENOSPC: it is dirty still
  public static void writeOut(AddressSpace mapping, long index) throws FsException {
    assert Lockdep.holdsNoneFrom(LockClass.JOURNAL_HANDLE) : Lockdep.describe();
    long first = index << AddressSpace.FOLIO_SHIFT;
    Errno error = Writeback.syncRange(mapping, first, first + AddressSpace.FOLIO_SIZE - 1);
    if (error == null) {
      return;
    }
    // The error may be another folio's: what counts is whether this one can be used now.
    Folio folio = mapping.find(index);
    if (folio != null && folio.isAttached() && !fits(folio)) {
      throw new FsException(error, folio + " holds bytes of another context");
    }
  }

  /// The context of now is another one: makes the next store through a mapping to each dirty folio
  /// a fault again, which asks. When this returns, no store is under way that was not asked. Folios
  /// that become dirty from now on do so in the new context.
  ///
  /// No folio lock held. May sleep for folio locks.
  ///
  /// @param mapping the file
  public static void changed(AddressSpace mapping) {
    if (mapping.mapper() == null) {
      return;
    }
    @Nullable Folio[] batch = new @Nullable Folio[BATCH];
    long next = 0;
    int n;
    while ((n = mapping.gatherDirty(next, Long.MAX_VALUE, batch)) > 0) {
      for (int i = 0; i < n; i++) {
        Folio folio = batch[i];
        assert folio != null;
        // With its lock: a fault that was let in before the change has made its entry by then.
        folio.lock();
        if (folio.isAttached()) {
          folio.writeProtect();
        }
        folio.unlock();
        next = folio.index() + 1;
      }
    }
  }
}
