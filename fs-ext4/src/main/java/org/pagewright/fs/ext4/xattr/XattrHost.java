package org.pagewright.fs.ext4.xattr;

import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.journal.Handle;

/// What the attributes of an inode need of it. An upward call of this room.
public interface XattrHost {
  /// Number of the inode.
  ///
  /// @return the inode number
  long ino();

  /// The block of the inode table that holds the inode.
  ///
  /// @return the buffer, with a reference for the caller
  /// @throws FsException EIO
  Buffer inodeBlock() throws FsException;

  /// Where in [#inodeBlock()] the inode begins.
  ///
  /// @return bytes
  int inodeOffset();

  /// The inode in its block was changed under the buffer's lock and write access: sets its checksum
  /// (before the lock is given back).
  ///
  /// @param buffer from [#inodeBlock()], locked
  void sealInode(Buffer buffer);

  /// The block that holds attributes.
  ///
  /// @return block number, 0 if there is none
  long fileAcl();

  /// Sets the block that holds attributes, and counts it in the inode's blocks.
  ///
  /// @param handle the running handle
  /// @param blockNr 0 for none
  /// @throws FsException EIO
  void setFileAcl(Handle handle, long blockNr) throws FsException;

  /// Allocates a block near the inode.
  ///
  /// @param handle the running handle
  /// @return block number
  /// @throws FsException ENOSPC, EIO
  long allocateBlock(Handle handle) throws FsException;

  /// Frees a block that [#allocateBlock] gave to this inode or another.
  ///
  /// @param handle the running handle
  /// @param blockNr the block
  /// @throws FsException EIO, EUCLEAN
  void freeBlock(Handle handle, long blockNr) throws FsException;
}
