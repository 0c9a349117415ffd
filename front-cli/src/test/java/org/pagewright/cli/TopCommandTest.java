package org.pagewright.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.block.FileBlockDevice;
import org.pagewright.cli.image.Cancellation;
import org.pagewright.fs.ext4.Ext4;
import org.pagewright.fs.ext4.Ext4Options;
import org.pagewright.observe.ProcessReport;
import org.pagewright.observe.Published;
import org.pagewright.observe.VolumeReport;
import org.pagewright.ramfs.Ramfs;
import org.pagewright.stats.Count;
import org.pagewright.stats.DeviceStats;
import org.pagewright.stats.Histogram;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// `pagewright top` beside a process that has a volume open: this one.
@Timeout(60)
final class TopCommandTest {
  private static final String PID = Long.toString(ProcessHandle.current().pid());

  @TempDir Path folder;

  private Path image;

  private interface Work {
    void with(Published published) throws Exception;
  }

  @BeforeEach
  void makeImage() {
    System.setProperty("pagewright.runtime.dir", folder.resolve("run").toString());
    image = folder.resolve("disk.img");
    Shell.ok("mkfs", "--size", "16M", image);
  }

  @AfterEach
  void forgetFolder() {
    System.clearProperty("pagewright.runtime.dir");
  }

  /// A volume in use, as if mounted.
  private void published(Work work) throws Exception {
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20);
        Volume volume =
            Ext4.mount(
                FileBlockDevice.open(image, FileBlockDevice.Options.READ_WRITE),
                memory,
                Ext4Options.DEFAULTS);
        Published published =
            Published.volume(volume.superBlock(), image.toString(), Path.of("/mnt/x"))) {
      try (OpenFile file = volume.open("/f", OpenFlags.CREAT | OpenFlags.RDWR, 0644)) {
        file.write(0, MemorySegment.ofArray(new byte[1 << 20]));
        file.fsync(false);
        byte[] bytes = new byte[4096];
        for (int i = 0; i < 1000; i++) {
          file.read((i % 256) * 4096, bytes, 0, 4096);
        }
      }
      Published.refresh();
      work.with(published);
    }
  }

  @Test
  void aProcessAMountPointAFileBelowItAndAnImageNameTheSameVolume() throws Exception {
    published(
        p -> {
          for (Object operand : List.of(PID, "/mnt/x", "/mnt/x/some/file", image)) {
            List<String> lines = Shell.ok("top", "--once", operand).lines();
            String what = operand + ": " + lines;
            assertTrue(lines.get(0).matches(".*disk.img on /mnt/x +process " + PID), what);
            assertTrue(lines.get(1).matches(" +reads +100.0 % hits +1000 lookups.*"), what);
            assertTrue(lines.stream().anyMatch(l -> l.matches(" +flush .*p50 .*p99 .*s")), what);
            assertTrue(lines.stream().allMatch(l -> l.length() <= 100), what);
          }
        });
  }

  /// docs/observe.md tells the truth: its commands run, and its example looks like what is printed.
  @Test
  void everyCommandOfTheGuideRuns() throws Exception {
    Path page = Path.of("docs/observe.md");
    List<String> guide =
        Files.readAllLines(Files.exists(page) ? page : Path.of("..").resolve(page));
    published(
        p -> {
          int commands = 0;
          for (String line : guide) {
            if (line.startsWith("./pagewright ")) {
              String command = line.substring("./pagewright ".length());
              command = command.replace("/mnt/disk", "/mnt/x").replace("disk.img", "" + image);
              assertTrue(Shell.ok((Object[]) command.split(" ")).lines().size() > 0, line);
              commands++;
            }
          }
          assertTrue(commands >= 4, commands + " commands");
          for (String line : Shell.ok("top", "--once", PID).lines()) {
            String row = line.startsWith("  ") ? line.substring(0, 12) : "";
            assertTrue(guide.stream().anyMatch(g -> g.startsWith(row)), line);
          }
        });
  }

  @Test
  void withoutAnOperandAllAreShownAndNoneIsNoError() throws Exception {
    assertTrue(Shell.ok("top", "--once").out().startsWith("No volume is open"));
    assertEquals("[]\n", Shell.ok("top", "--once", "--stats-json").out());
    published(p -> assertTrue(Shell.ok("top", "--once").out().contains("disk.img")));
  }

  @Test
  void programsGetAllNumbersAsJson() throws Exception {
    published(
        p -> {
          String json = Shell.ok("top", "--once", "--stats-json", PID).out();
          assertTrue(json.startsWith("[{\"pid\":" + PID + ",") && json.endsWith("}]}]\n"), json);
          for (Count count : Count.values()) {
            assertTrue(json.contains("\"" + count.key() + "\":"), count + " in " + json);
          }
          assertTrue(json.contains("\"lookups\":1000,") && json.contains("\"hits\":1000,"), json);
          assertTrue(json.matches(".*\"writes\":\\{\"count\":[1-9]\\d*,\"p50Nanos\":.*\\n"), json);
        });
  }

  @Test
  void whatIsNotThereIsToldWithANextStep() throws Exception {
    published(
        p -> {
          Shell.Result elsewhere = Shell.run("top", "--once", "/mnt/xyz");
          assertEquals(1, elsewhere.code());
          assertTrue(elsewhere.err().contains("/mnt/xyz: no process tells"), elsewhere.err());
          assertTrue(elsewhere.err().contains("next: see all there are"), elsewhere.err());
          Process ended = new ProcessBuilder("true").start();
          ended.waitFor();
          Shell.Result gone = Shell.run("top", "--once", ended.pid());
          assertEquals(1, gone.code());
          assertTrue(gone.err().contains("is not there"), gone.err());
          assertEquals(2, Shell.run("top", "--interval", "0").code());
        });
  }

  /// Standard output that tells when so many lines have come.
  private static final class Lines extends OutputStream {
    final ByteArrayOutputStream text = new ByteArrayOutputStream();
    final CountDownLatch left;

    Lines(int lines) {
      left = new CountDownLatch(lines);
    }

    @Override
    public void write(int b) {
      text.write(b);
      if (b == '\n') {
        left.countDown();
      }
    }
  }

  @Test
  void aVolumeWhoseNameIsNoPathIsPassedOver() throws Exception {
    published(
        p -> {
          try (CacheMemory memory = CacheMemory.ofBytes(4 << 20);
              Volume other = Ramfs.mount(memory.cache(), MountOptions.DEFAULTS)) {
            Published strange =
                Published.volume(other.superBlock(), "no\0path", Path.of("/mnt/x/below"));
            Published.refresh();
            Shell.Result both = Shell.ok("top", "--once", "/mnt/x/below/file");
            assertTrue(both.lines().get(0).contains("on /mnt/x/below "), both.out());
            assertTrue(Shell.ok("top", "--once", image).out().contains("disk.img"));
            strange.close();
          }
        });
  }

  @Test
  void itGoesOnUntilItIsInterruptedOrTheVolumeIsClosed() throws Exception {
    published(
        p -> {
          for (boolean interrupted : new boolean[] {true, false}) {
            Lines out = new Lines(3);
            ByteArrayOutputStream err = new ByteArrayOutputStream();
            Cancellation cancellation = new Cancellation();
            int[] code = {-1};
            Thread top =
                Thread.ofPlatform()
                    .start(
                        () ->
                            code[0] =
                                new Main(out, err, cancellation)
                                    .run("top", "--stats-json", "--interval", "0.1", "/mnt/x"));
            assertTrue(out.left.await(50, TimeUnit.SECONDS), "three looks");
            if (interrupted) {
              cancellation.request();
            } else {
              p.close();
            }
            top.join();
            assertEquals(0, code[0], () -> err.toString(StandardCharsets.UTF_8));
          }
        });
    assertFalse(Files.exists(folder.resolve("run").resolve(PID)));
  }

  private static VolumeReport volume(String name, long lookups, long misses, long waitedNanos) {
    long[] counts = new long[Count.values().length];
    counts[Count.LOOKUPS.ordinal()] = lookups;
    counts[Count.MISSES.ordinal()] = misses;
    counts[Count.THROTTLED_NANOS.ordinal()] = waitedNanos;
    Histogram reads = new Histogram();
    for (int i = 0; i < misses; i++) {
      reads.record(2_000_000);
    }
    DeviceStats.Snapshot device =
        new DeviceStats.Snapshot(
            reads.snapshot(),
            Histogram.Snapshot.EMPTY,
            Histogram.Snapshot.EMPTY,
            4096 * misses,
            0,
            0);
    return new VolumeReport(name, "", 1, 1, 0, 10, 20, 0, 0, 0, 0, counts, device);
  }

  private static List<ProcessReport> at(long seconds, VolumeReport volume) {
    return List.of(new ProcessReport(1, 0, seconds * 1_000_000_000L, List.of(volume)));
  }

  @Test
  void ratesAreOfTheTimeBetweenTwoReports() {
    List<String> lines =
        TopScreen.lines(
            at(12, volume("v", 1100, 30, 5_000_000_000L)),
            at(10, volume("v", 100, 10, 1_000_000_000L)));
    String text = String.join("\n", lines);
    assertTrue(text.contains("98.0 % hits"), text);
    assertTrue(text.contains("500/s lookups") && text.contains("10/s misses"), text);
    assertTrue(text.contains("2.0 writers wait"), text);
    assertTrue(text.contains("10/s requests") && text.contains("p50 2.1 ms"), text);
  }

  @Test
  void aNameCannotCommandTheTerminal() {
    String text = TopScreen.lines(at(1, volume("a\u001b]0;x\u0007b\n", 0, 0, 0)), List.of()).get(0);
    assertTrue(text.startsWith("a?]0;x?b?"), text);
  }
}
