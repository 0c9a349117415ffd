package org.pagewright.bench.measure;

import com.google.gson.Gson;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.bench.door.Doors;
import org.pagewright.bench.door.Image;
import org.pagewright.nio.VolumeFileSystem;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;

/// What the channel of `java.nio` adds to [OpenFile]: some ns of some hundreds, which is less than
/// two processes of the same door differ by. So both are in one process here, over one file in the
/// same frames and with the same buffer, each called from a loop of its own; they take turns of
/// about a millisecond, every second one backwards.
///
/// The figure of OpenFile is the median of its turns in a round; that of the channel is this and
/// the median of what each of its turns took more than the one beside it. What else the machine
/// does for some milliseconds meets both turns of a pair, or is one pair of many.
public final class ChannelCost implements Contest {
  private static final int SIZE = 4096;
  private static final int FILL = 1 << 20;
  private static final long FILE_BYTES = 256L << 20;
  private static final long BUDGET_BYTES = 4L << 30;
  private static final int TURN = 2000;

  private final String method;

  /// A contest.
  ///
  /// @param method `read` or `write`
  ChannelCost(String method) {
    this.method = method;
  }

  /// What a process of this class prints.
  ///
  /// @param figures ns an operation in each round, by door: the channel, then OpenFile
  /// @param allocated bytes an operation in each round, by door
  private record Printed(List<List<Double>> figures, List<List<Double>> allocated) {}

  @Override
  public List<String> peers(Effort effort) {
    return List.of("ours, java.nio", "ours, OpenFile");
  }

  @Override
  public List<Results.Peer> run(Effort effort, Deadline deadline)
      throws IOException, InterruptedException {
    String text =
        Program.run(
            deadline,
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx2g", "-XX:-UsePerfData", "--enable-native-access=ALL-UNNAMED",
            "-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir"),
            "-Dpagewright.bench.disk=" + Doors.disk(),
            "-cp", System.getProperty("java.class.path"), ChannelCost.class.getName(), method,
            String.valueOf(effort.warmups()), String.valueOf(effort.rounds()),
            String.valueOf(effort.iterationMillis()));
    Printed printed = new Gson().fromJson(text.substring(text.indexOf('{')), Printed.class);
    List<Results.Peer> results = new ArrayList<>();
    for (String name : peers(effort)) {
      int i = results.size();
      results.add(Results.Peer.with(name, printed.figures.get(i), printed.allocated.get(i)));
    }
    return results;
  }

  /// Measures, and prints figures as JSON.
  ///
  /// @param args `read` or `write`; rounds to warm up; rounds; milliseconds of a door in a round
  /// @throws IOException if it cannot be measured
  public static void main(String[] args) throws IOException {
    boolean reads = args[0].equals("read");
    int warmups = Integer.parseInt(args[1]);
    int rounds = Integer.parseInt(args[2]);
    long nanos = 2 * Long.parseLong(args[3]) * 1_000_000;
    Printed printed =
        new Printed(
            List.of(new ArrayList<>(), new ArrayList<>()),
            List.of(new ArrayList<>(), new ArrayList<>()));
    try (Image image = Image.create(FILE_BYTES, BUDGET_BYTES);
        VolumeFileSystem fs = VolumeFileSystem.of("bench", image.volume(), Map.of());
        FileChannel channel =
            FileChannel.open(
                fs.getPath("/file"), StandardOpenOption.CREATE, StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        OpenFile file = image.volume().open("/file", OpenFlags.RDWR, 0)) {
      ByteBuffer ones = ByteBuffer.allocateDirect(FILL);
      MemorySegment.ofBuffer(ones).fill((byte) 1);
      for (long pos = 0; pos < FILE_BYTES; pos += FILL) {
        channel.write(ones.clear(), pos);
      }
      Pair pair = new Pair(channel, file);
      for (int round = -warmups; round < rounds; round++) {
        pair.round(reads, nanos, round < 0 ? null : printed);
      }
    }
    PrintStream out = System.out;
    out.println(new Gson().toJson(printed));
  }

  /// The two doors.
  private static final class Pair {
    final FileChannel channel;
    final OpenFile file;
    final ByteBuffer buffer;
    final MemorySegment segment;
    private final com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final double[] nanosOf = new double[2];
    private final long[] bytesOf = new long[2];
    private long random = System.nanoTime() | 1;

    Pair(FileChannel channel, OpenFile file) {
      this.channel = channel;
      this.file = file;
      ByteBuffer room = ByteBuffer.allocateDirect(2 * SIZE);
      this.buffer = room.slice(SIZE - room.alignmentOffset(0, SIZE), SIZE);
      this.segment = MemorySegment.ofBuffer(buffer.duplicate());
    }

    /// Turns of both for a time.
    void round(boolean reads, long nanos, @Nullable Printed printed)
        throws IOException {
      List<double[]> turns = new ArrayList<>();
      Arrays.fill(bytesOf, 0);
      long end = System.nanoTime() + nanos;
      while (System.nanoTime() < end) {
        int first = turns.size() & 1;
        turn(first, reads);
        turn(1 - first, reads);
        turns.add(nanosOf.clone());
      }
      if (printed != null) {
        double alone = median(turns.stream().mapToDouble(t -> t[1]).toArray());
        double more = median(turns.stream().mapToDouble(t -> t[0] - t[1]).toArray());
        printed.figures.get(0).add(JmhContest.rounded(alone + more));
        printed.figures.get(1).add(JmhContest.rounded(alone));
        for (int i = 0; i < 2; i++) {
          double each = (double) bytesOf[i] / turns.size() / TURN;
          printed.allocated.get(i).add(JmhContest.rounded(each));
        }
      }
    }

    private void turn(int door, boolean reads) throws IOException {
      long bytes = threads.getCurrentThreadAllocatedBytes();
      long begin = System.nanoTime();
      long moved;
      if (reads) {
        moved = door == 0 ? readChannel() : readFile();
      } else {
        moved = door == 0 ? writeChannel() : writeFile();
      }
      nanosOf[door] = (double) (System.nanoTime() - begin) / TURN;
      bytesOf[door] += threads.getCurrentThreadAllocatedBytes() - bytes;
      if (moved != (long) TURN * SIZE) {
        throw new IOException("moved " + moved + " bytes in a turn");
      }
    }

    private long nextPos() {
      random ^= random << 13;
      random ^= random >>> 7;
      random ^= random << 17;
      return random & FILE_BYTES - 1 & -SIZE;
    }

    private long readChannel() throws IOException {
      long sum = 0;
      for (int i = 0; i < TURN; i++) {
        sum += channel.read(buffer.clear(), nextPos());
      }
      return sum;
    }

    private long readFile() throws IOException {
      long sum = 0;
      for (int i = 0; i < TURN; i++) {
        sum += file.read(nextPos(), segment);
      }
      return sum;
    }

    private long writeChannel() throws IOException {
      long sum = 0;
      for (int i = 0; i < TURN; i++) {
        sum += channel.write(buffer.clear(), nextPos());
      }
      return sum;
    }

    private long writeFile() throws IOException {
      long sum = 0;
      for (int i = 0; i < TURN; i++) {
        sum += file.write(nextPos(), segment);
      }
      return sum;
    }
  }

  private static double median(double[] values) {
    Arrays.sort(values);
    int n = values.length;
    return n == 0 ? Double.NaN : (values[(n - 1) / 2] + values[n / 2]) / 2;
  }
}
