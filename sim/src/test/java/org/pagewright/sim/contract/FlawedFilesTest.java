package org.pagewright.sim.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.AddressSpaceOperations;
import org.pagewright.cache.Folio;
import org.pagewright.cache.PageCache;
import org.pagewright.cache.WriteOp;
import org.pagewright.cache.WritebackControl;
import org.pagewright.errno.FsException;
import org.pagewright.sim.device.PoisonedDevice;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.RwSem;

/// Goal: the contract bites. Method: a file system in memory that passes it, and the same one with
/// a flaw of the kind that real ones had, which must fail.
final class FlawedFilesTest {
  private enum Flaw {
    NONE,
    /// R-B2, R-B7: the tail of a short copy is taken for the file's.
    UPTODATE_AFTER_SHORT_COMMIT,
    /// R-C1, R-C3: what the block held before shows around the new bytes.
    NEW_BLOCKS_NOT_ZEROED,
    /// R-D2: the size covers bytes that nobody wrote.
    SIZE_BY_LENGTH,
    /// The table of locks.
    FOLIO_LEFT_LOCKED
  }

  /// Folios that are their own store: new ones hold poison, as new blocks of a device do.
  private static final class Files implements AddressSpaceOperations {
    private final Flaw flaw;

    Files(Flaw flaw) {
      this.flaw = flaw;
    }

    @Override
    public FillResult readFolio(AddressSpace mapping, Folio folio) {
      folio.zero(0, folio.size());
      folio.markUptodate();
      folio.unlock();
      return FillResult.STARTED;
    }

    @Override
    public Folio writeBegin(AddressSpace mapping, long pos, int length, WriteOp op)
        throws FsException {
      Folio folio = mapping.getOrCreate(AddressSpace.indexOf(pos), op.nowait() ? 1 : 0);
      if (!folio.isUptodate()) {
        folio.beginChange();
        folio.bytes().fill(PoisonedDevice.POISON);
        folio.endChange();
        if (length < folio.size()) {
          if (flaw != Flaw.NEW_BLOCKS_NOT_ZEROED) {
            folio.zero(0, folio.size());
          }
          folio.markUptodate();
        }
      }
      return folio;
    }

    @Override
    public int writeEnd(
        AddressSpace mapping, long pos, int length, int copied, Folio folio, WriteOp op) {
      boolean takes =
          folio.isUptodate() || copied == length || flaw == Flaw.UPTODATE_AFTER_SHORT_COMMIT;
      int accepted = takes ? copied : 0;
      if (accepted > 0) {
        folio.markUptodate();
        folio.markDirty();
        mapping.growSize(pos + (flaw == Flaw.SIZE_BY_LENGTH ? length : accepted));
      }
      if (flaw != Flaw.FOLIO_LEFT_LOCKED) {
        folio.unlock();
      }
      return accepted;
    }

    @Override
    public void writepages(AddressSpace mapping, WritebackControl control) {
      throw new AssertionError(mapping + " has no store");
    }
  }

  private static final class Fixture implements FileFixture {
    private final Files files;
    private final RwSem inode = new RwSem(LockClass.INODE, this);
    private final PageCache cache = new PageCache(4 << 20);

    Fixture(Flaw flaw) {
      files = new Files(flaw);
    }

    @Override
    public AddressSpace make(long size, Piece... pieces) throws IOException {
      AddressSpace mapping = new AddressSpace(cache, files, m -> {}, null, "flawed");
      mapping.setSize(size);
      for (Piece piece : pieces) {
        long end = piece.pos() + piece.bytes().length;
        for (long pos = piece.pos(); pos < end; pos += mapping.bytesToFolioEnd(pos)) {
          put(mapping, pos, piece, (int) (pos - piece.pos()));
        }
      }
      return mapping;
    }

    private static void put(AddressSpace mapping, long pos, Piece piece, int from)
        throws FsException {
      Folio folio = mapping.getOrCreate(AddressSpace.indexOf(pos), 0);
      if (!folio.isUptodate()) {
        folio.zero(0, folio.size());
        folio.markUptodate();
      }
      int length = Math.min(mapping.bytesToFolioEnd(pos), piece.bytes().length - from);
      byte[] part = Arrays.copyOfRange(piece.bytes(), from, from + length);
      FileSuite.copyIn(folio, folio.offsetOf(pos), part, length);
      folio.markDirty();
      folio.unlock();
    }

    @Override
    public AddressSpace remount() {
      throw new UnsupportedOperationException("no store");
    }

    @Override
    public void dispose() {
      cache.close();
    }

    @Override
    public RwSem inodeLock() {
      return inode;
    }

    @Override
    public int blockSize() {
      return AddressSpace.FOLIO_SIZE;
    }

    @Override
    public boolean has(Feature feature) {
      return false;
    }
  }

  /// The names of the cases that a file system fails.
  private static List<String> failures(Flaw flaw) throws IOException {
    AddressSpaceOperationsContract contract =
        new AddressSpaceOperationsContract() {
          @Override
          protected FileFixture newFixture() {
            return new Fixture(flaw);
          }
        };
    List<String> failures = new ArrayList<>();
    for (Method method : contract.cases()) {
      try {
        contract.run(method);
      } catch (AssertionError e) {
        failures.add(AddressSpaceOperationsContract.nameOf(method));
      }
    }
    return failures;
  }

  @Test
  void theOneWithoutAFlawPasses() throws IOException {
    assertEquals(List.of(), failures(Flaw.NONE));
  }

  @Test
  void tailsOfShortCopiesThatAreTakenForTheFilesAreFound() throws IOException { // R-B2, R-B7
    assertFalse(failures(Flaw.UPTODATE_AFTER_SHORT_COMMIT).isEmpty());
  }

  @Test
  void newBlocksThatAreNotZeroedAreFound() throws IOException { // R-C1, R-C3
    assertFalse(failures(Flaw.NEW_BLOCKS_NOT_ZEROED).isEmpty());
  }

  @Test
  void aSizeThatCoversMoreThanWasAcceptedIsFound() throws IOException { // R-D2
    assertFalse(failures(Flaw.SIZE_BY_LENGTH).isEmpty());
  }

  @Test
  void aFolioThatIsLeftLockedIsFound() throws IOException {
    assertFalse(failures(Flaw.FOLIO_LEFT_LOCKED).isEmpty());
  }
}
