package org.pagewright.sync;

/// Every lock of Pagewright, outermost first: a thread may only wait for a class that is declared
/// below all classes it already holds. [Lockdep] enforces this whenever assertions are on.
///
/// The order is Linux's, merged from the comments at the head of mm/filemap.c, mm/rmap.c and
/// fs/ext4/super.c. Two instances of one class are held together only where [#nests()] says so, in
/// the order that the class tells.
public enum LockClass {
  /// The report that other processes read, while it is written.
  REPORT,
  /// Position of one open file, held across a read or write that uses it.
  FILE_POSITION,
  /// Freeze protection of the super block, write level; shared by every modifying call.
  SB_WRITE,
  /// One rename between directories of a super block at a time, so that "above" cannot change.
  RENAME,
  /// `Inode.rwsem`: writers and truncate exclusive. Several: ancestors before descendants,
  /// directories before files, else ascending inode number.
  INODE(true),
  /// Lock of one mapped address range; shared while a fault is served.
  MMAP,
  /// Freeze protection, page-fault level: a fault may come from inside INODE.
  SB_PAGEFAULT,
  /// A lock of a cluster or a remote lease. No fault is served from here on.
  CLUSTER,
  /// `AddressSpace.invalidateLock`: fillers shared, removers exclusive.
  INVALIDATE,
  /// Reverse map: the areas that map one address space.
  RMAP,
  /// One commit of a journal, or one move of its tail, at a time.
  JOURNAL_COMMIT,
  /// A running journal handle; waiting for log space counts as acquiring.
  JOURNAL_HANDLE,
  /// Folio lock. Several: one mapping, ascending index; extra ones by try-lock only.
  FOLIO(true),
  /// Block map of one inode.
  EXTENT_MAP,
  /// Extended attributes of one inode, and the sharing of their blocks.
  XATTR,
  /// Allocation state of one block group, or of all.
  BLOCK_GROUP,
  /// The list of files that a crash would leave without names or half cut.
  ORPHAN,
  /// What a journal's transactions hold.
  JOURNAL_STATE,
  /// Content of one metadata buffer. Several: ascending block number.
  BUFFER(true),
  /// Table of metadata buffers.
  BUFFER_TABLE,
  /// Small mutable fields of one inode or super block; nothing from here on may sleep.
  INODE_STATE,
  /// Tables of dentries and inodes.
  DCACHE,
  /// One page table.
  PAGE_TABLE,
  /// Index of one address space.
  CACHE_INDEX,
  /// Lists of the reclaim policy.
  LRU,
  /// Queue of a device or of a flusher.
  QUEUE;

  private final boolean nests;

  LockClass() {
    this(false);
  }

  LockClass(boolean nests) {
    this.nests = nests;
  }

  /// Whether a thread may hold two instances; the class comment gives their order.
  ///
  /// @return true if it may
  public boolean nests() {
    return nests;
  }
}
