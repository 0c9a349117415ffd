package org.pagewright.fs.ext4.map;

import java.lang.foreign.MemorySegment;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.journal.Handle;

/// What a [BlockMapper] needs of its inode: the place where the mapping begins, and a way to say
/// that it changed.
///
/// The mapper changes [#block()] with its EXTENT_MAP lock held alone. Who writes the inode for
/// another reason in the meantime may copy bytes of a change that is not complete; the mapper's
/// [#changed] follows, and puts it right before the handle stops.
public interface MapRoot {
  /// {@return the inode's number}
  long ino();

  /// {@return the inode's generation, which seeds checksums}
  int generation();

  /// {@return the 60 bytes of the inode that hold the extent root or the block pointers}
  MemorySegment block();

  /// {@return whether the blocks hold metadata (a directory, a symlink), which the buffer cache may
  /// have: then they are forgotten when freed}
  boolean metadataContent();

  /// {@return whether the blocks may be in the journal's log: then they are revoked when freed}
  default boolean journalledContent() {
    return metadataContent();
  }

  /// The mapping changed: writes the inode, [#block()] and number of blocks included, through the
  /// handle. Called with EXTENT_MAP held; costs one credit at most.
  ///
  /// @param handle the operation
  /// @param blocksDelta by how many file-system blocks the inode has grown: data, and the mapping's
  ///     own blocks
  /// @throws FsException EIO; EFBIG if the number of blocks does not fit the inode
  void changed(Handle handle, long blocksDelta) throws FsException;

  /// The mapping changed, in blocks of its own only: nothing in the inode did, but a sync of the
  /// file has to make the handle's transaction durable (R-C9, R-H9). Called with EXTENT_MAP held.
  ///
  /// @param handle the operation
  void changedBelow(Handle handle);
}
