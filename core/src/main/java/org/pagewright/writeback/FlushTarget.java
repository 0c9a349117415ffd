package org.pagewright.writeback;

import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.WritebackControl.SyncMode;
import org.pagewright.errno.FsException;

/// What a [Flusher] writes out: the dirty inodes of one super block. An upward call of this room:
/// `vfs` implements it.
///
/// An inode is dirty while it has dirty folios, folios under write-out, or metadata to write. The
/// target keeps them in the order in which they became so.
public interface FlushTarget {

  /// One dirty inode.
  interface DirtyInode {
    /// Its content.
    ///
    /// @return never null
    AddressSpace mapping();

    /// Place in the order of becoming dirty; larger is later. New with each [#requeue()] that leaves
    /// it dirty.
    ///
    /// @return at least 1
    long sequence();

    /// Writes its metadata if that is dirty. No lock held.
    ///
    /// @param mode ALL to have it on the store, or in the journal and committed, on return
    /// @throws FsException EIO, ENOSPC; it is dirty still
    void writeInode(SyncMode mode) throws FsException;

    /// All that was dirty when it was gathered has been written out or tried: if it is dirty still
    /// it counts as having become so now, otherwise it leaves the order.
    void requeue();

    /// The flusher needs it no longer; it may leave memory.
    void unpin();
  }

  /// Name of the super block, for messages and the thread.
  ///
  /// @return never null
  String name();

  /// Collects dirty inodes, those that became so first, first; each stays in memory until
  /// [DirtyInode#unpin()].
  ///
  /// @param afterSequence only those with a larger sequence
  /// @param until only those that became dirty when the clock showed this or less, in nanoseconds
  /// @param out receives them, up to its length
  /// @return how many
  int gatherDirty(long afterSequence, long until, DirtyInode[] out);

  /// The flusher died of something it did not foresee: the super block must not be used any more.
  ///
  /// @param cause what it died of
  void shutDown(Throwable cause);
}
