package org.pagewright.sim.crash;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32C;
import org.pagewright.block.Bio;
import org.pagewright.block.BlockDevice;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.errno.FsException;
import org.pagewright.sim.contract.StoreDevice;
import org.pagewright.sim.device.LyingBlockDevice;

/// Four numbers on a device, changed two at a time through a log of one transaction, by the right
/// protocol or one of the wrong ones.
///
/// ```
///   0     log: descriptor (sequence, which numbers), two blocks of content, commit
///   8192  home: four blocks, each full of its number
///   16384 head: the last transaction that is home
/// ```
final class ToyStore implements CrashSubject<ToyStore.Put, ToyStore.Sight> {
  /// What is done wrong.
  enum Flaw {
    /// The commit may be on the medium before what it commits.
    NO_FLUSH_BEFORE_COMMIT,
    /// The same, written in the wrong order to begin with.
    COMMIT_BEFORE_DATA,
    /// Success is told before the commit is durable.
    NO_FLUSH_AFTER_COMMIT,
    /// The whole log goes out in one write, and nothing tells a torn one.
    ONE_WRITE_WITHOUT_CHECKSUM,
    /// Content goes home while its commit is still in doubt.
    HOME_BEFORE_COMMIT_IS_DURABLE,
    /// The log is given up while what it holds may not be home.
    LOG_REUSED_TOO_EARLY,
    /// Recovery gives up the log before what it wrote home is durable.
    RECOVERY_FORGETS_TOO_EARLY,
    /// The flush is sent while the writes are still under way.
    FLUSH_WITHOUT_WAITING
  }

  /// How a right protocol may differ from another.
  enum Style {
    /// Flush, commit, flush.
    FLUSHES,
    /// A commit with PREFLUSH and FUA.
    FUA,
    /// One flush; a checksum tells whether all of it is there.
    CHECKSUM
  }

  /// Sets two numbers.
  record Put(int first, int second, int value) {}

  /// The four numbers; -1 for one that is torn.
  record Sight(List<Integer> numbers) {}

  private static final int BLOCK = 1024;
  private static final int HOME = 8192;
  private static final int HEAD = 16384;
  private static final int SIZE = 24 << 10;
  private static final int NUMBERS = 4;
  private static final int MAGIC = 0x70a57a1e;

  private final Style style;
  private final boolean lyingDevice;
  private final Set<Flaw> flaws;

  ToyStore(Style style, Flaw... flaws) {
    this(style, false, flaws);
  }

  ToyStore(Style style, boolean lyingDevice, Flaw... flaws) {
    this.style = style;
    this.lyingDevice = lyingDevice;
    this.flaws = EnumSet.noneOf(Flaw.class);
    this.flaws.addAll(List.of(flaws));
  }

  private boolean has(Flaw flaw) {
    return flaws.contains(flaw);
  }

  @Override
  public OverlayDevice start() throws FsException {
    RamBlockDevice ram = RamBlockDevice.of("toy", SIZE);
    try {
      return OverlayDevice.copyOf(ram);
    } finally {
      ram.close();
    }
  }

  @Override
  public CrashOracle<Sight> run(RecordingDevice recorder, List<Put> puts) throws FsException {
    BlockDevice device = lyingDevice ? new LyingBlockDevice(recorder) : recorder;
    List<Sight> after = new ArrayList<>();
    after.add(new Sight(List.of(0, 0, 0, 0)));
    int sequence = 0;
    for (Put put : puts) {
      List<Integer> next = new ArrayList<>(after.getLast().numbers);
      next.set(put.first, put.value);
      next.set(put.second, put.value);
      after.add(new Sight(next));
      recorder.mark();
      put(device, recorder, ++sequence, put);
    }
    return (seen, marks) -> {
      for (int k = marks / 2; k <= (marks + 1) / 2; k++) {
        if (seen.equals(after.get(k))) {
          return null;
        }
      }
      return seen + " after " + marks / 2 + " puts that had returned";
    };
  }

  private void put(BlockDevice device, RecordingDevice recorder, int sequence, Put put)
      throws FsException {
    byte[] log = new byte[4 * BLOCK];
    ByteBuffer b = ByteBuffer.wrap(log);
    b.putInt(MAGIC).putInt(sequence).putInt(put.first).putInt(put.second);
    fill(log, BLOCK, put.value);
    fill(log, 2 * BLOCK, put.value);
    b.putInt(3 * BLOCK, MAGIC).putInt(3 * BLOCK + 4, sequence);
    b.putInt(3 * BLOCK + 8, sum(log));
    if (has(Flaw.ONE_WRITE_WITHOUT_CHECKSUM)) {
      device.write(0, MemorySegment.ofArray(log));
      device.flush();
    } else if (has(Flaw.FLUSH_WITHOUT_WAITING)) {
      writeAndFlushAtOnce(device, log);
    } else {
      writeLog(device, log);
    }
    boolean late = has(Flaw.HOME_BEFORE_COMMIT_IS_DURABLE);
    if (!late) {
      recorder.mark(); // told: it is done
    }
    device.write(HOME + put.first * BLOCK, part(log, BLOCK, BLOCK));
    device.write(HOME + put.second * BLOCK, part(log, 2 * BLOCK, BLOCK));
    if (late) {
      device.flush();
      recorder.mark();
    }
    if (!has(Flaw.LOG_REUSED_TOO_EARLY)) {
      device.flush();
    }
    writeHead(device, sequence);
    device.flush();
  }

  private void writeLog(BlockDevice device, byte[] log) throws FsException {
    if (has(Flaw.COMMIT_BEFORE_DATA)) {
      device.write(3 * BLOCK, part(log, 3 * BLOCK, BLOCK));
    }
    device.write(0, part(log, 0, BLOCK));
    device.write(BLOCK, part(log, BLOCK, BLOCK));
    device.write(2 * BLOCK, part(log, 2 * BLOCK, BLOCK));
    if (has(Flaw.COMMIT_BEFORE_DATA)) {
      device.flush();
      return;
    }
    if (style == Style.FUA && !has(Flaw.NO_FLUSH_BEFORE_COMMIT)) {
      Bio.of(Bio.Op.WRITE, 3 * BLOCK, Bio.PREFLUSH | Bio.FUA)
          .add(part(log, 3 * BLOCK, BLOCK))
          .submitAndWait(device);
      return;
    }
    if (style == Style.FLUSHES && !has(Flaw.NO_FLUSH_BEFORE_COMMIT)) {
      device.flush();
    }
    device.write(3 * BLOCK, part(log, 3 * BLOCK, BLOCK));
    if (!has(Flaw.NO_FLUSH_AFTER_COMMIT) && !has(Flaw.HOME_BEFORE_COMMIT_IS_DURABLE)) {
      device.flush();
    }
  }

  /// The device below holds writes back until it is told; nobody waits for them here.
  private static void writeAndFlushAtOnce(BlockDevice device, byte[] log) throws FsException {
    StoreDevice slow = new StoreDevice(device);
    slow.holdWrites();
    for (int block = 0; block < 4; block++) {
      slow.submit(Bio.write(block * BLOCK, part(log, block * BLOCK, BLOCK)));
    }
    device.flush();
    slow.releaseWrites();
  }

  private static void writeHead(BlockDevice device, int sequence) throws FsException {
    byte[] head = new byte[512];
    ByteBuffer.wrap(head).putInt(sequence);
    device.write(HEAD, MemorySegment.ofArray(head));
  }

  @Override
  public Sight open(BlockDevice image) throws FsException {
    byte[] all = new byte[SIZE];
    image.read(0, MemorySegment.ofArray(all));
    ByteBuffer b = ByteBuffer.wrap(all);
    int next = b.getInt(HEAD) + 1;
    boolean whole =
        b.getInt(0) == MAGIC
            && b.getInt(4) == next
            && b.getInt(3 * BLOCK) == MAGIC
            && b.getInt(3 * BLOCK + 4) == next;
    if (whole && style == Style.CHECKSUM) {
      whole = b.getInt(3 * BLOCK + 8) == sum(all);
    }
    if (whole) {
      for (int i = 0; i < 2; i++) {
        int number = b.getInt(8 + 4 * i);
        if (number < 0 || number >= NUMBERS) {
          throw new AssertionError("the log names number " + number);
        }
        image.write(HOME + number * BLOCK, part(all, (1 + i) * BLOCK, BLOCK));
      }
      if (!has(Flaw.RECOVERY_FORGETS_TOO_EARLY)) {
        image.flush();
      }
      writeHead(image, next);
      image.flush();
      image.read(0, MemorySegment.ofArray(all));
    }
    List<Integer> numbers = new ArrayList<>();
    for (int i = 0; i < NUMBERS; i++) {
      byte[] expected = new byte[BLOCK];
      int value = b.getInt(HOME + i * BLOCK);
      fill(expected, 0, value);
      boolean same =
          Arrays.equals(expected, 0, BLOCK, all, HOME + i * BLOCK, HOME + (i + 1) * BLOCK);
      numbers.add(same ? value : -1);
    }
    return new Sight(numbers);
  }

  private static MemorySegment part(byte[] bytes, int from, int length) {
    return MemorySegment.ofArray(bytes).asSlice(from, length);
  }

  private static void fill(byte[] bytes, int from, int value) {
    ByteBuffer b = ByteBuffer.wrap(bytes, from, BLOCK);
    while (b.hasRemaining()) {
      b.putInt(value);
    }
  }

  private static int sum(byte[] log) {
    CRC32C crc = new CRC32C();
    crc.update(log, 0, 3 * BLOCK);
    return (int) crc.getValue();
  }

  @Override
  public String print(List<Put> puts) {
    List<String> words = new ArrayList<>();
    puts.forEach(p -> words.add(p.first + "." + p.second + "." + p.value));
    return String.join(",", words);
  }

  @Override
  public List<Put> parse(String text) {
    List<Put> puts = new ArrayList<>();
    for (String word : text.split(",")) {
      String[] n = word.split("\\.");
      puts.add(
          new Put(Integer.parseInt(n[0]), Integer.parseInt(n[1]), Integer.parseInt(n[2])));
    }
    return puts;
  }
}
