package org.pagewright.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.pagewright.errno.FsException;

final class DentryCacheTest {
  private final DentryCache cache = new DentryCache(100);

  private static Name name(int i) throws FsException {
    return Name.of("n" + i);
  }

  @Test
  void tableStaysWithinItsBoundAndKeepsWhatIsUsed() throws FsException {
    for (int i = 0; i < 5000; i++) {
      cache.put(1, name(i), i + 1);
      assertTrue(cache.size() <= 100);
      assertNotNull(cache.find(1, name(0)), "found each time, so never the one to go");
    }
    assertEquals(100, cache.size());
    assertNull(cache.find(1, name(1)));
    assertNotNull(cache.find(1, name(4999)));
  }

  @Test
  void whatANameMeantBeforeIsDead() throws FsException {
    cache.put(1, name(1), 12);
    Dentry old = cache.find(1, name(1));
    assertNotNull(old);
    cache.put(1, name(1), 12);
    assertFalse(old.dead, "it means the same");
    cache.put(1, name(1), InodeOperations.NO_INODE);
    assertTrue(old.dead);
    Dentry absent = cache.find(1, name(1));
    assertNotNull(absent);
    assertEquals(InodeOperations.NO_INODE, absent.ino);
    cache.kill(1, name(1));
    assertTrue(absent.dead);
    assertNull(cache.find(1, name(1)));
    assertEquals(0, cache.size());
  }

  @Test
  void sameNameInAnotherDirectoryIsAnotherEntry() throws FsException {
    cache.put(1, name(1), 12);
    cache.put(2, name(1), 13);
    cache.kill(1, name(1));
    Dentry other = cache.find(2, name(1));
    assertNotNull(other);
    assertEquals(13, other.ino);
  }
}
