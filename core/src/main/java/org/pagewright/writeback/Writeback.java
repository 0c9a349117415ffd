package org.pagewright.writeback;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.cache.FolioMapper;
import org.pagewright.cache.WritebackControl;
import org.pagewright.cache.WritebackControl.SyncMode;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.stats.Count;
import org.pagewright.stats.Trace;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Lockdep;

/// Writes dirty folios of one file: the walk that file systems build their `writepages` on, and the
/// range calls that sync, direct I/O and truncation are made of.
///
/// Compare Linux's mm/page-writeback.c:writeback_iter() and
/// mm/filemap.c:filemap_fdatawrite_range().
///
/// ## The walk
///
///     integrity: tag what is dirty now TOWRITE (R-H3)
///     for each run of tagged folios, from the file's cursor if cyclic:
///         beginRun                              no folio lock: allocate here
///         for each folio of the run:
///             lock         background: try      somebody is at work there, come back later
///             detached?    pass over            truncated meanwhile (R-H5)
///             W?           integrity: wait; background: pass over (R-H4)
///             clean?       pass over            another walk was faster
///             past EOF?    pass over            truncation is about to drop it (R-H12)
///             writeFolio   D -> W, unlock
///     flush
///
/// A folio or a run that fails is passed over, the rest is written, and the first error is thrown
/// at the end (R-H6). Every walk ends, however fast others dirty folios: it goes upwards once, and
/// wraps at most once.
public final class Writeback {
  /// How many walks this thread is inside of. Compare Linux's PF_MEMALLOC_NOIO scope.
  private static final ThreadLocal<int[]> WALKS = ThreadLocal.withInitial(() -> new int[1]);

  private final AddressSpace mapping;
  private final WritebackControl control;
  private final FolioWriter writer;
  private final boolean integrity;
  private final DirtyRun run = new DirtyRun();
  private final @Nullable Folio[] batch = new @Nullable Folio[64];
  private @Nullable FsException firstError;

  private Writeback(AddressSpace mapping, WritebackControl control, FolioWriter writer) {
    this.mapping = mapping;
    this.control = control;
    this.writer = writer;
    this.integrity = control.mode() == SyncMode.ALL;
  }

  // ---- For file systems -----------------------------------------------------------------------

  /// Visits the dirty folios of a file as the control asks. No folio lock held; the file system
  /// calls this from `writepages`.
  ///
  /// @param mapping the file
  /// @param control range, mode and amount; counts what was written and passed over
  /// @param writer what to do with each folio
  /// @throws FsException the first error of the writer, after everything else was tried
  public static void writeCachePages(
      AddressSpace mapping, WritebackControl control, FolioWriter writer) throws FsException {
    assert Lockdep.holdsNoneFrom(LockClass.JOURNAL_HANDLE) : Lockdep.describe();
    new Writeback(mapping, control, writer).write();
  }

  /// Finds the next run of adjacent dirty folios, without any folio lock; in integrity mode, of
  /// those tagged TOWRITE. [#writeCachePages] does this itself and tells [FolioWriter#beginRun].
  ///
  /// @param mapping the file
  /// @param from first index to look at
  /// @param to last index to look at
  /// @param mode which tag counts
  /// @param out receives the run, at most [DirtyRun#MAX_FOLIOS]
  /// @return false if there is none
  public static boolean nextDirtyRun(
      AddressSpace mapping, long from, long to, SyncMode mode, DirtyRun out) {
    return out.find(mapping, from, to, mode, DirtyRun.MAX_FOLIOS);
  }

  /// Whether this thread is inside of [#writeCachePages]: then it must not wait for write-outs to
  /// get memory, because those may be its own, held back (R-I5).
  ///
  /// @return true inside
  public static boolean isWriting() {
    return WALKS.get()[0] > 0;
  }

  // ---- For everybody else ---------------------------------------------------------------------

  /// Lets the file system write as the control asks, and records an error for every open file to
  /// hear (R-H7). No lock at or below INVALIDATE held, except INVALIDATE itself.
  ///
  /// @param mapping the file
  /// @param control range, mode and amount
  /// @return the error of starting a write, recorded already; null if there was none
  public static @Nullable Errno writepages(AddressSpace mapping, WritebackControl control) {
    if (mapping.account() == null || mapping.dirtyFolios() == 0) {
      return null;
    }
    try {
      mapping.operations().writepages(mapping, control);
      return null;
    } catch (FsException e) {
      mapping.recordWriteFailure(e.errno());
      return e.errno();
    }
  }

  /// Starts to write what is dirty in a range, busy folios excepted; no promise of integrity
  /// (R-H11).
  ///
  /// @param mapping the file
  /// @param firstPos first byte
  /// @param lastPos last byte
  /// @return the error of starting a write, recorded already; null if there was none
  public static @Nullable Errno startRange(AddressSpace mapping, long firstPos, long lastPos) {
    return writepages(
        mapping,
        WritebackControl.start(AddressSpace.indexOf(firstPos), AddressSpace.indexOf(lastPos)));
  }

  /// Waits for the end of every write-out of a range that is under way. Ends although others start
  /// new ones: it goes upwards once.
  ///
  /// @param mapping the file
  /// @param firstPos first byte
  /// @param lastPos last byte
  public static void waitRange(AddressSpace mapping, long firstPos, long lastPos) {
    if (mapping.writebackFolios() == 0) {
      return;
    }
    assert Lockdep.holdsNoneFrom(LockClass.JOURNAL_HANDLE) : Lockdep.describe();
    @Nullable Folio[] batch = new @Nullable Folio[64];
    long next = AddressSpace.indexOf(firstPos);
    long last = AddressSpace.indexOf(lastPos);
    int n;
    while (next <= last && (n = mapping.gatherWriteback(next, last, batch)) > 0) {
      for (int i = 0; i < n; i++) {
        Folio folio = batch[i];
        assert folio != null;
        folio.waitWriteback();
        next = folio.index() + 1;
      }
    }
  }

  /// Writes what is dirty in a range and waits until it is on the store, or failed to get there
  /// (R-H3, R-H4, R-H10). The device's own cache is not flushed. Errors are recorded in
  /// [AddressSpace#writebackErrors()]: an open file reports them from there, each once (R-H7); the
  /// result is for callers without an open file.
  ///
  /// @param mapping the file
  /// @param firstPos first byte
  /// @param lastPos last byte
  /// @return an error that nobody has heard of yet; null if there is none
  public static @Nullable Errno syncRange(AddressSpace mapping, long firstPos, long lastPos) {
    int since = mapping.writebackErrors().sample();
    Errno error =
        writepages(
            mapping,
            WritebackControl.integrity(
                AddressSpace.indexOf(firstPos), AddressSpace.indexOf(lastPos)));
    // Wait even after an error: what was started must have ended when this returns.
    waitRange(mapping, firstPos, lastPos);
    return error != null ? error : mapping.writebackErrors().checkSince(since);
  }

  // ---- The walk -------------------------------------------------------------------------------

  private void write() throws FsException {
    mapping.counters().add(Count.WRITEBACK_PASSES, 1);
    if (!Trace.isOn()) {
      writeRange();
      return;
    }
    WritebackEvent event = new WritebackEvent();
    event.begin();
    try {
      writeRange();
    } finally {
      event.ended(mapping, control, firstError);
    }
  }

  private void writeRange() throws FsException {
    long first = control.firstIndex();
    long last = control.lastIndex();
    if (integrity) {
      mapping.tagDirtyToWrite(first, last);
    }
    int[] walks = WALKS.get();
    walks[0]++;
    try {
      if (!control.cyclic()) {
        walk(first, last);
      } else {
        long start = Math.clamp(mapping.writebackIndex(), first, last);
        long next = walk(start, last);
        if (next > last && start > first && mayGoOn()) {
          next = walk(first, start - 1);
        }
        mapping.setWritebackIndex(next > last ? first : next);
      }
    } finally {
      writer.flush();
      walks[0]--;
      Arrays.fill(batch, null);
    }
    if (firstError != null) {
      throw firstError;
    }
  }

  private boolean mayGoOn() {
    if (mapping.isExiting()) {
      return false; // who frees the file waits for this walk
    }
    return integrity || control.toWrite() > 0; // R-H6
  }

  /// @return the index to go on at; above `to` if nothing is left up to there
  private long walk(long from, long to) {
    long next = from;
    while (mayGoOn()) {
      long amount = integrity ? DirtyRun.MAX_FOLIOS : control.toWrite();
      if (next > to || !run.find(mapping, next, to, control.mode(), amount)) {
        return to + 1;
      }
      next = run.lastIndex() + 1;
      try {
        writer.beginRun(mapping, run.firstIndex(), run.lastIndex());
      } catch (FsException e) {
        failed(e);
        continue;
      }
      writeRun();
    }
    return next;
  }

  private void writeRun() {
    long next = run.firstIndex();
    long last = run.lastIndex();
    FolioMapper mapper = mapping.mapper();
    if (mapper != null && next < last) {
      // One wait for the stores to the whole run, instead of one for each folio (R-F14). Who stores
      // again before his folio's turn makes it wait once more, alone.
      mapper.writeProtect(next, last);
    }
    int n;
    do {
      n =
          integrity
              ? mapping.gatherToWrite(next, last, batch)
              : mapping.gatherDirty(next, last, batch);
      for (int i = 0; i < n; i++) {
        Folio folio = batch[i];
        assert folio != null;
        try {
          visit(folio);
        } catch (FsException e) {
          failed(e);
        }
        next = folio.index() + 1;
      }
    } while (n == batch.length && next <= last);
  }

  private void failed(FsException e) {
    if (firstError == null) {
      firstError = e;
    }
  }

  private void visit(Folio folio) throws FsException {
    if (!folio.tryLock()) {
      if (!integrity) {
        // Its holder may be waiting for memory that only this thread can make clean (R-I5).
        control.countSkipped();
        return;
      }
      writer.flush();
      folio.lock();
    }
    if (isToBeWritten(folio)) {
      if (writer.writeFolio(folio, control)) {
        control.countWritten();
      } else {
        control.countSkipped();
      }
      assert !Lockdep.holds(LockClass.FOLIO, folio) : folio + " left locked by its writer";
    } else {
      folio.unlock();
    }
  }

  private boolean isToBeWritten(Folio folio) {
    if (!folio.isAttached()) {
      return false; // truncated while we waited for its lock (R-H5)
    }
    if (folio.isWriteback()) {
      if (!integrity) {
        control.countSkipped();
        return false;
      }
      // What is on its way may be older than the bytes to be synced: wait and write again (R-H4).
      writer.flush();
      folio.waitWriteback();
    }
    if (!folio.isDirty()) {
      if (integrity) {
        mapping.clearToWrite(folio);
      }
      return false;
    }
    if (folio.pos() >= mapping.size()) {
      control.countSkipped();
      return false; // truncation has set the size and is on its way to this folio (R-H12)
    }
    return true;
  }
}
