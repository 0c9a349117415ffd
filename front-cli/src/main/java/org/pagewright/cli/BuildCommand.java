package org.pagewright.cli;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.block.BlockDevice;
import org.pagewright.block.FileBlockDevice;
import org.pagewright.cli.image.EarlyFlush;
import org.pagewright.cli.image.Image;
import org.pagewright.cli.image.Images;
import org.pagewright.cli.image.NowhereDevice;
import org.pagewright.cli.image.Operand;
import org.pagewright.cli.image.Settings;
import org.pagewright.cli.image.UnflushedDevice;
import org.pagewright.cli.report.ByteSize;
import org.pagewright.cli.report.CommandException;
import org.pagewright.cli.report.ErrorReport;
import org.pagewright.cli.report.ExitCode;
import org.pagewright.cli.report.Progress;
import org.pagewright.cli.tree.HostSource;
import org.pagewright.cli.tree.ImageTarget;
import org.pagewright.cli.tree.Keep;
import org.pagewright.cli.tree.TarSource;
import org.pagewright.cli.tree.TreeCount;
import org.pagewright.cli.tree.TreePipe;
import org.pagewright.cli.tree.TreeTarget;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.DataMode;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.Superblock;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Makes an image of a directory or a tar.
@Command(
    name = "build",
    sortOptions = false,
    description = {
      "Makes an image of a directory of the host or a tar, of the size that is needed.",
      "All of a file is kept: mode, owner, times, names, holes, extended attributes, devices.",
      "With SOURCE_DATE_EPOCH set, the same input gives the same image, byte for byte."
    })
final class BuildCommand extends Subcommand {
  private static final long MIB = 1 << 20;

  /// Block size unless asked for: the fastest, and what every Linux machine mounts.
  private static final int BLOCK_SIZE = 4096;

  private static final int INODE_FIELDS = 128 + 32 + 4;

  /// How the name of an unfinished image ends, after the number of the process that makes it.
  private static final String UNFINISHED = ".new";

  private static final int PID_DIGITS_MAX = 10;

  /// How often a size that turned out too small is raised.
  private static final int ATTEMPTS_MAX = 4;

  @Option(
      names = "--from",
      required = true,
      paramLabel = "DIR|TAR",
      description = "What goes in: a directory, a tar, also compressed with gzip, bzip2 or xz.")
  private String from = "";

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "IMAGE",
      description = "The image to be made. There is none until it is complete.")
  private String output = "";

  @Option(
      names = {"-s", "--size"},
      paramLabel = "SIZE|auto",
      defaultValue = "auto",
      description = "Size of the image; auto is what is needed.")
  private String size = "auto";

  @Option(
      names = "--free",
      paramLabel = "SIZE",
      defaultValue = "0",
      converter = Pagewright.SizeConverter.class,
      description = "With --size auto: so much room for more files.")
  private long free;

  @Mixin private final FileSystemOptions options = new FileSystemOptions();

  private boolean isTar;
  private boolean hostFull;
  private @Nullable Instant fixedTime;

  @Override
  void run() throws IOException {
    Path source = Path.of(from);
    Path image = Path.of(output);
    isTar = isTar(source);
    fixedTime = options.fixedTime();
    checkOutput(image);
    Progress progress = progress();
    try {
      build(source, image, progress);
    } finally {
      progress.finish();
    }
  }

  private static boolean isTar(Path source) throws IOException {
    if (Files.isDirectory(source)) {
      return false;
    }
    if (!Files.exists(source)) {
      throw new NoSuchFileException(source.toString());
    }
    if (!Files.isRegularFile(source)) {
      throw CommandException.usage(
          source + " is neither a directory nor a tar", "give one of the two with --from");
    }
    return true;
  }

  private void checkOutput(Path image) throws IOException {
    if (Files.isDirectory(image)) {
      throw new CommandException(
          ExitCode.FAILED,
          image + ": " + Errno.EISDIR.words() + " (EISDIR)",
          "give the image a name in it: -o " + image.resolve("disk.img"));
    }
    int at = output.lastIndexOf('@');
    if (at > 0
        && output.substring(at + 1).matches("[1-9][0-9]?")
        && !Files.exists(image)
        && Files.exists(Path.of(output.substring(0, at)))) {
      throw CommandException.usage(
          output + " is a partition, and build makes whole images",
          "pagewright mkfs " + output + ", then pagewright cp -a " + from + "/. " + output + ":/");
    }
    Path directory = directoryOf(image);
    if (!Files.isDirectory(directory)) {
      throw new CommandException(
          ExitCode.FAILED,
          directory + ": no such directory (ENOENT)",
          "make it first: mkdir -p " + directory);
    }
    if (Files.exists(image, LinkOption.NOFOLLOW_LINKS)) {
      if (!root().force()) {
        throw new CommandException(
            ExitCode.FAILED,
            image + ": " + Errno.EEXIST.words() + " (EEXIST)",
            "give --force to replace it, or choose another name");
      }
      // Whoever uses it now would go on with a file that has no name any more.
      Operand.InImage old = new Operand.InImage(image.toString(), image, 0, "/");
      Images.openDevice(old, true, false).close();
    }
  }

  private static Path directoryOf(Path image) throws FsException {
    Path directory = image.toAbsolutePath().getParent();
    if (directory == null) {
      throw new FsException(Errno.EISDIR, image.toString());
    }
    return directory;
  }

  private void build(Path source, Path image, Progress progress) throws IOException {
    MkfsOptions first = options.toMkfs();
    if (!options.hasBlockSize()) {
      first.blockSize(BLOCK_SIZE);
    }
    boolean automatic = size.equalsIgnoreCase("auto");
    @Nullable TreeCount count = null;
    // With a size given, a walk through the tree only tells how much is left to do.
    if (automatic || root().showsProgress()) {
      count = count(source, probe(first));
      progress.expect(count.bytes(), count.files());
    }
    long inodes = automatic ? count.inodes() : 0;
    long bytes = automatic ? fittingSize(count, 0) : parsedSize();
    for (int attempt = 1; ; attempt++) {
      try {
        buildOnce(source, image, bytes, inodes, progress);
        return;
      } catch (IOException e) {
        boolean full = ErrorReport.of(e).exitCode() == ExitCode.NO_SPACE;
        if (!full || hostFull) {
          throw e;
        }
        if (!automatic) {
          long needed = fittingSize(count(source, probe(first)), 0);
          throw new CommandException(
              ExitCode.NO_SPACE,
              source + " does not fit into " + ByteSize.format(bytes) + " (ENOSPC)",
              "give --size auto, or " + ByteSize.format(needed + needed / 32) + " or more",
              e);
        }
        if (attempt == ATTEMPTS_MAX) {
          throw e;
        }
        bytes = fittingSize(count, attempt);
      }
    }
  }

  private long parsedSize() throws CommandException {
    try {
      return ByteSize.parse(size);
    } catch (IllegalArgumentException e) {
      throw CommandException.usage("--size: " + e.getMessage(), "or give auto");
    }
  }

  /// The options for one size. Room for exactly the inodes that are needed, and a few.
  private MkfsOptions optionsFor(long inodes) throws CommandException, FsException {
    MkfsOptions chosen = options.toMkfs();
    if (!options.hasBlockSize()) {
      chosen.blockSize(BLOCK_SIZE);
    }
    boolean automatic = size.equalsIgnoreCase("auto");
    if (automatic && !options.hasInodes()) {
      chosen.inodes(inodes + inodes / 32 + 16 + 11 + free / 16384);
    }
    if (automatic && !options.hasReservedPercent()) {
      chosen.reservedPercent(0);
    }
    Instant fixed = fixedTime;
    if (fixed != null) {
      chosen.timeSeconds(fixed.getEpochSecond());
    }
    return chosen.zeroed(true);
  }

  /// A superblock with the block size and the features that the image will have.
  private Superblock probe(MkfsOptions chosen) throws IOException {
    try {
      return Mkfs.plan(output, 1024 * MIB, chosen.sizeBytes(0));
    } catch (FsException e) {
      throw MkfsCommand.refused(e);
    }
  }

  private TreeCount count(Path source, Superblock sb) throws IOException {
    TreeCount count =
        new TreeCount(
            sb.blockSize(),
            Math.max(0, sb.inodeSize() - INODE_FIELDS),
            sb.features().has(Feature.EXTENT));
    walk(source, count);
    return count;
  }

  private void walk(Path source, TreeTarget target) throws IOException {
    if (isTar) {
      new TarSource(source, root().cancellation()).walk(target);
    } else {
      try (HostSource host = new HostSource(Keep.ALL, root().cancellation())) {
        host.walk(source, "/", true, target);
      }
    }
  }

  /// The smallest size, to the next 64 KiB or so, that leaves enough blocks free.
  private long fittingSize(TreeCount count, int attempt) throws IOException {
    MkfsOptions chosen = optionsFor(count.inodes());
    int blockSize = probe(chosen).blockSize();
    long needed = count.blocks() + free / blockSize;
    // Each attempt adds more; the first has a little for what the count cannot know.
    needed += 16 + needed / 512 + needed * attempt / 32 + attempt * 64L;
    long bytes = Math.max(MIB, (needed + 128) * blockSize);
    for (int turn = 0; turn < 64; turn++) {
      long more = missingBlocks(bytes, needed, count.inodes());
      if (more <= 0) {
        return bytes;
      }
      bytes += Math.max(more, 16) * blockSize;
      bytes = bytes + 65535 & -65536L;
    }
    throw new CommandException(
        ExitCode.FAILED, output + ": no size fits", "give one with --size");
  }

  private long missingBlocks(long bytes, long needed, long inodes) throws IOException {
    MkfsOptions chosen = optionsFor(inodes);
    try (BlockDevice nowhere = new NowhereDevice(output, bytes)) {
      Superblock sb = Mkfs.make(nowhere, chosen);
      // What the allocator keeps back, as Linux does, so that write-out never fails for want of
      // one.
      long pool = Math.min(sb.blocksCount() / 50, 4096);
      return needed + pool + sb.reservedBlocksCount() - sb.freeBlocksCount();
    } catch (FsException e) {
      if (e.errno() == Errno.EINVAL && bytes < 64 * MIB) {
        return MIB / 4096; // too small for the inodes
      }
      throw MkfsCommand.refused(e);
    }
  }

  /// Builds under another name: whatever happens, there is no half image under the right one.
  private void buildOnce(
      Path source, Path image, long bytes, long inodes, Progress progress)
      throws IOException {
    Path directory = directoryOf(image);
    String begin = "." + image.getFileName() + ".";
    Path unfinished = directory.resolve(begin + ProcessHandle.current().pid() + UNFINISHED);
    Files.deleteIfExists(unfinished);
    clearLeftovers(directory, begin);
    boolean done = false;
    try {
      Superblock sb = make(unfinished, bytes, inodes);
      Operand.InImage operand = new Operand.InImage(output, unfinished, 0, "/");
      // Nobody needs this image if it does not come to its end: the journal would only cost, and
      // bring the time of its commits into an image that is to be the same each time.
      Settings how = settings().withFixedTime(fixedTime).withData(DataMode.NONE);
      EarlyFlush early;
      try (Images images = new Images(how)) {
        Image opened = images.open(operand, true);
        early = new EarlyFlush(opened.device());
        ImageTarget target =
            new ImageTarget(
                output,
                opened.volume(),
                Keep.ALL,
                true,
                wayOf(sb),
                early,
                progress,
                root().cancellation());
        TreePipe.pump(
            tree -> walk(source, tree),
            fixedTime == null ? target : new FixedTimes(target, fixedTime));
      }
      early.check();
      root().cancellation().check();
      Files.move(
          unfinished, image, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      done = true;
      progress.finish();
      out().println(MkfsCommand.summary(output, sb));
    } catch (IOException e) {
      throw asSeenFromOutside(e, unfinished, image, bytes);
    } finally {
      if (!done) {
        Files.deleteIfExists(unfinished);
      }
    }
  }

  /// Removes what builds of the same image left behind that were killed: their process is gone, and
  /// nobody holds the lock of the file.
  private static void clearLeftovers(Path directory, String begin) {
    List<Path> left = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        if (isOfTheDead(String.valueOf(entry.getFileName()), begin)
            && Files.isRegularFile(entry, LinkOption.NOFOLLOW_LINKS)) {
          left.add(entry);
        }
      }
      for (Path entry : left) {
        FileBlockDevice.open(entry, FileBlockDevice.Options.READ_WRITE).close();
        Files.delete(entry);
      }
    } catch (IOException | DirectoryIteratorException e) {
      return; // whatever is in the way of tidying up is not in the way of building
    }
  }

  /// Whether a name is that of an unfinished image whose process there is no more.
  private static boolean isOfTheDead(String name, String begin) {
    if (!name.startsWith(begin) || !name.endsWith(UNFINISHED)) {
      return false;
    }
    int end = name.length() - UNFINISHED.length();
    if (end <= begin.length() || end - begin.length() > PID_DIGITS_MAX) {
      return false;
    }
    for (int i = begin.length(); i < end; i++) {
      if (name.charAt(i) < '0' || name.charAt(i) > '9') {
        return false;
      }
    }
    return ProcessHandle.of(Long.parseLong(name, begin.length(), end, 10)).isEmpty();
  }

  /// Files with block pointers cannot be written past the cache.
  private ImageTarget.Way wayOf(Superblock sb) {
    if (sb.features().has(Feature.EXTENT)) {
      return ImageTarget.Way.STRAIGHT;
    }
    return fixedTime != null ? ImageTarget.Way.ORDERED : ImageTarget.Way.CACHED;
  }

  /// Nobody knows the name that the image has until it is complete; and a full disk of the host is
  /// another thing than a full image, though both say ENOSPC.
  private IOException asSeenFromOutside(
      IOException e, Path unfinished, Path image, long bytes) throws IOException {
    if (root().cancellation().isWanted()) {
      return new CommandException(
          ExitCode.FAILED, image + ": stopped; nothing was made (EINTR)", "build it again", e);
    }
    ErrorReport report = ErrorReport.of(e);
    if (report.exitCode() == ExitCode.NO_SPACE) {
      long left = Files.getFileStore(directoryOf(image)).getUsableSpace();
      if (left < MIB) {
        hostFull = true;
        return new CommandException(
            ExitCode.NO_SPACE,
            image + ": the host's disk is full, the image is of " + ByteSize.format(bytes),
            "make room there, or build on another disk; nothing was made",
            e);
      }
    }
    if (!report.message().contains(unfinished.toString())) {
      return e;
    }
    return new CommandException(
        report.exitCode(),
        report.message().replace(unfinished.toString(), image.toString()),
        report.next().contains(unfinished.toString()) ? "nothing was made" : report.next(),
        e);
  }

  private Superblock make(Path unfinished, long bytes, long inodes) throws IOException {
    FileBlockDevice.Options how = FileBlockDevice.Options.READ_WRITE.withDirect(false);
    try (BlockDevice device =
        new UnflushedDevice(FileBlockDevice.create(unfinished, bytes + 4095 & -4096L, how))) {
      return Mkfs.make(device, optionsFor(inodes));
    } catch (FsException e) {
      throw MkfsCommand.refused(e);
    }
  }
}
