package org.pagewright.writeback;

import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.WritebackControl.SyncMode;
import org.pagewright.errno.FsException;

/// What a [Flusher] writes out: the dirty inodes of one super block. An upward call of this room:
/// `vfs` implements it.
///
/// An inode is dirty while it has dirty folios, folios under write-out, or metadata to write. The
/// target keeps them in the order in which they became so, with the time of [Clock#nanoTime()].
public interface FlushTarget {

  /// One dirty inode.
  interface DirtyInode {
    /// Its content.
    ///
    /// @return never null
    AddressSpace mapping();

    /// Writes its metadata if that is dirty. No lock held.
    ///
    /// @param mode ALL to have it on the store, or in the journal and committed, on return
    /// @throws FsException EIO, ENOSPC; it is dirty still
    void writeInode(SyncMode mode) throws FsException;
  }

  /// What a walk over the dirty inodes does with each.
  interface Visitor {
    /// Visits one. No lock held; it stays in memory meanwhile.
    ///
    /// @param inode dirty a moment ago
    /// @return true if all that was dirty has been written or tried: if it is dirty still, it
    ///     counts as having become so now; false if there is more: it keeps its time
    boolean visit(DirtyInode inode);

    /// Whether the walk is to go on; asked before each visit.
    ///
    /// @return false to end it
    boolean mayGoOn();
  }

  /// Name of the super block, for messages and the thread.
  ///
  /// @return never null
  String name();

  /// Visits each inode that was dirty when the walk began, once, those that became so first, first
  /// (R-H3: it ends however fast others dirty inodes). Forgets those that turn out clean. No lock
  /// held.
  ///
  /// @param until only those that became dirty when the clock showed this or less, in nanoseconds
  /// @param visitor what to do with each
  void forEachDirty(long until, Visitor visitor);

  /// Shows the inodes that have had something to write since a moment or longer, for a sync. An
  /// inode that a background walk has put back in its turn, because its write-out was under way or
  /// had failed, is among them with the time at which it first became dirty: a sync that passed it
  /// over would return before bytes are on the store that were accepted before it began (R-H4).
  ///
  /// @param until of this moment or before
  /// @param visitor is shown each
  default void forEachUnsynced(long until, Visitor visitor) {
    forEachDirty(until, visitor);
  }

  /// Whether any inode is dirty.
  ///
  /// @return a fact that may be old already
  boolean hasDirty();

  /// The flusher died of something it did not foresee: the super block must not be used any more.
  ///
  /// @param cause what it died of
  void shutDown(Throwable cause);
}
