package org.pagewright.fs.ext4;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.block.FileBlockDevice;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.mm.MappedRegion;
import org.pagewright.mm.Protection;
import org.pagewright.mm.Sharing;
import org.pagewright.observe.VolumeReport;
import org.pagewright.sim.device.FaultyBlockDevice;
import org.pagewright.stats.Count;
import org.pagewright.stats.DeviceStats;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// What is counted and recorded of a volume on an image: a day's work, looked at from outside.
final class WatchedVolumeTest {
  private static final int FILE_SIZE = 8 << 20;
  private static final int FOLIOS = FILE_SIZE / 4096;

  @TempDir Path folder;

  private interface Work {
    void on(FaultyBlockDevice device, Volume volume) throws Exception;
  }

  /// An image eight times as large as the memory for it.
  private void volume(Work work) throws Exception {
    FileBlockDevice image =
        FileBlockDevice.create(
            folder.resolve("disk.img"), 64 << 20, FileBlockDevice.Options.READ_WRITE);
    Mkfs.make(image, new MkfsOptions());
    FaultyBlockDevice device = new FaultyBlockDevice(image);
    try (CacheMemory memory = CacheMemory.ofBytes(1 << 20);
        Volume volume = Ext4.mount(device, memory, Ext4Options.DEFAULTS)) {
      work.on(device, volume);
    }
  }

  private static void writeAll(OpenFile file) throws FsException {
    byte[] bytes = new byte[65_536];
    for (int pos = 0; pos < FILE_SIZE; pos += bytes.length) {
      file.write(pos, MemorySegment.ofArray(bytes));
    }
    file.fsync(false);
  }

  private static void readAll(OpenFile file) throws FsException {
    byte[] bytes = new byte[4096];
    for (int pos = 0; pos < FILE_SIZE; pos += bytes.length) {
      assertEquals(bytes.length, file.read(pos, bytes, 0, bytes.length));
    }
  }

  private static VolumeReport report(Volume volume) {
    return VolumeReport.of(volume.superBlock(), "disk.img", "");
  }

  @Test
  void countsAreThoseOfWhatWasDone() throws Exception {
    volume(
        (device, volume) -> {
          try (OpenFile file = volume.open("/f", OpenFlags.CREAT | OpenFlags.RDWR, 0644)) {
            writeAll(file);
            VolumeReport written = report(volume);
            assertEquals(0, written.dirty() + written.writeback());
            assertTrue(written.written() >= FOLIOS, written.written() + " folios");
            assertTrue(written.count(Count.WRITEBACK_PASSES) > 0);
            assertTrue(written.count(Count.COMMITS) > 0);
            assertTrue(written.count(Count.EVICTIONS) >= FOLIOS - written.frames());
            DeviceStats.Snapshot disk = written.device();
            assertTrue(disk.bytesWritten() >= FILE_SIZE, disk.bytesWritten() + " bytes");
            assertTrue(disk.flushes().count() > 0 && disk.writes().percentile(50) > 0);

            readAll(file);
            file.read(0, new byte[1], 0, 1);
            VolumeReport read = report(volume).since(written);
            assertTrue(
                read.count(Count.LOOKUPS) >= FOLIOS && read.count(Count.LOOKUPS) <= FOLIOS + 1,
                read.count(Count.LOOKUPS) + " lookups");
            assertTrue(
                read.hitPercent() > 80 && read.hitPercent() < 100,
                read.hitPercent() + " %: readahead is ahead of most reads");
            assertTrue(read.count(Count.READAHEAD) > FOLIOS / 2);
            assertTrue(read.device().bytesRead() >= FILE_SIZE - (1 << 20));
            assertTrue(read.device().reads().count() > 0);
            assertEquals(0, read.device().failures());
          }
        });
  }

  @Test
  void faultsOfARegionAreCountedAndThoseThatWaitToo() throws Exception {
    volume(
        (device, volume) -> {
          try (OpenFile file = volume.open("/f", OpenFlags.CREAT | OpenFlags.RDWR, 0644)) {
            writeAll(file);
            VolumeReport before = report(volume);
            try (MappedRegion region =
                file.map(0, FILE_SIZE, Protection.READ_WRITE, Sharing.SHARED)) {
              for (long at = 0; at < FILE_SIZE; at += 256 << 10) {
                region.putLong(at, at);
              }
            }
            VolumeReport faults = report(volume).since(before);
            assertTrue(faults.count(Count.FAULTS) >= 32, faults.count(Count.FAULTS) + " faults");
            assertTrue(faults.count(Count.FAULTS_MAJOR) > 0, "most had to be read");
            assertTrue(faults.count(Count.FAULTS_MAJOR) <= faults.count(Count.FAULTS));
          }
        });
  }

  @Test
  void eachErrorThatAnOpenFileIsToldOfIsCounted() throws Exception {
    volume(
        (device, volume) -> {
          try (OpenFile a = volume.open("/f", OpenFlags.CREAT | OpenFlags.RDWR, 0644);
              OpenFile b = volume.open("/f", OpenFlags.RDWR, 0)) {
            a.write(0, MemorySegment.ofArray(new byte[4096]));
            a.fsync(false);
            device.reset();
            device.failFrom(FaultyBlockDevice.Kind.WRITE, 1, Errno.EIO);
            a.write(0, MemorySegment.ofArray(new byte[4096]));
            a.syncRange(0, 0, OpenFile.SYNC_WRITE);
            assertThrows(FsException.class, () -> a.fsync(false));
            device.heal();
            assertThrows(FsException.class, () -> b.fsync(false));
            b.fsync(false);
            assertEquals(2, report(volume).count(Count.ERRORS_TOLD), "a and b, once each");
          }
        });
  }

  /// Every kind of event but the throttle's, which has a test of its own with its formula, by name.
  @Test
  void theFlightRecorderIsToldOfEachKindOfEvent() throws Exception {
    Path dump = folder.resolve("events.jfr");
    List<String> names =
        List.of("DeviceRequest", "WritebackPass", "EvictionPass", "JournalCommit", "PageFault",
            "ErrorTold");
    try (Recording recording = new Recording()) {
      for (String name : names) {
        recording.enable("org.pagewright." + name).withoutThreshold();
      }
      recording.start();
      volume(
          (device, volume) -> {
            try (OpenFile file = volume.open("/f", OpenFlags.CREAT | OpenFlags.RDWR, 0644)) {
              writeAll(file);
              readAll(file);
              try (MappedRegion region =
                  file.map(0, 4096, Protection.READ_WRITE, Sharing.SHARED)) {
                region.putLong(0, 1);
              }
              device.reset();
              device.failFrom(FaultyBlockDevice.Kind.WRITE, 1, Errno.EIO);
              file.syncRange(0, 0, OpenFile.SYNC_WRITE);
              assertThrows(FsException.class, () -> file.fsync(false));
              device.heal();
              file.fsync(false);
            }
          });
      recording.stop();
      recording.dump(dump);
    }
    Map<String, List<RecordedEvent>> events = new HashMap<>();
    for (RecordedEvent event : RecordingFile.readAllEvents(dump)) {
      events
          .computeIfAbsent(
              event.getEventType().getName().replace("org.pagewright.", ""),
              name -> new ArrayList<>())
          .add(event);
    }
    for (String name : names) {
      assertNotNull(events.get(name), name);
    }
    long flushes = 0;
    for (RecordedEvent e : events.get("DeviceRequest")) {
      assertTrue(e.getString("device").endsWith("disk.img"), e::toString);
      flushes += e.getString("operation").equals("FLUSH") ? 1 : 0;
    }
    assertTrue(flushes > 0);
    long written = 0;
    for (RecordedEvent e : events.get("WritebackPass")) {
      written += e.getLong("written");
    }
    assertTrue(written >= FOLIOS, written + " folios");
    long evicted = 0;
    for (RecordedEvent e : events.get("EvictionPass")) {
      evicted += e.getInt("evicted");
    }
    assertTrue(evicted >= FOLIOS, evicted + " folios");
    Set<Long> transactions = new HashSet<>();
    for (RecordedEvent e : events.get("JournalCommit")) { // of several threads: in no order
      assertEquals("", e.getString("error"));
      assertTrue(transactions.add(e.getLong("transaction")), e::toString);
      assertTrue(e.getInt("logBlocks") > 1, e::toString);
    }
    assertTrue(events.get("PageFault").stream().allMatch(e -> e.getBoolean("store")));
    assertEquals("EIO", events.get("ErrorTold").getFirst().getString("error"));
  }
}
