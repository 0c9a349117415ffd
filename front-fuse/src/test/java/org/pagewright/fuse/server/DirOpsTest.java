package org.pagewright.fuse.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// Places in directories.
final class DirOpsTest extends WithServer {
  @Test
  void placeOfTheLargestCookieThereIsRoomForIsTheLast() throws FsException {
    assertEquals(2, DirOps.placeAfter(0));
    assertEquals(Long.MAX_VALUE, DirOps.placeAfter(Long.MAX_VALUE - 2));
    assertFails(Errno.EOVERFLOW, () -> DirOps.placeAfter(Long.MAX_VALUE - 1));
    assertFails(Errno.EOVERFLOW, () -> DirOps.placeAfter(Long.MAX_VALUE));
    assertFails(Errno.EOVERFLOW, () -> DirOps.placeAfter(Long.MIN_VALUE));
  }

  /// `seekdir` takes any number: what no entry follows is the end, as on other file systems.
  @Test
  void placesThatNobodyWasGivenAreTheEndOrAnError() throws FsException {
    for (int i = 0; i < 300; i++) {
      client.mkdir(ROOT, "directory-with-a-long-name-" + i, 0755);
    }
    long handle = client.opendir(ROOT);
    for (long far : List.of(Long.MAX_VALUE, Long.MAX_VALUE - 1, Long.MAX_VALUE - 2)) {
      assertEquals(List.of(), client.readdir(ROOT, handle, far, 4096, false));
    }
    assertFails(Errno.EINVAL, () -> client.readdir(ROOT, handle, -1, 4096, false));
    assertFails(
        Errno.EINVAL, () -> client.readdir(ROOT, handle, Long.MIN_VALUE, 4096, true));
    client.releasedir(ROOT, handle);
    assertTrue(client.list(ROOT, false).size() > 300);
  }
}
