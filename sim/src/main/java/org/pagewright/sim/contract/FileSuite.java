package org.pagewright.sim.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.AddressSpaceOperations.FillResult;
import org.pagewright.cache.Folio;
import org.pagewright.cache.WriteOp;
import org.pagewright.cache.WritebackControl;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.GenericRead;
import org.pagewright.filemap.Truncate;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Lockdep;
import org.pagewright.writeback.Writeback;

/// What the suites about one file share: the file, what it ought to hold, and the two halves of a
/// write as a caller of the operations makes them.
class FileSuite {
  static final int FOLIO = AddressSpace.FOLIO_SIZE;
  static final long LAST_INDEX = Long.MAX_VALUE >>> AddressSpace.FOLIO_SHIFT;

  /// The smallest piece of a folio whose state is asked for.
  private static final int STATE_PIECE = 512;

  /// Times that a file system may ask to look everything up again (R-E1).
  private static final int RETRIES_MAX = 100;

  final FileFixture fixture;
  final WriteOp op = new WriteOp();
  private @Nullable AddressSpace mapping;
  private @Nullable CheckedOperations checked;
  byte[] model = new byte[0];

  FileSuite(FileFixture fixture) {
    this.fixture = fixture;
  }

  // ---- The file ---------------------------------------------------------------------------------

  void start(long size, FileFixture.Piece... pieces) throws IOException {
    model = new byte[Math.toIntExact(size)];
    for (FileFixture.Piece piece : pieces) {
      System.arraycopy(piece.bytes(), 0, model, (int) piece.pos(), piece.bytes().length);
    }
    use(fixture.make(size, pieces));
    assertEquals(size, mapping().size(), "size of the file that the fixture made");
  }

  private void use(AddressSpace mapping) {
    this.mapping = mapping;
    this.checked = new CheckedOperations(mapping.operations());
  }

  AddressSpace mapping() {
    AddressSpace m = mapping;
    assert m != null : "not started";
    return m;
  }

  CheckedOperations checked() {
    CheckedOperations c = checked;
    assert c != null : "not started";
    return c;
  }

  boolean hasStore() {
    return fixture.has(FileFixture.Feature.STORE);
  }

  static FileFixture.Piece piece(long pos, int length, int salt) {
    return new FileFixture.Piece(pos, bytes(length, salt));
  }

  /// Bytes that are neither zero nor poison and differ from those of another salt.
  static byte[] bytes(int length, int salt) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (((i * 7 + i / 509 + salt * 37) & 0x1F) | (salt % 3 + 4) << 5);
    }
    return bytes;
  }

  /// Nothing is locked, nothing begun, flags and tags agree (R-H1, R-E7).
  void assertQuiet() {
    checked().assertNothingBegun();
    assertTrue(mapping().checkInvariants());
    assert Lockdep.holdsNothing();
  }

  // ---- Writing ----------------------------------------------------------------------------------

  /// Makes one write of bytes within a folio, of which the first `copied` can be copied, as the
  /// write loop makes it. Looks at what the folio claims before and after; the model gets what was
  /// accepted.
  void offer(long pos, byte[] bytes, int copied) throws FsException {
    fixture.inodeLock().lock();
    try {
      if (pos > mapping().size()) {
        Truncate.zeroBeyondEnd(mapping()); // R-D5
      }
      Folio folio = begin(pos, bytes.length);
      assertTruthfulLocked(folio, "after writeBegin (R-B1)");
      boolean uptodate = folio.isUptodate();
      int offset = folio.offsetOf(pos);
      int offered = copied;
      if (copied < bytes.length && !uptodate && isAnyUptodate(folio, offset, bytes.length)) {
        offered = 0; // may leave no trace where it can be read (R-B9)
      }
      copyIn(folio, offset, bytes, offered);
      int accepted = checked().writeEnd(mapping(), pos, bytes.length, offered, folio, op);
      // R-B5: what can be taken is taken. R-B7: all or nothing.
      int expected = uptodate || offered == bytes.length ? offered : 0;
      assertEquals(expected, accepted, "accepted of " + offered + " of " + bytes.length);
      accept(pos, bytes, accepted);
      assertEquals(model.length, mapping().size(), "size (R-D2)");
      assertTrue(
          accepted == 0 || folio.isDirty() || folio.isWriteback(),
          folio + " was written and is not dirty");
      assertTruthful(folio, "after writeEnd (R-B2, R-B10)");
    } finally {
      fixture.inodeLock().unlock();
    }
    assert Lockdep.holdsNothing();
  }

  /// Writes all of it.
  void write(long pos, byte[] bytes) throws FsException {
    for (int done = 0; done < bytes.length; ) {
      int n = Math.min(mapping().bytesToFolioEnd(pos + done), bytes.length - done);
      offer(pos + done, Arrays.copyOfRange(bytes, done, done + n), n);
      done += n;
    }
  }

  /// Begins, as often as the file system asks to (R-E1). INODE held.
  Folio begin(long pos, int length) throws FsException {
    for (int i = 0; i < RETRIES_MAX; i++) {
      Folio folio = checked().writeBegin(mapping(), pos, length, op);
      if (folio != null) {
        return folio;
      }
    }
    throw new AssertionError(RETRIES_MAX + " times told to look again");
  }

  static void copyIn(Folio folio, int offset, byte[] bytes, int count) {
    folio.beginChange();
    MemorySegment.copy(
        bytes, 0, folio.chunk(), ValueLayout.JAVA_BYTE, folio.chunkOffset() + (long) offset, count);
    folio.endChange();
  }

  void accept(long pos, byte[] bytes, int accepted) {
    if (accepted > 0) {
      model = Arrays.copyOf(model, Math.max(model.length, (int) pos + accepted));
      System.arraycopy(bytes, 0, model, (int) pos, accepted);
    }
  }

  private boolean isAnyUptodate(Folio folio, int offset, int length) {
    int end = offset + length;
    for (int at = offset; at < end; ) {
      int next = Math.min(end, (at | (STATE_PIECE - 1)) + 1);
      if (checked().isPartiallyUptodate(folio, at, next - at)) {
        return true;
      }
      at = next;
    }
    return false;
  }

  // ---- Reading ----------------------------------------------------------------------------------

  /// Fills the folio at an index, as a reader does (R-G2), and waits.
  ///
  /// @return the folio, unlocked; uptodate unless reading failed
  Folio fill(long index) throws FsException {
    for (int i = 0; i < RETRIES_MAX; i++) {
      mapping().invalidateLock().lockShared();
      Folio folio;
      try {
        folio = mapping().getOrCreate(index, 0);
        if (folio.isUptodate()) {
          folio.unlock();
          return folio;
        }
        if (checked().readFolio(mapping(), folio) == FillResult.RETRY) {
          continue; // R-E1
        }
      } finally {
        mapping().invalidateLock().unlockShared();
      }
      folio.waitUnlocked();
      return folio;
    }
    throw new AssertionError(RETRIES_MAX + " times told to look again");
  }

  byte[] read(long pos, int length) throws FsException {
    byte[] target = new byte[length];
    int n = GenericRead.read(mapping(), pos, target, 0, length, 0, null);
    assert Lockdep.holdsNothing();
    return Arrays.copyOf(target, n);
  }

  void assertFile(String when) throws FsException {
    assertEquals(model.length, mapping().size(), "size " + when);
    assertBytes(model, read(0, model.length + 1), 0, when);
    assertTruthful(when);
  }

  static void assertBytes(byte[] expected, byte[] actual, long pos, String when) {
    int at = Arrays.mismatch(expected, actual);
    if (at >= 0) {
      throw new AssertionError(
          "byte " + (pos + at) + " " + when + " is " + at(actual, at) + ", should be "
              + at(expected, at));
    }
  }

  private static String at(byte[] bytes, int index) {
    return index < bytes.length ? "0x" + Integer.toHexString(bytes[index] & 0xFF) : "none";
  }

  /// Whatever a folio in memory says is uptodate holds the bytes of the file, zeros beyond its end.
  void assertTruthful(String when) {
    @Nullable Folio[] one = new @Nullable Folio[1];
    for (long next = 0; mapping().gather(next, LAST_INDEX, one) > 0; ) {
      Folio folio = one[0];
      assertNotNull(folio);
      next = folio.index() + 1;
      assertTruthful(folio, when);
    }
  }

  private void assertTruthful(Folio folio, String when) {
    folio.lock();
    try {
      if (folio.isAttached()) {
        assertTruthfulLocked(folio, when);
      }
    } finally {
      folio.unlock();
    }
  }

  private void assertTruthfulLocked(Folio folio, String when) {
    assertTrue(folio.isLocked());
    byte[] actual = folio.bytes().toArray(ValueLayout.JAVA_BYTE);
    byte[] expected = expected(folio);
    for (int at = 0; at < folio.size(); at += STATE_PIECE) {
      if (folio.isUptodate() || checked().isPartiallyUptodate(folio, at, STATE_PIECE)) {
        assertBytes(
            Arrays.copyOfRange(expected, at, at + STATE_PIECE),
            Arrays.copyOfRange(actual, at, at + STATE_PIECE),
            folio.pos() + at,
            when + " in " + folio);
      }
    }
  }

  private byte[] expected(Folio folio) {
    byte[] expected = new byte[folio.size()];
    int inside = (int) Math.clamp(model.length - folio.pos(), 0L, folio.size());
    if (inside > 0) {
      System.arraycopy(model, (int) folio.pos(), expected, 0, inside);
    }
    return expected;
  }

  // ---- The store --------------------------------------------------------------------------------

  /// Writes everything out and waits for it.
  void sync() throws FsException {
    if (hasStore()) {
      sync(0, LAST_INDEX);
      assertEquals(0, mapping().dirtyFolios(), "dirty folios after a sync");
      assertEquals(0, mapping().writebackFolios(), "folios under write-out after a sync");
    }
  }

  void sync(long firstIndex, long lastIndex) throws FsException {
    try {
      checked().writepages(mapping(), WritebackControl.integrity(firstIndex, lastIndex));
    } finally {
      Writeback.waitRange(
          mapping(),
          firstIndex << AddressSpace.FOLIO_SHIFT,
          (lastIndex << AddressSpace.FOLIO_SHIFT) + FOLIO - 1);
      assert Lockdep.holdsNoneFrom(LockClass.MMAP);
    }
  }

  /// Drops what is clean; of a file without a store nothing may go.
  void drop() {
    Truncate.invalidatePages(mapping(), 0, LAST_INDEX);
  }

  /// Makes the cache forget the file, without losing anything.
  void makeCold() throws FsException {
    if (hasStore()) {
      sync();
      drop();
      assertEquals(0, mapping().folios(), "folios after everything clean was dropped");
    }
  }

  /// Compares the file in the cache, from the store, and after a remount.
  void assertFileEverywhere(String what) throws IOException {
    assertFile(what);
    makeCold();
    assertFile(what + ", read again");
    if (hasStore()) {
      assertQuiet();
      use(fixture.remount());
      assertFile(what + ", after a remount");
    }
  }
}
