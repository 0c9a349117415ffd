package org.pagewright.cli.image;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.block.BlockDevice;
import org.pagewright.block.FileBlockDevice;
import org.pagewright.block.PartitionTable;
import org.pagewright.cli.report.CommandException;
import org.pagewright.cli.report.ExitCode;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.Ext4;
import org.pagewright.fs.ext4.Ext4Options;
import org.pagewright.fs.ext4.disk.Superblock;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.Volume;

/// All images that a run of the command has open, on one memory budget. Used by one thread.
public final class Images implements AutoCloseable {
  /// Metadata blocks kept in memory: an eighth of the budget, within these bounds.
  private static final long METADATA_MIN = 4 << 20;

  private static final long METADATA_MAX = 64 << 20;

  private final Settings settings;
  private final Map<String, Image> open = new LinkedHashMap<>();

  /// Files with partitions, by path; closed after the images that lie on them.
  private final Map<String, BlockDevice> disks = new LinkedHashMap<>();

  private @Nullable CacheMemory memory;

  /// None open yet.
  ///
  /// @param settings how to open them
  public Images(Settings settings) {
    this.settings = settings;
  }

  /// Opens an image, or finds it open. Those that are to be written must be opened first.
  ///
  /// @param operand a place in it
  /// @param write whether it is to be changed
  /// @return closed with this
  /// @throws IOException why it cannot be opened
  public Image open(Operand.InImage operand, boolean write) throws IOException {
    String key = keyOf(operand);
    Image image = open.get(key);
    if (image == null) {
      image = openNew(operand, write);
      open.put(key, image);
    }
    if (write && !image.writable()) {
      throw readOnly(operand, null);
    }
    return image;
  }

  private static String keyOf(Operand.InImage operand) {
    Path path = operand.image();
    try {
      path = path.toRealPath();
    } catch (IOException e) {
      path = path.toAbsolutePath(); // opening it will say what is wrong
    }
    return path + "@" + operand.partition();
  }

  private Image openNew(Operand.InImage operand, boolean write) throws IOException {
    if (write && settings.readOnly()) {
      throw readOnly(operand, null);
    }
    try {
      return openNew(operand, openDevice(operand, write), write);
    } catch (FsException e) {
      // To be read only, and its journal must be replayed first: that is done, as every mount of
      // Linux does it.
      if (settings.readOnly() || operand.partition() != 0) {
        throw new CommandException(
            ExitCode.DAMAGED,
            said(e),
            "do that with `pagewright touch -a " + operand.imageName() + ":/`",
            e);
      }
      return openNew(operand, openDevice(operand, true), false);
    }
  }

  /// Throws an FsException only if the journal must be replayed and the device cannot be written.
  private Image openNew(Operand.InImage operand, BlockDevice device, boolean write)
      throws IOException {
    boolean opened = false;
    try {
      Volume volume = Ext4.mount(device, memory(), options(write));
      opened = true;
      return new Image(operand.imageName(), device, volume, write);
    } catch (FsException e) {
      if (e.errno() == Errno.EROFS && !write && device.readOnly()) {
        throw e;
      }
      throw notMounted(operand, device, e);
    } finally {
      if (!opened) {
        device.close();
      }
    }
  }

  private Ext4Options options(boolean write) {
    MountOptions mount =
        MountOptions.DEFAULTS
            .withReadOnly(!write)
            .withAtime(settings.atime())
            .withClock(settings.clock());
    return Ext4Options.DEFAULTS
        .withMount(mount)
        .withMetadataBytes(Math.clamp(settings.cacheBytes() / 8, METADATA_MIN, METADATA_MAX))
        .withData(settings.data())
        .withForce(settings.force());
  }

  /// Partitions of one disk share its file, which a process opens but once. Those that are written
  /// are opened first, so that it is open for writing if one of them is written.
  private BlockDevice openDevice(Operand.InImage operand, boolean write) throws IOException {
    if (operand.partition() == 0) {
      return openDevice(operand, write, settings.direct());
    }
    String key = keyOf(operand);
    String file = key.substring(0, key.lastIndexOf('@'));
    BlockDevice disk = disks.get(file);
    if (disk == null) {
      disk = openFile(operand, write, settings.direct());
      disks.put(file, disk);
    }
    try {
      return PartitionTable.read(disk).window(operand.partition());
    } catch (FsException e) {
      throw noPartition(operand, e);
    }
  }

  /// Opens what the files of an image lie on, without looking for files.
  ///
  /// @param operand the image, with its partition
  /// @param write whether it is to be written
  /// @param direct go around the host's page cache
  /// @return to be closed by the caller
  /// @throws IOException why it cannot be opened
  public static BlockDevice openDevice(Operand.InImage operand, boolean write, boolean direct)
      throws IOException {
    BlockDevice device = openFile(operand, write, direct);
    if (operand.partition() == 0) {
      return device;
    }
    boolean opened = false;
    try {
      BlockDevice partition = PartitionTable.open(device, operand.partition());
      opened = true;
      return partition;
    } catch (FsException e) {
      throw noPartition(operand, e);
    } finally {
      if (!opened) {
        device.close();
      }
    }
  }

  private static BlockDevice openFile(Operand.InImage operand, boolean write, boolean direct)
      throws IOException {
    FileBlockDevice.Options options =
        (write ? FileBlockDevice.Options.READ_WRITE : FileBlockDevice.Options.READ_ONLY)
            .withDirect(direct);
    try {
      return FileBlockDevice.open(operand.image(), options);
    } catch (FsException e) {
      throw notOpened(operand, write, e);
    }
  }

  private static CommandException noPartition(Operand.InImage operand, FsException e) {
    String next =
        e.errno() == Errno.ENXIO
            ? "choose one of those that are there"
            : "leave the @" + operand.partition() + " out if the image has no partitions";
    return new CommandException(ExitCode.of(e), said(e), next, e);
  }

  private static CommandException notOpened(Operand.InImage operand, boolean write, FsException e) {
    return switch (e.errno()) {
      case EBUSY ->
          new CommandException(
              ExitCode.IN_USE,
              said(e),
              "wait until that is done, or end it; a mounted image must be unmounted",
              e);
      case ENOENT ->
          new CommandException(
              ExitCode.FAILED, said(e), "make it with `pagewright mkfs` or `pagewright build`", e);
      case EACCES, EROFS, EPERM ->
          write
              ? readOnly(operand, e)
              : new CommandException(
                  ExitCode.FAILED, said(e), "see who may read the image's file: `ls -l`", e);
      case EISDIR ->
          new CommandException(
              ExitCode.USAGE, said(e), "give the image's file; IMAGE:/path is a file in it", e);
      case EINVAL -> new CommandException(ExitCode.NO_FILE_SYSTEM, said(e), "give an image", e);
      default -> new CommandException(ExitCode.of(e), said(e), "see the host's log", e);
    };
  }

  /// It was asked for by an option if nothing below says so.
  private static CommandException readOnly(Operand.InImage operand, @Nullable FsException e) {
    String next =
        e == null ? "leave --read-only out" : "see who may write the image's file: `ls -l`";
    return new CommandException(
        ExitCode.FAILED,
        operand.imageName() + ": cannot be written: " + Errno.EROFS.words() + " (EROFS)",
        next,
        e);
  }

  /// The superblock of an image, also of one with features that are not supported.
  ///
  /// @param operand the image, with its partition
  /// @param device what it lies on
  /// @return the first copy
  /// @throws IOException why there is none
  public static Superblock superblock(Operand.InImage operand, BlockDevice device)
      throws IOException {
    try {
      return Superblock.read(device);
    } catch (FsException e) {
      if (e.errno() == Errno.EOPNOTSUPP) {
        return Superblock.readAt(device, Superblock.OFFSET);
      }
      throw notMounted(operand, device, e);
    }
  }

  /// Why an image cannot be used, and what to do.
  ///
  /// @param operand the image
  /// @param device it, open
  /// @param e what the file system said
  /// @return to be thrown
  public static CommandException notMounted(
      Operand.InImage operand, BlockDevice device, FsException e) {
    return switch (e.errno()) {
      case EINVAL -> noFileSystem(operand, device, e);
      case EOPNOTSUPP ->
          new CommandException(
              ExitCode.NO_FILE_SYSTEM, said(e), "do what is said for each of the features", e);
      case EROFS ->
          new CommandException(
              ExitCode.NO_FILE_SYSTEM, said(e), "read it, or do what is said for each feature", e);
      case EUCLEAN, EBADMSG ->
          new CommandException(
              ExitCode.DAMAGED,
              said(e),
              e instanceof CorruptedException
                  ? "try to mend a copy of it with `e2fsck -f`"
                  : "check it with `e2fsck -f " + operand.image() + "`, or give --force",
              e);
      default -> new CommandException(ExitCode.of(e), said(e), "see the host's log", e);
    };
  }

  private static CommandException noFileSystem(
      Operand.InImage operand, BlockDevice device, FsException e) {
    String next = "make one with `pagewright mkfs`, or give the image that you meant";
    if (operand.partition() == 0) {
      try {
        List<String> partitions = new ArrayList<>();
        for (PartitionTable.Partition p : PartitionTable.read(device).partitions()) {
          partitions.add(operand.image() + "@" + p.number() + ":" + operand.path());
        }
        if (!partitions.isEmpty()) {
          next = "it has partitions: give one of " + String.join(", ", partitions);
        }
      } catch (FsException noTable) {
        e.addSuppressed(noTable);
      }
    }
    return new CommandException(ExitCode.NO_FILE_SYSTEM, said(e), next, e);
  }

  private static String said(FsException e) {
    return e.getMessage() + " (" + e.errno() + ")";
  }

  private CacheMemory memory() {
    CacheMemory used = memory;
    if (used == null) {
      used = CacheMemory.ofBytes(settings.cacheBytes());
      memory = used;
    }
    return used;
  }

  /// Writes everything and closes all images.
  ///
  /// @throws IOException what could not be written
  @Override
  public void close() throws IOException {
    IOException failed = null;
    for (Image image : open.values()) {
      try {
        image.volume().close();
      } catch (FsException e) {
        CommandException told =
            new CommandException(
                ExitCode.of(e),
                image.name() + ": closing: " + said(e),
                "not all is in the image: check it with `e2fsck -f " + image.name() + "`",
                e);
        try {
          image.volume().superBlock().close(true);
        } catch (FsException again) {
          told.addSuppressed(again);
        }
        if (failed == null) {
          failed = told;
        } else {
          failed.addSuppressed(told);
        }
      }
    }
    open.clear();
    for (BlockDevice disk : disks.values()) {
      try {
        disk.close();
      } catch (FsException e) {
        failed = failed == null ? e : failed;
      }
    }
    disks.clear();
    if (memory != null) {
      memory.close();
      memory = null;
    }
    if (failed != null) {
      throw failed;
    }
  }
}
