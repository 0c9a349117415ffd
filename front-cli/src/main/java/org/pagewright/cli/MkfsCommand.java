package org.pagewright.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.pagewright.block.BlockDevice;
import org.pagewright.block.FileBlockDevice;
import org.pagewright.block.PartitionTable;
import org.pagewright.cli.image.Images;
import org.pagewright.cli.image.Operand;
import org.pagewright.cli.report.ByteSize;
import org.pagewright.cli.report.CommandException;
import org.pagewright.cli.report.ExitCode;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.Ext4;
import org.pagewright.fs.ext4.disk.Superblock;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Makes an empty file system.
@Command(
    name = "mkfs",
    sortOptions = false,
    description = "Makes an empty ext2, ext3 or ext4 file system, in an image new or old.")
final class MkfsCommand extends Subcommand {
  @Option(
      names = {"-s", "--size"},
      paramLabel = "SIZE",
      converter = Pagewright.SizeConverter.class,
      description = "Size of a new image; of an old one, how much of it to use.")
  private long size;

  @Mixin private final FileSystemOptions options = new FileSystemOptions();

  @Parameters(paramLabel = "IMAGE", description = "The image, or IMAGE@1 for its first partition.")
  private String image = "";

  @Override
  void run() throws IOException {
    Operand.InImage operand = Operand.parseInImage(image);
    if (!operand.path().equals("/")) {
      throw CommandException.usage(
          image + ": a file system is made in an image, not in a path of one",
          "give " + operand.imageName());
    }
    MkfsOptions chosen = options.toMkfs();
    if (size != 0) {
      chosen.sizeBytes(size);
    }
    boolean exists = Files.exists(operand.image());
    if (!exists && size == 0) {
      throw CommandException.usage(
          image + " is not there, and no size for a new one is given", "give --size 512M");
    }
    if (settings().readOnly()) {
      throw CommandException.usage("--read-only and mkfs exclude each other", "leave one out");
    }
    if (exists) {
      makeOver(operand, chosen);
    } else {
      makeNew(operand, chosen);
    }
  }

  private void makeNew(Operand.InImage operand, MkfsOptions chosen) throws IOException {
    if (operand.partition() != 0) {
      throw new CommandException(
          ExitCode.FAILED,
          operand.image() + ": " + Errno.ENOENT.words() + " (ENOENT)",
          "make the disk and its partitions first");
    }
    FileBlockDevice.Options how =
        FileBlockDevice.Options.READ_WRITE.withDirect(settings().direct());
    boolean made = false;
    try (BlockDevice device = FileBlockDevice.create(operand.image(), roundUp(size), how)) {
      report(make(device, chosen.zeroed(true)), operand);
      made = true;
    } finally {
      if (!made) {
        Files.deleteIfExists(operand.image());
      }
    }
  }

  /// A device is as long as its sectors.
  private static long roundUp(long bytes) {
    return bytes + 4095 & -4096L;
  }

  private void makeOver(Operand.InImage operand, MkfsOptions chosen) throws IOException {
    try (BlockDevice device = Images.openDevice(operand, true, settings().direct())) {
      if (size > device.sizeBytes()) {
        throw CommandException.usage(
            operand.imageName()
                + " has "
                + ByteSize.format(device.sizeBytes())
                + ", less than --size "
                + ByteSize.format(size),
            "leave --size out, or make the image longer: truncate -s");
      }
      if (!root().force()) {
        checkEmpty(operand, device);
      }
      report(make(device, chosen), operand);
    }
  }

  private static void checkEmpty(Operand.InImage operand, BlockDevice device) throws IOException {
    String found = null;
    if (Ext4.isExt4(device)) {
      found = "a file system";
    } else if (operand.partition() == 0) {
      List<PartitionTable.Partition> partitions = partitions(device);
      if (!partitions.isEmpty()) {
        found = partitions.size() + " partitions";
      }
    }
    if (found != null) {
      throw new CommandException(
          ExitCode.FAILED,
          operand.imageName() + ": there is " + found + " in it: " + Errno.EEXIST.words()
              + " (EEXIST)",
          "give --force if all of it may be lost");
    }
  }

  private static List<PartitionTable.Partition> partitions(BlockDevice device) {
    try {
      return PartitionTable.read(device).partitions();
    } catch (FsException e) {
      return List.of(); // none that could be lost
    }
  }

  private static Superblock make(BlockDevice device, MkfsOptions chosen) throws IOException {
    try {
      return Mkfs.make(device, chosen);
    } catch (FsException e) {
      throw refused(e);
    }
  }

  /// Options that do not fit each other are the command line's fault.
  static IOException refused(FsException e) {
    if (e.errno() != Errno.EINVAL) {
      return e;
    }
    String message = String.valueOf(e.getMessage());
    String words = ": " + Errno.EINVAL.words();
    if (message.endsWith(words)) {
      message = message.substring(0, message.length() - words.length());
    }
    return new CommandException(
        ExitCode.USAGE,
        message,
        "choose another size or other options: `pagewright mkfs --help`",
        e);
  }

  private void report(Superblock made, Operand.InImage operand) {
    out().println(summary(operand.imageName(), made));
  }

  static String summary(String name, Superblock sb) {
    return name
        + ": "
        + ByteSize.format(sb.blocksCount() * sb.blockSize())
        + ", "
        + sb.blocksCount()
        + " blocks of "
        + sb.blockSize()
        + ", "
        + sb.inodesCount()
        + " inodes, UUID "
        + sb.uuid();
  }
}
