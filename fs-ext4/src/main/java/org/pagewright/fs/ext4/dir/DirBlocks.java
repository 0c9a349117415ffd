package org.pagewright.fs.ext4.dir;

import org.jspecify.annotations.Nullable;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.disk.DirHash;
import org.pagewright.fs.ext4.journal.Handle;

/// What a directory needs of its inode and of the file system. An upward call of this room.
public interface DirBlocks {
  /// What messages call the device.
  ///
  /// @return the name
  String deviceName();

  /// Number of the directory's inode.
  ///
  /// @return the inode number
  long ino();

  /// Bytes of a block.
  ///
  /// @return 1024 to 4096
  int blockSize();

  /// Inodes of the file system: an entry may not name a higher one.
  ///
  /// @return the number of inodes
  long inodesCount();

  /// Whether directory blocks carry checksums.
  ///
  /// @return true with metadata_csum
  boolean checksums();

  /// Start value of the checksums of this directory's blocks.
  ///
  /// @return inode number and generation, already hashed
  int inodeSeed();

  /// Whether entries carry the type of what they name.
  ///
  /// @return true with filetype
  boolean fileTypes();

  /// Whether the file system indexes its directories at all.
  ///
  /// @return true with dir_index
  boolean canIndex();

  /// Levels of index nodes that an index may have.
  ///
  /// @return 2, or 3 with largedir
  int indexLevelsMax();

  /// Whether this directory is indexed.
  ///
  /// @return the inode's INDEX flag
  boolean indexed();

  /// Sets the INDEX flag.
  ///
  /// @param handle the running handle
  /// @throws FsException EIO
  void setIndexed(Handle handle) throws FsException;

  /// The hash that new indexes use.
  ///
  /// @return the superblock's default
  DirHash defaultHash();

  /// Number that an index stores for [#defaultHash()].
  ///
  /// @return 0 to 2
  int defaultHashVersion();

  /// The hash of an index.
  ///
  /// @param version number stored in the index
  /// @return null if the version is not known
  @Nullable DirHash hash(int version);

  /// Blocks of the directory.
  ///
  /// @return its size in blocks
  long blockCount();

  /// A block of the directory, verified.
  ///
  /// @param logical number of the block in the directory
  /// @return the buffer, with a reference for the caller
  /// @throws FsException EIO; EUCLEAN if it fails its check or lies in a hole
  Buffer read(long logical) throws FsException;

  /// Appends a zeroed block to the directory and grows its size; create access is declared.
  ///
  /// @param handle the running handle
  /// @return the buffer, with a reference for the caller; its logical number is the old count
  /// @throws FsException ENOSPC, EIO
  Buffer append(Handle handle) throws FsException;
}
