package org.pagewright.fs.ext4;

import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.disk.InodeCodec;
import org.pagewright.vfs.FileType;
import org.pagewright.vfs.Inode;

/// Which flags of an inode a user sees, which he may change, and which go from a directory to what
/// is made in it. Most mean nothing here, and are kept for those to whom they mean something.
///
/// Compare Linux's fs/ext4/ioctl.c and ext4_mask_flags().
final class UserFlags {
  /// What `lsattr` may show. Whoever sets others does not know what he does.
  private static final int VISIBLE = 0x725b_dfff;

  /// What may be changed by a user, as far as the type allows.
  private static final int CHANGEABLE =
      InodeCodec.FLAG_SECRM
          | InodeCodec.FLAG_UNRM
          | InodeCodec.FLAG_COMPR
          | InodeCodec.FLAG_SYNC
          | InodeCodec.FLAG_IMMUTABLE
          | InodeCodec.FLAG_APPEND
          | InodeCodec.FLAG_NODUMP
          | InodeCodec.FLAG_NOATIME
          | InodeCodec.FLAG_NOTAIL
          | InodeCodec.FLAG_DIRSYNC
          | InodeCodec.FLAG_TOPDIR
          | InodeCodec.FLAG_DAX
          | InodeCodec.FLAG_PROJINHERIT;

  /// What Linux can change, and we cannot: how content is journalled and mapped, and names told
  /// apart.
  private static final int REFUSED =
      InodeCodec.FLAG_JOURNAL_DATA | InodeCodec.FLAG_EXTENTS | InodeCodec.FLAG_CASEFOLD;

  private static final int INHERITED =
      InodeCodec.FLAG_SECRM
          | InodeCodec.FLAG_UNRM
          | InodeCodec.FLAG_COMPR
          | InodeCodec.FLAG_NOCOMPR
          | InodeCodec.FLAG_SYNC
          | InodeCodec.FLAG_NODUMP
          | InodeCodec.FLAG_NOATIME
          | InodeCodec.FLAG_JOURNAL_DATA
          | InodeCodec.FLAG_NOTAIL
          | InodeCodec.FLAG_DIRSYNC
          | InodeCodec.FLAG_DAX
          | InodeCodec.FLAG_PROJINHERIT;

  private static final int OF_DIRECTORIES =
      InodeCodec.FLAG_DIRSYNC
          | InodeCodec.FLAG_TOPDIR
          | InodeCodec.FLAG_PROJINHERIT
          | InodeCodec.FLAG_CASEFOLD;

  private UserFlags() {}

  private static int possible(int flags, FileType type) {
    return switch (type) {
      case DIRECTORY -> flags;
      case REGULAR -> flags & ~OF_DIRECTORIES;
      default -> flags & (InodeCodec.FLAG_NODUMP | InodeCodec.FLAG_NOATIME);
    };
  }

  /// What a new inode takes over.
  ///
  /// @param flags of its directory
  /// @param type its own
  static int inherited(int flags, FileType type) {
    return possible(flags & INHERITED, type);
  }

  /// The flags of an inode after a user has set them. Those that may be seen and not changed stay
  /// as they are, whatever is wanted: `chattr` sends back what it has read.
  ///
  /// @param flags all that are wanted
  /// @throws FsException EOPNOTSUPP
  static int changed(Inode inode, int flags) throws FsException {
    int old = inode.flags();
    int changed = (old ^ flags) & (CHANGEABLE | REFUSED);
    if ((flags & ~VISIBLE & ~old) != 0
        || (changed & REFUSED) != 0
        || possible(flags & CHANGEABLE, inode.type()) != (flags & CHANGEABLE)) {
      throw new FsException(
          Errno.EOPNOTSUPP, inode + ": flags " + Integer.toHexString(flags ^ old));
    }
    return flags & CHANGEABLE | old & ~CHANGEABLE;
  }
}
