package org.pagewright.sim.contract;

import java.io.IOException;
import org.pagewright.vfs.Volume;

/// How a file system under test makes volumes.
public interface VolumeFixture {
  /// What a file system may lack.
  enum Feature {
    /// Owners and groups can be set.
    OWNERS,
    /// Device nodes, pipes and socket names can be made.
    DEVICES,
    /// Extended attributes.
    XATTRS,
    /// Swapping two names.
    EXCHANGE,
    /// Leaving a white-out where something was moved from.
    WHITEOUT,
    /// Files without a name.
    TMPFILE,
    /// Punching holes, and finding them.
    HOLES,
    /// Flags such as immutable.
    FLAGS,
    /// Names, and targets of symbolic links, of any bytes.
    ODD_NAMES,
    /// The VFS sees every change, so names may be remembered and inodes are known by number.
    EXCLUSIVE
  }

  /// Makes an empty volume with room for a few megabytes.
  ///
  /// @return a volume as root sees it
  /// @throws IOException any
  Volume make() throws IOException;

  /// Closes a volume and mounts it again; a file system without a store gives the volume back.
  ///
  /// @param volume from [#make()] or this method
  /// @return the same files
  /// @throws IOException any
  Volume remount(Volume volume) throws IOException;

  /// Closes a volume, looks whether what it leaves behind is sound, and removes it.
  ///
  /// @param volume from [#make()] or [#remount(Volume)]
  /// @throws IOException any
  void dispose(Volume volume) throws IOException;

  /// Whether the file system can do something.
  ///
  /// @param feature what
  /// @return false to leave out the cases that need it
  default boolean has(Feature feature) {
    return true;
  }
}
