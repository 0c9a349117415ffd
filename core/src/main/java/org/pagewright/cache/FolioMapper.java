package org.pagewright.cache;

/// Who maps a file: the reverse map, from folios to the entries of page tables that lead to them.
/// An upward call of this room: `mm` implements it. Compare Linux's mm/rmap.c.
///
/// | method           | FOLIO    | may wait for              | called by                          |
/// |------------------|----------|---------------------------|------------------------------------|
/// | writeProtect     | any      | stores under way          | clear dirty for I/O, write-out     |
/// | unmap            | held     | stores under way          | detach, evict                      |
/// | unmapRange       | no       | stores under way          | truncation, before the folios go   |
/// | testAndClearYoung| any      | nothing                   | reclaim                            |
/// | beginGrowth      | any      | stores under way          | whoever grows the file             |
/// | endGrowth        | any      | nothing                   | the same                           |
///
/// An entry comes into being, and becomes writable, only under the lock of its folio; it may be
/// taken away at any time. So who holds the folio lock and has called one of these knows that no
/// such entry is left, and that no store through one is under way (R-F14). Stores are short: they
/// never wait for anything.
public interface FolioMapper {
  /// Makes every entry that leads to a range read-only, and waits for the stores under way: the
  /// next store will be a write fault. Copies that are private to a mapping are left alone.
  ///
  /// @param first first folio
  /// @param last last folio
  void writeProtect(long first, long last);

  /// Removes every entry that leads to a folio, and waits for the stores under way.
  ///
  /// @param folio attached, locked
  void unmap(Folio folio);

  /// Removes the entries of a range in one go: most of them, for those of folios that are locked in
  /// memory stay until [#unmap(Folio)].
  ///
  /// @param first first folio
  /// @param last last folio
  /// @param evenCopies whether private copies go, too: truncation, but not a hole
  void unmapRange(long first, long last, boolean evenCopies);

  /// Whether a folio was used through a mapping since the last time; forgets it.
  ///
  /// @param index number of the folio
  /// @return true if it was
  boolean testAndClearYoung(long index);

  /// The size is about to grow from inside a folio: makes it read-only for stores, and keeps write
  /// faults of it from ending before [#endGrowth()]. Otherwise a store could go to a block that was
  /// beyond the end when the fault had space reserved, and is inside now (R-D5).
  ///
  /// @param index the folio of the old end
  void beginGrowth(long index);

  /// The size has grown.
  void endGrowth();
}
