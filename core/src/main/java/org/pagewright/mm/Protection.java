package org.pagewright.mm;

/// What a region may be used for.
public enum Protection {
  /// Loads only.
  READ,
  /// Loads and stores.
  READ_WRITE
}
