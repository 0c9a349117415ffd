package org.pagewright.cache;

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
}
