package org.pagewright.fs.ext4.journal;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.block.BlockDevice;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.disk.Superblock;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.sim.crash.CrashExplorer;
import org.pagewright.sim.crash.CrashLimits;
import org.pagewright.sim.crash.CrashOracle;
import org.pagewright.sim.crash.CrashSubject;
import org.pagewright.sim.crash.OverlayDevice;
import org.pagewright.sim.crash.RecordingDevice;

/// Goal: a replay that is cut at any of its writes is replayed to the same end; and a log written
/// with the flushes that the format asks for is replayed up to a whole transaction.
///
/// Method: transactions written by hand, in each variant of checksums; with and without the flush
/// before the commit.
final class CutRecoveryTest {
  private static final int V2 = JournalSuperblock.INCOMPAT_CSUM_V2;
  private static final int V3 = JournalSuperblock.INCOMPAT_CSUM_V3;
  private static final int REVOKE = JournalSuperblock.INCOMPAT_REVOKE;
  private static final int BLOCK = 1024;
  private static final long[] PLACES = {5000, 5001, 5100, 5200};

  /// One transaction: what it fills the four blocks with; -1 leaves a block out.
  private record Log(List<Integer> fills) {}

  private record Subject(int variant, boolean flushes, OverlayDevice start)
      implements CrashSubject<Log, List<Integer>> {

    static Subject of(int variant, boolean flushes) throws FsException {
      RamBlockDevice ram = RamBlockDevice.of("log.img", 6 << 20);
      try {
        Mkfs.make(ram, new MkfsOptions().blockSize(BLOCK).timeSeconds(1_700_000_000));
        writer(ram, variant);
        return new Subject(variant, flushes, OverlayDevice.copyOf(ram));
      } finally {
        ram.close();
      }
    }

    private static JournalWriter writer(BlockDevice device, int variant) throws FsException {
      return new JournalWriter(device, variant | REVOKE, false, 1, 1, 0);
    }

    @Override
    public CrashOracle<List<Integer>> run(RecordingDevice device, List<Log> logs)
        throws FsException {
      JournalWriter writer = writer(device, variant);
      device.flush();
      List<List<Integer>> after = new ArrayList<>(List.of(List.of(0, 0, 0, 0)));
      for (Log log : logs) {
        device.mark();
        List<Integer> now = new ArrayList<>(after.getLast());
        List<Long> places = new ArrayList<>();
        for (int i = 0; i < PLACES.length; i++) {
          if (log.fills.get(i) >= 0) {
            places.add(PLACES[i]);
            now.set(i, log.fills.get(i));
          }
        }
        int[] fills = log.fills.stream().filter(f -> f >= 0).mapToInt(f -> f).toArray();
        writer.log(places.stream().mapToLong(p -> p).toArray(), fills);
        if (flushes) {
          device.flush();
        }
        writer.commit();
        device.flush();
        after.add(now);
        device.mark();
      }
      return (seen, marks) -> {
        for (int k = marks / 2; k <= (marks + 1) / 2; k++) {
          if (after.get(k).equals(seen)) {
            return null;
          }
        }
        return seen + " after " + marks / 2 + " transactions that were durable";
      };
    }

    @Override
    public List<Integer> open(BlockDevice image) throws FsException {
      Recovery.recover(image, Superblock.read(image));
      List<Integer> fills = new ArrayList<>();
      for (long place : PLACES) {
        MemorySegment s = MemorySegment.ofArray(new byte[BLOCK]);
        image.read(place * BLOCK, s);
        byte[] bytes = s.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
        byte[] same = new byte[BLOCK - 4];
        Arrays.fill(same, bytes[4]);
        assertTrue(Arrays.equals(same, 0, same.length, bytes, 4, BLOCK), "block " + place);
        fills.add((int) bytes[4]);
      }
      return fills;
    }

    /// What leads to the log is not torn: see durability.md.
    @Override
    public boolean mayTear(long pos, int length) {
      return pos >= Superblock.OFFSET + Superblock.SIZE || pos + length <= Superblock.OFFSET;
    }

    @Override
    public String print(List<Log> logs) {
      return String.join(
          ",",
          logs.stream()
              .map(l -> String.join(".", l.fills.stream().map(String::valueOf).toList()))
              .toList());
    }

    @Override
    public List<Log> parse(String text) {
      return Arrays.stream(text.split(","))
          .map(w -> new Log(Arrays.stream(w.split("\\.")).map(Integer::valueOf).toList()))
          .toList();
    }
  }

  private static final List<Log> LOGS =
      List.of(
          new Log(List.of(1, 1, -1, 1)),
          new Log(List.of(-1, 2, 2, -1)),
          new Log(List.of(3, -1, -1, 3)),
          new Log(List.of(-1, -1, 4, 4)));

  @ParameterizedTest
  @ValueSource(ints = {0, V2, V3})
  void aLogCutAnywhereIsReplayedToAWholeTransactionAndSoIsACutReplay(int variant)
      throws Exception {
    CrashExplorer<Log, List<Integer>> explorer =
        new CrashExplorer<>(
            Subject.of(variant, true), CrashLimits.DEFAULTS.withRecovery(1, 60));
    explorer.explore(LOGS, 1);
    System.out.println("checksums " + variant + ": " + explorer.report());
    assertTrue(explorer.report().states() > 50, explorer.report().toString());
  }

  @Test
  void aCommitBeforeItsBlocksIsFoundWhereNothingButTheFlushOrdersThem() throws Exception {
    CrashExplorer<Log, List<Integer>> explorer =
        new CrashExplorer<>(Subject.of(0, false), CrashLimits.DEFAULTS);
    assertThrows(AssertionError.class, () -> explorer.explore(LOGS, 1));
  }
}
