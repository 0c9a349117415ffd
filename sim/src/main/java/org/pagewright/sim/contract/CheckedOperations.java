package org.pagewright.sim.contract;

import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.AddressSpaceOperations;
import org.pagewright.cache.Folio;
import org.pagewright.cache.WriteOp;
import org.pagewright.cache.WritebackControl;
import org.pagewright.errno.FsException;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Lockdep;

/// Watches the operations of a file system, and whoever calls them: throws an [AssertionError]
/// where one of the two breaks a promise of [AddressSpaceOperations]. Any file may be built on it.
///
///     caller --> CheckedOperations --> the file system
///                 before: the locks and arguments that a caller owes
///                 after:  the locks, the result, the size, the state of the folio
///
/// | rule | what is looked at                                                                    |
/// |------|--------------------------------------------------------------------------------------|
/// | E7   | one writeEnd per writeBegin, same token, same range, same folio                      |
/// | E1   | RETRY, null and exceptions leave no folio lock behind                                |
/// | B2   | a commit of nothing is accepted as nothing                                           |
/// | B5   | on an uptodate folio exactly what was copied is accepted                             |
/// | B7   | a short commit without uptodate bytes is rejected                                    |
/// | D2   | the size grows to the end of what was accepted, and by nothing else                  |
/// | I8   | readahead gives every folio lock away                                                |
///
/// Locks are checked where assertions are on, for only then [Lockdep] knows them.
public final class CheckedOperations implements AddressSpaceOperations {
  /// Where a write stands between begin and end.
  private record Begun(long pos, int length, Folio folio, Set<LockClass> heldBefore) {}

  private static final boolean KNOWS_LOCKS = CheckedOperations.class.desiredAssertionStatus();
  private static final int STATE_PIECE = 512;

  private final AddressSpaceOperations operations;
  private final Map<WriteOp, Begun> begun = new ConcurrentHashMap<>();

  /// Watches a file system.
  ///
  /// @param operations who does the work
  public CheckedOperations(AddressSpaceOperations operations) {
    this.operations = operations;
  }

  /// Throws unless each begin has had its end (R-E7). For quiet moments.
  ///
  /// @throws AssertionError naming what is open
  public void assertNothingBegun() {
    check(begun.isEmpty(), "writes without an end: " + begun.values());
  }

  // ---- Fill -----------------------------------------------------------------------------------

  @Override
  public FillResult readFolio(AddressSpace mapping, Folio folio) throws FsException {
    Set<LockClass> others = heldBesides(folio);
    checkForFill(mapping, folio);
    try {
      FillResult result = operations.readFolio(mapping, folio);
      check(result != null, "readFolio said nothing");
      return result;
    } finally {
      // STARTED: it is the I/O's now. RETRY, or an exception: it is free (R-E1).
      checkReleased(folio, "readFolio");
      checkHeld(others, "readFolio");
    }
  }

  @Override
  public void readahead(AddressSpace mapping, Folio[] folios, int count) {
    check(count >= 1 && count <= folios.length, "readahead of " + count + " folios");
    for (int i = 0; i < count; i++) {
      checkForFill(mapping, folios[i]);
      check(folios[i].index() == folios[0].index() + i, "readahead of folios with a gap");
    }
    operations.readahead(mapping, folios, count);
    for (int i = 0; i < count; i++) {
      checkReleased(folios[i], "readahead"); // R-I8: also where the read could not start
    }
  }

  private static void checkForFill(AddressSpace mapping, Folio folio) {
    check(folio.mapping() == mapping && folio.isAttached(), folio + " is not of " + mapping);
    check(!folio.isUptodate(), folio + " is to be filled again");
    if (KNOWS_LOCKS) {
      check(folio.isLockedByCaller(), folio + " is to be filled without its lock");
      check(
          Lockdep.holds(LockClass.INVALIDATE, mapping.invalidateLock()),
          "a fill of " + folio + " without INVALIDATE (R-G2)");
    }
  }

  @Override
  public boolean isPartiallyUptodate(Folio folio, int offset, int length) {
    checkRange(folio, offset, length);
    boolean locked = folio.isLockedByCaller();
    boolean uptodate = operations.isPartiallyUptodate(folio, offset, length);
    check(locked == folio.isLockedByCaller(), "isPartiallyUptodate changed the lock of " + folio);
    return uptodate;
  }

  // ---- Write ----------------------------------------------------------------------------------

  @Override
  public @Nullable Folio writeBegin(AddressSpace mapping, long pos, int length, WriteOp op)
      throws FsException {
    check(!begun.containsKey(op), "a second begin with one token (R-E7)");
    check(
        length > 0 && length <= mapping.bytesToFolioEnd(pos),
        "a chunk of " + length + " bytes at " + pos);
    Set<LockClass> before = held();
    if (KNOWS_LOCKS) {
      check(Lockdep.holds(LockClass.INODE), "a write without INODE");
      check(Lockdep.holdsNoneFrom(LockClass.MMAP), "a write begun with " + Lockdep.describe());
    }
    long size = mapping.size();
    Folio folio = null;
    try {
      folio = operations.writeBegin(mapping, pos, length, op);
      check(mapping.size() == size, "writeBegin changed the size");
    } finally {
      if (folio == null) {
        checkHeld(before, "writeBegin without a folio"); // R-E1, R-C4
      }
    }
    if (folio != null) {
      check(folio.isAttached() && folio.mapping() == mapping, folio + " is not of " + mapping);
      check(
          folio.pos() <= pos && pos + length <= folio.pos() + folio.size(),
          folio + " given for " + length + " bytes at " + pos);
      check(!KNOWS_LOCKS || folio.isLockedByCaller(), folio + " is not locked after writeBegin");
      begun.put(op, new Begun(pos, length, folio, before));
    }
    return folio;
  }

  @Override
  public int writeEnd(
      AddressSpace mapping, long pos, int length, int copied, Folio folio, WriteOp op)
      throws FsException {
    Begun begin = begun.remove(op);
    check(begin != null, "writeEnd without a writeBegin (R-E7)");
    check(
        begin.pos == pos && begin.length == length && begin.folio == folio,
        "writeEnd of another chunk than that of writeBegin (R-E7)");
    check(copied >= 0 && copied <= length, copied + " bytes copied of " + length);
    check(!KNOWS_LOCKS || folio.isLockedByCaller(), folio + " is not locked before writeEnd");
    boolean uptodate = folio.isUptodate();
    boolean anyUptodate = uptodate || isAnyUptodate(folio, folio.offsetOf(pos), length);
    long size = mapping.size();
    int accepted = 0;
    try {
      accepted = operations.writeEnd(mapping, pos, length, copied, folio, op);
    } finally {
      checkReleased(folio, "writeEnd");
      checkHeld(begin.heldBefore, "writeEnd");
      long grown = accepted > 0 ? Math.max(size, pos + accepted) : size;
      check(
          mapping.size() == grown,
          "R-D2: size " + mapping.size() + " after " + accepted + " bytes accepted at " + pos
              + ", was " + size);
    }
    check(
        accepted >= 0 && accepted <= copied, "accepted " + accepted + " of " + copied + " (R-B2)");
    check(
        !uptodate || accepted == copied,
        "R-B5: accepted " + accepted + " of " + copied + " on an uptodate folio");
    check(
        anyUptodate || copied == length || accepted == 0,
        "R-B7: accepted " + accepted + " of " + copied + " on a folio that is not uptodate");
    return accepted;
  }

  private boolean isAnyUptodate(Folio folio, int offset, int length) {
    int end = offset + length;
    for (int at = offset; at < end; ) {
      int next = Math.min(end, (at | (STATE_PIECE - 1)) + 1);
      if (operations.isPartiallyUptodate(folio, at, next - at)) {
        return true;
      }
      at = next;
    }
    return false;
  }

  // ---- Write-out and removal --------------------------------------------------------------------

  @Override
  public MkwriteResult pageMkwrite(AddressSpace mapping, Folio folio) throws FsException {
    Set<LockClass> before = held();
    check(!before.contains(LockClass.FOLIO), "pageMkwrite with a folio lock held (R-F1)");
    check(folio.references() > 0, folio + " is to be stored to without a reference");
    boolean locked = false;
    try {
      MkwriteResult result = operations.pageMkwrite(mapping, folio);
      locked = result == MkwriteResult.LOCKED;
      if (locked) {
        checkLocked(folio, "pageMkwrite");
        check(folio.isAttached(), folio + " is gone and to be stored to (R-F5)");
        check(folio.pos() < mapping.size(), folio + " is beyond the end (R-D7)");
      }
      return result;
    } finally {
      if (!locked) {
        checkHeld(before, "pageMkwrite"); // R-F7
      }
    }
  }

  @Override
  public boolean needsStableFolios() {
    return operations.needsStableFolios();
  }

  @Override
  public void writepages(AddressSpace mapping, WritebackControl control) throws FsException {
    Set<LockClass> before = held();
    check(!before.contains(LockClass.FOLIO), "writepages with a folio lock held");
    try {
      operations.writepages(mapping, control);
    } finally {
      checkHeld(before, "writepages");
    }
  }

  @Override
  public void invalidateFolio(Folio folio, int offset, int length) {
    checkRange(folio, offset, length);
    check(!folio.isWriteback(), folio + " invalidated under write-out (R-G3)");
    checkLocked(folio, "invalidateFolio");
    operations.invalidateFolio(folio, offset, length);
    checkLocked(folio, "invalidateFolio");
    check(
        length < folio.size() || folio.attachment() == null,
        folio + ": " + folio.attachment() + " stays behind");
  }

  @Override
  public boolean releaseFolio(Folio folio) {
    checkLocked(folio, "releaseFolio");
    check(!folio.isDirty() && !folio.isWriteback(), folio + " released although busy (R-I4)");
    boolean released = operations.releaseFolio(folio);
    checkLocked(folio, "releaseFolio");
    check(
        !released || folio.attachment() == null,
        folio + ": " + folio.attachment() + " stays behind");
    return released;
  }

  // ---- Contexts ---------------------------------------------------------------------------------

  @Override
  public boolean keepsContexts() {
    return operations.keepsContexts();
  }

  @Override
  public @Nullable Object contextOf(Folio folio) {
    return operations.contextOf(folio);
  }

  @Override
  public boolean incompatible(Folio folio, @Nullable Object context) {
    check(folio.context() == null || keepsContexts(), folio + " has a context (R-F17)");
    return operations.incompatible(folio, context);
  }

  @Override
  public void attachedContext(Folio folio, Object context) {
    check(folio.context() == null, folio + " becomes dirty in a second context (R-F17)");
    operations.attachedContext(folio, context);
  }

  @Override
  public void releasedContext(Folio folio, Object context) {
    operations.releasedContext(folio, context);
  }

  // ---- Past the cache ---------------------------------------------------------------------------

  @Override
  public long directRead(AddressSpace mapping, long pos, MemorySegment target)
      throws FsException {
    Set<LockClass> before = held();
    try {
      long n = operations.directRead(mapping, pos, target);
      check(n >= -1 && n <= target.byteSize(), "directRead of " + n + " bytes");
      return n;
    } finally {
      checkHeld(before, "directRead");
    }
  }

  @Override
  public long directWrite(AddressSpace mapping, long pos, MemorySegment source)
      throws FsException {
    Set<LockClass> before = held();
    long size = mapping.size();
    try {
      long n = operations.directWrite(mapping, pos, source);
      check(n >= -1 && n <= source.byteSize(), "directWrite of " + n + " bytes");
      check(
          mapping.size() == (n > 0 ? Math.max(size, pos + n) : size),
          "R-D2: size " + mapping.size() + " after a direct write of " + n + " bytes at " + pos);
      return n;
    } finally {
      checkHeld(before, "directWrite");
    }
  }

  // ---- What is held -----------------------------------------------------------------------------

  private static Set<LockClass> held() {
    Set<LockClass> held = EnumSet.noneOf(LockClass.class);
    for (LockClass lockClass : LockClass.values()) {
      if (Lockdep.holds(lockClass)) {
        held.add(lockClass);
      }
    }
    return held;
  }

  /// What has to be held still once a fill has given the folio lock away.
  private static Set<LockClass> heldBesides(Folio folio) {
    Set<LockClass> held = held();
    if (KNOWS_LOCKS && folio.isLockedByCaller()) {
      held.remove(LockClass.FOLIO);
    }
    return held;
  }

  private static void checkHeld(Set<LockClass> expected, String what) {
    Set<LockClass> now = held();
    now.removeAll(expected);
    check(now.isEmpty(), what + " leaves locks behind: " + Lockdep.describe());
    check(held().containsAll(expected), what + " gave back its caller's locks, had " + expected);
  }

  private static void checkReleased(Folio folio, String what) {
    check(!Lockdep.holds(LockClass.FOLIO, folio), folio + " is still locked after " + what);
  }

  private static void checkLocked(Folio folio, String what) {
    check(!KNOWS_LOCKS || folio.isLockedByCaller(), folio + " is not locked at " + what);
  }

  private static void checkRange(Folio folio, int offset, int length) {
    check(
        offset >= 0 && length >= 0 && offset + length <= folio.size(),
        folio + ": " + length + " bytes at " + offset);
  }

  private static void check(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError(what);
    }
  }

  @Override
  public String toString() {
    return "checked " + operations;
  }
}
