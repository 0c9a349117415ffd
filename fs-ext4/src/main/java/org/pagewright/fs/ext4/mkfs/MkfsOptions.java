package org.pagewright.fs.ext4.mkfs;

import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.Features;

/// What may be chosen about a new file system. Each method changes these options and returns them;
/// what is not chosen is decided as `mke2fs` decides it. Ranges are checked by [Mkfs].
///
/// ```
/// new MkfsOptions().label("data").reservedPercent(1).feature("orphan_file")
/// ```
public final class MkfsOptions {
  /// The feature sets that have names.
  public enum Type {
    /// No journal, indirect blocks.
    EXT2(
        Feature.SPARSE_SUPER,
        Feature.LARGE_FILE,
        Feature.FILETYPE,
        Feature.RESIZE_INODE,
        Feature.DIR_INDEX,
        Feature.EXT_ATTR),
    /// A journal, indirect blocks.
    EXT3(
        Feature.SPARSE_SUPER,
        Feature.LARGE_FILE,
        Feature.FILETYPE,
        Feature.RESIZE_INODE,
        Feature.DIR_INDEX,
        Feature.EXT_ATTR,
        Feature.HAS_JOURNAL),
    /// A journal, extents, checksums, 64 bits.
    EXT4(
        Feature.SPARSE_SUPER,
        Feature.LARGE_FILE,
        Feature.FILETYPE,
        Feature.RESIZE_INODE,
        Feature.DIR_INDEX,
        Feature.EXT_ATTR,
        Feature.HAS_JOURNAL,
        Feature.EXTENT,
        Feature.HUGE_FILE,
        Feature.FLEX_BG,
        Feature.METADATA_CSUM,
        Feature.BIT64,
        Feature.DIR_NLINK,
        Feature.EXTRA_ISIZE);

    private final Features features;

    Type(Feature... features) {
      this.features = Features.NONE.with(features);
    }

    /// {@return the features that such a file system begins with}
    public Features features() {
      return features;
    }
  }

  /// The block count follows from the size of the device.
  static final long WHOLE_DEVICE = 0;

  Features features = Type.EXT4.features();
  long sizeBytes = WHOLE_DEVICE;
  int blockSize;
  int inodeSize = 256;
  long bytesPerInode;
  long inodes;
  long blocksPerGroup;
  int flexGroups = 16;
  double reservedPercent = 5;
  long journalBytes;
  String label = "";
  @Nullable UUID uuid;
  @Nullable UUID hashSeed;
  int rootUid;
  int rootGid;
  int rootMode = 0755;
  long timeSeconds = -1;
  boolean lostFound = true;
  boolean zeroed;

  /// The options of `mke2fs -t ext4`.
  public MkfsOptions() {}

  /// Begins with another feature set; forgets features chosen before.
  ///
  /// @param type which
  /// @return this
  public MkfsOptions type(Type type) {
    features = type.features();
    return this;
  }

  /// Switches a feature on, or off with `^` before its name.
  ///
  /// @param name as mke2fs knows it
  /// @return this
  /// @throws FsException EINVAL if there is no such feature
  public MkfsOptions feature(String name) throws FsException {
    boolean off = name.startsWith("^");
    Feature feature = Feature.byLabel(off ? name.substring(1) : name);
    if (feature == null) {
      throw new FsException(Errno.EINVAL, "mkfs: there is no feature " + name);
    }
    features = off ? features.without(feature) : features.with(feature);
    return this;
  }

  /// Uses only the beginning of the device.
  ///
  /// @param bytes size of the file system; 0 for all of the device
  /// @return this
  public MkfsOptions sizeBytes(long bytes) {
    sizeBytes = bytes;
    return this;
  }

  /// Chooses the block size.
  ///
  /// @param bytes 1024, 2048 or 4096; 0 lets the size decide: 1024 under 512 MiB, else 4096
  /// @return this
  public MkfsOptions blockSize(int bytes) {
    blockSize = bytes;
    return this;
  }

  /// Chooses the size of an inode.
  ///
  /// @param bytes a power of two from 128 to the block size; 256 by default
  /// @return this
  public MkfsOptions inodeSize(int bytes) {
    inodeSize = bytes;
    return this;
  }

  /// Makes one inode for so many bytes.
  ///
  /// @param bytes 1024 to 64 MiB; 0 lets the size decide: 4096 under 512 MiB, 16384, more over 4
  ///     TiB
  /// @return this
  public MkfsOptions bytesPerInode(long bytes) {
    bytesPerInode = bytes;
    return this;
  }

  /// Makes at least so many inodes; takes precedence over [#bytesPerInode].
  ///
  /// @param count number of inodes; 0 lets the ratio decide
  /// @return this
  public MkfsOptions inodes(long count) {
    inodes = count;
    return this;
  }

  /// Chooses the number of blocks in a group.
  ///
  /// @param count a multiple of 8, from 256 to 8 times the block size; 0 for the most
  /// @return this
  public MkfsOptions blocksPerGroup(long count) {
    blocksPerGroup = count;
    return this;
  }

  /// Chooses how many groups keep their metadata together, with the feature flex_bg.
  ///
  /// @param count a power of two; 16 by default
  /// @return this
  public MkfsOptions flexGroups(int count) {
    flexGroups = count;
    return this;
  }

  /// Keeps blocks for root.
  ///
  /// @param percent of the blocks, 0 to 50; 5 by default
  /// @return this
  public MkfsOptions reservedPercent(double percent) {
    reservedPercent = percent;
    return this;
  }

  /// Chooses the size of the journal.
  ///
  /// @param bytes 1024 blocks or more; 0 lets the size of the file system decide
  /// @return this
  public MkfsOptions journalBytes(long bytes) {
    journalBytes = bytes;
    return this;
  }

  /// Names the volume.
  ///
  /// @param name up to 16 bytes of UTF-8
  /// @return this
  public MkfsOptions label(String name) {
    label = name;
    return this;
  }

  /// Fixes the UUID.
  ///
  /// @param uuid null to draw one, or to derive it if the time is fixed
  /// @return this
  public MkfsOptions uuid(@Nullable UUID uuid) {
    this.uuid = uuid;
    return this;
  }

  /// Fixes the seed of directory hashes.
  ///
  /// @param seed null to draw one, or to derive it if the time is fixed
  /// @return this
  public MkfsOptions hashSeed(@Nullable UUID seed) {
    hashSeed = seed;
    return this;
  }

  /// Says who owns the root directory; root by default.
  ///
  /// @param uid user
  /// @param gid group
  /// @return this
  public MkfsOptions rootOwner(int uid, int gid) {
    rootUid = uid;
    rootGid = gid;
    return this;
  }

  /// Says what may be done with the root directory.
  ///
  /// @param mode permission bits; 0755 by default
  /// @return this
  public MkfsOptions rootMode(int mode) {
    rootMode = mode;
    return this;
  }

  /// Fixes every time that is written, so that the same options give the same bytes.
  ///
  /// @param seconds since 1970; negative for the present
  /// @return this
  public MkfsOptions timeSeconds(long seconds) {
    timeSeconds = seconds;
    return this;
  }

  /// Makes a directory `lost+found`, or none.
  ///
  /// @param make true by default
  /// @return this
  public MkfsOptions lostFound(boolean make) {
    lostFound = make;
    return this;
  }

  /// Says that the whole device reads as zeros, such as a new sparse file: nothing that is zero
  /// need be written. If it is not true the file system is damaged.
  ///
  /// @param allZero false by default
  /// @return this
  public MkfsOptions zeroed(boolean allZero) {
    zeroed = allZero;
    return this;
  }
}
