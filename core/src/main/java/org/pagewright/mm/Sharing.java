package org.pagewright.mm;

/// Who sees what is stored through a region.
public enum Sharing {
  /// Everybody: the file is changed.
  SHARED,
  /// Only this region: a folio is copied before the first store to it, and the copy never reaches
  /// the file. It takes a frame of the cache that reclaim cannot have before the region is closed.
  PRIVATE
}
