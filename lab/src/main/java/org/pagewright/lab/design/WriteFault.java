package org.pagewright.lab.design;

/// One design of the write fault: how a mapped page becomes writable.
@FunctionalInterface
interface WriteFault {
  /// How it ended.
  enum Result {
    /// The page table entry is writable.
    WRITABLE,
    /// The page went away meanwhile: fault again.
    RETRY,
    /// There is nothing to write to: SIGBUS.
    BAD
  }

  /// Makes an entry writable. The lock of the address range is held shared, the page is unlocked.
  ///
  /// @param mm the address range
  /// @param pte the entry, which shows the page
  /// @param folio the page
  /// @param file the file that is mapped there
  Result makeWritable(Mm mm, Mm.Pte pte, Folio folio, File file);
}
