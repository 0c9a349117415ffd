package org.pagewright.fs.ext4.buffer;

/// How many of the blocks that a transaction has logged are not in their places yet. While there
/// are some, the log must keep the transaction.
///
/// A block counts for the last transaction that logged it: that one's copy in the log is newer.
public final class Checkpoint {
  /// Guarded by the table lock of the cache.
  int left;

  /// Nothing to wait for yet.
  public Checkpoint() {}
}
