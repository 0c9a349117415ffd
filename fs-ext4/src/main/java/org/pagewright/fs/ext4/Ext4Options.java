package org.pagewright.fs.ext4;

import org.pagewright.vfs.MountOptions;

/// How an ext4 image is opened. Start from [#DEFAULTS] and change what differs.
///
/// @param mount what every volume can be told: read-only, access times, clock
/// @param metadataBytes most memory for metadata blocks that are clean and unused
/// @param force write although the image was not closed cleanly or is marked as having errors
public record Ext4Options(MountOptions mount, long metadataBytes, boolean force) {
  /// Read and write, 16 MiB for metadata, refuse what needs a check first.
  public static final Ext4Options DEFAULTS =
      new Ext4Options(MountOptions.DEFAULTS, 16 << 20, false);

  /// The same with other options of the volume.
  ///
  /// @param mount what every volume can be told
  /// @return changed options
  public Ext4Options withMount(MountOptions mount) {
    return new Ext4Options(mount, metadataBytes, force);
  }

  /// The same with another bound for metadata.
  ///
  /// @param metadataBytes bytes
  /// @return changed options
  public Ext4Options withMetadataBytes(long metadataBytes) {
    return new Ext4Options(mount, metadataBytes, force);
  }

  /// The same, but write whatever the image says of itself.
  ///
  /// @param force write although the image should be checked first
  /// @return changed options
  public Ext4Options withForce(boolean force) {
    return new Ext4Options(mount, metadataBytes, force);
  }
}
