package org.pagewright.cache;

import org.jspecify.annotations.Nullable;
import org.pagewright.stats.Counters;

/// Where an address space reports how many of its folios are dirty and under write-out: the share
/// of its device in the dirty limits. Called under CACHE_INDEX; must not wait for anything.
public interface DirtyAccount {
  /// The number of dirty folios changed.
  ///
  /// @param folios by how many, negative when they were cleaned or cancelled
  void dirtied(int folios);

  /// The number of folios under write-out changed.
  ///
  /// @param folios by how many
  void writeback(int folios);

  /// A folio reached its store.
  void written();

  /// Where the files of this device are counted.
  ///
  /// @return null for the counts of the cache, which all files without counts of their own share
  default @Nullable Counters counters() {
    return null;
  }
}
