package org.pagewright.fs.ext4;

import org.jspecify.annotations.Nullable;
import org.pagewright.block.BlockDevice;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.disk.Superblock;
import org.pagewright.fs.ext4.journal.Handle;
import org.pagewright.fs.ext4.journal.Recovery;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.SuperBlock;
import org.pagewright.vfs.Volume;

/// Opens ext2, ext3 and ext4 on a device.
public final class Ext4 {
  private Ext4() {}

  /// Whether a device holds ext2, ext3 or ext4.
  ///
  /// @param device any device
  /// @return true if the magic number of a superblock is there
  /// @throws FsException EIO
  public static boolean isExt4(BlockDevice device) throws FsException {
    return device.sizeBytes() >= Superblock.OFFSET + Superblock.SIZE
        && Superblock.readAt(device, Superblock.OFFSET).magic() == Superblock.EXT4_MAGIC;
  }

  /// Opens a volume: replays its journal if it was not closed cleanly, frees what was deleted while
  /// open, and marks it as in use. The volume owns the device from now on, and closes it; if this
  /// throws, the device may be closed already (closing it again does no harm).
  ///
  /// @param device the device or image
  /// @param memory where the content of its files lives
  /// @param options how
  /// @return the files
  /// @throws FsException EINVAL if this is no ext2, ext3 or ext4; EOPNOTSUPP, naming features that
  ///     are not handled; EROFS if it can only be read; EUCLEAN if it is damaged or must be checked
  ///     first; EIO
  public static Volume mount(BlockDevice device, CacheMemory memory, Ext4Options options)
      throws FsException {
    Superblock superblock = readSuperblock(device);
    boolean readOnly = options.mount().readOnly();
    superblock.features().check(device.name(), !readOnly);
    if (!readOnly && device.readOnly()) {
      throw new FsException(
          Errno.EROFS, device.name() + ": the image cannot be written; open it read-only");
    }
    boolean needsRecovery = superblock.features().has(Feature.NEEDS_RECOVERY);
    if (needsRecovery && device.readOnly()) {
      throw new FsException(
          Errno.EROFS,
          device.name()
              + ": was not closed cleanly and its journal must be replayed, for which the image"
              + " must be opened for writing once");
    }
    if (needsRecovery || !readOnly) {
      superblock = Recovery.recover(device, superblock).superblock();
      superblock.features().check(device.name(), !readOnly); // the log may have brought others
    }
    if (!readOnly && !options.force()) {
      checkClean(device, superblock);
    }
    Ext4FileSystem fs =
        new Ext4FileSystem(
            device, superblock, options, readOnly, memory.throttle().clock());
    SuperBlock superBlock = null;
    boolean mounted = false;
    try {
      superBlock =
          SuperBlock.mount(
              memory.cache(), fs, options.mount(), memory.newDevice(device));
      fs.mounted(superBlock);
      if (!readOnly) {
        fs.markOpen(superBlock.now());
        fs.setTakesOrphans(true);
        freeOrphans(fs, superBlock);
        fs.setTakesOrphans(false);
      }
      mounted = true;
      return Volume.of(superBlock);
    } finally {
      if (!mounted) {
        abandon(fs, superBlock);
      }
    }
  }

  /// Lets go of a volume that could not be opened to the end. What is on the device stays as it is:
  /// not marked clean, if that far.
  private static void abandon(Ext4FileSystem fs, @Nullable SuperBlock superBlock)
      throws FsException {
    if (superBlock == null) {
      fs.shutdown();
      fs.close();
    } else {
      superBlock.shutdown("mount failed", new FsException(Errno.EIO, fs.name()));
      superBlock.close(true);
    }
  }

  /// Reads the first superblock; if it is damaged, says where a good copy is.
  private static Superblock readSuperblock(BlockDevice device) throws FsException {
    try {
      return Superblock.read(device);
    } catch (CorruptedException e) {
      Superblock backup = Superblock.findBackup(device);
      if (backup == null) {
        throw e;
      }
      Geometry geometry = new Geometry(backup);
      throw new CorruptedException(
          device.name(),
          0,
          e.getMessage()
              + "; the copy of group " + backup.blockGroupNr() + " is good: repair with e2fsck -b "
              + geometry.groupFirstBlock(backup.blockGroupNr())
              + " -B " + geometry.blockSize());
    }
  }

  private static void checkClean(BlockDevice device, Superblock superblock) throws FsException {
    if ((superblock.state() & Superblock.STATE_ERROR) != 0) {
      throw new FsException(
          Errno.EUCLEAN,
          device.name() + ": marked as having errors; run e2fsck -f on it, or open it read-only");
    }
    if ((superblock.state() & Superblock.STATE_CLEAN) == 0) {
      throw new FsException(
          Errno.EUCLEAN,
          device.name() + ": was not closed cleanly; run e2fsck -f on it, or open it read-only");
    }
  }

  /// Brings deletions and truncations to their end that a crash cut short: inodes on the list that
  /// begins in the superblock, and in the orphan file.
  private static void freeOrphans(Ext4FileSystem fs, SuperBlock superBlock) throws FsException {
    for (Ext4Inode inode : fs.orphans().load(superBlock)) {
      if (inode.nlink() > 0) {
        cut(fs, inode);
      }
      superBlock.iput(inode); // frees it if it has no names
    }
    if (!fs.journal().recovers()) {
      fs.orphans().clear(superBlock); // last: a crash until now finds them again
    }
  }

  /// Frees what a file has behind its end.
  private static void cut(Ext4FileSystem fs, Ext4Inode inode) throws FsException {
    boolean cut = inode.isRegular() && inode.hasMapper();
    int last = Orphans.CREDITS + 1;
    try (Handle handle =
        fs.start(Math.max(last, cut ? inode.mapper().stepCredits() : 0))) {
      if (cut) {
        long blockSize = fs.blockSize();
        inode.mapper().truncate(handle, (inode.size() + blockSize - 1) / blockSize);
      }
      handle.ensure(last);
      fs.orphans().remove(handle, inode, -1);
      inode.write(handle);
    }
  }
}
