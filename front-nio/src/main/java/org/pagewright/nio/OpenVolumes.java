package org.pagewright.nio;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.pagewright.block.BlockDevice;
import org.pagewright.block.FileBlockDevice;
import org.pagewright.block.PartitionTable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.Ext4;
import org.pagewright.fs.ext4.disk.Superblock;
import org.pagewright.hostfs.Hostfs;
import org.pagewright.ramfs.Ramfs;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.Volume;

/// The file systems of this process that are open, by what their URIs name, and the disks under
/// those that are partitions.
///
/// A name is taken before its volume is opened and given back after it was closed, so that nobody
/// opens an image that somebody is just closing.
final class OpenVolumes {
  /// Metadata blocks kept in memory: an eighth of the budget, within these bounds.
  private static final long METADATA_MIN = 4 << 20;

  private static final long METADATA_MAX = 64 << 20;

  /// What a file system is found by: an image with its partition, or a name alone.
  ///
  /// @param image the real path, or null
  /// @param partition from 1, or 0
  /// @param name the name, or null for an image
  record Key(@Nullable Path image, int partition, @Nullable String name) {
    /// What people call it: `/data/disk.img`, `/data/disk.img@1` or a name.
    @Override
    public String toString() {
      return image == null ? "" + name : partition == 0 ? "" + image : image + "@" + partition;
    }
  }

  /// A name that is taken, and the file system once it is open.
  private static final class Slot {
    private volatile @Nullable VolumeFileSystem fileSystem;
  }

  /// A disk image whose partitions are open.
  ///
  /// @param device the whole of it
  /// @param users open partitions
  private record Disk(BlockDevice device, int users) {}

  private static final Map<Key, Slot> OPEN = new ConcurrentHashMap<>();
  private static final Map<Path, Disk> DISKS = new ConcurrentHashMap<>();

  private OpenVolumes() {}

  /// Finds an open file system.
  ///
  /// @throws FileSystemNotFoundException if it is not open
  static VolumeFileSystem find(ImageUri uri) {
    Slot slot = null;
    if (uri.image() == null) {
      slot = OPEN.get(new Key(null, 0, uri.name()));
    } else {
      try {
        slot = OPEN.get(new Key(uri.image().toRealPath(), uri.partition(), null));
      } catch (IOException e) {
        throw (RuntimeException)
            new FileSystemNotFoundException(uri.image() + " is not there").initCause(e);
      }
    }
    VolumeFileSystem found = slot == null ? null : slot.fileSystem;
    if (found == null) {
      Object what = uri.image() == null ? uri.name() : uri.image();
      throw new FileSystemNotFoundException(what + " is not open: see FileSystems.newFileSystem");
    }
    return found;
  }

  /// What makes a file system of a name that is taken for it.
  private interface Opening {
    VolumeFileSystem open(Key key) throws IOException;
  }

  private static VolumeFileSystem enter(Key key, Opening opening) throws IOException {
    Slot slot = new Slot();
    if (OPEN.putIfAbsent(key, slot) != null) {
      throw new FileSystemAlreadyExistsException(
          (key.image == null ? key.name : key.image) + " is open in this process");
    }
    boolean done = false;
    try {
      VolumeFileSystem opened = opening.open(key);
      slot.fileSystem = opened;
      done = true;
      return opened;
    } finally {
      if (!done) {
        OPEN.remove(key);
      }
    }
  }

  /// Gives a name back.
  static void leave(Key key) {
    OPEN.remove(key);
  }

  // ---- Named volumes ----------------------------------------------------------------------------

  private static Key named(String name) {
    if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]*")) {
      throw new IllegalArgumentException(
          "`" + name + "`: a volume's name is of letters, digits, dots, dashes and underscores");
    }
    return new Key(null, 0, name);
  }

  /// Gives an open volume a name.
  static VolumeFileSystem join(
      PagewrightFileSystemProvider provider, String name, Volume volume, VolumeOptions options)
      throws IOException {
    return enter(
        named(name),
        key -> new VolumeFileSystem(provider, key, volume, options, new Closing(null, null, null)));
  }

  /// Makes a volume in memory, or one of a host's directory.
  static VolumeFileSystem make(
      PagewrightFileSystemProvider provider, String name, VolumeOptions options)
      throws IOException {
    return enter(
        named(name),
        key -> {
          CacheMemory own = ownMemory(options);
          CacheMemory memory = own == null ? options.memory() : own;
          assert memory != null;
          boolean done = false;
          try {
            Path directory = options.directory();
            Volume volume =
                directory == null
                    ? Ramfs.mount(memory.cache(), options.mount())
                    : Hostfs.mount(directory, memory, options.mount(), options.direct());
            done = true;
            Closing closing = new Closing(volume, null, own);
            return new VolumeFileSystem(provider, key, volume, options, closing);
          } catch (FsException e) {
            throw Failures.of(e, options.directory() == null ? name : options.directory());
          } finally {
            if (!done && own != null) {
              own.close();
            }
          }
        });
  }

  private static @Nullable CacheMemory ownMemory(VolumeOptions options) {
    return options.memory() != null ? null : CacheMemory.ofBytes(options.cacheBytes());
  }

  // ---- Images -----------------------------------------------------------------------------------

  /// Whether a file may be an image at all, without opening it.
  private static boolean mayBeImage(Path path) {
    return path.getFileSystem() == FileSystems.getDefault()
        && Files.exists(path)
        && !Files.isDirectory(path);
  }

  /// Opens an image.
  ///
  /// @param map of [VolumeOptions], looked at only if it is an image
  /// @throws UnsupportedOperationException if the file is none, so that others may try it
  static VolumeFileSystem open(
      PagewrightFileSystemProvider provider, Path path, Map<String, ?> map) throws IOException {
    if (!mayBeImage(path)) {
      throw new UnsupportedOperationException(path + " is no image of a Pagewright volume");
    }
    Path real = path.toRealPath();
    Object asked = map.get(VolumeOptions.PARTITION);
    int found = asked == null ? findPartition(real) : -1;
    if (found < 0 && asked == null) {
      throw new UnsupportedOperationException(path + " holds no ext2, ext3 or ext4");
    }
    VolumeOptions read = VolumeOptions.of(map);
    VolumeOptions options = asked == null ? read.withPartition(found) : read;
    return enter(
        new Key(real, options.partition(), null), key -> openImage(provider, key, options));
  }

  /// Looks for ext2, ext3 or ext4.
  ///
  /// @return 0 if the file is one, or the number of the only partition that is one; -1 if neither
  /// @throws FileSystemException if there are several
  private static int findPartition(Path real) throws IOException {
    if (OPEN.containsKey(new Key(real, 0, null))) {
      return 0; // and entering it will say that it is open
    }
    Disk shared = DISKS.get(real);
    if (shared != null) {
      return findPartition(real, shared.device);
    }
    try (BlockDevice device =
        FileBlockDevice.open(real, FileBlockDevice.Options.READ_ONLY.withPool(1, 4))) {
      return findPartition(real, device);
    } catch (FsException e) {
      if (e.errno() == Errno.EINVAL) {
        return -1; // neither a regular file nor a block device
      }
      throw e.errno() == Errno.EBUSY ? Failures.ofImage(e, real) : Failures.of(e, real);
    }
  }

  private static int findPartition(Path real, BlockDevice device) throws IOException {
    if (Ext4.isExt4(device)) {
      return 0;
    }
    PartitionTable table;
    try {
      table = PartitionTable.read(device);
    } catch (FsException e) {
      if (e.errno() == Errno.EIO) {
        throw e;
      }
      return -1; // no table, or not one to go by
    }
    List<String> all = new ArrayList<>();
    int found = -1;
    for (PartitionTable.Partition partition : table.partitions()) {
      if (isExt4(device, partition)) {
        found = partition.number();
        all.add(partition.toString());
      }
    }
    if (all.size() > 1) {
      throw new FileSystemException(
          real.toString(),
          null,
          "several partitions hold a file system; give one as `partition`: "
              + String.join(", ", all));
    }
    return found;
  }

  private static boolean isExt4(BlockDevice disk, PartitionTable.Partition partition)
      throws FsException {
    if (partition.sizeBytes() < Superblock.OFFSET + Superblock.SIZE
        || partition.startBytes() > disk.sizeBytes() - Superblock.OFFSET - Superblock.SIZE) {
      return false;
    }
    long at = partition.startBytes() + Superblock.OFFSET;
    return Superblock.readAt(disk, at).magic() == Superblock.EXT4_MAGIC;
  }

  private static VolumeFileSystem openImage(
      PagewrightFileSystemProvider provider, Key key, VolumeOptions options) throws IOException {
    Path real = key.image;
    assert real != null;
    boolean mayFallBack = options.readOnly() == null;
    VolumeOptions wanted = mayFallBack ? options.withReadOnly(false) : options;
    try {
      BlockDevice device;
      try {
        device = openDevice(real, wanted);
      } catch (FsException e) {
        if (!mayFallBack || !isRefusal(e)) {
          throw e;
        }
        wanted = options.withReadOnly(true);
        device = openDevice(real, wanted);
      }
      return mount(provider, key, device, wanted);
    } catch (FsException e) {
      throw Failures.ofImage(e, real);
    }
  }

  private static boolean isRefusal(FsException e) {
    return switch (e.errno()) {
      case EACCES, EROFS, EPERM -> true;
      default -> false;
    };
  }

  private static VolumeFileSystem mount(
      PagewrightFileSystemProvider provider, Key key, BlockDevice device, VolumeOptions options)
      throws FsException {
    CacheMemory own = ownMemory(options);
    CacheMemory memory = own == null ? options.memory() : own;
    assert memory != null;
    boolean done = false;
    try {
      long metadata = Math.clamp(options.cacheBytes() / 8, METADATA_MIN, METADATA_MAX);
      Volume volume = Ext4.mount(device, memory, options.ext4().withMetadataBytes(metadata));
      done = true;
      Path disk = options.partition() == 0 ? null : key.image;
      return new VolumeFileSystem(
          provider, key, volume, options, new Closing(volume, disk, own));
    } finally {
      if (!done) {
        device.close();
        if (options.partition() != 0) {
          releaseDisk(key.image);
        }
        if (own != null) {
          own.close();
        }
      }
    }
  }

  private static BlockDevice openDevice(Path real, VolumeOptions options) throws FsException {
    boolean readOnly = Boolean.TRUE.equals(options.readOnly());
    FileBlockDevice.Options how =
        (readOnly ? FileBlockDevice.Options.READ_ONLY : FileBlockDevice.Options.READ_WRITE)
            .withDirect(options.direct());
    if (options.partition() == 0) {
      return FileBlockDevice.open(real, how);
    }
    BlockDevice disk = acquireDisk(real, how);
    boolean done = false;
    try {
      if (!readOnly && disk.readOnly()) {
        throw new FsException(
            Errno.EBUSY, real + ": a partition of it is open, and the disk for reading only");
      }
      BlockDevice window = PartitionTable.read(disk).window(options.partition());
      done = true;
      return window;
    } finally {
      if (!done) {
        releaseDisk(real);
      }
    }
  }

  private static BlockDevice acquireDisk(Path real, FileBlockDevice.Options how)
      throws FsException {
    try {
      Disk disk =
          DISKS.compute(
              real,
              (path, open) -> {
                try {
                  return open == null
                      ? new Disk(FileBlockDevice.open(path, how), 1)
                      : new Disk(open.device, open.users + 1);
                } catch (FsException e) {
                  throw new UncheckedIOException(e);
                }
              });
      return disk.device;
    } catch (UncheckedIOException e) {
      throw (FsException) e.getCause();
    }
  }

  private static void releaseDisk(@Nullable Path real) throws FsException {
    assert real != null;
    try {
      DISKS.computeIfPresent(
          real,
          (path, disk) -> {
            if (disk.users > 1) {
              return new Disk(disk.device, disk.users - 1);
            }
            try {
              disk.device.close();
            } catch (FsException e) {
              throw new UncheckedIOException(e);
            }
            return null;
          });
    } catch (UncheckedIOException e) {
      throw (FsException) e.getCause();
    }
  }

  /// What a file system gives back when it is closed, in this order; null for what is not its own.
  ///
  /// @param volume the files
  /// @param disk the disk that the volume is a partition of
  /// @param memory the page cache
  record Closing(
      @Nullable Volume volume, @Nullable Path disk, @Nullable CacheMemory memory) {

    /// Closes all of it. What cannot be written is lost, and told.
    void run() throws FsException {
      FsException failed = null;
      if (volume != null) {
        try {
          volume.close();
        } catch (FsException e) {
          failed = e;
          try {
            volume.superBlock().close(true);
          } catch (FsException again) {
            e.addSuppressed(again);
          }
        }
      }
      if (disk != null) {
        try {
          releaseDisk(disk);
        } catch (FsException e) {
          failed = failed == null ? e : failed;
        }
      }
      if (memory != null) {
        memory.close();
      }
      if (failed != null) {
        throw failed;
      }
    }
  }
}
