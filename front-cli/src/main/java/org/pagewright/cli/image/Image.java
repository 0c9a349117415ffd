package org.pagewright.cli.image;

import org.pagewright.block.BlockDevice;
import org.pagewright.vfs.Volume;

/// An open image.
public final class Image {
  private final String name;
  private final BlockDevice device;
  private final Volume volume;
  private final boolean writable;

  Image(String name, BlockDevice device, Volume volume, boolean writable) {
    this.name = name;
    this.device = device;
    this.volume = volume;
    this.writable = writable;
  }

  /// What messages call it.
  ///
  /// @return such as `disk.img@1`
  public String name() {
    return name;
  }

  /// The files, as root sees them.
  ///
  /// @return closed by [Images]
  public Volume volume() {
    return volume;
  }

  /// What the files lie on.
  ///
  /// @return closed by [Images]
  public BlockDevice device() {
    return device;
  }

  boolean writable() {
    return writable;
  }
}
