package org.pagewright.fs.ext4;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.Superblock;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.KernelMount;
import org.pagewright.fs.ext4.testing.RamImage;
import org.pagewright.sim.device.CountingBlockDevice;
import org.pagewright.sim.device.FaultyBlockDevice;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.FallocateMode;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Volumes whose journal we write: the image is copied as it lies, which is what a crash of the
/// process leaves, and others are asked what is in it: our recovery, the kernel's, e2fsck.
@Timeout(120)
final class JournalledVolumeTest {
  /// No commit but those that are asked for.
  private static final Ext4Options OPTIONS =
      Ext4Options.DEFAULTS
          .withMount(MountOptions.DEFAULTS.withAtime(MountOptions.Atime.NEVER))
          .withCommitSeconds(100_000);

  @TempDir Path folder;

  private static RamImage image(MkfsOptions options, long size) throws FsException {
    RamImage image = RamImage.of(size);
    Mkfs.make(image, options);
    return image;
  }

  private static MkfsOptions small() {
    return new MkfsOptions().blockSize(1024).journalBytes(1 << 20);
  }

  private static byte[] pattern(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static void write(OpenFile file, long pos, byte[] bytes) throws FsException {
    for (int done = 0; done < bytes.length; ) {
      done += file.write(pos + done, bytes, done, bytes.length - done);
    }
  }

  private static OpenFile open(Volume volume, String path) throws FsException {
    return volume.open(path, OpenFlags.CREAT | OpenFlags.RDWR, 0644);
  }

  private static void put(Volume volume, String path, byte[] bytes) throws FsException {
    try (OpenFile file = open(volume, path)) {
      write(file, 0, bytes);
    }
  }

  private static byte[] get(Volume volume, String path) throws FsException {
    try (OpenFile file = volume.open(path, OpenFlags.RDONLY, 0)) {
      byte[] bytes = new byte[Math.toIntExact(file.size())];
      for (int done = 0; done < bytes.length; ) {
        done += file.read(done, bytes, done, bytes.length - done);
      }
      return bytes;
    }
  }

  /// Opens what a crash left with our recovery; then e2fsck has nothing to say.
  private void afterRecovery(RamImage crashed, Look look) throws Exception {
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20)) {
      try (Volume volume = Ext4.mount(crashed, memory, OPTIONS)) {
        look.at(volume);
      }
    }
    E2fs.assertClean(crashed.save(folder.resolve("recovered")));
  }

  private interface Look {
    void at(Volume volume) throws Exception;
  }

  private void work(Volume volume) throws FsException {
    volume.mkdir("/d", 0755);
    for (int i = 0; i < 60; i++) {
      put(volume, "/d/f" + i, pattern(i * 700, i));
    }
    for (int i = 0; i < 60; i += 3) {
      volume.unlink("/d/f" + i);
    }
    volume.rename("/d/f1", "/moved");
    volume.truncate("/d/f50", 333);
    volume.symlink("y".repeat(300), "/d/link");
    volume.mkdir("/d/sub", 0700);
    volume.rename("/d/sub", "/sub");
    volume.sync();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"ext4", "small", "ext3", "no-csum", "no-64bit", "orphan_file", "journal"})
  void theKernelReplaysOurJournalAndSeesWhatWeSee(String kind) throws Exception {
    E2fs.assumeTools("e2fsck", "debugfs");
    MkfsOptions options =
        switch (kind) {
          case "small" -> small();
          case "ext3" -> new MkfsOptions().type(MkfsOptions.Type.EXT3);
          case "no-csum" -> small().feature("^metadata_csum");
          case "no-64bit" -> small().feature("^64bit");
          case "orphan_file" -> new MkfsOptions().feature("orphan_file");
          default -> new MkfsOptions();
        };
    Ext4Options how = kind.equals("journal") ? OPTIONS.withData(DataMode.JOURNAL) : OPTIONS;
    RamImage image = image(options, 48 << 20);
    Path crashed = folder.resolve("crashed");
    try (CacheMemory memory = CacheMemory.ofBytes(8 << 20);
        Volume volume = Ext4.mount(image, memory, how)) {
      work(volume);
      image.save(crashed);
    }
    String log = E2fs.debugfsUnrecovered(crashed, "logdump");
    assertTrue(log.contains("(commit block) at block"), log);
    Path checked = folder.resolve("checked");
    Files.copy(crashed, checked);
    E2fs.Result fsck = E2fs.run(List.of("e2fsck", "-fy", checked.toString()));
    assertTrue(fsck.code() <= 1, fsck.output());
    E2fs.assertClean(checked);
    RamImage ours = RamImage.load(crashed);
    afterRecovery(
        ours,
        volume -> {
          for (int i = 2; i < 60; i++) {
            if (i % 3 != 0 && i != 50) {
              assertArrayEquals(pattern(i * 700, i), get(volume, "/d/f" + i), "/d/f" + i);
            }
          }
          assertArrayEquals(Arrays.copyOf(pattern(50 * 700, 50), 333), get(volume, "/d/f50"));
          assertEquals("y".repeat(300), volume.readlink("/d/link"));
        });
    ours.free();
    if (KernelMount.missing()) {
      return;
    }
    Path root = Files.createDirectories(folder.resolve("mnt"));
    try (KernelMount mount = KernelMount.mount(crashed, root, false)) {
      for (int i = 2; i < 60; i++) {
        Path file = mount.root().resolve("d/f" + i);
        assertEquals(i % 3 != 0, Files.exists(file), file.toString());
        if (i % 3 != 0 && i != 50) {
          assertArrayEquals(pattern(i * 700, i), Files.readAllBytes(file), file.toString());
        }
      }
      assertEquals(333, Files.size(mount.root().resolve("d/f50")));
      assertTrue(Files.isDirectory(mount.root().resolve("sub")));
    }
    E2fs.assertClean(crashed);
    image.free();
  }

  /// Goal: a journal that others use before and after us stays one for all. Method: the kernel and
  /// we take turns, each after the crash of the other, on a volume with the feature `fast_commit`.
  @Test
  void theKernelAndWeTakeTurnsWithOneJournal() throws Exception {
    E2fs.assumeTools("mke2fs", "e2fsck");
    Path file = folder.resolve("turns");
    E2fs.mke2fs(file, "48M", "-t", "ext4", "-b", "1024", "-O", "fast_commit", "-J", "size=4");
    Path root = Files.createDirectories(folder.resolve("mnt"));
    for (int turn = 0; turn < 3 && !KernelMount.missing(); turn++) {
      RamImage image = RamImage.load(file);
      RamImage crashed;
      try (CacheMemory memory = CacheMemory.ofBytes(16 << 20);
          Volume volume = Ext4.mount(image, memory, OPTIONS)) {
        for (int i = 0; i < turn; i++) {
          assertArrayEquals(pattern(4321, -i), get(volume, "/kernel" + i));
        }
        for (int i = 0; i < 30; i++) {
          put(volume, "/ours" + turn + "-" + i, pattern(900 * i, i));
          volume.sync();
        }
        crashed = image.copy();
      }
      crashed.save(file);
      try (KernelMount mount = KernelMount.mount(file, root, false)) {
        for (int i = 0; i < 30; i++) {
          Path ours = mount.root().resolve("ours" + turn + "-" + i);
          assertArrayEquals(pattern(900 * i, i), Files.readAllBytes(ours));
          Files.delete(ours);
        }
        Files.write(mount.root().resolve("kernel" + turn), pattern(4321, -turn));
      }
      E2fs.assertClean(file);
      image.free();
      crashed.free();
    }
  }

  /// Goal: a sync waits for a file that the flusher is writing out at that moment and has put back
  /// in its list (R-H4). Method: so little memory that the flusher is always at work; the image is
  /// copied when the sync returns.
  @Test
  void aSyncWaitsForWhatTheFlusherHasUnderWay() throws Exception {
    for (int round = 0; round < 12; round++) {
      RamImage image = image(small(), 24 << 20);
      RamImage crashed;
      try (CacheMemory memory = CacheMemory.ofBytes(8 << 20);
          Volume volume = Ext4.mount(image, memory, OPTIONS)) {
        work(volume);
        crashed = image.copy();
      }
      try (CacheMemory memory = CacheMemory.ofBytes(4 << 20);
          Volume volume = Ext4.mount(crashed, memory, OPTIONS)) {
        for (int i = 2; i < 60; i++) {
          if (i % 3 != 0 && i != 50) {
            assertEquals(700 * i, volume.stat("/d/f" + i).size(), "round " + round + ", file " + i);
          }
        }
      }
      image.free();
      crashed.free();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"list", "file"})
  void aFileThatWasRemovedWhileOpenIsFreedAfterACrash(String kind) throws Exception {
    E2fs.assumeTools("e2fsck");
    MkfsOptions options = kind.equals("file") ? small().feature("orphan_file") : small();
    RamImage image = image(options, 16 << 20);
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20);
        Volume volume = Ext4.mount(image, memory, OPTIONS)) {
      volume.sync();
      final long free = volume.statfs().blocksFree();
      List<OpenFile> files = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        files.add(open(volume, "/f" + i));
        write(files.get(i), 0, pattern(70_000, i));
      }
      OpenFile nameless = volume.open("/", OpenFlags.TMPFILE | OpenFlags.RDWR, 0600);
      write(nameless, 0, pattern(5000, 9));
      volume.sync();
      for (int i = 0; i < 5; i++) {
        volume.unlink("/f" + i);
      }
      files.get(2).close(); // out of the middle of the list
      volume.sync();
      RamImage crashed = image.copy();
      Path file = crashed.save(folder.resolve("crashed"));
      afterRecovery(crashed, again -> assertEquals(free, again.statfs().blocksFree()));
      E2fs.run(List.of("e2fsck", "-fy", file.toString()));
      E2fs.assertClean(file);
      crashed.free();
      if (!KernelMount.missing()) {
        Path other = image.save(folder.resolve("other"));
        Path root = Files.createDirectories(folder.resolve("mnt"));
        KernelMount.mount(other, root, false).close();
        E2fs.assertClean(other);
      }
      for (OpenFile open : files) {
        open.close();
      }
      nameless.close();
      volume.sync();
      assertEquals(free, volume.statfs().blocksFree());
    }
    E2fs.assertClean(image.save(folder.resolve("closed")));
    image.free();
  }

  /// Goal: the truncation of a file in thousands of pieces takes many transactions of a journal of
  /// the smallest size, and a crash in its middle leaves it cut.
  @Test
  void aLargeTruncationGoesThroughATinyJournalInManyTransactions() throws Exception {
    E2fs.assumeTools("e2fsck");
    RamImage image = image(small(), 32 << 20);
    try (CacheMemory memory = CacheMemory.ofBytes(8 << 20);
        Volume volume = Ext4.mount(image, memory, OPTIONS)) {
      byte[] one = pattern(1024, 1);
      try (OpenFile file = open(volume, "/holes")) {
        for (int i = 0; i < 6000; i++) {
          file.write(i * 2048L, one, 0, 1024);
        }
        file.fsync(false);
      }
      volume.truncate("/holes", 5 * 2048 + 10);
      put(volume, "/after", one);
      volume.sync();
      RamImage crashed = image.copy();
      afterRecovery(
          crashed,
          again -> {
            assertEquals(5 * 2048 + 10, again.stat("/holes").size());
            assertArrayEquals(one, get(again, "/after"));
          });
      crashed.free();
      try (OpenFile file = open(volume, "/holes")) {
        for (int i = 0; i < 3000; i++) {
          file.write(i * 2048L, one, 0, 1024);
        }
      }
      volume.unlink("/holes");
      volume.mkdir("/many", 0755);
      for (int i = 0; i < 1500; i++) {
        put(volume, "/many/" + "name".repeat(20) + i, new byte[0]);
      }
      for (int i = 0; i < 1500; i++) {
        volume.unlink("/many/" + "name".repeat(20) + i);
      }
      volume.rmdir("/many");
    }
    E2fs.assertClean(image.save(folder.resolve("closed")));
    image.free();
  }

  @Test
  void spaceThatWasFreedIsFoundByACommitWhenItIsNeeded() throws Exception {
    E2fs.assumeTools("e2fsck");
    RamImage image = image(small().reservedPercent(0), 8 << 20);
    // So much memory that no flusher has a removed file in its hands.
    try (CacheMemory memory = CacheMemory.ofBytes(64 << 20);
        Volume volume = Ext4.mount(image, memory, OPTIONS)) {
      byte[] most = pattern(4 << 20, 3);
      for (int round = 0; round < 4; round++) {
        put(volume, "/most", most);
        volume.sync();
        volume.unlink("/most"); // its blocks are free after the next commit only
        try (OpenFile file = open(volume, "/space")) {
          file.fallocate(0, 0, 4 << 20);
        }
        volume.unlink("/space");
      }
      put(volume, "/most", most);
      assertArrayEquals(most, get(volume, "/most"));
    }
    E2fs.assertClean(image.save(folder.resolve("closed")));
    image.free();
  }

  @Test
  void fdatasyncOfAnOverwriteLeavesOtherChangesAloneAndFsyncBringsOwnNames() throws Exception {
    RamImage image = image(small(), 16 << 20);
    CountingBlockDevice device = new CountingBlockDevice(image);
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20);
        Volume volume = Ext4.mount(device, memory, OPTIONS);
        OpenFile file = open(volume, "/f")) {
      write(file, 0, pattern(8192, 1));
      file.fsync(false);
      volume.mkdir("/other", 0755);
      write(file, 0, pattern(8192, 2));
      device.reset();
      file.fsync(true);
      assertEquals(1, device.flushes(), "the content, no commit (R-H9)");
      RamImage crashed = image.copy();
      afterRecovery(
          crashed,
          again -> {
            assertArrayEquals(pattern(8192, 2), get(again, "/f"));
            assertEquals(
                Errno.ENOENT,
                assertThrows(FsException.class, () -> again.stat("/other")).errno());
          });
      crashed.free();
      put(volume, "/new", pattern(10, 3));
      try (OpenFile fresh = open(volume, "/new")) {
        fresh.fsync(false);
      }
      crashed = image.copy();
      afterRecovery(crashed, again -> assertArrayEquals(pattern(10, 3), get(again, "/new")));
      crashed.free();
    }
    image.free();
  }

  /// Extents that have outgrown the inode: when one of them changes, nothing in the inode does. The
  /// time of a write is durable before its bytes here, so that it is not what brings the extent
  /// (R-C9, R-H9).
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aSyncBringsAChangeOfAnExtentThatIsNotInTheInode(boolean datasync) throws Exception {
    RamImage image = image(small(), 16 << 20);
    byte[] expected = new byte[64 << 10];
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20);
        Volume volume = Ext4.mount(image, memory, OPTIONS);
        OpenFile file = open(volume, "/f");
        OpenFile other = open(volume, "/other")) {
      file.fallocate(0, 0, expected.length);
      for (int i = 0; i < 8; i++) {
        int pos = i * (8 << 10);
        byte[] bytes = pattern(1024, i);
        write(file, pos, bytes);
        System.arraycopy(bytes, 0, expected, pos, bytes.length);
        volume.chmod("/other", 0600 + i);
        other.fsync(false);
        file.fsync(datasync);
        RamImage crashed = image.copy();
        afterRecovery(crashed, again -> assertArrayEquals(expected, get(again, "/f")));
        crashed.free();
      }
    }
    image.free();
  }

  @ParameterizedTest
  @EnumSource(
      value = DataMode.class,
      names = {"ORDERED", "WRITEBACK", "JOURNAL"})
  void aFileReplacedByRenameIsTheOldOneOrTheNewOneWhole(DataMode mode) throws Exception {
    E2fs.assumeTools("e2fsck");
    RamImage image = image(small(), 16 << 20);
    byte[] old = pattern(30_000, 1);
    byte[] fresh = pattern(40_000, 2);
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20);
        Volume volume = Ext4.mount(image, memory, OPTIONS.withData(mode))) {
      put(volume, "/f", old);
      volume.sync();
      put(volume, "/f.new", fresh);
      volume.rename("/f.new", "/f");
      RamImage before = image.copy();
      afterRecovery(before, again -> assertArrayEquals(old, get(again, "/f")));
      before.free();
      volume.mkdir("/d", 0755);
      try (OpenFile dir = volume.open("/d", OpenFlags.RDONLY, 0)) {
        dir.fsync(false); // commits the rename with it, nobody has synced the file
      }
      RamImage after = image.copy();
      afterRecovery(after, again -> assertArrayEquals(fresh, get(again, "/f")));
      after.free();
    }
    image.free();
  }

  @Test
  void aFileReplacedByTruncationIsWrittenOutWhenItIsClosed() throws Exception {
    RamImage image = image(small(), 16 << 20);
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20);
        Volume volume = Ext4.mount(image, memory, OPTIONS)) {
      put(volume, "/f", pattern(30_000, 1));
      volume.sync();
      OpenFile file = volume.open("/f", OpenFlags.RDWR | OpenFlags.TRUNC, 0);
      write(file, 0, pattern(20_000, 2));
      assertTrue(file.inode().mapping().dirtyFolios() > 0);
      file.close();
      assertEquals(0, file.inode().mapping().dirtyFolios());
    }
    image.free();
  }

  /// Goal: content in the journal is content. Method: data=journal; what a sync returned for is in
  /// a copy of the image, whose blocks have not reached their places (R-C13).
  @Test
  void contentThatWentThroughTheJournalIsThereAfterACrashAndBeforeItsCheckpoint() throws Exception {
    E2fs.assumeTools("e2fsck");
    RamImage image = image(small(), 24 << 20);
    byte[] bytes = pattern(700_000, 5);
    try (CacheMemory memory = CacheMemory.ofBytes(1 << 20);
        Volume volume = Ext4.mount(image, memory, OPTIONS.withData(DataMode.JOURNAL));
        OpenFile file = open(volume, "/f")) {
      write(file, 0, bytes);
      file.fsync(false);
      // More than the cache of folios holds: what is read now was dropped in between.
      assertArrayEquals(bytes, get(volume, "/f"));
      byte[] part = pattern(5000, 6);
      write(file, 100_001, part);
      System.arraycopy(part, 0, bytes, 100_001, part.length);
      file.fsync(true);
      RamImage crashed = image.copy();
      afterRecovery(crashed, again -> assertArrayEquals(bytes, get(again, "/f")));
      crashed.free();
      // Blocks that held content go to another file; the log must not bring the old content back.
      file.fallocate(FallocateMode.PUNCH_HOLE | FallocateMode.KEEP_SIZE, 0, 600_000);
      Arrays.fill(bytes, 0, 600_000, (byte) 0);
      volume.sync();
      byte[] other = pattern(500_000, 7);
      put(volume, "/g", other);
      volume.sync();
      crashed = image.copy();
      afterRecovery(
          crashed,
          again -> {
            assertArrayEquals(bytes, get(again, "/f"));
            assertArrayEquals(other, get(again, "/g"));
          });
      crashed.free();
    }
    E2fs.assertClean(image.save(folder.resolve("closed")));
    image.free();
  }

  /// Goal: a device that dies at the n-th request stops the volume, whatever it was at, and the
  /// next opening has all that was synced. Method: for each n, on a device that fails from then on.
  @ParameterizedTest
  @ValueSource(strings = {"WRITE", "FLUSH"})
  void aDeviceThatDiesStopsTheVolumeAndWhatWasSyncedIsThereAfterwards(String what)
      throws Exception {
    E2fs.assumeTools("e2fsck");
    FaultyBlockDevice.Kind kind = FaultyBlockDevice.Kind.valueOf(what);
    RamImage made = image(small(), 8 << 20);
    boolean failed = true;
    for (int n = 1; failed; n += what.equals("WRITE") ? 3 : 1) {
      RamImage image = made.copy();
      FaultyBlockDevice device = new FaultyBlockDevice(image);
      int synced = -1;
      failed = false;
      try (CacheMemory memory = CacheMemory.ofBytes(4 << 20)) {
        Volume volume = Ext4.mount(device, memory, OPTIONS);
        device.reset();
        device.failFrom(kind, n, Errno.EIO);
        try {
          for (int i = 0; i < 8; i++) {
            put(volume, "/f" + i, pattern(3000 * i, i));
            if (i > 2) {
              volume.unlink("/f" + (i - 3));
            }
            volume.sync();
            synced = i;
          }
        } catch (FsException e) {
          assertEquals(Errno.EIO, e.errno());
          failed = true;
        }
        if (failed) {
          assertThrows(FsException.class, volume::sync);
          volume.superBlock().close(true);
        } else {
          device.heal();
          volume.close();
        }
      }
      device.heal();
      int last = synced;
      afterRecovery(
          image,
          again -> {
            for (int i = Math.max(0, last - 1); i <= last; i++) {
              assertArrayEquals(pattern(3000 * i, i), get(again, "/f" + i), "/f" + i);
            }
          });
      image.free();
    }
    made.free();
  }

  @Test
  void aFrozenImageIsGoodByItself() throws Exception {
    E2fs.assumeTools("e2fsck");
    RamImage image = image(small(), 16 << 20);
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20);
        Volume volume = Ext4.mount(image, memory, OPTIONS)) {
      put(volume, "/f", pattern(9999, 1));
      volume.superBlock().freeze();
      E2fs.assertClean(image.save(folder.resolve("frozen")));
      volume.superBlock().thaw();
      put(volume, "/g", pattern(9999, 2));
      volume.sync();
      assertTrue(Superblock.read(image).features().has(Feature.NEEDS_RECOVERY));
      RamImage crashed = image.copy();
      afterRecovery(crashed, again -> assertArrayEquals(pattern(9999, 2), get(again, "/g")));
      crashed.free();
    }
    image.free();
  }

  @Test
  void theSuperblocksDefaultsAreHonoured() {
    Ext4Options defaults = Ext4Options.DEFAULTS;
    assertEquals(DataMode.ORDERED, defaults.resolve(0, "", 1).data());
    assertEquals(DataMode.JOURNAL, defaults.resolve(0x20, "", 1).data());
    assertEquals(DataMode.ORDERED, defaults.resolve(0x40, "", 1).data());
    assertEquals(DataMode.WRITEBACK, defaults.resolve(0x60 | 0xc, "", 1).data());
    Ext4Options said = defaults.resolve(0x20, "data=writeback,commit=17,nobarrier", 1);
    assertEquals(DataMode.WRITEBACK, said.data());
    assertEquals(17, said.commitSeconds());
    assertEquals(5, defaults.resolve(0, "commit=0", 1).commitSeconds());
    assertEquals(3, defaults.withCommitSeconds(3).resolve(0, "commit=17", 1).commitSeconds());
    assertEquals(
        DataMode.ORDERED,
        defaults.withData(DataMode.ORDERED).resolve(0x20, "data=journal", 1).data());
    assertThrows(IllegalArgumentException.class, () -> defaults.withCommitSeconds(-1));
  }

  @Test
  void aJournalThatIsLeftAloneStaysEmptyAndTheImageIsNotCleanMeanwhile() throws Exception {
    E2fs.assumeTools("e2fsck");
    RamImage image = image(small(), 16 << 20);
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20);
        Volume volume = Ext4.mount(image, memory, OPTIONS.withData(DataMode.NONE))) {
      put(volume, "/f", pattern(9999, 1));
      volume.sync();
      Superblock sb = Superblock.read(image);
      assertEquals(0, sb.state() & Superblock.STATE_CLEAN);
      assertTrue(!sb.features().has(Feature.NEEDS_RECOVERY));
    }
    Path closed = image.save(folder.resolve("closed"));
    E2fs.assertClean(closed);
    image.free();
  }
}
