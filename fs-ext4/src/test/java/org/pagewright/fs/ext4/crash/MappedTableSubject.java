package org.pagewright.fs.ext4.crash;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.pagewright.block.BlockDevice;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.Ext4;
import org.pagewright.fs.ext4.Ext4Options;
import org.pagewright.fs.ext4.check.Fsck;
import org.pagewright.fs.ext4.check.Report;
import org.pagewright.fs.ext4.disk.Superblock;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.ManualClock;
import org.pagewright.sim.crash.CrashOracle;
import org.pagewright.sim.crash.CrashSubject;
import org.pagewright.sim.crash.OverlayDevice;
import org.pagewright.sim.crash.RecordingDevice;
import org.pagewright.sim.device.PoisonedDevice;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// A [MappedTable] on a small ext4 volume, as the crash explorer sees it. The file is a hole, space
/// that was never written, or zeros; the table fills it while the power may go.
final class MappedTableSubject
    implements CrashSubject<MappedTableSubject.Op, Map<Integer, MappedTable.Slot>>, AutoCloseable {
  /// What is done to the table.
  ///
  /// @param key of a put; 0 for a sync
  /// @param value of a put; else the first slot of the sync, in eighths of the table
  record Op(long key, long value) {}

  /// What the file is before the first store.
  enum Ground {
    /// Only a size.
    HOLE,
    /// Unwritten blocks.
    ALLOCATED,
    /// Written zeros.
    ZEROS
  }

  private static final String PATH = "/table";
  private static final int BYTES = 5 * 4096 + 2048; // the last folio in part
  private static final int PARTS = 8;
  private static final long BLOCKS = 4000;

  private final Ground ground;
  private final int blockSize;
  private final Path folder;
  private final CacheMemory memory = CacheMemory.ofBytes(1 << 20);
  private final Ext4Options options =
      Ext4Options.DEFAULTS
          .withMount(
              MountOptions.DEFAULTS
                  .withClock(new ManualClock())
                  .withAtime(MountOptions.Atime.NEVER)
                  .withCaches(64, 256))
          .withMetadataBytes(256 << 10)
          .withCommitSeconds(1_000_000);
  private @Nullable OverlayDevice start;

  MappedTableSubject(Ground ground, int blockSize, Path folder) {
    this.ground = ground;
    this.blockSize = blockSize;
    this.folder = folder;
  }

  @Override
  public OverlayDevice start() throws FsException {
    OverlayDevice known = start;
    if (known != null) {
      return known;
    }
    RamBlockDevice ram = PoisonedDevice.of("table.img", BLOCKS * blockSize);
    try {
      Mkfs.make(
          ram,
          new MkfsOptions()
              .inodes(64)
              .uuid(new UUID(1, 2))
              .hashSeed(new UUID(3, 4))
              .timeSeconds(1_700_000_000L)
              .journalBytes(1024L * blockSize)
              .blockSize(blockSize));
      OverlayDevice image = OverlayDevice.copyOf(ram).fork();
      Volume volume = Ext4.mount(image, memory, options);
      try (OpenFile file = volume.open(PATH, OpenFlags.CREAT | OpenFlags.RDWR, 0644)) {
        switch (ground) {
          case HOLE -> file.truncate(BYTES);
          case ALLOCATED -> file.fallocate(0, 0, BYTES);
          case ZEROS -> file.write(0, new byte[BYTES], 0, BYTES);
        }
      }
      volume.close();
      known = OverlayDevice.copyOf(image);
      start = known;
      return known;
    } finally {
      ram.close();
    }
  }

  // ---- The run ----------------------------------------------------------------------------------

  /// What a slot held from when on; and since when it is durable.
  private static final class History implements CrashOracle<Map<Integer, MappedTable.Slot>> {
    /// A slot that changed, or was synced as it was.
    ///
    /// @param from marks that the run had passed when it began
    /// @param durable whether, once it has ended, nothing older may be seen
    private record Event(int from, int to, int slot, MappedTable.Slot held, boolean durable) {}

    private final List<Event> events = new ArrayList<>();

    @Override
    public @Nullable String objection(Map<Integer, MappedTable.Slot> seen, int marks) {
      Map<Integer, List<MappedTable.Slot>> allowed = new TreeMap<>();
      Map<Integer, Boolean> mustBe = new TreeMap<>();
      for (Event e : events) {
        if (e.durable && e.to <= marks) {
          allowed.put(e.slot, new ArrayList<>(List.of(e.held)));
          mustBe.put(e.slot, true);
        } else if (!e.durable && e.from <= marks) {
          allowed.computeIfAbsent(e.slot, s -> new ArrayList<>()).add(e.held);
        }
      }
      for (Map.Entry<Integer, MappedTable.Slot> e : seen.entrySet()) {
        if (!allowed.getOrDefault(e.getKey(), List.of()).contains(e.getValue())) {
          return "slot " + e.getKey() + " holds " + e.getValue() + ", may hold "
              + allowed.get(e.getKey());
        }
      }
      for (int slot : mustBe.keySet()) {
        if (!seen.containsKey(slot)) {
          return "slot " + slot + " was synced with " + allowed.get(slot) + " and is empty";
        }
      }
      return null;
    }
  }

  @Override
  public CrashOracle<Map<Integer, MappedTable.Slot>> run(RecordingDevice device, List<Op> ops)
      throws FsException {
    History history = new History();
    Volume volume = Ext4.mount(device, memory, options);
    try (OpenFile file = volume.open(PATH, OpenFlags.RDWR, 0);
        MappedTable table = new MappedTable(file)) {
      for (Op op : ops) {
        int from = device.mark();
        if (op.key != 0) {
          put(table, op, history, from);
        } else {
          sync(table, op, history, from);
        }
        device.mark();
      }
    } catch (FsException | RuntimeException | AssertionError e) {
      volume.superBlock().shutdown("run failed", e);
      throw e;
    }
    device.mark();
    volume.close();
    device.mark();
    return history;
  }

  private static void put(MappedTable table, Op op, History history, int from) {
    int slot = table.find(op.key);
    MappedTable.Slot held = new MappedTable.Slot(op.key, op.value);
    history.events.add(new History.Event(from, from + 1, slot, held, false));
    table.put(op.key, op.value);
    if (table.get(op.key) != op.value) {
      throw new AssertionError(op + " is " + table.get(op.key));
    }
  }

  private static void sync(MappedTable table, Op op, History history, int from) {
    int first = (int) (op.value % PARTS) * table.slots() / PARTS;
    int count = table.slots() / PARTS;
    table.sync(first, count);
    table
        .content()
        .forEach(
            (slot, held) -> {
              if (slot >= first && slot < first + count) {
                history.events.add(new History.Event(from, from + 1, slot, held, true));
              }
            });
  }

  @Override
  public Map<Integer, MappedTable.Slot> open(BlockDevice image) throws FsException {
    Volume volume = Ext4.mount(image, memory, options);
    try {
      Map<Integer, MappedTable.Slot> content;
      try (OpenFile file = volume.open(PATH, OpenFlags.RDWR, 0);
          MappedTable table = new MappedTable(file)) {
        if (file.size() != BYTES) {
          throw new AssertionError("the file has " + file.size() + " bytes");
        }
        content = table.content();
      }
      volume.close();
      Report report = Fsck.check(image, 10);
      if (!report.isClean()) {
        throw new AssertionError("after recovery: " + report.findings());
      }
      return content;
    } catch (FsException | AssertionError e) {
      volume.superBlock().shutdown("look failed", e);
      volume.superBlock().close(true);
      throw e;
    }
  }

  /// As for all of ext4: the superblock reaches the medium whole.
  @Override
  public boolean mayTear(long pos, int length) {
    return pos >= Superblock.OFFSET + Superblock.SIZE || pos + length <= Superblock.OFFSET;
  }

  @Override
  public String print(List<Op> ops) {
    StringBuilder text = new StringBuilder();
    for (Op op : ops) {
      text.append(text.isEmpty() ? "" : ",").append(op.key).append(':').append(op.value);
    }
    return text.toString();
  }

  @Override
  public List<Op> parse(String text) {
    List<Op> ops = new ArrayList<>();
    for (String word : text.split(",")) {
      String[] numbers = word.split(":");
      ops.add(new Op(Long.parseLong(numbers[0]), Long.parseLong(numbers[1])));
    }
    return ops;
  }

  @Override
  public void secondOpinion(
      OverlayDevice crashed, OverlayDevice recovered, Map<Integer, MappedTable.Slot> seen)
      throws IOException {
    Path file = folder.resolve("table.img");
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.setLength(0);
      out.setLength(recovered.sizeBytes());
      OverlayDevice.PageSink sink =
          (pos, bytes) -> {
            out.seek(pos);
            out.write(bytes);
          };
      recovered.forEachRootPage(sink);
      recovered.forEachChange(sink);
    }
    E2fs.assertClean(file);
  }

  @Override
  public void close() {
    memory.close();
  }
}
