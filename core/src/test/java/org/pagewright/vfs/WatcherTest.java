package org.pagewright.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pagewright.errno.FsException;
import org.pagewright.ramfs.Ramfs;

/// What a watcher hears of a volume.
final class WatcherTest {
  private final List<String> heard = new ArrayList<>();
  private final CacheMemory memory = CacheMemory.ofBytes(1 << 20);
  private Volume volume;

  private final Watcher watcher =
      new Watcher() {
        @Override
        public void added(Inode dir, Name name, Inode inode) {
          heard.add("+" + name + " in " + dir.ino() + ": " + inode.ino());
        }

        @Override
        public void removed(Inode dir, Name name, Inode inode) {
          heard.add("-" + name + " in " + dir.ino() + ": " + inode.ino());
        }

        @Override
        public void changed(Inode inode, int what) {
          heard.add((what == CONTENT ? "content " : "attributes ") + inode.ino());
        }
      };

  @BeforeEach
  void mount() throws FsException {
    volume = Ramfs.mount(memory.cache(), MountOptions.DEFAULTS);
    volume.superBlock().addWatcher(watcher);
  }

  @AfterEach
  void close() throws FsException {
    volume.close();
    memory.close();
  }

  private void assertHeard(String... expected) {
    assertEquals(List.of(expected), heard);
    heard.clear();
  }

  private long inoOf(String path) throws FsException {
    return volume.lstat(path).ino();
  }

  @Test
  void makingLinkingAndRemovingAreToldOncePerName() throws FsException {
    volume.mkdir("/d", 0755);
    long d = inoOf("/d");
    assertHeard("+d in 1: " + d);
    volume.open("/d/f", OpenFlags.WRONLY | OpenFlags.CREAT, 0644).close();
    long f = inoOf("/d/f");
    volume.link("/d/f", "/g");
    volume.unlink("/d/f");
    volume.rmdir("/d");
    assertHeard("+f in " + d + ": " + f, "+g in 1: " + f, "-f in " + d + ": " + f, "-d in 1: " + d);
  }

  @Test
  void aRenameIsToldAsRemovalsThenAdditions() throws FsException {
    volume.symlink("x", "/a");
    volume.symlink("x", "/b");
    long a = inoOf("/a");
    long b = inoOf("/b");
    heard.clear();
    volume.rename("/a", "/b", RenameFlags.EXCHANGE);
    assertHeard("-a in 1: " + a, "-b in 1: " + b, "+b in 1: " + a, "+a in 1: " + b);
    volume.rename("/a", "/b");
    assertHeard("-a in 1: " + b, "-b in 1: " + a, "+b in 1: " + b);
  }

  @Test
  void eachWriteIsToldAlsoThoseThatWouldHaveGoneTheShortWay() throws FsException {
    try (OpenFile file = volume.open("/f", OpenFlags.RDWR | OpenFlags.CREAT, 0644)) {
      String content = "content " + file.inode().ino();
      heard.clear();
      for (int i = 0; i < 3; i++) {
        file.write(0, new byte[100], 0, 100);
      }
      assertHeard(content, content, content);
      file.truncate(10);
      file.fallocate(0, 0, 4096);
      assertHeard(content, content);
      file.read(0, new byte[10], 0, 10);
      assertHeard();
    }
  }

  @Test
  void attributesAreToldAndFailedChangesAreNot() throws FsException {
    volume.mkdir("/d", 0755);
    heard.clear();
    String told = "attributes " + inoOf("/d");
    volume.chmod("/d", 0700);
    volume.chown("/d", 5, 5, true);
    volume.utimens("/d", Volume.NOW, Volume.NOW, true);
    volume.setXattr("/d", "user.a", new byte[1], XattrMode.SET, true);
    assertHeard(told, told, told, told);
    assertThrows(FsException.class, () -> volume.mkdir("/d", 0755));
    assertThrows(FsException.class, () -> volume.as(new Credentials(7, 7)).chmod("/d", 0777));
    assertHeard();
  }

  @Test
  void whoWasRemovedHearsNothingMore() throws FsException {
    volume.superBlock().removeWatcher(watcher);
    volume.superBlock().removeWatcher(watcher);
    volume.mkdir("/d", 0755);
    assertHeard();
  }

  @Test
  void aRenameBetweenTwoViewsBeginsAtTheirDirectories() throws FsException {
    volume.mkdir("/a", 0755);
    volume.mkdir("/b", 0755);
    volume.symlink("x", "/a/f");
    try (OpenFile a = volume.openDir("/a");
        OpenFile b = volume.openDir("/b")) {
      volume.at(a).rename("f", volume.at(b), "g", 0);
    }
    assertEquals("x", volume.readlink("/b/g"));
  }
}
