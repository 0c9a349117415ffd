package org.pagewright.fs.ext4.mkfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.block.FileBlockDevice;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.disk.Superblock;
import org.pagewright.fs.ext4.journal.JournalBlocks;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.ImageDevice;

class MkfsTest {
  private static final long MIB = 1 << 20;
  private static final UUID ID = UUID.fromString("01020304-f5f6-4708-898a-0b0c0d0e0f10");

  @TempDir Path dir;

  /// Goal: our file systems are those that mke2fs makes. Method: the same options to both; e2fsck
  /// finds nothing, and dumpe2fs says the same of both but for times and checksums.
  @ParameterizedTest
  @CsvSource({
    "1M,",
    "1M,-t ext2",
    "2M,-b 1024",
    "3M,",
    "5M,-b 4096",
    "16M,",
    "24M,-b 2048 -I 512",
    "64M,",
    "64M,-t ext2",
    "64M,-t ext3",
    "65537K,",
    "100M,-b 4096 -O ^64bit",
    "100M,-b 4096 -O orphan_file",
    "100M,-b 1024 -O metadata_csum_seed",
    "130M,-b 4096 -O ^has_journal -m 0",
    "140M,-b 4096 -O ^flex_bg",
    "200M,-b 4096 -t ext3 -I 128",
    "200M,-b 4096 -O ^metadata_csum;uninit_bg",
    "200M,-b 4096 -O ^metadata_csum;uninit_bg;^64bit;^flex_bg",
    "130M,-m 0",
    "137M,-b 1024 -O orphan_file",
    "140M,-b 1024 -G 2",
    "200M,-b 1024 -O meta_bg;^resize_inode",
    "200M,-b 1024 -O sparse_super2",
    "200M,-b 1024 -O ^sparse_super;^resize_inode",
    "200M,-b 4096 -O ^extent;^64bit",
    "256M,-b 4096 -N 100",
    "256M,-b 4096 -N 65536 -m 0",
    "300M,-b 1024 -i 1024",
    "300M,-b 4096 -g 8192",
    "300M,-b 4096 -J size=16 -G 4",
    "511M,",
    "512M,",
    "1G,",
    "2G,-t ext2",
    "3G,-t ext3",
    "5000M,-i 65536",
    "40G,-t ext4 -m 1",
    "600G,",
  })
  void aFileSystemIsTheOneThatMke2fsMakes(String size, String words) throws IOException {
    E2fs.assumeTools("mke2fs", "e2fsck", "dumpe2fs");
    String options = words == null ? "" : words.replace(';', ',');
    List<String> args = new ArrayList<>(List.of("-U", ID.toString()));
    args.addAll(List.of("-E", "hash_seed=" + ID));
    if (!options.contains("-t ")) {
      args.addAll(List.of("-t", "ext4"));
    }
    args.addAll(options.isEmpty() ? List.of() : List.of(options.split(" ")));
    Path theirs = dir.resolve("theirs");
    E2fs.mke2fs(theirs, size, args.toArray(String[]::new));
    Path ours = dir.resolve("ours");
    long bytes = bytesOf(size);
    newFile(ours, bytes);
    try (ImageDevice device = new ImageDevice(ours, 512)) {
      Superblock made = Mkfs.make(device, optionsOf(options).zeroed(true));
      assertEquals(-1, made.raw().mismatch(Superblock.read(device).raw()));
    }
    E2fs.assertClean(ours);
    assertEquals("", difference(dump(theirs), dump(ours)));
  }

  /// Lines of one and of the other where they differ.
  private static String difference(String one, String other) {
    List<String> a = one.lines().toList();
    List<String> b = other.lines().toList();
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < Math.max(a.size(), b.size()); i++) {
      String left = i < a.size() ? a.get(i) : "";
      String right = i < b.size() ? b.get(i) : "";
      if (!left.equals(right)) {
        text.append("mke2fs: ").append(left).append("\n  ours: ").append(right).append('\n');
      }
    }
    return text.toString();
  }

  private static String dump(Path image) throws IOException {
    return E2fs.ok("dumpe2fs", image.toString())
        .replaceAll("(csum|Checksum:|Checksum seed:) *0x[0-9a-f]+", "")
        .replaceAll("(, )?ITABLE_ZEROED", "")
        .replaceAll(" \\[\\]", "")
        .replaceAll("(?m)^(Filesystem created|Last write time|Last checked):.*$", "")
        .replaceAll("(?m)^Lifetime writes:.*$", "")
        .replaceAll("\n+", "\n")
        .strip();
  }

  static MkfsOptions optionsOf(String words) throws FsException {
    MkfsOptions options = new MkfsOptions().uuid(ID).hashSeed(ID);
    List<String> list = words.isEmpty() ? List.of() : List.of(words.split(" "));
    for (int i = 0; i < list.size(); i += 2) {
      String value = list.get(i + 1);
      switch (list.get(i)) {
        case "-t" ->
            options.type(MkfsOptions.Type.valueOf(value.toUpperCase(java.util.Locale.ROOT)));
        case "-b" -> options.blockSize(Integer.parseInt(value));
        case "-I" -> options.inodeSize(Integer.parseInt(value));
        case "-i" -> options.bytesPerInode(Long.parseLong(value));
        case "-N" -> options.inodes(Long.parseLong(value));
        case "-m" -> options.reservedPercent(Double.parseDouble(value));
        case "-g" -> options.blocksPerGroup(Long.parseLong(value));
        case "-G" -> options.flexGroups(Integer.parseInt(value));
        case "-J" -> options.journalBytes(Long.parseLong(value.substring(5)) * MIB);
        case "-O" -> {
          for (String feature : value.split(",")) {
            options.feature(feature);
          }
        }
        default -> throw new AssertionError(list.get(i));
      }
    }
    return options;
  }

  private static long bytesOf(String size) {
    long number = Long.parseLong(size.substring(0, size.length() - 1));
    return number << 10 * (1 + "KMGT".indexOf(size.charAt(size.length() - 1)));
  }

  private static void newFile(Path path, long bytes) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(bytes);
    }
  }

  @Test
  void theLargestSparseFileTakesLittleSpaceAndIsClean() throws IOException {
    E2fs.assumeTools("e2fsck");
    Path image = dir.resolve("image");
    // ext4 on the host can hold no larger file.
    long bytes = (1L << 44) - 4096;
    try {
      newFile(image, bytes);
    } catch (IOException e) {
      System.out.println("skipped: no sparse file of 16 TiB here: " + e.getMessage());
      Assumptions.abort("no sparse file of 16 TiB here");
    }
    try (ImageDevice device = new ImageDevice(image, 512)) {
      Mkfs.make(device, new MkfsOptions().zeroed(true));
      assertTrue(device.bytesWritten() < 400 * MIB, device.bytesWritten() + " bytes");
      assertEquals(262_144, JournalBlocks.read(device, Superblock.read(device)).length());
    }
    if (Boolean.getBoolean("pagewright.slowTests")) {
      E2fs.assertClean(image); // a minute, and some GiB of memory
    }
  }

  @Test
  void aFileDeviceServesAsWellAsAnyOther() throws IOException {
    E2fs.assumeTools("e2fsck");
    Path image = dir.resolve("image");
    FileBlockDevice.Options how = FileBlockDevice.Options.READ_WRITE;
    try (FileBlockDevice device = FileBlockDevice.create(image, 64 * MIB, how)) {
      Mkfs.make(device, new MkfsOptions().zeroed(true));
    }
    E2fs.assertClean(image);
  }

  @Test
  void sixteenTebibytesAreMadeWithoutAResizeInode() throws IOException {
    try (RamBlockDevice device = RamBlockDevice.of("ram", 1L << 44)) {
      Superblock sb = Mkfs.make(device, new MkfsOptions().zeroed(true));
      assertEquals(1L << 32, sb.blocksCount());
      assertFalse(sb.features().has(Feature.RESIZE_INODE));
      assertTrue(device.bytesWritten() < 400 * MIB, device.bytesWritten() + " bytes");
      Superblock.read(device);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"-t ext4", "-t ext2", "-t ext4 -O orphan_file", "-t ext3 -b 4096"})
  void aDeviceFullOfOldBytesBecomesACleanFileSystem(String words) throws IOException {
    E2fs.assumeTools("e2fsck");
    Path image = dir.resolve("image");
    byte[] old = new byte[40 << 20];
    Arrays.fill(old, (byte) 0xa5);
    Files.write(image, old);
    try (ImageDevice device = new ImageDevice(image, 512)) {
      Mkfs.make(device, optionsOf(words));
    }
    E2fs.assertClean(image);
  }

  @Test
  void aFixedTimeGivesTheSameBytesAndNoneGivesOthers() throws IOException {
    byte[] first = bytes(new MkfsOptions().timeSeconds(1_700_000_000).label("x"));
    byte[] second = bytes(new MkfsOptions().timeSeconds(1_700_000_000).label("x"));
    assertArrayEquals(first, second);
    byte[] third = bytes(new MkfsOptions().label("x"));
    byte[] fourth = bytes(new MkfsOptions().label("x"));
    assertNotEquals(Arrays.hashCode(third), Arrays.hashCode(fourth));
  }

  private static byte[] bytes(MkfsOptions options) throws FsException {
    try (RamBlockDevice device = RamBlockDevice.of("ram", 8 * MIB)) {
      Mkfs.make(device, options.zeroed(true));
      byte[] all = new byte[(int) device.sizeBytes()];
      device.read(0, MemorySegment.ofArray(all));
      return all;
    }
  }

  @Test
  void theRootBelongsToWhomTheOptionsSay() throws IOException {
    E2fs.assumeTools("debugfs", "e2fsck");
    Path image = dir.resolve("image");
    newFile(image, 8 * MIB);
    try (ImageDevice device = new ImageDevice(image, 512)) {
      Mkfs.make(
          device,
          new MkfsOptions()
              .rootOwner(70_000, 80_000)
              .rootMode(01777)
              .lostFound(false)
              .timeSeconds(5_000_000_000L)
              .label("caf\u00e9"));
    }
    E2fs.assertClean(image);
    String stat = E2fs.debugfs(image, "stat <2>");
    assertTrue(stat.matches("(?s).*User: *70000 *Group: *80000 .*"), stat);
    assertTrue(stat.contains("Mode:  01777"), stat);
    assertTrue(stat.contains("2128"), stat);
    assertTrue(stat.contains("Links: 2"), stat);
  }

  @ParameterizedTest
  @CsvSource({
    "16K,-t ext4",
    "8M,-b 512",
    "8M,-b 8192",
    "8M,-b 3000",
    "8M,-I 100",
    "8M,-I 2048",
    "8M,-i 10",
    "8M,-N 5000000",
    "8M,-m 51",
    "8M,-m -1",
    "8M,-g 100",
    "8M,-G 3",
    "8M,-J size=5",
    "8M,-O ^extent",
    "8M,-O meta_bg",
    "8M,-O metadata_csum_seed;^metadata_csum",
    "8M,-O orphan_file;^has_journal",
    "8M,-O encrypt",
    "8M,-O bigalloc",
    "8M,-O nonsense",
    "8M,-t ext2 -J size=2",
  })
  void aBadOptionIsRefusedInWordsAndNothingIsWritten(String size, String words)
      throws IOException {
    try (RamBlockDevice device = RamBlockDevice.of("ram", bytesOf(size))) {
      FsException e =
          assertThrows(
              FsException.class, () -> Mkfs.make(device, optionsOf(words.replace(';', ','))));
      assertEquals(Errno.EINVAL, e.errno());
      System.out.println(e.getMessage());
      assertEquals(0, device.bytesWritten());
    }
  }

  /// Source: a power cut in the middle of mkfs must not leave half a file system.
  @Test
  void whereverItStopsTheDeviceHoldsNoFileSystemOrAllOfIt() throws IOException {
    Path image = dir.resolve("image");
    newFile(image, 8 * MIB);
    try (ImageDevice device = new ImageDevice(image, 512)) {
      Mkfs.make(device, new MkfsOptions());
      MkfsOptions other = new MkfsOptions().uuid(ID);
      int n = 1;
      while (true) {
        device.failFrom(n++);
        boolean failed = false;
        try {
          Mkfs.make(device, other);
        } catch (FsException e) {
          failed = true;
          assertEquals(Errno.EIO, e.errno());
        }
        device.failFrom(0);
        if (!failed) {
          break;
        }
        try {
          UUID found = Superblock.read(device).uuid();
          assertTrue(n == 2 || found.equals(ID), "old file system after write " + n);
        } catch (FsException e) {
          assertEquals(Errno.EINVAL, e.errno());
        }
        Mkfs.make(device, new MkfsOptions());
      }
      assertTrue(n > 10);
    }
  }

  @Test
  void theKernelMountsItAndWritesToIt() throws IOException {
    E2fs.assumeTools("e2fsck");
    Path image = dir.resolve("image");
    newFile(image, 64 * MIB);
    try (ImageDevice device = new ImageDevice(image, 512)) {
      Mkfs.make(device, new MkfsOptions().feature("orphan_file").zeroed(true));
    }
    Path mount = Files.createDirectory(dir.resolve("mount"));
    E2fs.assumeMounted(image, mount);
    try {
      Files.writeString(mount.resolve("file"), "text");
      Files.createDirectories(mount.resolve("a/b/c"));
      Files.write(mount.resolve("a/large"), new byte[20 << 20]);
      assertTrue(Files.isDirectory(mount.resolve("lost+found")));
    } finally {
      E2fs.ok("umount", mount.toString());
    }
    E2fs.assertClean(image);
  }

  @Test
  void thePlanSaysTheGeometryBeforehand() throws IOException {
    Superblock plan = Mkfs.plan("image", 64 * MIB, optionsOf(""));
    try (RamBlockDevice device = RamBlockDevice.of("ram", 64 * MIB)) {
      Superblock made = Mkfs.make(device, optionsOf("").zeroed(true));
      assertEquals(plan.inodesCount(), made.inodesCount());
      assertEquals(new Geometry(plan).descBlocks(), new Geometry(made).descBlocks());
    }
  }
}
