package org.pagewright.fs.ext4.explore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.UUID;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.Ext4;
import org.pagewright.fs.ext4.Ext4Options;
import org.pagewright.fs.ext4.check.Fsck;
import org.pagewright.fs.ext4.check.Report;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.RamImage;
import org.pagewright.sim.device.FaultyBlockDevice;
import org.pagewright.sim.explore.Exploration;
import org.pagewright.sim.explore.Failure;
import org.pagewright.sim.explore.Stage;
import org.pagewright.sim.explore.Verdict;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.StatFs;
import org.pagewright.vfs.Volume;

/// A volume for one schedule: production classes from the open file down to a device in memory, and
/// at the end its check: closed, looked over by fsck, mounted a second time, and read.
final class StagedVolume {
  /// Bytes of a folio.
  static final int FOLIO = 4096;

  private static final Clock STILL =
      Clock.fixed(Instant.ofEpochSecond(1_700_000_000L), ZoneOffset.UTC);
  private static final long BUDGET = 256 << 10;
  private static final long METADATA = 256 << 10;

  /// What images there are, each made once.
  enum Kind {
    /// Without a journal, blocks of 4 KiB.
    PLAIN(FOLIO, false),
    /// Without a journal, blocks of 1 KiB.
    SMALL_BLOCKS(1024, false),
    /// With a journal, blocks of 1 KiB.
    JOURNAL(1024, true);

    private static final Map<Kind, RamImage> IMAGES = new EnumMap<>(Kind.class);

    private final int blockSize;
    private final boolean journal;

    Kind(int blockSize, boolean journal) {
      this.blockSize = blockSize;
      this.journal = journal;
    }

    private RamImage image() throws FsException {
      RamImage image = IMAGES.get(this);
      if (image == null) {
        image = RamImage.of(journal ? 2 << 20 : 512 << 10);
        MkfsOptions options =
            new MkfsOptions()
                .blockSize(blockSize)
                .inodes(32)
                .reservedPercent(0)
                .lostFound(false)
                .uuid(new UUID(1, 2))
                .hashSeed(new UUID(3, 4))
                .timeSeconds(1_700_000_000L);
        Mkfs.make(image, journal ? options : options.feature("^has_journal"));
        IMAGES.put(this, image);
      }
      return image;
    }
  }

  final RamImage image;
  final FaultyBlockDevice device;
  final CacheMemory memory;
  final Volume volume;
  private final Kind kind;
  private final CacheMemory memoryAfterwards;

  private StagedVolume(Stage stage, Kind kind) throws FsException {
    this.kind = kind;
    image = kind.image().copy();
    stage.close(image::free);
    device = new FaultyBlockDevice(image);
    memory = CacheMemory.ofBytes(BUDGET, stage.clock());
    stage.close(memory);
    memoryAfterwards = CacheMemory.ofBytes(BUDGET, stage.clock());
    stage.close(memoryAfterwards);
    volume = Ext4.mount(device, memory, options());
  }

  /// Mounts a fresh copy of an image, while a program is set.
  static StagedVolume mount(Stage stage, Kind kind) throws FsException {
    return new StagedVolume(stage, kind);
  }

  private static Ext4Options options() {
    return Ext4Options.DEFAULTS
        .withMetadataBytes(METADATA)
        .withMount(
            MountOptions.DEFAULTS.withClock(STILL).withAtime(MountOptions.Atime.NEVER));
  }

  int blockSize() {
    return kind.blockSize;
  }

  OpenFile create(String path) throws FsException {
    return volume.open(path, OpenFlags.CREAT | OpenFlags.RDWR, 0644);
  }

  OpenFile open(String path) throws FsException {
    return volume.open(path, OpenFlags.RDWR, 0);
  }

  static byte[] filled(int value, int length) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  /// Writes one value, all of it.
  static void write(OpenFile file, long pos, int value, int length) throws FsException {
    assertEquals(length, file.write(pos, filled(value, length), 0, length));
  }

  /// Reads a whole file.
  static byte[] read(OpenFile file) throws FsException {
    byte[] bytes = new byte[(int) file.size()];
    int length = bytes.length == 0 ? 0 : file.read(0, bytes, 0, bytes.length);
    return Arrays.copyOf(bytes, length);
  }

  /// A range of a file, which it must have as a whole.
  static byte[] read(OpenFile file, long pos, int length) throws FsException {
    byte[] bytes = new byte[length];
    assertEquals(length, file.read(pos, bytes, 0, length));
    return bytes;
  }

  /// Throws unless bytes are all of one of some values.
  static void check(Verdict verdict, String who, byte[] seen, int... allowed) {
    for (int value : allowed) {
      if (Arrays.equals(seen, filled(value, seen.length))) {
        return;
      }
    }
    int at = 0;
    while (at < seen.length - 1 && seen[at] == seen[0]) {
      at++;
    }
    throw new Failure(
        verdict,
        who + ": byte " + seen[at] + " at " + at + " after " + seen[0] + " at 0, allowed is one of "
            + Arrays.toString(allowed));
  }

  /// Ends the volume: everything on the device, fsck content, the ledger even; and each file reads
  /// after a second mount as it did before. Within a last thread, files closed.
  void end(String... paths) throws FsException {
    byte[][] before = new byte[paths.length][];
    for (int i = 0; i < paths.length; i++) {
      before[i] = content(volume, paths[i]);
    }
    volume.sync();
    final StatFs ledger = volume.statfs();
    volume.close();
    Report report = Fsck.check(image, 4);
    assertTrue(report.findings().isEmpty(), () -> report.findings().toString());
    try (Volume again = mountAgain()) {
      checkLedger(ledger, again.statfs());
      for (int i = 0; i < paths.length; i++) {
        byte[] after = content(again, paths[i]);
        int at = Arrays.mismatch(before[i], after);
        if (at >= 0) {
          throw new Failure(
              Verdict.LOST_WRITE,
              paths[i] + " had " + before[i].length + " bytes and has " + after.length
                  + " after a remount, which differ at " + at);
        }
      }
    }
  }

  /// What was counted free when all was written, and what a count anew finds: the difference has
  /// been promised to nobody, or lost (R-B8, R-C8).
  private static void checkLedger(StatFs kept, StatFs counted) {
    if (kept.blocksFree() != counted.blocksFree() || kept.filesFree() != counted.filesFree()) {
      throw new Failure(
          Verdict.LEAK,
          "ledger: " + kept.blocksFree() + " blocks and " + kept.filesFree()
              + " inodes free, but there are " + counted.blocksFree() + " and "
              + counted.filesFree());
    }
  }

  /// What lies on the device now, mounted with other memory; recovery comes first if it must.
  Volume mountAgain() throws FsException {
    return Ext4.mount(image, memoryAfterwards, options());
  }

  private static byte[] content(Volume volume, String path) throws FsException {
    try (OpenFile file = volume.open(path, OpenFlags.RDONLY, 0)) {
      return read(file);
    }
  }

  /// Throws unless everything within the bounds was run and was right; prints what that was.
  static void assertProved(String name, Exploration found) {
    assertEquals(Verdict.OK, found.verdict(), found::toString);
    assertTrue(found.complete(), found::coverage);
    print(name, found);
  }

  /// Throws unless all random schedules were right; prints them and their seed.
  static void assertNothingFound(String name, Exploration found) {
    assertEquals(Verdict.OK, found.verdict(), found::toString);
    print(name, found);
  }

  private static void print(String name, Exploration found) {
    System.out.println(
        name + ": " + found.coverage() + "; " + found.steps() / found.schedules() + " steps, "
            + found.nanos() / 1_000_000 + " ms");
  }
}
