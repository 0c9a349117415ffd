package org.pagewright.cli;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.pagewright.cli.report.CommandException;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import picocli.CommandLine.Option;

/// What may be said about a file system to be made, under the names that mke2fs has for it.
final class FileSystemOptions {
  @Option(
      names = "-t",
      paramLabel = "TYPE",
      defaultValue = "ext4",
      description = "ext2, ext3 or ext4. Default: ext4.")
  private String type = "ext4";

  @Option(
      names = {"-b", "--block-size"},
      paramLabel = "BYTES",
      converter = Pagewright.SizeConverter.class,
      description = "Block size: 1024, 2048 or 4096.")
  private long blockSize;

  @Option(
      names = {"-i", "--bytes-per-inode"},
      paramLabel = "BYTES",
      converter = Pagewright.SizeConverter.class,
      description = "Make an inode for so many bytes.")
  private long bytesPerInode;

  @Option(
      names = {"-N", "--inodes"},
      paramLabel = "COUNT",
      description = "Make at least so many inodes.")
  private long inodes;

  @Option(
      names = {"-I", "--inode-size"},
      paramLabel = "BYTES",
      description = "Inode size: 128, 256 or more.")
  private int inodeSize;

  @Option(
      names = {"-J", "--journal-size"},
      paramLabel = "SIZE",
      converter = Pagewright.SizeConverter.class,
      description = "Size of the journal.")
  private long journalSize;

  @Option(
      names = {"-g", "--blocks-per-group"},
      paramLabel = "COUNT",
      description = "Blocks in a group.")
  private long blocksPerGroup;

  @Option(
      names = {"-G", "--flex-groups"},
      paramLabel = "COUNT",
      description = "Groups that keep their metadata together.")
  private int flexGroups;

  @Option(
      names = {"-L", "--label"},
      paramLabel = "NAME",
      description = "Name of the volume, at most 16 bytes.")
  private @Nullable String label;

  @Option(
      names = {"-U", "--uuid"},
      paramLabel = "UUID",
      description = "UUID of the volume.")
  private @Nullable String uuid;

  @Option(
      names = {"-O", "--features"},
      paramLabel = "FEATURE",
      split = ",",
      description = "Features to switch on, or off with ^ before the name; separated by commas.")
  private String @Nullable [] features;

  @Option(
      names = {"-m", "--reserved-percent"},
      paramLabel = "PERCENT",
      description = "Blocks kept for root.")
  private double reservedPercent = -1;

  @Option(
      names = {"-E", "--extended"},
      paramLabel = "OPTION",
      split = ",(?=[a-z])",
      description = "Extended options: root_owner=UID:GID, root_mode=MODE, hash_seed=UUID.")
  private String @Nullable [] extended;

  @Option(
      names = "--time",
      paramLabel = "SECONDS",
      description = "The only time that is written, since 1970. Default: SOURCE_DATE_EPOCH.")
  private long time = -1;

  /// Whether a block size was asked for.
  boolean hasBlockSize() {
    return blockSize != 0;
  }

  boolean hasInodes() {
    return inodes != 0 || bytesPerInode != 0;
  }

  boolean hasReservedPercent() {
    return reservedPercent >= 0;
  }

  /// The only time that is written.
  @Nullable Instant fixedTime() throws CommandException {
    return time >= 0 ? Instant.ofEpochSecond(time) : Pagewright.fixedTime();
  }

  /// As the maker of file systems wants it. A new object each time.
  MkfsOptions toMkfs() throws CommandException, FsException {
    MkfsOptions options = new MkfsOptions();
    switch (type) {
      case "ext2" -> options.type(MkfsOptions.Type.EXT2);
      case "ext3" -> options.type(MkfsOptions.Type.EXT3);
      case "ext4" -> options.type(MkfsOptions.Type.EXT4);
      default ->
          throw CommandException.usage(
              "-t " + type + ": no such type", "give ext2, ext3 or ext4");
    }
    if (blockSize > 65536) {
      throw CommandException.usage(
          "-b " + blockSize + ": no block size", "give 1024, 2048 or 4096");
    }
    options.blockSize((int) blockSize).bytesPerInode(bytesPerInode).inodes(inodes);
    options.journalBytes(journalSize).blocksPerGroup(blocksPerGroup);
    if (inodeSize != 0) {
      options.inodeSize(inodeSize);
    }
    if (flexGroups != 0) {
      options.flexGroups(flexGroups);
    }
    String name = label;
    if (name != null) {
      options.label(name);
    }
    String id = uuid;
    if (id != null) {
      options.uuid(uuidOf("-U", id));
    }
    if (reservedPercent >= 0) {
      options.reservedPercent(reservedPercent);
    }
    Instant fixed = fixedTime();
    if (fixed != null) {
      options.timeSeconds(fixed.getEpochSecond());
    }
    String[] switched = features;
    if (switched != null) {
      for (String feature : switched) {
        switchFeature(options, feature);
      }
    }
    String[] more = extended;
    if (more != null) {
      for (String option : more) {
        extend(options, option);
      }
    }
    return options;
  }

  private static void switchFeature(MkfsOptions options, String feature) throws CommandException {
    try {
      options.feature(feature);
    } catch (FsException e) {
      throw CommandException.usage(
          "-O " + feature + ": there is no such feature",
          "see `pagewright info` of an image for names, or man 5 ext4");
    }
  }

  private static UUID uuidOf(String option, String text) throws CommandException {
    try {
      return UUID.fromString(text);
    } catch (IllegalArgumentException e) {
      throw CommandException.usage(
          option + " " + text + ": no UUID",
          "give one such as 12345678-9abc-def0-1234-56789abcdef0");
    }
  }

  private static void extend(MkfsOptions options, String option) throws CommandException {
    int equals = option.indexOf('=');
    String key = equals < 0 ? option : option.substring(0, equals);
    String value = equals < 0 ? "" : option.substring(equals + 1);
    try {
      switch (key) {
        case "root_owner" -> {
          int colon = value.indexOf(':');
          options.rootOwner(
              Integer.parseUnsignedInt(value, 0, colon, 10),
              Integer.parseUnsignedInt(value, colon + 1, value.length(), 10));
        }
        case "root_mode" -> options.rootMode(Integer.parseInt(value, 8));
        case "hash_seed" -> options.hashSeed(uuidOf("-E hash_seed", value));
        default ->
            throw CommandException.usage(
                "-E " + option + ": no such option",
                "give root_owner=UID:GID, root_mode=MODE or hash_seed=UUID");
      }
    } catch (NumberFormatException | IndexOutOfBoundsException e) {
      throw CommandException.usage(
          "-E " + option + ": the value makes no sense",
          "write root_owner=1000:1000 or root_mode=0755");
    }
  }
}
