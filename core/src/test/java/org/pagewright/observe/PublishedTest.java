package org.pagewright.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.ramfs.Ramfs;
import org.pagewright.stats.Count;
import org.pagewright.stats.DeviceStats;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Numbers of volumes on their way to another process.
final class PublishedTest {
  @TempDir Path folder;

  private final long pid = ProcessHandle.current().pid();

  @BeforeEach
  void useOurFolder() {
    System.setProperty("pagewright.runtime.dir", folder.resolve("run").toString());
  }

  @AfterEach
  void forgetIt() {
    System.clearProperty("pagewright.runtime.dir");
  }

  private static void readAndWrite(Volume volume, int reads) throws IOException {
    try (OpenFile file = volume.open("/f", OpenFlags.CREAT | OpenFlags.RDWR, 0644)) {
      file.write(0, MemorySegment.ofArray(new byte[100_000]));
      byte[] target = new byte[64];
      for (int i = 0; i < reads; i++) {
        file.read(i, target, 0, 64);
      }
    }
  }

  @Test
  void whatAVolumeDidIsReadByItsProcessNumber() throws IOException {
    try (CacheMemory memory = CacheMemory.ofBytes(1 << 20);
        Volume volume = Ramfs.mount(memory.cache(), MountOptions.DEFAULTS)) {
      assertNull(Reports.of(pid));
      Published published = Published.volume(volume.superBlock(), "odd\nname", Path.of("/mnt/x"));
      assertNull(Published.problem());
      readAndWrite(volume, 1000);
      Published.refresh();
      ProcessReport report = Reports.of(pid);
      assertNotNull(report);
      assertEquals(pid, report.pid());
      assertEquals(1, report.volumes().size());
      VolumeReport v = report.volumes().get(0);
      assertEquals("odd\nname", v.name());
      assertEquals("/mnt/x", v.mountPoint());
      assertEquals(256, v.frames());
      assertTrue(v.framesUsed() >= 25, v.framesUsed() + " frames");
      assertEquals(1000, v.count(Count.LOOKUPS), "each read is told of once its file is closed");
      assertEquals(100.0, v.hitPercent());
      assertEquals(List.of(pid), Reports.all().stream().map(ProcessReport::pid).toList());
      published.close();
      assertNull(Reports.of(pid), "the last volume takes the file along");
      assertFalse(Files.exists(folder.resolve("run/" + pid)));
    }
  }

  @Test
  void lookupsAreToldWhileTheFileIsOpen() throws IOException {
    try (CacheMemory memory = CacheMemory.ofBytes(1 << 20);
        Volume volume = Ramfs.mount(memory.cache(), MountOptions.DEFAULTS);
        OpenFile file = volume.open("/f", OpenFlags.CREAT | OpenFlags.RDWR, 0644)) {
      file.write(0, MemorySegment.ofArray(new byte[65_536]));
      byte[] target = new byte[65_536];
      for (int i = 0; i < 1000; i++) {
        file.read(0, target, 0, target.length);
      }
      long lookups =
          VolumeReport.of(volume.superBlock(), "ram", "").count(Count.LOOKUPS);
      assertTrue(lookups > 16_000 - 256 && lookups <= 16_000, lookups + " of 16000 folios");
    }
  }

  @Test
  void whatAKilledProcessLeftBehindIsNoReportAndGoes() throws Exception {
    Process ended = new ProcessBuilder("true").start();
    ended.waitFor();
    Path run = Files.createDirectories(folder.resolve("run"));
    Path left = run.resolve(Long.toString(ended.pid()));
    Files.writeString(left, new ProcessReport(ended.pid(), 0, 0, List.of()).text());
    Files.writeString(run.resolve("1.txt"), "of somebody else");
    assertNull(Reports.of(ended.pid()));
    assertEquals(List.of(), Reports.all());
    try (CacheMemory memory = CacheMemory.ofBytes(1 << 20);
        Volume volume = Ramfs.mount(memory.cache(), MountOptions.DEFAULTS);
        Published published = Published.volume(volume.superBlock(), "ram", null)) {
      assertNotNull(published);
      assertFalse(Files.exists(left), "the next process removes it");
      assertTrue(Files.exists(run.resolve("1.txt")), "and nothing else");
    }
  }

  @Test
  void anotherProcessWithTheNumberOfAnEarlierOneIsNotTakenForIt() throws IOException {
    Path run = Files.createDirectories(folder.resolve("run"));
    long started = Published.startOf(ProcessHandle.current());
    Path file = run.resolve(Long.toString(pid));
    Files.writeString(file, new ProcessReport(pid, started - 3_600_000, 0, List.of()).text());
    assertNull(Reports.of(pid));
    Files.writeString(file, new ProcessReport(pid, started, 0, List.of()).text());
    assertNotNull(Reports.of(pid));
  }

  @Test
  void thatNothingCanBePublishedIsNoErrorOfTheVolume() throws IOException {
    Files.writeString(folder.resolve("file"), "");
    System.setProperty("pagewright.runtime.dir", folder.resolve("file/run").toString());
    try (CacheMemory memory = CacheMemory.ofBytes(1 << 20);
        Volume volume = Ramfs.mount(memory.cache(), MountOptions.DEFAULTS);
        Published published = Published.volume(volume.superBlock(), "ram", null)) {
      assertNotNull(published);
      assertNotNull(Published.problem());
    }
  }

  @Test
  void textBringsEachNumberBack() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    DeviceStats device = new DeviceStats();
    for (int i = 0; i < 1000; i++) {
      device.read(random.nextLong(1 << 30), 4096);
      device.written(random.nextLong(1 << 20), 8192);
      device.flushed(random.nextLong(1 << 10));
    }
    device.failed();
    long[] counts = random.longs(Count.values().length, 0, Long.MAX_VALUE).toArray();
    VolumeReport volume =
        new VolumeReport(
            "back\\slash\r\n", "", 1, 2, 3, 4, 5, 6, 7, 8, 9, counts, device.snapshot());
    ProcessReport report = new ProcessReport(4711, 1, 2, List.of(volume, volume));
    ProcessReport again = ProcessReport.parse(report.text());
    assertEquals(report.text(), again.text(), "seed " + seed);
    assertEquals("back\\slash\r\n", again.volumes().get(1).name());
    assertEquals(device.snapshot(), again.volumes().get(0).device());
  }

  @Test
  void whatIsCutOffOrNonsenseIsNoReport() {
    String text = new ProcessReport(1, 2, 3, List.of()).text();
    for (int length = 0; length < text.length(); length++) {
      String cut = text.substring(0, length);
      assertThrows(IllegalArgumentException.class, () -> ProcessReport.parse(cut), cut);
    }
    for (String bad :
        List.of(
            text.replace("pagewright 1", "pagewright 2"),
            text.replace("pid 1", "pid one"),
            text.replace("end", "volume v\nreads 1:1:1\nend"),
            text.replace("end", "volume v\n".repeat(300) + "end"))) {
      assertThrows(IllegalArgumentException.class, () -> ProcessReport.parse(bad), bad);
    }
    assertEquals(
        1, ProcessReport.parse(text.replace("end", "volume v\nnew thing\nend")).volumes().size());
  }
}
