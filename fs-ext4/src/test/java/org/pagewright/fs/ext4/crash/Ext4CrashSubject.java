package org.pagewright.fs.ext4.crash;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.pagewright.block.BlockDevice;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.DataMode;
import org.pagewright.fs.ext4.Ext4;
import org.pagewright.fs.ext4.Ext4Options;
import org.pagewright.fs.ext4.check.Fsck;
import org.pagewright.fs.ext4.check.Report;
import org.pagewright.fs.ext4.disk.Superblock;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.KernelMount;
import org.pagewright.fs.ext4.testing.ManualClock;
import org.pagewright.sim.crash.CrashOracle;
import org.pagewright.sim.crash.CrashSubject;
import org.pagewright.sim.crash.OverlayDevice;
import org.pagewright.sim.crash.RecordingDevice;
import org.pagewright.sim.device.LateBlockDevice;
import org.pagewright.sim.device.LyingBlockDevice;
import org.pagewright.sim.device.PoisonedDevice;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.FallocateMode;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.RenameFlags;
import org.pagewright.vfs.Volume;
import org.pagewright.vfs.XattrMode;

/// A small ext4 volume on a device full of poison, as the crash explorer sees it.
///
/// It holds `/a` of 6000 bytes, `/d/x` of 3000 and the directory `/d`, all durable, and blocks of a
/// removed file that hold a secret of their own. What follows is a workload.
final class Ext4CrashSubject implements CrashSubject<CrashOp, Sight>, AutoCloseable {
  /// Small, so that a state costs little: one group of blocks.
  private static final long BLOCKS = 4000;

  private static final long TIGHT_BLOCKS = 60;
  private static final long LATE_SEED = 7;

  private static final long MEMORY = 1 << 20;

  /// Commits come when they are asked for, so that a run is the same each time.
  private static final int COMMIT_SECONDS = 1_000_000;

  private static final int FINDINGS_MAX = 20;

  /// What is asked for a second opinion.
  enum Judge {
    /// e2fsck of the image after our recovery; it must find nothing.
    E2FSCK,
    /// The kernel's recovery and view of the image as the cut left it; the same as ours.
    KERNEL
  }

  private final CrashModel.Mode mode;
  private final MkfsOptions format;
  private final int blockSize;
  private final Ext4Options options;
  private final Path folder;
  private final Judge judge;
  private final CacheMemory memory = CacheMemory.ofBytes(MEMORY);
  private final List<CrashOp> first = new ArrayList<>(); // what was done before it begins
  private boolean tight;
  private boolean late;
  private boolean lying;
  private @Nullable OverlayDevice start;
  private @Nullable FileChannel judged;

  private Ext4CrashSubject(
      CrashModel.Mode mode, MkfsOptions format, int blockSize, Path folder, Judge judge) {
    this.blockSize = blockSize;
    this.mode = mode;
    this.format = format;
    this.folder = folder;
    this.judge = judge;
    this.options =
        Ext4Options.DEFAULTS
            .withMount(
                MountOptions.DEFAULTS
                    .withClock(new ManualClock())
                    .withAtime(MountOptions.Atime.NEVER)
                    .withCaches(64, 256))
            .withMetadataBytes(256 << 10)
            .withCommitSeconds(COMMIT_SECONDS)
            .withData(
                switch (mode) {
                  case ORDERED, NONE -> DataMode.ORDERED;
                  case WRITEBACK -> DataMode.WRITEBACK;
                  case JOURNAL -> DataMode.JOURNAL;
                });
  }

  /// A kind of volume: of blocks of 1 KiB with the smallest journal, unless words say otherwise.
  ///
  /// @param kind what is promised: `none`, `ordered`, `writeback` or `journal`; then any of `ext3`,
  ///     a block size, features as mke2fs has them, and `tight`: with hardly any block free, so
  ///     that what is freed is used again at once; `late`: writes end late and out of order, so
  ///     that a flush covers only what was waited for (such a run is not the same each time)
  static Ext4CrashSubject of(String kind, Path folder, Judge judge) throws FsException {
    String[] words = kind.split(" ");
    CrashModel.Mode mode = CrashModel.Mode.valueOf(words[0].toUpperCase(Locale.ROOT));
    MkfsOptions format =
        new MkfsOptions()
            .inodes(64)
            .uuid(new UUID(1, 2))
            .hashSeed(new UUID(3, 4))
            .timeSeconds(1_700_000_000L);
    int blockSize = 1024;
    boolean tight = false;
    boolean late = false;
    for (String word : List.of(words).subList(1, words.length)) {
      if (word.equals("ext3")) {
        format.type(MkfsOptions.Type.EXT3);
      } else if (word.equals("tight")) {
        tight = true;
      } else if (word.equals("late")) {
        late = true;
      } else if (Character.isDigit(word.charAt(0))) {
        blockSize = Integer.parseInt(word);
      } else {
        for (String feature : word.split(",")) {
          format.feature(feature);
        }
      }
    }
    if (mode == CrashModel.Mode.NONE) {
      format.feature("^has_journal");
    } else {
      format.journalBytes(1024L * blockSize);
    }
    Ext4CrashSubject subject =
        new Ext4CrashSubject(mode, format.blockSize(blockSize), blockSize, folder, judge);
    subject.tight = tight;
    subject.late = late;
    return subject;
  }

  /// The same on a device that claims to flush and does not.
  static Ext4CrashSubject lying(String kind, Path folder) throws FsException {
    Ext4CrashSubject subject = of(kind, folder, Judge.E2FSCK);
    subject.lying = true;
    return subject;
  }

  private static final List<CrashOp> FIRST =
      CrashOp.parse(
          "create:/secret,write:/secret::0:40000,sync,unlink:/secret,sync,"
              + "mkdir:/d,create:/a,write:/a::0:6000,create:/d/x,write:/d/x::0:3000,sync");

  /// A long workload that makes sense on the volume as it begins.
  static List<CrashOp> randomWorkload(Random random, int count) {
    return Workloads.random(random, count, begun(CrashModel.Mode.ORDERED, 1024, FIRST));
  }

  private static CrashModel begun(
      CrashModel.Mode mode, int blockSize, List<CrashOp> operations) {
    CrashModel model = new CrashModel(mode, blockSize);
    operations.forEach(model::apply);
    model.begin();
    return model;
  }

  @Override
  public OverlayDevice start() throws FsException {
    OverlayDevice known = start;
    if (known != null) {
      return known;
    }
    RamBlockDevice ram = PoisonedDevice.of("crash.img", BLOCKS * blockSize);
    try {
      Mkfs.make(ram, format);
      OverlayDevice made = OverlayDevice.copyOf(ram);
      OverlayDevice image = made.fork();
      CrashModel model = new CrashModel(mode, blockSize);
      Volume volume = mount(image, false);
      for (CrashOp op : FIRST) {
        begin(volume, op, model);
      }
      if (tight) {
        long blocks = volume.statfs().blocksAvailable() - TIGHT_BLOCKS;
        String fill = "create:/fill,fallocate_keep:/fill::0:" + blocks * blockSize + ",sync";
        for (CrashOp op : CrashOp.parse(fill)) {
          begin(volume, op, model);
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

  private void begin(Volume volume, CrashOp op, CrashModel model) throws FsException {
    perform(volume, op, model, List.of());
    model.apply(op);
    first.add(op);
  }

  private Volume mount(BlockDevice device, boolean readOnly) throws FsException {
    return Ext4.mount(
        device, memory, options.withMount(options.mount().withReadOnly(readOnly)));
  }

  @Override
  public BlockDevice deviceOf(OverlayDevice image) {
    return late ? new LateBlockDevice(image, LATE_SEED) : image;
  }

  @Override
  public CrashOracle<Sight> run(RecordingDevice recorder, List<CrashOp> ops) throws FsException {
    BlockDevice device = lying ? new LyingBlockDevice(recorder) : recorder;
    CrashModel model = begun(mode, blockSize, first);
    List<OpenFile> held = new ArrayList<>();
    Volume volume = mount(device, false);
    try {
      for (CrashOp op : ops) {
        if (!model.allows(op)) {
          continue;
        }
        recorder.mark();
        if (op.kind() == CrashOp.Kind.REMOUNT) {
          close(volume, held);
          volume = mount(device, false);
        } else {
          perform(volume, op, model, held);
        }
        model.apply(op);
        recorder.mark();
      }
      recorder.mark();
      close(volume, held);
      model.apply(CrashOp.of(CrashOp.Kind.REMOUNT, ""));
      recorder.mark();
    } catch (FsException | AssertionError e) {
      volume.superBlock().shutdown("run failed", e);
      throw e;
    }
    return model;
  }

  private static void close(Volume volume, List<OpenFile> held) throws FsException {
    for (OpenFile file : held) {
      file.close();
    }
    held.clear();
    volume.close();
  }

  private static void perform(Volume volume, CrashOp op, CrashModel model, List<OpenFile> held)
      throws FsException {
    String path = op.path();
    int content = model.nextContent();
    switch (op.kind()) {
      case CREATE ->
          volume.open(path, OpenFlags.CREAT | OpenFlags.EXCL | OpenFlags.RDWR, 0644).close();
      case WRITE, STORE -> write(volume, path, content, op.pos(), op.length(), 0);
      case APPEND -> write(volume, path, content, model.sizeOf(path), op.length(), 0);
      case DIRECT -> write(volume, path, content, op.pos(), op.length(), OpenFlags.DIRECT);
      case FALLOCATE -> fallocate(volume, op, 0);
      case FALLOCATE_KEEP -> fallocate(volume, op, FallocateMode.KEEP_SIZE);
      case PUNCH -> fallocate(volume, op, FallocateMode.PUNCH_HOLE | FallocateMode.KEEP_SIZE);
      case ZERO -> fallocate(volume, op, FallocateMode.ZERO_RANGE);
      case TRUNCATE -> volume.truncate(path, op.pos());
      case LINK -> volume.link(path, op.other());
      case UNLINK -> volume.unlink(path);
      case RENAME -> volume.rename(path, op.other());
      case EXCHANGE -> volume.rename(path, op.other(), RenameFlags.EXCHANGE);
      case SYMLINK -> volume.symlink(op.other(), path);
      case SETXATTR -> {
        byte[] value = CrashModel.bytes(content, 0, op.length());
        volume.setXattr(path, op.other(), value, XattrMode.SET, false);
      }
      case RMXATTR -> volume.removeXattr(path, op.other(), false);
      case MKDIR -> volume.mkdir(path, 0755);
      case RMDIR -> volume.rmdir(path);
      case HOLD -> held.add(volume.open(path, OpenFlags.RDWR, 0));
      case TMPFILE -> {
        OpenFile file = volume.open("/", OpenFlags.TMPFILE | OpenFlags.RDWR, 0600);
        held.add(file);
        file.write(0, CrashModel.bytes(content, 0, op.length()), 0, op.length());
      }
      case FSYNC, FDATASYNC -> {
        try (OpenFile file = volume.open(path, OpenFlags.RDONLY, 0)) {
          file.fsync(op.kind() == CrashOp.Kind.FDATASYNC);
        }
      }
      case SYNC -> volume.sync();
      case REMOUNT -> throw new AssertionError("done by the caller");
    }
  }

  private static void write(
      Volume volume, String path, int content, long pos, int length, int flags)
      throws FsException {
    byte[] bytes = CrashModel.bytes(content, pos, length);
    try (OpenFile file = volume.open(path, OpenFlags.RDWR | flags, 0);
        Arena arena = Arena.ofShared()) {
      MemorySegment source = arena.allocate(length, 4096).copyFrom(MemorySegment.ofArray(bytes));
      for (long done = 0; done < length; ) {
        done += file.write(pos + done, source.asSlice(done));
      }
    }
  }

  private static void fallocate(Volume volume, CrashOp op, int flags) throws FsException {
    try (OpenFile file = volume.open(op.path(), OpenFlags.RDWR, 0)) {
      file.fallocate(flags, op.pos(), op.length());
    }
  }

  @Override
  public Sight open(BlockDevice image) throws FsException {
    if (mode == CrashModel.Mode.NONE) {
      return openUnrepaired(image);
    }
    Volume volume = mount(image, false);
    try {
      Sight sight = Sight.of(volume);
      volume.close();
      Report report = Fsck.check(image, FINDINGS_MAX);
      if (!report.isClean()) {
        throw new AssertionError("after recovery: " + report.findings());
      }
      return sight;
    } catch (FsException | AssertionError e) {
      volume.superBlock().shutdown("look failed", e);
      volume.superBlock().close(true);
      throw e;
    }
  }

  /// Without a journal an image that was not closed may be damaged, and says so.
  private Sight openUnrepaired(BlockDevice image) throws FsException {
    Volume volume = null;
    try {
      volume = mount(image, true);
      return Sight.of(volume);
    } catch (FsException e) {
      if (e.errno() != Errno.EUCLEAN && e.errno() != Errno.ESTALE) {
        throw e;
      }
      return new Sight(Map.of(), e.getMessage());
    } catch (AssertionError e) {
      return new Sight(Map.of(), e.getMessage());
    } finally {
      if (volume != null) {
        volume.close();
      }
    }
  }

  /// The superblock has its checksum in another sector than what changes, and is what leads to the
  /// journal: like Linux, we rely on the medium not to tear these 1024 bytes.
  @Override
  public boolean mayTear(long pos, int length) {
    return pos >= Superblock.OFFSET + Superblock.SIZE || pos + length <= Superblock.OFFSET;
  }

  @Override
  public String print(List<CrashOp> ops) {
    return CrashOp.print(ops);
  }

  @Override
  public List<CrashOp> parse(String text) {
    return CrashOp.parse(text);
  }

  // ---- Others -----------------------------------------------------------------------------------

  @Override
  public void secondOpinion(OverlayDevice crashed, OverlayDevice recovered, Sight seen)
      throws IOException {
    if (mode == CrashModel.Mode.NONE) {
      return;
    }
    if (judge == Judge.E2FSCK) {
      withImage(recovered, E2fs::assertClean);
    } else if (!KernelMount.missing()) {
      withImage(
          crashed,
          file -> {
            Path root = folder.resolve("kernel");
            Files.createDirectories(root);
            try (KernelMount mount = KernelMount.mount(file, root, false)) {
              Sight theirs = Sight.of(mount.root());
              if (!theirs.equals(seen)) {
                throw new AssertionError(
                    "ours / the kernel's after its recovery:\n"
                        + Sight.differences(seen, theirs));
              }
            }
            E2fs.assertClean(file);
          });
    }
  }

  private interface Question {
    void ask(Path file) throws IOException;
  }

  /// Lays an image down as a file: what differs from the one before is written only.
  private void withImage(OverlayDevice image, Question question) throws IOException {
    Path file = folder.resolve("judged.img");
    FileChannel channel = judged;
    if (channel == null || judge == Judge.KERNEL) {
      if (channel != null) {
        channel.close();
      }
      Files.deleteIfExists(file);
      channel =
          FileChannel.open(
              file,
              StandardOpenOption.CREATE,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE);
      judged = channel;
      try (RandomAccessFile whole = new RandomAccessFile(file.toFile(), "rw")) {
        whole.setLength(image.sizeBytes());
      }
      image.forEachRootPage(pageWriter(channel));
    }
    FileChannel out = channel;
    image.forEachChange(pageWriter(out));
    try {
      question.ask(file);
    } finally {
      image.forEachChange((pos, bytes) -> put(out, pos, image.rootPage(pos)));
    }
  }

  private static OverlayDevice.PageSink pageWriter(FileChannel channel) {
    return (pos, bytes) -> put(channel, pos, bytes);
  }

  private static void put(FileChannel channel, long pos, byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer, pos + buffer.position());
    }
  }

  @Override
  public void close() throws IOException {
    memory.close();
    if (judged != null) {
      judged.close();
    }
  }
}
