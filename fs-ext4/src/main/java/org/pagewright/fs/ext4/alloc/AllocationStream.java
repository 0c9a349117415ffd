package org.pagewright.fs.ext4.alloc;

import org.jspecify.annotations.Nullable;

/// What an inode remembers between allocations: blocks set aside in memory behind its last ones, so
/// that files which grow at the same time do not interleave.
///
/// The reserve is nothing on the device and costs nobody space: it is taken back when the file is
/// closed ([BlockAllocator#discard]), when there are too many, or when space runs out.
public final class AllocationStream {

  /// Blocks set aside. Immutable; replaced with the lock of its group held.
  ///
  /// @param group the group's number
  /// @param bit first block, counted from the start of the group
  /// @param count how many
  record Reserve(int group, int bit, int count) {}

  /// Changed with the lock of the reserve's group held; null if there is none. Who wants the lock
  /// reads this first and looks again when it has it.
  volatile @Nullable Reserve reserve;

  /// Blocks given to this stream so far: long files get long reserves. Racy, a hint.
  long total;

  /// A stream without a reserve.
  public AllocationStream() {}
}
