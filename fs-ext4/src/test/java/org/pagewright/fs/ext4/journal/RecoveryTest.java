package org.pagewright.fs.ext4.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.disk.GroupDescriptor;
import org.pagewright.fs.ext4.disk.LittleEndian;
import org.pagewright.fs.ext4.disk.Superblock;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.ImageDevice;

class RecoveryTest {
  private static final int V2 = JournalSuperblock.INCOMPAT_CSUM_V2;
  private static final int V3 = JournalSuperblock.INCOMPAT_CSUM_V3;
  private static final int REVOKE = JournalSuperblock.INCOMPAT_REVOKE;
  private static final int WIDE = JournalSuperblock.INCOMPAT_64BIT;
  private static final int FAST = JournalSuperblock.INCOMPAT_FAST_COMMIT;
  private static final long PLACE = 5000;

  @TempDir Path dir;

  private ImageDevice newImage(String name, MkfsOptions options) throws IOException {
    Path image = dir.resolve(name);
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(12 << 20);
    }
    ImageDevice device = new ImageDevice(image, 512);
    Mkfs.make(device, options.timeSeconds(1_700_000_000).zeroed(true));
    return device;
  }

  private ImageDevice newImage() throws IOException {
    return newImage("image", new MkfsOptions().blockSize(1024));
  }

  private static int fillOf(ImageDevice device, long place) throws FsException {
    MemorySegment s = MemorySegment.ofArray(new byte[1024]);
    device.read(place * 1024, s);
    byte[] bytes = s.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
    for (int i = 4; i < bytes.length; i++) {
      assertEquals(bytes[4], bytes[i]);
    }
    return bytes[4];
  }

  /// Goal: our replay is e2fsck's. Method: e2fsck replays a copy; every byte is compared but for
  /// the journal, and the superblock, where each notes its own times.
  private void compareWithE2fsck(Path image, ImageDevice device) throws IOException {
    Path copy = dir.resolve("copy");
    Files.copy(image, copy);
    E2fs.Result result =
        E2fs.run(List.of("e2fsck", "-fy", "-E", "journal_only", copy.toString()));
    assertTrue((result.code() & ~1) == 0, result.output());
    Superblock before = Superblock.read(device);
    JournalBlocks journal = JournalBlocks.read(device, before);
    Recovery.Result done = Recovery.recover(device, before);
    assertFalse(done.superblock().features().has(Feature.NEEDS_RECOVERY));
    assertEquals(
        -1, done.superblock().raw().mismatch(Superblock.read(device).raw()));

    int blockSize = before.blockSize();
    byte[] ours = Files.readAllBytes(image);
    byte[] theirs = Files.readAllBytes(copy);
    for (int nr = 0; nr < ours.length / blockSize; nr++) {
      int from = nr * blockSize;
      if (journal.contains(nr)) {
        continue;
      }
      if (from <= 1024 && from + blockSize > 1024) {
        Arrays.fill(ours, 1024, 2048, (byte) 0);
        Arrays.fill(theirs, 1024, 2048, (byte) 0);
      }
      int at = Arrays.mismatch(ours, from, from + blockSize, theirs, from, from + blockSize);
      assertEquals(-1, at, "block " + nr);
    }
    String said = E2fs.ok("dumpe2fs", "-h", image.toString());
    assertTrue(said.matches("(?s).*Journal start: *0\n.*"), said);
    assertEquals(check(copy), check(image));
  }

  private static String check(Path image) throws IOException {
    String said = E2fs.run(List.of("e2fsck", "-fn", image.toString())).output();
    assertFalse(said.matches("(?s).*(ournal|recover).*"), said);
    // Linux does not log its free counts; e2fsck corrects them while it replays.
    return said.replaceAll("(?m)^(Free (blocks|inodes) count wrong|Fix).*$", "")
        .replaceAll("(?m)^(Feature orphan_present is set but|Clear|/).*$", "")
        .replaceAll("\n+", "\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"jo", "jo -c -v 2", "jo -c -v 3"})
  void whatDebugfsLogsIsReplayedAsE2fsckDoesIt(String open) throws IOException {
    E2fs.assumeTools("debugfs", "e2fsck", "dumpe2fs");
    // Without extents the journal is mapped by indirect blocks.
    for (String features : List.of("64bit", "^64bit", "^extent")) {
      MkfsOptions options = new MkfsOptions().blockSize(1024).feature(features);
      if (features.equals("^extent")) {
        options.feature("^64bit");
      }
      String name = "image-" + features.replace('^', '-');
      try (ImageDevice device = newImage(name, options)) {
        Path image = dir.resolve(name);
        byte[] data = new byte[3 * 1024];
        new Random(7).nextBytes(data);
        ByteBuffer.wrap(data).putInt(1024, JournalSuperblock.MAGIC);
        Path file = Files.write(dir.resolve("data"), data);
        Path one = Files.write(dir.resolve("one"), Arrays.copyOf(data, 1024));
        Path commands =
            Files.writeString(
                dir.resolve("commands"),
                String.join(
                    "\n",
                    open,
                    "jw -b 5000,5001,5002 " + file,
                    "jw -b 5100,5000,5101 " + file,
                    "jw -r 5001,5100",
                    "jw -b 5100 " + one,
                    "jc",
                    ""));
        E2fs.ok("debugfs", "-w", "-f", commands.toString(), image.toString());
        assertTrue(JournalBlocks.read(device, Superblock.read(device)).length() >= 1024);
        compareWithE2fsck(image, device);
        Files.delete(dir.resolve("copy"));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, false", "0, true", "1, false", "3, true", "8, false", "9, false", "11, false",
    "16, false", "17, false", "19, false", "23, false",
  })
  void everyVariantOfTheFormatIsReplayedAsE2fsckDoesIt(int incompat, boolean v1)
      throws IOException {
    E2fs.assumeTools("e2fsck", "dumpe2fs");
    long seed = 42 + incompat;
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    try (ImageDevice device = newImage()) {
      // Begins near the end of the log and of the numbers: both wrap.
      JournalWriter w = new JournalWriter(device, incompat, v1, 1000, -5, 0);
      for (int t = 0; t < 25; t++) {
        for (int d = 0; d <= random.nextInt(3); d++) {
          TreeSet<Long> places = new TreeSet<>();
          while (places.size() <= random.nextInt(12)) {
            places.add(PLACE + random.nextInt(60));
          }
          long[] list = places.stream().mapToLong(p -> p).toArray();
          int[] fills = new int[list.length];
          Arrays.setAll(fills, i -> random.nextInt(5));
          w.log(list, fills);
        }
        if ((incompat & REVOKE) != 0 && random.nextBoolean()) {
          w.revoke(PLACE + random.nextInt(60), PLACE + random.nextInt(60));
        }
        w.commit();
      }
      compareWithE2fsck(dir.resolve("image"), device);
    }
  }

  @Test
  void aTransactionWithoutItsCommitNeverHappened() throws IOException {
    try (ImageDevice device = newImage()) {
      JournalWriter w = new JournalWriter(device, V3 | REVOKE, false, 1, 1, 0);
      w.log(new long[] {PLACE, PLACE + 1}, new int[] {1, 1});
      w.commit();
      w.log(new long[] {PLACE}, new int[] {2});
      w.revoke(PLACE + 1);
      Recovery.Result result = Recovery.recover(device, Superblock.read(device));
      assertEquals(1, result.transactions());
      assertEquals(2, result.blocksWritten());
      assertEquals(1, fillOf(device, PLACE));
      assertEquals(1, fillOf(device, PLACE + 1));
    }
  }

  @Test
  void aCommitWithAWrongChecksumEndsTheLog() throws IOException {
    for (int version : new int[] {1, V2, V3}) {
      try (ImageDevice device = newImage("image" + version, new MkfsOptions().blockSize(1024))) {
        boolean v1 = version == 1;
        JournalWriter w = new JournalWriter(device, v1 ? 0 : version, v1, 1, 1, 0);
        w.log(new long[] {PLACE}, new int[] {1});
        w.commit();
        w.log(new long[] {PLACE}, new int[] {2});
        long commit = w.at;
        w.commit();
        MemorySegment s = w.read(commit);
        s.asByteBuffer().putInt(0x10, 12345);
        w.write(commit, s);
        assertEquals(1, Recovery.recover(device, Superblock.read(device)).transactions());
        assertEquals(1, fillOf(device, PLACE));
      }
    }
  }

  @Test
  void aDamagedBlockInTheMiddleChangesNothing() throws IOException {
    for (int version : new int[] {V2, V3}) {
      for (int which = 0; which < 3; which++) {
        String name = "image" + version + "-" + which;
        try (ImageDevice device = newImage(name, new MkfsOptions().blockSize(1024))) {
          JournalWriter w = new JournalWriter(device, version | REVOKE, false, 1, 1, 0);
          w.log(new long[] {PLACE}, new int[] {1});
          w.commit();
          long victim = w.at + which;
          w.log(new long[] {PLACE + 1}, new int[] {2});
          w.revoke(PLACE + 7);
          w.commit();
          w.log(new long[] {PLACE + 2}, new int[] {3});
          w.commit();
          MemorySegment s = w.read(victim);
          s.asByteBuffer().put(500, (byte) 77);
          w.write(victim, s);
          byte[] before = Files.readAllBytes(dir.resolve(name));
          Superblock sb = Superblock.read(device);
          CorruptedException e =
              assertThrows(CorruptedException.class, () -> Recovery.recover(device, sb));
          assertTrue(e.getMessage().contains("checksum"), e.getMessage());
          assertEquals(-1, Arrays.mismatch(before, Files.readAllBytes(dir.resolve(name))));
        }
      }
    }
  }

  @Test
  void anOldTransactionWithTheSameNumberIsNotDamage() throws IOException {
    try (ImageDevice device = newImage()) {
      JournalWriter w = new JournalWriter(device, V3, false, 1, 1, 0);
      w.seconds = 5000;
      w.log(new long[] {PLACE}, new int[] {1});
      w.commit();
      long old = w.at;
      w.seconds = 100;
      w.log(new long[] {PLACE}, new int[] {9});
      w.commit();
      MemorySegment s = w.read(old);
      s.asByteBuffer().put(600, (byte) 1);
      w.write(old, s);
      assertEquals(1, Recovery.recover(device, Superblock.read(device)).transactions());
      assertEquals(1, fillOf(device, PLACE));
    }
  }

  @Test
  void blocksOutsideTheDeviceOrInTheJournalAreRefusedBeforeAnyIsWritten() throws IOException {
    long inJournal;
    try (ImageDevice device = newImage("other", new MkfsOptions().blockSize(1024))) {
      inJournal = JournalBlocks.read(device, Superblock.read(device)).deviceBlock(5);
    }
    for (long place : new long[] {12 << 10, 1L << 32, -1, inJournal}) {
      Path image = dir.resolve("image" + place);
      try (ImageDevice device =
          newImage("image" + place, new MkfsOptions().blockSize(1024))) {
        JournalWriter w = new JournalWriter(device, V3 | WIDE, false, 1, 1, 0);
        w.log(new long[] {PLACE}, new int[] {1});
        w.log(new long[] {place}, new int[] {1});
        w.commit();
        byte[] before = Files.readAllBytes(image);
        Superblock sb = Superblock.read(device);
        assertThrows(CorruptedException.class, () -> Recovery.recover(device, sb));
        assertEquals(-1, Arrays.mismatch(before, Files.readAllBytes(image)));
      }
    }
  }

  @Test
  void aLogThatNeverCommitsAndFillsTheJournalEnds() throws IOException {
    try (ImageDevice device = newImage()) {
      JournalWriter w = new JournalWriter(device, REVOKE, false, 1, 1, 0);
      for (int i = 0; i < 2000; i++) {
        w.revoke(PLACE);
      }
      assertEquals(0, Recovery.recover(device, Superblock.read(device)).transactions());
    }
  }

  @Test
  void fastCommitsThatWaitAreRefusedWithAdviceAndOldOnesAreNot() throws IOException {
    for (int number : new int[] {2, 1}) {
      try (ImageDevice device = newImage("image" + number, new MkfsOptions().blockSize(1024))) {
        JournalWriter w = new JournalWriter(device, V3 | FAST, false, 1, 1, 64);
        w.log(new long[] {PLACE}, new int[] {1});
        w.commit();
        MemorySegment s = w.read(1024 - 64);
        s.asByteBuffer().order(java.nio.ByteOrder.LITTLE_ENDIAN).putShort(0, (short) 9);
        s.asByteBuffer().order(java.nio.ByteOrder.LITTLE_ENDIAN).putInt(8, number);
        w.write(1024 - 64, s);
        Superblock sb = Superblock.read(device);
        if (number == 2) {
          FsException e = assertThrows(FsException.class, () -> Recovery.recover(device, sb));
          assertEquals(Errno.EOPNOTSUPP, e.errno());
          assertTrue(e.getMessage().contains("e2fsck"), e.getMessage());
        } else {
          assertEquals(1, Recovery.recover(device, sb).transactions());
        }
      }
    }
  }

  @Test
  void aLogThatNobodyAsksForIsEmptiedWithoutReplay() throws IOException {
    try (ImageDevice device = newImage()) {
      JournalWriter w = new JournalWriter(device, V3, false, 1, 1, 0);
      w.log(new long[] {PLACE}, new int[] {1});
      w.commit();
      Superblock sb = Superblock.read(device);
      sb.putFeatures(sb.features().without(Feature.NEEDS_RECOVERY));
      sb.write(device);
      assertEquals(0, Recovery.recover(device, sb).transactions());
      assertEquals(0, fillOf(device, PLACE));
      assertEquals(0, w.read(0).asByteBuffer().getInt(0x1c));
    }
  }

  @Test
  void anExternalJournalIsRefusedByNameOnlyWhenItIsNeeded() throws IOException {
    try (ImageDevice device = newImage()) {
      Superblock sb = Superblock.read(device);
      sb.putJournalInode(0);
      sb.putJournalDevice(0x801);
      sb.write(device);
      assertEquals(0, Recovery.recover(device, sb).transactions());
      sb.putFeatures(sb.features().with(Feature.NEEDS_RECOVERY));
      FsException e = assertThrows(FsException.class, () -> Recovery.recover(device, sb));
      assertEquals(Errno.EOPNOTSUPP, e.errno());
      assertTrue(e.getMessage().contains("device of its own"), e.getMessage());
    }
  }

  @Test
  void noByteOfTheJournalInodeCanHangOrBreakTheReplay() throws IOException {
    long seed = 5;
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    for (String features : List.of("extent", "^extent")) {
      MkfsOptions options =
          new MkfsOptions().blockSize(1024).feature("^metadata_csum").feature("^64bit");
      try (ImageDevice device = newImage("image" + features.length(), options.feature(features))) {
        new JournalWriter(device, 0, false, 1, 1, 0).commit();
        Superblock sb = Superblock.read(device);
        Geometry geometry = new Geometry(sb);
        MemorySegment desc = MemorySegment.ofArray(new byte[1024]);
        device.read(geometry.descBlock(0) * 1024, desc);
        long table = GroupDescriptor.inodeTable(desc, 0, geometry.descSize());
        long pos = geometry.inodeBlock(table, 8) * 1024;
        MemorySegment good = MemorySegment.ofArray(new byte[1024]);
        device.read(pos, good);
        int refused = 0;
        for (int i = 0; i < 500; i++) {
          MemorySegment bad = MemorySegment.ofArray(new byte[1024]).copyFrom(good);
          int at = geometry.inodeOffset(8) + random.nextInt(128);
          LittleEndian.put8(bad, at, random.nextInt(256));
          device.write(pos, bad);
          try {
            JournalBlocks.read(device, sb);
          } catch (FsException e) {
            refused++;
          }
        }
        assertTrue(refused > 50, refused + " refused");
      }
    }
  }

  @Test
  void anErrorThatStoppedTheJournalMarksTheFileSystem() throws IOException {
    try (ImageDevice device = newImage()) {
      JournalWriter w = new JournalWriter(device, 0, false, 1, 1, 0);
      MemorySegment s = w.read(0);
      s.asByteBuffer().putInt(0x20, -5);
      w.write(0, s);
      Recovery.Result result = Recovery.recover(device, Superblock.read(device));
      assertEquals(-5, result.journalErrno());
      assertTrue((result.superblock().state() & Superblock.STATE_ERROR) != 0);
      assertEquals(0, w.read(0).asByteBuffer().getInt(0x20));
    }
  }

  /// Method: fail the n-th write or flush for n = 1, 2, ... until none fails; after each, a second
  /// replay of the same image must come to the same end.
  @Test
  void aReplayThatFailsAnywhereCanBeDoneAgain() throws IOException {
    byte[] wanted = null;
    for (int n = 1; ; n++) {
      String name = "image" + n;
      try (ImageDevice device = newImage(name, new MkfsOptions().blockSize(1024))) {
        JournalWriter w = new JournalWriter(device, V3 | REVOKE, false, 1, 1, 0);
        w.log(new long[] {PLACE, PLACE + 1, PLACE + 9}, new int[] {1, 2, 0});
        w.commit();
        w.log(new long[] {PLACE, PLACE + 5}, new int[] {3, 4});
        w.revoke(PLACE + 1);
        w.commit();
        device.failFrom(n);
        boolean failed = false;
        try {
          Recovery.recover(device, Superblock.read(device));
        } catch (FsException e) {
          failed = true;
          assertEquals(Errno.EIO, e.errno());
        }
        device.failFrom(0);
        Recovery.recover(device, Superblock.read(device));
        byte[] now = new byte[100 * 1024];
        device.read(PLACE * 1024, MemorySegment.ofArray(now));
        if (wanted == null) {
          wanted = now;
          assertEquals(3, fillOf(device, PLACE));
          assertEquals(0, fillOf(device, PLACE + 1));
        }
        assertEquals(-1, Arrays.mismatch(wanted, now));
        assertEquals(0, w.read(0).asByteBuffer().getInt(0x1c));
        Files.delete(dir.resolve(name));
        if (!failed) {
          assertTrue(n > 6);
          return;
        }
      }
    }
  }

  /// Goal: nothing that the log or its superblock says can hang the replay or make it throw
  /// anything but a typed error. Method: one byte changed, at random places of the first blocks.
  @Test
  void noByteOfTheJournalCanHangOrBreakTheReplay() throws IOException {
    long seed = 99;
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    Path image = dir.resolve("image");
    byte[] log;
    try (ImageDevice device = newImage()) {
      JournalWriter w = new JournalWriter(device, REVOKE | WIDE, false, 1, 1, 0);
      for (int i = 0; i < 3; i++) {
        w.log(new long[] {PLACE, PLACE + i}, new int[] {i, i});
        w.revoke(PLACE + 2);
        w.commit();
      }
      log = Files.readAllBytes(image);
      long journal = JournalBlocks.read(device, Superblock.read(device)).deviceBlock(0);
      int refused = 0;
      for (int round = 0; round < 300; round++) {
        device.write(0, MemorySegment.ofArray(Arrays.copyOf(log, 4096)));
        int from = (int) journal * 1024;
        byte[] bad = Arrays.copyOfRange(log, from, from + 16 * 1024);
        int block = random.nextInt(16);
        int at = block * 1024 + random.nextInt(block == 0 ? 256 : 64);
        bad[at] = (byte) random.nextInt(256);
        device.write(from, MemorySegment.ofArray(bad));
        try {
          Recovery.recover(device, Superblock.read(device));
        } catch (FsException e) {
          refused++;
        }
      }
      assertTrue(refused > 10);
    }
  }

  @Test
  void whatTheKernelLeavesWhenItsMachineStopsIsReplayedAsE2fsckDoesIt() throws IOException {
    E2fs.assumeTools("e2fsck", "dumpe2fs", "cp", "sync");
    for (String words : List.of("^orphan_file", "^metadata_csum", "^64bit", "orphan_file")) {
      String name = "live" + words.replace('^', '-');
      MkfsOptions options = new MkfsOptions().blockSize(1024).feature(words);
      newImage(name, options).close();
      Path mount = Files.createDirectory(dir.resolve(name + ".mount"));
      Path stopped = dir.resolve(name + ".stopped");
      E2fs.assumeMounted(dir.resolve(name), mount);
      try {
        for (int i = 0; i < 200; i++) {
          Path sub = Files.createDirectories(mount.resolve("d" + i % 7));
          Files.writeString(sub.resolve("file" + i), "content " + i);
        }
        E2fs.ok("sync", "-f", mount.toString());
        for (int i = 0; i < 200; i += 3) {
          Files.delete(mount.resolve("d" + i % 7 + "/file" + i));
        }
        E2fs.ok("sync", "-f", mount.toString());
        Files.writeString(mount.resolve("last"), "x");
        Files.copy(dir.resolve(name), stopped);
      } finally {
        E2fs.ok("umount", mount.toString());
      }
      try (ImageDevice device = new ImageDevice(stopped, 512)) {
        assertTrue(Superblock.read(device).features().has(Feature.NEEDS_RECOVERY));
        compareWithE2fsck(stopped, device);
      }
      Files.delete(dir.resolve("copy"));
    }
  }
}
