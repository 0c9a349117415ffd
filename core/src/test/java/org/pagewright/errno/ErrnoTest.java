package org.pagewright.errno;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ErrnoTest {
  /// Source: Linux's include/uapi/asm-generic/errno-base.h and errno.h, typed in by hand here once
  /// more, so that a slip in either list shows.
  private static final Map<String, Integer> LINUX =
      Map.ofEntries(
          Map.entry("EPERM", 1),
          Map.entry("ENOENT", 2),
          Map.entry("EINTR", 4),
          Map.entry("EIO", 5),
          Map.entry("ENXIO", 6),
          Map.entry("E2BIG", 7),
          Map.entry("EBADF", 9),
          Map.entry("EAGAIN", 11),
          Map.entry("ENOMEM", 12),
          Map.entry("EACCES", 13),
          Map.entry("EFAULT", 14),
          Map.entry("ENOTBLK", 15),
          Map.entry("EBUSY", 16),
          Map.entry("EEXIST", 17),
          Map.entry("EXDEV", 18),
          Map.entry("ENODEV", 19),
          Map.entry("ENOTDIR", 20),
          Map.entry("EISDIR", 21),
          Map.entry("EINVAL", 22),
          Map.entry("ENFILE", 23),
          Map.entry("EMFILE", 24),
          Map.entry("ENOTTY", 25),
          Map.entry("ETXTBSY", 26),
          Map.entry("EFBIG", 27),
          Map.entry("ENOSPC", 28),
          Map.entry("ESPIPE", 29),
          Map.entry("EROFS", 30),
          Map.entry("EMLINK", 31),
          Map.entry("EPIPE", 32),
          Map.entry("ERANGE", 34),
          Map.entry("EDEADLK", 35),
          Map.entry("ENAMETOOLONG", 36),
          Map.entry("ENOLCK", 37),
          Map.entry("ENOSYS", 38),
          Map.entry("ENOTEMPTY", 39),
          Map.entry("ELOOP", 40),
          Map.entry("ENODATA", 61),
          Map.entry("EPROTO", 71),
          Map.entry("EBADMSG", 74),
          Map.entry("EOVERFLOW", 75),
          Map.entry("EOPNOTSUPP", 95),
          Map.entry("ETIMEDOUT", 110),
          Map.entry("ESTALE", 116),
          Map.entry("EUCLEAN", 117),
          Map.entry("EDQUOT", 122),
          Map.entry("ECANCELED", 125));

  @Test
  void numbersAreThoseOfTheLinuxAbi() {
    for (Errno errno : Errno.values()) {
      assertEquals(LINUX.get(errno.name()), errno.number(), errno.name());
    }
  }

  @Test
  void numbersAreDistinctAndWordsAreForPeople() {
    Map<Integer, Errno> seen = new HashMap<>();
    for (Errno errno : Errno.values()) {
      assertNull(seen.put(errno.number(), errno), errno.name());
      assertTrue(errno.words().length() > 3 && !errno.words().endsWith("."), errno.name());
    }
  }

  @Test
  void messagesNameTheObjectAndTheReason() {
    IOException cause = new IOException("as the kernel said");
    FsException e = new FsException(Errno.ENOSPC, "write /a/b at 4096", cause);
    assertEquals("write /a/b at 4096: no space left on device", e.getMessage());
    assertSame(cause, e.getCause());
    assertSame(Errno.ENOSPC, e.errno());
    CorruptedException c = new CorruptedException("disk.img", 12, "extent header: depth 9");
    assertTrue(c.getMessage().startsWith("disk.img, block 12: extent header: depth 9"));
    assertSame(Errno.EUCLEAN, c.errno());
    assertEquals(12, c.blockNr());
    assertTrue(new CorruptedException("d", -1, "x").getMessage().startsWith("d: x"));
  }
}
