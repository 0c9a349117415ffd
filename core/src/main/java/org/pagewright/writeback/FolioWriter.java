package org.pagewright.writeback;

import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.cache.WritebackControl;
import org.pagewright.errno.FsException;

/// What a file system does with the dirty folios that [Writeback#writeCachePages] finds.
///
/// | method     | FOLIO on entry | FOLIO on return  | may sleep                         |
/// |------------|----------------|------------------|-----------------------------------|
/// | beginRun   | no             | no               | yes                               |
/// | writeFolio | held           | released, always | yes, not for another file's folio |
/// | flush      | no, or one     | the same         | yes, not for a folio              |
///
/// One object serves one call of [Writeback#writeCachePages], in one thread.
public interface FolioWriter {

  /// A run of dirty folios is about to be visited: the place to allocate what was delayed, in one
  /// piece and with outer locks (a journal handle), which may not be taken under a folio lock. Some
  /// of the folios may be clean, gone or truncated by the time they are visited.
  ///
  /// @param mapping the file
  /// @param firstIndex first folio of the run
  /// @param lastIndex last folio of the run, at most [DirtyRun#MAX_FOLIOS] in all
  /// @throws FsException ENOSPC, EIO: the run is passed over and stays dirty, the next one is tried
  default void beginRun(AddressSpace mapping, long firstIndex, long lastIndex)
      throws FsException {}

  /// Writes one folio: locked, attached, dirty, not under write-out, inside the file when the walk
  /// looked; truncation may set the size at any moment, and is then on its way to this folio
  /// (R-H12). The writer
  /// calls [Folio#clearDirtyForIo()], then either [Folio#startWriteback()] with an I/O whose
  /// completion calls [Folio#endWriteback(boolean)], or [Folio#markDirty()] to leave it for later
  /// (R-H1); and it unlocks the folio, also when it throws. The I/O may be held back to be joined
  /// with that of the next folio, until [#flush()].
  ///
  /// @param folio the folio
  /// @param control what was asked for
  /// @return true if a write-out was started, false if the folio was left for later
  /// @throws FsException the folio could not be written and is dirty still
  boolean writeFolio(Folio folio, WritebackControl control) throws FsException;

  /// Submits what was held back. Called at the end, and before the walk waits for a folio: who
  /// waits for a write-out while he holds back one of his own can be waited for in turn (R-I6).
  default void flush() {}
}
