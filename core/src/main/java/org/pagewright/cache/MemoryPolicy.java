package org.pagewright.cache;

/// Decides which folio leaves when a frame is needed. An upward call of this room: `reclaim`
/// implements it.
public interface MemoryPolicy {

  /// A folio has been added to the cache. FOLIO held, CACHE_INDEX not.
  ///
  /// @param folio the new folio
  void inserted(Folio folio);

  /// A folio has left the cache by truncation or eviction. FOLIO held, CACHE_INDEX not.
  ///
  /// @param folio the detached folio
  void removed(Folio folio);

  /// No frame is free: frees some. Called with any locks down to FOLIO held, so it only tries folio
  /// locks (R-I5, R-I6).
  ///
  /// @param mayWait whether it may wait for write-out that others do
  /// @return true if it is worth trying to take a frame again
  boolean makeRoom(boolean mayWait);
}
