package org.pagewright.mm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pagewright.mm.MappedRegionException.Kind.PROTECTION;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.ramfs.Ramfs;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// What a region offers, on files in memory.
final class MappedRegionTest {
  private CacheMemory memory;
  private Volume volume;
  private OpenFile file;

  @BeforeEach
  void mount() throws FsException {
    memory = CacheMemory.ofBytes(4 << 20);
    volume = Ramfs.mount(memory.cache(), MountOptions.DEFAULTS);
    file = volume.open("/f", OpenFlags.RDWR | OpenFlags.CREAT, 0644);
  }

  @AfterEach
  void unmount() throws FsException {
    file.close();
    volume.close();
    memory.close();
  }

  private MappedRegion map(long pos, long length) throws FsException {
    return file.map(pos, length, Protection.READ_WRITE, Sharing.SHARED);
  }

  private static Errno errno(Runnable access) {
    return assertThrows(MappedRegionException.class, access::run).errno();
  }

  private static void assertKind(MappedRegionException.Kind kind, Runnable access) {
    assertEquals(kind, assertThrows(MappedRegionException.class, access::run).kind());
  }

  @Test
  void whatIsStoredIsReadAndWhatIsWrittenIsLoaded() throws FsException {
    file.truncate(10_000);
    try (MappedRegion region = map(0, 10_000)) {
      region.putLong(4096, 0x0102030405060708L);
      byte[] read = new byte[8];
      assertEquals(8, file.read(4096, read, 0, 8));
      assertEquals(
          0x0102030405060708L,
          MemorySegment.ofArray(read).get(ValueLayout.JAVA_LONG_UNALIGNED, 0));
      file.write(4100, new byte[] {9, 9, 9, 9}, 0, 4);
      assertEquals(9, region.getByte(4103));
    }
  }

  @Test
  void numbersOfEveryWidthLieWhereAnyByteOfTheFileIs() throws FsException {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int size = 3 * 4096;
    byte[] model = new byte[size];
    file.truncate(size + 5);
    for (int start : new int[] {0, 5, 4093}) {
      file.write(5, model, 0, size);
      Arrays.fill(model, (byte) 0);
      file.write(0, new byte[size + 5], 0, size + 5);
      int length = size + 5 - start;
      byte[] bytes = new byte[length];
      MemorySegment expected = MemorySegment.ofArray(bytes);
      try (MappedRegion region = map(start, length)) {
        for (int i = 0; i < 2_000; i++) {
          int at = random.nextInt(length - 8);
          long value = random.nextLong();
          ByteOrder order = random.nextBoolean() ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
          step(region, expected, random.nextInt(7), at, value, order);
        }
        byte[] all = new byte[length];
        region.get(0, all, 0, length);
        assertArrayEquals(bytes, all, "seed " + seed);
        assertEquals(-1, region.mismatch(0, expected, 0, length), "seed " + seed);
      }
      byte[] read = new byte[length];
      file.read(start, read, 0, length);
      assertArrayEquals(bytes, read, "seed " + seed);
    }
  }

  private static void step(
      MappedRegion region, MemorySegment model, int kind, int at, long value, ByteOrder order) {
    switch (kind) {
      case 0 -> {
        region.putByte(at, (byte) value);
        model.set(ValueLayout.JAVA_BYTE, at, (byte) value);
        assertEquals((byte) value, region.getByte(at));
      }
      case 1 -> {
        region.putShort(at, (short) value, order);
        model.set(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order), at, (short) value);
        assertEquals((short) value, region.getShort(at, order));
      }
      case 2 -> {
        region.putChar(at, (char) value, order);
        model.set(ValueLayout.JAVA_CHAR_UNALIGNED.withOrder(order), at, (char) value);
        assertEquals((char) value, region.getChar(at, order));
      }
      case 3 -> {
        region.putInt(at, (int) value, order);
        model.set(ValueLayout.JAVA_INT_UNALIGNED.withOrder(order), at, (int) value);
        assertEquals((int) value, region.getInt(at, order));
      }
      case 4 -> {
        region.putLong(at, value, order);
        model.set(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(order), at, value);
        assertEquals(value, region.getLong(at, order));
      }
      case 5 -> {
        float f = Float.intBitsToFloat((int) value & 0x7f7fffff);
        region.putFloat(at, f, order);
        model.set(ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(order), at, f);
        assertEquals(f, region.getFloat(at, order));
      }
      default -> {
        double d = Double.longBitsToDouble(value & 0x7fefffffffffffffL);
        region.putDouble(at, d, order);
        model.set(ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(order), at, d);
        assertEquals(d, region.getDouble(at, order));
      }
    }
  }

  @Test
  void bulkCopiesFillsAndComparisonsCrossFolios() throws FsException {
    file.truncate(20_000);
    try (MappedRegion region = map(100, 19_000);
        Arena arena = Arena.ofConfined()) {
      byte[] source = new byte[12_000];
      new Random(1).nextBytes(source);
      region.put(3_000, source, 0, source.length);
      MemorySegment target = arena.allocate(12_000);
      region.get(3_000, target, 0, 12_000);
      assertEquals(-1, target.mismatch(MemorySegment.ofArray(source)));
      region.fill(5_000, 5_000, (byte) 7);
      Arrays.fill(source, 2_000, 7_000, (byte) 7);
      assertEquals(-1, region.mismatch(3_000, MemorySegment.ofArray(source), 0, 12_000));
      source[11_111] ^= 1;
      assertEquals(11_111, region.mismatch(3_000, MemorySegment.ofArray(source), 0, 12_000));
      region.put(6_000, target, 0, 100);
      assertEquals(-1, region.mismatch(6_000, region, 6_000, 8_000));
    }
  }

  @Test
  void atomicChangesAreForAlignedNumbers() throws FsException {
    file.truncate(8_192);
    try (MappedRegion region = map(4, 8_000)) {
      assertTrue(region.compareAndSetLong(4, 0, 5));
      assertFalse(region.compareAndSetLong(4, 0, 6));
      assertEquals(5, region.getAndAddLong(4, 10));
      assertEquals(15, region.getLong(4));
      assertTrue(region.compareAndSetInt(0, 0, 3));
      assertEquals(3, region.getAndAddInt(0, -4));
      assertEquals(-1, region.getInt(0));
      assertThrows(IllegalArgumentException.class, () -> region.getAndAddLong(0, 1));
      assertThrows(IllegalArgumentException.class, () -> region.compareAndSetInt(2, 0, 1));
    }
  }

  @Test
  void outsideTheRegionIsAnIndexOutOfBounds() throws FsException {
    file.truncate(8_192);
    try (MappedRegion region = map(0, 5_000)) {
      assertThrows(IndexOutOfBoundsException.class, () -> region.getByte(-1));
      assertThrows(IndexOutOfBoundsException.class, () -> region.getByte(5_000));
      assertThrows(IndexOutOfBoundsException.class, () -> region.getLong(4_993));
      assertThrows(IndexOutOfBoundsException.class, () -> region.putLong(4_993, 1));
      assertThrows(IndexOutOfBoundsException.class, () -> region.fill(4_000, 1_001, (byte) 1));
    }
    try (MappedRegion region = map(0, 3)) {
      assertThrows(IndexOutOfBoundsException.class, () -> region.getLong(0));
    }
  }

  @Test
  void accessBeyondTheEndFailsAndWorksAfterGrowth() throws FsException {
    file.truncate(5_000);
    try (MappedRegion region = map(0, 1 << 20)) {
      region.putByte(8_191, (byte) 1); // in the last folio, in vain
      assertKind(MappedRegionException.Kind.BEYOND_END, () -> region.getByte(8_192));
      assertKind(MappedRegionException.Kind.BEYOND_END, () -> region.putByte(8_192, (byte) 1));
      file.truncate(10_000);
      assertEquals(0, region.getByte(8_191));
      region.putByte(8_192, (byte) 2);
      assertEquals(2, region.getByte(8_192));
      file.truncate(100);
      assertKind(MappedRegionException.Kind.BEYOND_END, () -> region.getByte(8_192));
      file.truncate(10_000);
      assertEquals(0, region.getByte(8_192));
    }
  }

  @Test
  void aClosedRegionSaysSoAndItsFileGoesOn() throws FsException {
    file.truncate(8_192);
    MappedRegion region = map(0, 8_192);
    region.putInt(0, 1);
    region.close();
    region.close();
    assertFalse(region.isOpen());
    assertKind(MappedRegionException.Kind.CLOSED, () -> region.getInt(0));
    assertKind(MappedRegionException.Kind.CLOSED, () -> region.putInt(0, 1));
    assertKind(MappedRegionException.Kind.CLOSED, () -> region.sync(0, 1));
    assertKind(MappedRegionException.Kind.CLOSED, () -> region.pin(0, 1, Protection.READ));
    assertEquals(1, file.read(0, new byte[1], 0, 1));
  }

  @Test
  void aRegionOutlivesItsFileAndHoldsTheVolume() throws FsException {
    file.truncate(8_192);
    OpenFile second = volume.open("/f", OpenFlags.RDWR, 0);
    MappedRegion region =
        second.map(0, 8_192, Protection.READ_WRITE, Sharing.SHARED);
    second.close();
    region.putInt(0, 7);
    assertEquals(7, region.getInt(0));
    assertEquals(2, volume.superBlock().openFiles());
    region.close();
    assertEquals(1, volume.superBlock().openFiles());
  }

  @Test
  void rightsAreThoseOfTheOpenFile() throws FsException {
    file.truncate(4_096);
    try (OpenFile reader = volume.open("/f", OpenFlags.RDONLY, 0);
        OpenFile writer = volume.open("/f", OpenFlags.WRONLY, 0)) {
      assertErrno(
          Errno.EACCES,
          () -> reader.map(0, 1, Protection.READ_WRITE, Sharing.SHARED));
      assertErrno(Errno.EACCES, () -> writer.map(0, 1, Protection.READ, Sharing.SHARED));
      assertErrno(Errno.EINVAL, () -> reader.map(0, 0, Protection.READ, Sharing.SHARED));
      try (MappedRegion region = reader.map(0, 1, Protection.READ, Sharing.SHARED)) {
        assertKind(MappedRegionException.Kind.PROTECTION, () -> region.putByte(0, (byte) 1));
        assertKind(
            MappedRegionException.Kind.PROTECTION, () -> region.protect(Protection.READ_WRITE));
        assertEquals(0, region.getByte(0));
      }
    }
  }

  private interface Call {
    Object run() throws FsException;
  }

  private static void assertErrno(Errno errno, Call call) {
    assertEquals(errno, assertThrows(FsException.class, call::run).errno());
  }

  @Test
  void protectionTakesStoresAwayAndGivesThemBack() throws FsException {
    file.truncate(4_096);
    try (MappedRegion region = map(0, 4_096)) {
      region.putInt(0, 1);
      region.protect(Protection.READ);
      assertKind(MappedRegionException.Kind.PROTECTION, () -> region.putInt(0, 2));
      assertEquals(1, region.getInt(0));
      region.protect(Protection.READ_WRITE);
      region.putInt(0, 3);
      assertEquals(3, region.getInt(0));
    }
  }

  @Test
  void aPartOfARegionHasAProtectionOfItsOwn() throws FsException {
    file.truncate(5 * 4_096);
    try (MappedRegion region = map(0, 5 * 4_096)) {
      region.fill(0, 5 * 4_096, (byte) 1);
      region.protect(4_096, 2 * 4_096, Protection.READ);
      assertEquals(Protection.READ_WRITE, region.protection());
      assertEquals(Protection.READ, region.protection(5_000, 4_096));
      assertEquals(Protection.READ_WRITE, region.protection(4_095, 2));
      assertKind(PROTECTION, () -> region.putByte(4_096, (byte) 2));
      assertKind(PROTECTION, () -> region.putByte(3 * 4_096 - 1, (byte) 2));
      assertKind(PROTECTION, () -> region.getAndAddInt(8_192, 1));
      assertKind(PROTECTION, () -> region.pin(8_192, 1, Protection.READ_WRITE));
      assertKind(PROTECTION, () -> region.reserve(8_192, 1));
      assertKind(PROTECTION, () -> region.fill(0, 5 * 4_096, (byte) 3)); // its first folio is done
      assertKind(PROTECTION, () -> region.putLong(4_092, -1)); // and so is half of a long
      assertEquals(Errno.EACCES, errno(() -> region.putInt(8_192, 1)));
      for (int pos : new int[] {4_096, 8_191, 3 * 4_096 - 1, 3 * 4_096}) {
        assertEquals(1, region.getByte(pos));
      }
      assertEquals(3, region.getByte(4_000));
      assertEquals(-1, region.getByte(4_095));
      region.putByte(3 * 4_096, (byte) 4);
      file.write(4_096, new byte[] {7}, 0, 1); // the file is no region
      assertEquals(7, region.getByte(4_096));

      region.protect(2 * 4_096, 4_096, Protection.READ_WRITE);
      region.putByte(8_192, (byte) 5);
      assertKind(PROTECTION, () -> region.putByte(8_191, (byte) 2));
      region.protect(Protection.READ);
      assertEquals(Protection.READ, region.protection());
      assertKind(PROTECTION, () -> region.putByte(8_192, (byte) 2));
      region.protect(Protection.READ_WRITE);
      region.fill(0, 5 * 4_096, (byte) 6);
      assertEquals(6, region.getByte(4_096));
    }
  }

  @Test
  void whatIsProtectedBeginsAndEndsWhereFoliosOrTheRegionDo() throws FsException {
    file.truncate(3 * 4_096);
    try (MappedRegion region = map(100, 8_192)) {
      assertThrows(
          IllegalArgumentException.class, () -> region.protect(0, 4_096, Protection.READ));
      assertThrows(
          IllegalArgumentException.class, () -> region.protect(4_096, 4_096, Protection.READ));
      assertThrows(
          IllegalArgumentException.class, () -> region.protect(0, 0, Protection.READ));
      assertThrows(
          IndexOutOfBoundsException.class, () -> region.protect(3_996, 8_192, Protection.READ));
      region.protect(0, 3_996, Protection.READ);
      assertKind(PROTECTION, () -> region.putByte(3_995, (byte) 1));
      region.putByte(3_996, (byte) 1);
      region.protect(3_996, 4_196, Protection.READ);
      assertKind(PROTECTION, () -> region.putByte(8_191, (byte) 1));
      assertEquals(Protection.READ, region.protection());
      region.protect(3_996 + 4_096, 100, Protection.READ_WRITE);
      region.putByte(8_191, (byte) 1);
      assertKind(PROTECTION, () -> region.putByte(3_996, (byte) 1));
    }
  }

  @Test
  void aPartOfAPrivateRegionIsProtectedWithItsCopies() throws FsException {
    file.truncate(2 * 4_096);
    try (OpenFile reader = volume.open("/f", OpenFlags.RDONLY, 0);
        MappedRegion region = reader.map(0, 2 * 4_096, Protection.READ, Sharing.PRIVATE)) {
      assertKind(PROTECTION, () -> region.putByte(0, (byte) 1));
      region.protect(0, 4_096, Protection.READ_WRITE);
      region.putByte(0, (byte) 1);
      assertKind(PROTECTION, () -> region.putByte(4_096, (byte) 1));
      region.protect(0, 4_096, Protection.READ);
      assertKind(PROTECTION, () -> region.putByte(0, (byte) 2));
      assertEquals(1, region.getByte(0));
    }
    try (OpenFile reader = volume.open("/f", OpenFlags.RDONLY, 0);
        MappedRegion region = reader.map(0, 2 * 4_096, Protection.READ, Sharing.SHARED)) {
      assertKind(PROTECTION, () -> region.protect(0, 4_096, Protection.READ_WRITE));
    }
  }

  /// No store is under way when it returns: what is loaded then stays.
  @Test
  void noStoreComesAfterItsPartWasProtected() throws Exception {
    file.truncate(8 * 4_096);
    try (MappedRegion region = map(0, 8 * 4_096)) {
      AtomicBoolean over = new AtomicBoolean();
      Thread storer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = 0; !over.get(); i++) {
                      try {
                        region.putInt(i % 8 * 4_096L, i);
                      } catch (MappedRegionException e) {
                        if (e.kind() != PROTECTION) {
                          throw e;
                        }
                      }
                    }
                  });
      for (int round = 0; round < 2_000; round++) {
        long at = round % 8 * 4_096L;
        region.protect(at, 4_096, Protection.READ);
        int seen = region.getInt(at);
        Thread.onSpinWait();
        assertEquals(seen, region.getInt(at));
        region.protect(at, 4_096, Protection.READ_WRITE);
      }
      over.set(true);
      storer.join();
    }
  }

  // ---- Syncs that nobody waits for --------------------------------------------------------------

  @Test
  void aSyncThatWasStartedIsDoneSometimeAndHoldsTheFileUntilThen() throws Exception {
    file.truncate(4_096);
    MappedRegion region = map(0, 4_096);
    region.putByte(0, (byte) 1);
    List<CompletableFuture<Void>> started = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      started.add(region.startSync(0, 4_096));
    }
    region.startSync(0, 0).get(); // of nothing
    CompletableFuture<Void> closed =
        started.getLast().thenRun(region::close); // from inside of the sync itself
    for (CompletableFuture<Void> each : started) {
      each.get();
    }
    closed.get();
    assertKind(MappedRegionException.Kind.CLOSED, () -> region.startSync(0, 1));
    region.close();
    assertEquals(1, volume.superBlock().openFiles());
  }

  @Test
  void privateCopiesNeverReachTheFile() throws FsException {
    file.truncate(8_192);
    file.write(0, new byte[] {1, 2, 3}, 0, 3);
    int used = memory.cache().frames().used();
    try (OpenFile reader = volume.open("/f", OpenFlags.RDONLY, 0);
        MappedRegion region = reader.map(0, 8_192, Protection.READ_WRITE, Sharing.PRIVATE)) {
      assertEquals(1, region.getByte(0));
      region.putByte(0, (byte) 9);
      assertEquals(9, region.getByte(0));
      assertEquals(2, region.getByte(1));
      byte[] read = new byte[1];
      file.read(0, read, 0, 1);
      assertEquals(1, read[0]);
      file.write(1, new byte[] {5}, 0, 1);
      assertEquals(2, region.getByte(1)); // copied before
      file.truncate(0);
      assertKind(MappedRegionException.Kind.BEYOND_END, () -> region.getByte(0));
      file.truncate(8_192);
      assertEquals(0, region.getByte(0));
      region.putByte(4_096, (byte) 1);
    }
    file.truncate(0);
    assertTrue(memory.cache().frames().used() < used);
  }

  @Test
  void aPinLendsTheMemoryItself() throws FsException {
    file.truncate(16_384);
    try (MappedRegion region = map(10, 16_000)) {
      for (int i = 0; i < 16_000; i++) {
        region.putByte(i, (byte) i);
      }
      MemorySegment escaped;
      try (MappedPin pin = region.pin(5_000, 11_000, Protection.READ)) {
        escaped = pin.segment();
        long n = escaped.byteSize();
        assertTrue(n >= 4_096 - (5_010 - 4_096) && n <= 11_000);
        for (long i = 0; i < n; i++) {
          assertEquals((byte) (5_000 + i), escaped.get(ValueLayout.JAVA_BYTE, i));
        }
        assertTrue(escaped.isReadOnly());
      }
      MemorySegment gone = escaped;
      assertThrows(
          IllegalStateException.class, () -> gone.get(ValueLayout.JAVA_BYTE, 0));
      try (MappedPin pin = region.pin(100, 10, Protection.READ_WRITE)) {
        pin.segment().set(ValueLayout.JAVA_BYTE, 3, (byte) 77);
      }
      assertEquals(77, region.getByte(103));
    }
  }

  @Test
  void aPinOutlivesTheRegionAndTruncation() throws FsException {
    file.truncate(4_096);
    OpenFile second = volume.open("/f", OpenFlags.RDWR, 0);
    MappedRegion region = second.map(0, 4_096, Protection.READ_WRITE, Sharing.SHARED);
    second.close();
    region.putByte(0, (byte) 4);
    try (MappedPin pin = region.pin(0, 4_096, Protection.READ)) {
      region.close();
      file.truncate(0);
      assertEquals(4, pin.segment().get(ValueLayout.JAVA_BYTE, 0));
      assertEquals(2, volume.superBlock().openFiles());
    }
    assertEquals(1, volume.superBlock().openFiles());
  }

  /// In one table, and beyond what one holds.
  @ParameterizedTest
  @ValueSource(longs = {5L << 30, 12L << 30})
  void aRegionIsLongerThanTwoGibibytes(long size) throws FsException {
    file.truncate(size);
    try (MappedRegion region = map(1, size - 1)) {
      region.putLong(size - 9, 11);
      region.putLong((3L << 30) + 4_090, 12);
      assertEquals(11, region.getLong(size - 9));
      assertEquals(12, region.getLong((3L << 30) + 4_090));
      assertEquals(0, region.getLong(4L << 30));
      long resident = region.resident(0, size - 1);
      assertTrue(resident >= 4 * 4_096 && resident < 1 << 20, "resident " + resident);
    }
  }

  @Test
  void aRangeLockedInMemoryIsCountedAndGivenBack() throws FsException {
    file.truncate(40_960);
    try (MappedRegion region = map(0, 40_960)) {
      region.lock(0, 20_000);
      assertEquals(5, volume.superBlock().vmSpace().statistics().locked());
      region.putByte(0, (byte) 1);
      region.unlock(4_096, 4_096);
      assertEquals(4, volume.superBlock().vmSpace().statistics().locked());
      file.truncate(4_096);
      assertEquals(1, volume.superBlock().vmSpace().statistics().locked());
      file.truncate(40_960);
      assertEquals(0, region.getByte(9_000));
      assertEquals(2, volume.superBlock().vmSpace().statistics().locked());
      assertEquals(0, region.getByte(5_000)); // given back: not locked again
      assertEquals(2, volume.superBlock().vmSpace().statistics().locked());
    }
    assertEquals(0, volume.superBlock().vmSpace().statistics().locked());
  }

  @Test
  void lockingMoreThanHalfOfTheCacheIsRefused() throws FsException {
    file.truncate(4 << 20);
    try (MappedRegion region = map(0, 4 << 20)) {
      assertKind(MappedRegionException.Kind.NO_SPACE, () -> region.lock(0, 4 << 20));
      region.unlock(0, 4 << 20);
      assertEquals(0, volume.superBlock().vmSpace().statistics().locked());
    }
  }

  @Test
  void aRegionIsASourceOfAWriteToItsOwnFile() throws FsException {
    file.truncate(20_000);
    try (MappedRegion region = map(0, 20_000)) {
      for (int i = 0; i < 20_000; i++) {
        region.putByte(i, (byte) (i / 7));
      }
      assertEquals(9_000, file.write(100, region.source(2_000, 9_000), 0));
      for (int i = 0; i < 100; i++) {
        assertEquals((byte) ((2_000 + i) / 7), region.getByte(100 + i));
      }
    }
  }
}
