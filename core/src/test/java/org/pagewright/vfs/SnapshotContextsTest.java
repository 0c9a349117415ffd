package org.pagewright.vfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.mm.MappedRegion;
import org.pagewright.mm.MappedRegionException;
import org.pagewright.mm.Protection;
import org.pagewright.mm.Sharing;

/// R-F17: a dirty folio belongs to one context. Method: a file system with snapshots, [Snapfs];
/// what was written before a snapshot is found under it, whenever it is written out.
@Timeout(60)
final class SnapshotContextsTest {
  private static final int FOLIO = AddressSpace.FOLIO_SIZE;

  private final Snapfs fs = new Snapfs();
  private CacheMemory memory;
  private Volume volume;
  private OpenFile file;

  @BeforeEach
  void mount() throws FsException {
    memory = CacheMemory.ofBytes(4 << 20);
    volume = Snapfs.mount(memory, fs);
    file = volume.open("/file", OpenFlags.RDWR | OpenFlags.CREAT, 0644);
  }

  @AfterEach
  void unmount() throws FsException {
    try {
      file.close();
    } catch (FsException e) {
      assertEquals(Errno.EIO, e.errno()); // told once more to who has not heard of it
    }
    volume.sync();
    assertEquals(0, fs.live().dirtyFolios.get());
    volume.close();
    memory.close();
  }

  private void write(long pos, int length, char what) throws FsException {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) what);
    assertEquals(length, file.write(pos, bytes, 0, length));
  }

  private Folio folio(long index) {
    Folio folio = file.inode().mapping().find(index);
    assertNotNull(folio);
    return folio;
  }

  private byte byteOf(Snapfs.Snap snap, int pos) {
    return fs.image(snap, file.inode())[pos];
  }

  @Test
  void whatWasDirtyAtASnapshotIsWrittenUnderIt() throws FsException {
    write(0, 2 * FOLIO, 'a');
    Snapfs.Snap first = fs.snapshot();
    write(10, 5, 'b'); // the folio is dirty, and would be open for overwriting anywhere else
    assertEquals('a', byteOf(first, 10), "written out before another context joined it");
    assertEquals(1, first.dirtyFolios.get(), "the second folio waits still");
    assertSame(fs.live(), folio(0).context());
    file.fsync(false);
    assertEquals(0, first.dirtyFolios.get());
    assertEquals('a', byteOf(first, 10));
    assertEquals('b', byteOf(fs.live(), 10));
    assertEquals('a', byteOf(fs.live(), FOLIO), "never touched again");
    assertNull(folio(0).context());
  }

  @Test
  void whatWasStoredThroughARegionBeforeASnapshotIsWrittenUnderIt() throws FsException {
    write(0, 2 * FOLIO, 'a');
    try (MappedRegion region =
        file.map(0, 2 * FOLIO, Protection.READ_WRITE, Sharing.SHARED)) {
      region.putByte(10, (byte) 'b'); // the entry is writable from now on
      Snapfs.Snap first = fs.snapshot();
      region.putByte(10, (byte) 'c');
      assertEquals('b', byteOf(first, 10), "written out before another context joined it");
      assertSame(fs.live(), folio(0).context());
      Snapfs.Snap second = fs.snapshot();
      file.fsync(false);
      region.putByte(10, (byte) 'd');
      file.fsync(false);
      assertEquals('b', byteOf(first, 10));
      assertEquals('c', byteOf(second, 10));
      assertEquals('d', byteOf(fs.live(), 10));
      assertEquals('a', byteOf(fs.live(), FOLIO));
      fs.failWrites = true;
      region.putByte(10, (byte) 'e');
      fs.snapshot();
      MappedRegionException e =
          assertThrows(MappedRegionException.class, () -> region.putByte(10, (byte) 'f'));
      assertEquals(MappedRegionException.Kind.IO, e.kind());
      assertEquals('e', region.getByte(10));
      fs.failWrites = false;
      region.putByte(10, (byte) 'f');
    }
  }

  @Test
  void moreBytesOfTheSameContextJoinWhatIsOnItsWay() throws FsException {
    write(0, FOLIO, 'a');
    fs.holdWrites = true;
    file.syncRange(0, FOLIO, OpenFile.SYNC_WRITE);
    assertEquals(1, fs.writesHeldBack());
    write(0, 100, 'b'); // does not wait
    assertTrue(folio(0).isDirty() && folio(0).isWriteback());
    fs.release();
    assertSame(fs.live(), folio(0).context(), "dirty still, so it keeps its context");
    assertEquals(1, fs.live().dirtyFolios.get(), "counted once");
    file.fsync(false);
    assertNull(folio(0).context());
    assertEquals('b', byteOf(fs.live(), 99));
  }

  @Test
  void bytesOfAnotherContextWaitForWhatIsOnItsWay() throws Exception {
    write(0, FOLIO, 'a');
    fs.holdWrites = true;
    file.syncRange(0, FOLIO, OpenFile.SYNC_WRITE);
    Snapfs.Snap first = fs.snapshot();
    FutureTask<Boolean> writer =
        new FutureTask<>(
            () -> {
              write(0, 100, 'b');
              return true;
            });
    Thread thread = Thread.ofPlatform().start(writer);
    while (thread.getState() != Thread.State.WAITING && !writer.isDone()) {
      Thread.onSpinWait();
    }
    assertFalse(writer.isDone());
    assertEquals('a', file(0));
    fs.release();
    writer.get(30, TimeUnit.SECONDS);
    file.fsync(false);
    assertEquals('a', byteOf(first, 0));
    assertEquals('b', byteOf(fs.live(), 0));
  }

  private byte file(long pos) throws FsException {
    byte[] one = new byte[1];
    file.read(pos, one, 0, 1);
    return one[0];
  }

  @Test
  void aWriteThatMayNotWaitIsToldToComeAgain() throws FsException {
    write(0, FOLIO, 'a');
    Snapfs.Snap first = fs.snapshot();
    MemorySegment source = MemorySegment.ofArray(new byte[] {'b'});
    FsException e =
        assertThrows(FsException.class, () -> file.write(0, source, IoFlags.NOWAIT));
    assertEquals(Errno.EAGAIN, e.errno());
    assertSame(first, folio(0).context());
    file.fsync(false);
    assertEquals(1, file.write(0, source, IoFlags.NOWAIT));
    assertEquals('a', byteOf(first, 0));
  }

  @Test
  void bytesThatCannotBeWrittenOutKeepTheirContextAndTheOthersAreRefused() throws FsException {
    write(0, FOLIO, 'a');
    Snapfs.Snap first = fs.snapshot();
    fs.failWrites = true;
    FsException e = assertThrows(FsException.class, () -> write(0, 100, 'b'));
    assertEquals(Errno.EIO, e.errno());
    assertEquals('a', file(0), "nothing of the refused write is seen");
    assertSame(first, folio(0).context());
    assertTrue(folio(0).isDirty());
    fs.failWrites = false;
    write(0, 100, 'b');
    assertEquals('a', byteOf(first, 0));
  }

  @Test
  void truncationLetsGoOfTheContextAndOfNothingThatASnapshotHas() throws FsException {
    write(0, 3 * FOLIO, 'a');
    Snapfs.Snap first = fs.snapshot();
    write(2 * FOLIO, 10, 'b');
    file.truncate(FOLIO / 2);
    assertEquals(0, first.dirtyFolios.get());
    assertEquals(0, fs.live().dirtyFolios.get());
    write(0, 10, 'c');
    file.truncate(0);
    assertEquals(0, fs.live().dirtyFolios.get(), "cut off, so it is nobody's");
    byte[] expected = new byte[3 * FOLIO];
    Arrays.fill(expected, (byte) 'a');
    assertArrayEquals(expected, fs.image(first, file.inode()));
  }

  /// Goal: whatever is written, synced, truncated, evicted and written out in the background, each
  /// snapshot shows the file as it was. Method: a model; the seed is in the message.
  @Test
  void everySnapshotShowsTheFileAsItWas() throws FsException {
    long seed = Long.getLong("pagewright.seed", 12913);
    Random random = new Random(seed);
    byte[] model = new byte[0];
    List<Snapfs.Snap> snaps = new ArrayList<>();
    List<byte[]> models = new ArrayList<>();
    MappedRegion region =
        file.map(0, 16 * FOLIO, Protection.READ_WRITE, Sharing.SHARED);
    for (int step = 0; step < 3000; step++) {
      int pos = random.nextInt(12 * FOLIO);
      int length = 1 + random.nextInt(random.nextInt(8) == 0 ? 3 * FOLIO : 300);
      switch (random.nextInt(12)) {
        case 0 -> {
          if (snaps.size() < 60) {
            snaps.add(fs.snapshot());
            models.add(model.clone());
          }
        }
        case 1 -> file.fsync(random.nextBoolean());
        case 2 -> file.syncRange(pos, length, OpenFile.SYNC_WRITE);
        case 3 -> {
          file.truncate(pos);
          model = Arrays.copyOf(model, pos);
        }
        case 4 -> file.dontNeed(0, 0);
        case 5, 6 -> {
          if (pos + length <= model.length) {
            region.fill(pos, length, (byte) ('A' + step % 26));
            Arrays.fill(model, pos, pos + length, (byte) ('A' + step % 26));
          }
        }
        default -> {
          write(pos, length, (char) ('a' + random.nextInt(26)));
          byte[] after = Arrays.copyOf(model, Math.max(model.length, pos + length));
          file.read(pos, after, pos, length);
          assertEquals(after[pos], after[pos + length - 1], "seed " + seed + ", step " + step);
          model = after;
        }
      }
    }
    region.close();
    file.fsync(false);
    for (int i = 0; i < snaps.size(); i++) {
      assertEquals(0, snaps.get(i).dirtyFolios.get());
      assertArrayEquals(
          models.get(i), fs.image(snaps.get(i), file.inode()), "seed " + seed + ", " + i);
    }
    assertArrayEquals(model, fs.image(fs.live(), file.inode()), "seed " + seed);
  }

  /// R-H7, R-H8: a sync that was started tells of the error; the next one, which succeeds, of none.
  @Test
  void aSyncThatWasStartedTellsOnceWhatWentWrong() throws Exception {
    write(0, FOLIO, 'a');
    file.fsync(false);
    try (MappedRegion region = file.map(0, FOLIO, Protection.READ_WRITE, Sharing.SHARED)) {
      region.putByte(0, (byte) 'b');
      fs.failWrites = true;
      CompletableFuture<Void> started = region.startSync(0, FOLIO);
      ExecutionException told = assertThrows(ExecutionException.class, started::get);
      assertEquals(
          MappedRegionException.Kind.IO, ((MappedRegionException) told.getCause()).kind());
      fs.failWrites = false;
      region.sync(0, FOLIO);
      region.startSync(0, FOLIO).get();
    }
    file.dontNeed(0, 0);
    byte[] read = new byte[1];
    file.read(0, read, 0, 1);
    assertEquals('b', read[0]);
  }
}
