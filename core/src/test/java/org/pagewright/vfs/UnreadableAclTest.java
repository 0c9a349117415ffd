package org.pagewright.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pagewright.cache.PageCache;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// A directory whose access control lists are there and cannot be read.
final class UnreadableAclTest {
  /// A file system that cannot give attributes out.
  private static final class Failing extends InodesOnly {
    private final Errno errno;

    Failing(Errno errno) {
      this.errno = errno;
    }

    @Override
    InodeOperations inodeOperations() {
      return new InodeOperations() {
        @Override
        public long lookup(Inode dir, Name name) {
          return NO_INODE;
        }

        @Override
        public boolean keepsAcls() {
          return true;
        }

        @Override
        public byte[] getXattr(Inode inode, Name name) throws FsException {
          throw new FsException(errno, name + " of " + inode);
        }
      };
    }

    @Override
    public void writeInode(Inode inode, boolean wait) {}
  }

  /// What a new file would inherit is not known: it is not made, and the reason is the device only
  /// if the device failed.
  @ParameterizedTest
  @CsvSource({"EIO, EIO", "EUCLEAN, EUCLEAN", "EINVAL, EUCLEAN", "EOPNOTSUPP, EUCLEAN"})
  void nothingIsMadeInItAndTheReasonIsTold(Errno met, Errno told) throws FsException {
    try (PageCache cache = new PageCache(1 << 20)) {
      SuperBlock superBlock =
          SuperBlock.mount(cache, new Failing(met), MountOptions.DEFAULTS, null);
      Volume volume = Volume.of(superBlock);
      FsException e = assertThrows(FsException.class, () -> volume.mkdir("/new", 0755));
      assertEquals(told, e.errno());
      superBlock.close(false);
    }
  }
}
