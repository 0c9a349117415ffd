package org.pagewright.sim.contract;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.FallocateMode;
import org.pagewright.vfs.IoFlags;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Random operations on one file, beside an array of bytes that says what must come of them; after
/// the program of that name in xfstests. Any volume will do.
///
///     operations of a seed --> file      reads, writes, copies, direct I/O, truncation, holes,
///                        \               zeroing, space, loads and stores through regions and
///                         \              pins, syncs, eviction, remount
///                          --> model    what is read, the size, and where data are said to be
///                                       are compared after each; everything, every so often
///
/// An operation is four numbers that mean something in every state of the file, so a list of them
/// that fails is cut down: by its beginning first, then by halves, quarters and so on. What remains
/// is in the message, with the seed.
public final class Fsx {
  /// What a run is to be like.
  ///
  /// @param seed decides everything
  /// @param operations how many
  /// @param sizeMax most bytes of the file
  /// @param ballastBytes size of a second file that is read to drive the first one out of memory; 0
  ///     for a file system that lives there
  public record Options(long seed, int operations, int sizeMax, int ballastBytes) {}

  private enum Kind {
    READ(16),
    WRITE(16),
    WRITE_SMALL(8),
    GATHER(3),
    COPY(3),
    DIRECT_READ(2),
    DIRECT_WRITE(2, true),
    DONTCACHE_WRITE(2),
    TRUNCATE(4),
    PUNCH(3, true),
    ZERO(3, true),
    FALLOCATE(3, true),
    COLLAPSE(1, true),
    INSERT(1, true),
    FSYNC(1),
    SYNC_RANGE(3),
    EVICT(2),
    BALLAST(1),
    SEEK(3),
    MAP(3),
    LOAD(12),
    STORE(14),
    REGION(4),
    WRITE_MAPPED(3),
    PIN(3),
    USE_PIN(8),
    WRITE_PINNED(4),
    REOPEN(1),
    REMOUNT(0);

    final int weight;

    /// Whether folios of the file, or what they hold, may be others afterwards.
    final boolean takesFolios;

    Kind(int weight) {
      this(weight, false);
    }

    Kind(int weight, boolean takesFolios) {
      this.weight = weight;
      this.takesFolios = takesFolios;
    }
  }

  private record Op(Kind kind, int a, int b, int c) {
    @Override
    public String toString() {
      return kind + "(" + a + ", " + b + ", " + c + ")";
    }
  }

  private record Failed(int at, Throwable why) {}

  private static final String PATH = "/fsx";
  private static final String BALLAST = "/ballast";
  private static final int FOLIO = AddressSpace.FOLIO_SIZE;
  private static final int OPERATIONS_PER_REMOUNT = 2000;
  private static final int OPERATIONS_PER_COMPARISON = 1000;
  private static final int TAIL = 40;
  private static final int REPLAYED_MAX = 400_000;
  private static final int LENGTH_MAX = 5 * FOLIO;

  private final VolumeFixture fixture;
  private final Options options;

  // Of one run.
  private Volume volume;
  private OpenFile file;
  private OpenFile direct;
  private final byte[] model;
  private int size;
  private byte salt;
  private final FsxRegions regions;
  private final FsxPins pins;

  private Fsx(VolumeFixture fixture, Options options, Volume volume) throws IOException {
    this.fixture = fixture;
    this.options = options;
    this.volume = volume;
    this.model = new byte[options.sizeMax + FOLIO];
    if (options.ballastBytes > 0) {
      try (OpenFile ballast = volume.open(BALLAST, OpenFlags.RDWR | OpenFlags.CREAT, 0644)) {
        byte[] piece = new byte[16 * FOLIO];
        Arrays.fill(piece, (byte) 'b');
        for (long pos = 0; pos < options.ballastBytes; pos += piece.length) {
          ballast.write(pos, piece, 0, piece.length);
        }
        ballast.fsync(false);
      }
    }
    FsxRegions.Model shown =
        new FsxRegions.Model() {
          @Override
          public byte[] bytes() {
            return model;
          }

          @Override
          public int size() {
            return size;
          }
        };
    this.regions = new FsxRegions(shown, options.sizeMax);
    this.pins = new FsxPins(shown, options.sizeMax);
    this.file = volume.open(PATH, OpenFlags.RDWR | OpenFlags.CREAT, 0644);
    this.direct = volume.open(PATH, OpenFlags.RDWR | OpenFlags.DIRECT, 0);
  }

  /// Runs the operations of a seed on a volume of its own.
  ///
  /// @param fixture where volumes come from
  /// @param options what to do
  /// @throws AssertionError if the file is not what the model is; with the seed and a list of
  ///     operations that shows it
  public static void run(VolumeFixture fixture, Options options) {
    List<Op> ops = generate(options);
    int[] replayed = new int[1];
    Failed failed = replay(fixture, options, ops, replayed);
    if (failed != null) {
      List<Op> list = shorten(fixture, options, ops.subList(0, failed.at + 1));
      StringBuilder text = new StringBuilder();
      text.append(options).append(", operation ").append(failed.at).append(": ");
      text.append(failed.why.getMessage());
      text.append(list.size() > TAIL ? "\nthe last of " + list.size() : "\nshown by");
      text.append(" operations:");
      for (Op op : list.subList(Math.max(0, list.size() - TAIL), list.size())) {
        text.append("\n  ").append(op);
      }
      throw new AssertionError(text.toString(), failed.why);
    }
  }

  /// Runs operations of a message once more.
  ///
  /// @param fixture where volumes come from
  /// @param options as in the message; neither seed nor number of operations matter
  /// @param text the operations, one a line
  /// @throws AssertionError if the file is not what the model is
  public static void replay(VolumeFixture fixture, Options options, String text) {
    List<Op> ops = new ArrayList<>();
    for (String line : text.strip().split("\n")) {
      String[] words = line.strip().split("[(, )]+");
      ops.add(
          new Op(
              Kind.valueOf(words[0]),
              Integer.parseInt(words[1]),
              Integer.parseInt(words[2]),
              Integer.parseInt(words[3])));
    }
    Failed failed = replay(fixture, options, ops, new int[1]);
    if (failed != null) {
      throw new AssertionError(
          "operation " + failed.at + ": " + failed.why.getMessage(), failed.why);
    }
  }

  private static List<Op> generate(Options options) {
    Random random = new Random(options.seed);
    List<Kind> urn = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      for (int i = 0; i < kind.weight; i++) {
        urn.add(kind);
      }
    }
    List<Op> ops = new ArrayList<>(options.operations);
    for (int i = 0; i < options.operations; i++) {
      Kind kind =
          i % OPERATIONS_PER_REMOUNT == OPERATIONS_PER_REMOUNT - 1
              ? Kind.REMOUNT
              : urn.get(random.nextInt(urn.size()));
      ops.add(
          new Op(
              kind, random.nextInt() >>> 1, random.nextInt() >>> 1, random.nextInt() >>> 1));
    }
    return ops;
  }

  // ---- Shortening -------------------------------------------------------------------------------

  private static List<Op> shorten(VolumeFixture fixture, Options options, List<Op> failing) {
    List<Op> list = failing;
    int[] replayed = new int[1];
    for (int n = 100; n < failing.size() && replayed[0] < REPLAYED_MAX; n *= 4) {
      List<Op> end = failing.subList(failing.size() - n, failing.size());
      Failed failed = replay(fixture, options, end, replayed);
      if (failed != null) {
        list = end.subList(0, failed.at + 1);
        break;
      }
    }
    for (int piece = list.size() / 2; piece > 0; piece /= 2) {
      for (int from = 0; from + piece <= list.size() && replayed[0] < REPLAYED_MAX; ) {
        List<Op> without = new ArrayList<>(list.subList(0, from));
        without.addAll(list.subList(from + piece, list.size()));
        Failed failed = without.isEmpty() ? null : replay(fixture, options, without, replayed);
        if (failed != null) {
          list = without.subList(0, failed.at + 1);
        } else {
          from += piece;
        }
      }
    }
    return list;
  }

  private static @Nullable Failed replay(
      VolumeFixture fixture, Options options, List<Op> ops, int[] replayed) {
    replayed[0] += ops.size();
    int at = 0;
    Fsx fsx = null;
    try {
      fsx = new Fsx(fixture, options, fixture.make());
      for (; at < ops.size(); at++) {
        fsx.apply(ops.get(at));
        if (at % OPERATIONS_PER_COMPARISON == OPERATIONS_PER_COMPARISON - 1) {
          fsx.compareAll("on the way");
        }
      }
      at = ops.size() - 1;
      fsx.compareAll("in the end");
      fsx.apply(new Op(Kind.REMOUNT, 0, 0, 0));
    } catch (IOException | AssertionError | RuntimeException e) {
      if (fsx != null) {
        fsx.abandon(e);
      }
      return new Failed(at, e);
    }
    try {
      fsx.dispose();
      return null;
    } catch (IOException | AssertionError e) {
      return new Failed(at, e);
    }
  }

  private void dispose() throws IOException {
    pins.closeAll();
    regions.closeAll();
    file.close();
    direct.close();
    fixture.dispose(volume);
  }

  /// Clears away after a failure, as far as that still works.
  private void abandon(Throwable why) {
    try {
      dispose();
    } catch (IOException | AssertionError | RuntimeException e) {
      why.addSuppressed(e);
    }
  }

  // ---- One operation ----------------------------------------------------------------------------

  private void apply(Op op) throws IOException {
    salt++;
    int before = size;
    switch (op.kind) {
      case READ -> read(file, pos(op.a), length(op.b), op.c % 2 == 0);
      case WRITE -> write(op, length(op.b));
      case WRITE_SMALL -> write(op, 1 + op.b % 64);
      case GATHER -> gather(op);
      case COPY -> copy(op);
      case DIRECT_READ -> read(direct, pos(op.a) & -FOLIO, length(op.b), false);
      case DIRECT_WRITE -> directWrite(op);
      case DONTCACHE_WRITE -> dontcacheWrite(op);
      case TRUNCATE -> truncate(op.c % 4 == 0 ? size : op.a % (options.sizeMax + 1), op.b % 3);
      case PUNCH -> fallocate(FallocateMode.PUNCH_HOLE | FallocateMode.KEEP_SIZE, op);
      case ZERO -> fallocate(FallocateMode.ZERO_RANGE | keepSize(op), op);
      case FALLOCATE -> fallocate(keepSize(op), op);
      case COLLAPSE -> fallocate(FallocateMode.COLLAPSE_RANGE, op);
      case INSERT -> fallocate(FallocateMode.INSERT_RANGE, op);
      case FSYNC -> file.fsync(op.a % 2 == 0);
      case SYNC_RANGE -> {
        int what = op.c % 8;
        file.syncRange(pos(op.a), length(op.b), what);
      }
      case EVICT -> file.dontNeed(op.c % 2 == 0 ? 0 : pos(op.a), 0);
      case BALLAST -> ballast();
      case SEEK -> seek(pos(op.a));
      case MAP -> regions.map(file, op.a, op.b, op.c);
      case LOAD -> regions.load(op.a, op.b, op.c);
      case STORE -> regions.store(op.a, op.b, op.c, bytes(20 * FOLIO));
      case REGION -> regions.control(op.a, op.b, op.c);
      case WRITE_MAPPED -> writeMapped(op);
      case PIN -> pins.pin(file, op.a, op.b, op.c);
      case USE_PIN -> pins.use(file, direct, op.a, op.b, op.c, bytes(LENGTH_MAX));
      case WRITE_PINNED -> writePinned(op);
      case REOPEN -> reopen();
      case REMOUNT -> {
        compareAll("before the remount");
        pins.closeAll();
        regions.closeAll();
        file.close();
        direct.close();
        volume = fixture.remount(volume);
        open();
        compareAll("after the remount");
      }
    }
    if (size != before) {
      regions.closePrivate();
    }
    if (op.kind.takesFolios || size < before) {
      pins.closeAll(); // and not before: it met folios that are pinned
    }
    if (file.size() != size) {
      throw new AssertionError("size " + file.size() + ", should be " + size + " after " + op);
    }
  }

  private void open() throws IOException {
    file = volume.open(PATH, OpenFlags.RDWR, 0);
    direct = volume.open(PATH, OpenFlags.RDWR | OpenFlags.DIRECT, 0);
  }

  private void reopen() throws IOException {
    file.close();
    direct.close();
    open();
  }

  /// A place in the file, or a little beyond its end.
  private int pos(int a) {
    return a % (Math.min(options.sizeMax - 1, size + 2 * FOLIO) + 1);
  }

  /// How much: small, about a folio, or several.
  private static int length(int b) {
    return 1 + (b >>> 4) % ((b & 1) == 0 ? 600 : (b & 2) == 0 ? FOLIO + 1 : LENGTH_MAX);
  }

  private static int keepSize(Op op) {
    return op.c % 2 == 0 ? FallocateMode.KEEP_SIZE : 0;
  }

  private byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (salt + i * 7 | 1); // never zero: a hole shows
    }
    return bytes;
  }

  private void read(OpenFile from, int pos, int length, boolean array) throws IOException {
    byte[] target = new byte[length];
    long n;
    if (array) {
      n = from.read(pos, target, 0, length);
    } else {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment segment = arena.allocate(length, FOLIO);
        n = from.read(pos, segment);
        MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, 0, target, 0, length);
      }
    }
    int expected = Math.max(0, Math.min(length, size - pos));
    if (n != expected) {
      throw new AssertionError(n + " bytes read at " + pos + ", should be " + expected);
    }
    compare(target, expected, pos, "read");
  }

  private void compare(byte[] bytes, int length, int pos, String what) {
    int bad = Arrays.mismatch(bytes, 0, length, model, pos, pos + length);
    if (bad >= 0) {
      throw new AssertionError(
          what + ": byte " + (pos + bad) + " is " + bytes[bad] + ", should be " + model[pos + bad]
              + "; size " + size);
    }
  }

  private void compareAll(String when) throws IOException {
    byte[] all = new byte[size + 1];
    int n = file.read(0, all, 0, all.length);
    if (n != size) {
      throw new AssertionError(when + ": read " + n + " of " + size + " bytes");
    }
    compare(all, size, 0, when);
  }

  /// What a write of these bytes makes of the model.
  private void accept(int pos, byte[] bytes, int length) {
    System.arraycopy(bytes, 0, model, pos, length);
    size = Math.max(size, pos + length);
  }

  private void written(long n, int pos, byte[] bytes) {
    if (n != bytes.length) {
      throw new AssertionError(n + " of " + bytes.length + " bytes written at " + pos);
    }
    accept(pos, bytes, bytes.length);
  }

  private void write(Op op, int most) throws IOException {
    int pos = pos(op.a);
    byte[] bytes = bytes(Math.min(most, options.sizeMax - pos));
    if (op.c % 2 == 0) {
      written(file.write(pos, bytes, 0, bytes.length), pos, bytes);
    } else {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment source = arena.allocate(bytes.length);
        source.copyFrom(MemorySegment.ofArray(bytes));
        written(file.write(pos, source), pos, bytes);
      }
    }
  }

  private void gather(Op op) throws IOException {
    int pos = pos(op.a);
    byte[] bytes = bytes(Math.min(length(op.b), options.sizeMax - pos));
    int first = op.c % (bytes.length + 1);
    MemorySegment whole = MemorySegment.ofArray(bytes);
    MemorySegment[] parts = {
      whole.asSlice(0, first), whole.asSlice(first, 0), whole.asSlice(first)
    };
    written(file.write(pos, parts), pos, bytes);
  }

  /// From one place of the file to another.
  private void copy(Op op) throws IOException {
    int from = pos(op.a);
    int to = pos(op.b);
    int length = Math.min(length(op.c), Math.min(options.sizeMax - to, Math.abs(from - to)));
    int expected = Math.max(0, Math.min(length, size - from));
    long n = length == 0 ? 0 : file.copyRange(from, file, to, length);
    if (n != expected) {
      throw new AssertionError(n + " bytes copied from " + from + ", should be " + expected);
    }
    if (n > 0) {
      accept(to, Arrays.copyOfRange(model, from, from + expected), expected);
    }
  }

  /// From a region of the same file.
  private void writeMapped(Op op) throws IOException {
    int to = pos(op.a);
    FsxRegions.Source source = regions.source(op.b, op.c, op.a ^ op.b, to);
    if (source != null) {
      written(file.write(to, source.iter(), 0), to, source.bytes());
    }
  }

  /// From memory of the same file that is pinned.
  private void writePinned(Op op) throws IOException {
    FsxPins.Source source = pins.source(op.a, op.b);
    if (source == null) {
      return;
    }
    boolean past = op.c % 2 == 0;
    long n = (past ? direct : file).write(source.pos(), source.segment());
    written(n, source.pos(), source.bytes());
    if (past) {
      pins.closeAt(source.pos(), source.bytes().length);
    }
  }

  private void directWrite(Op op) throws IOException {
    int pos = op.c % 4 == 0 ? pos(op.a) : pos(op.a) & -FOLIO;
    int folios = 1 + op.b % 4;
    byte[] bytes = bytes(Math.min(folios * FOLIO, options.sizeMax - pos));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment source = arena.allocate(bytes.length, FOLIO);
      source.copyFrom(MemorySegment.ofArray(bytes));
      written(direct.write(pos, source), pos, bytes);
    }
  }

  private void dontcacheWrite(Op op) throws IOException {
    int pos = pos(op.a);
    byte[] bytes = bytes(Math.min(length(op.b), options.sizeMax - pos));
    written(file.write(pos, MemorySegment.ofArray(bytes), IoFlags.DONTCACHE), pos, bytes);
  }

  private void truncate(int to, int how) throws IOException {
    int target = how == 0 ? to & -FOLIO : to; // often at a border
    if (how == 1) {
      target = Math.clamp(size - FOLIO + to % (2L * FOLIO), 0, options.sizeMax); // often nearby
    }
    file.truncate(target);
    if (target < size) {
      Arrays.fill(model, target, size, (byte) 0);
    }
    size = target;
  }

  private void fallocate(int mode, Op op) throws IOException {
    int kind = mode & ~FallocateMode.KEEP_SIZE;
    boolean moves = kind == FallocateMode.COLLAPSE_RANGE || kind == FallocateMode.INSERT_RANGE;
    int pos = moves ? pos(op.a) & -FOLIO : pos(op.a);
    int length = moves ? FOLIO * (1 + op.b % 3) : Math.min(length(op.b), options.sizeMax - pos);
    if (kind == FallocateMode.COLLAPSE_RANGE && pos + length >= size
        || kind == FallocateMode.INSERT_RANGE
            && (pos >= size || size + length > options.sizeMax)) {
      return;
    }
    if (moves) {
      regions.closePrivate();
    }
    try {
      file.fallocate(mode, pos, length);
    } catch (FsException e) {
      if (e.errno() == Errno.EOPNOTSUPP) {
        return;
      }
      throw e;
    }
    switch (kind) {
      case FallocateMode.COLLAPSE_RANGE -> {
        System.arraycopy(model, pos + length, model, pos, size - pos - length);
        Arrays.fill(model, size - length, size, (byte) 0);
        size -= length;
      }
      case FallocateMode.INSERT_RANGE -> {
        System.arraycopy(model, pos, model, pos + length, size - pos);
        Arrays.fill(model, pos, pos + length, (byte) 0);
        size += length;
      }
      default -> {
        if (kind != 0 && pos < size) {
          Arrays.fill(model, pos, Math.min(size, pos + length), (byte) 0);
        }
        if ((mode & FallocateMode.KEEP_SIZE) == 0) {
          size = Math.max(size, pos + length);
        }
      }
    }
  }

  /// Where the file system says there are no data, there must be none.
  private void seek(int pos) throws IOException {
    if (pos >= size) {
      return;
    }
    long data;
    try {
      data = file.seekData(pos);
    } catch (FsException e) {
      if (e.errno() != Errno.ENXIO) {
        throw e;
      }
      data = size;
    }
    for (int i = pos; i < data; i++) {
      if (model[i] != 0) {
        throw new AssertionError("data at " + i + ", said to be none before " + data);
      }
    }
    long hole = file.seekHole(pos);
    if (hole < pos || hole > size) {
      throw new AssertionError("a hole at " + hole + " of " + size);
    }
  }

  /// Reads so much else that little of the file stays in memory.
  private void ballast() throws IOException {
    if (options.ballastBytes == 0) {
      return;
    }
    byte[] piece = new byte[16 * FOLIO];
    try (OpenFile ballast = volume.open(BALLAST, OpenFlags.RDONLY, 0)) {
      for (long pos = 0; pos < options.ballastBytes; pos += piece.length) {
        int n = ballast.read(pos, piece, 0, piece.length);
        if (n != piece.length || piece[n - 1] != 'b') {
          throw new AssertionError("ballast at " + pos);
        }
      }
    }
  }
}
