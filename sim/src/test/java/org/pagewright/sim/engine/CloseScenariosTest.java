package org.pagewright.sim.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pagewright.sim.engine.StoreFile.assertSound;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.AddressSpaceOperations;
import org.pagewright.cache.Folio;
import org.pagewright.cache.WriteOp;
import org.pagewright.cache.WritebackControl;
import org.pagewright.errno.FsException;
import org.pagewright.sim.explore.Program;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.FileType;
import org.pagewright.vfs.Inode;
import org.pagewright.vfs.InodeOperations;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.StatFs;
import org.pagewright.vfs.SuperBlock;
import org.pagewright.vfs.SuperBlockOperations;

/// The last reference to a removed file is given back while its volume is closed or frozen: the
/// file is freed, by one or the other.
final class CloseScenariosTest {
  private static final long ROOT = 1;
  private static final long REMOVED = 2;

  /// A file system of inodes without content.
  private static final class Inodes implements SuperBlockOperations, AddressSpaceOperations {
    final List<Long> freed = new ArrayList<>();
    boolean closed;
    boolean shutDown;

    @Override
    public String name() {
      return "inodes";
    }

    @Override
    public long rootIno() {
      return ROOT;
    }

    @Override
    public Inode readInode(SuperBlock superBlock, long ino) {
      Inode inode = new Inode(superBlock, ino, new InodeOperations() {}, this) {};
      FileType type = ino == ROOT ? FileType.DIRECTORY : FileType.REGULAR;
      inode.setMode(type.modeBits() | 0755);
      inode.setNlink(ino == REMOVED ? 0 : 1);
      return inode;
    }

    @Override
    public void writeInode(Inode inode, boolean wait) {}

    @Override
    public void evictInode(Inode inode) {
      if (inode.nlink() == 0 && !inode.superBlock().isClosed()) {
        assertFalse(closed, "freed on a device that is closed");
        freed.add(inode.ino());
      }
    }

    @Override
    public void syncFs(boolean wait) {}

    @Override
    public StatFs statfs() {
      throw new AssertionError();
    }

    @Override
    public void shutdown() {
      shutDown = true;
    }

    @Override
    public void close() {
      closed = true;
    }

    @Override
    public long fileSizeMax() {
      return Long.MAX_VALUE;
    }

    @Override
    public int blockSize() {
      return 4096;
    }

    @Override
    public FillResult readFolio(AddressSpace mapping, Folio folio) {
      throw new AssertionError();
    }

    @Override
    public Folio writeBegin(AddressSpace mapping, long pos, int length, WriteOp op) {
      throw new AssertionError();
    }

    @Override
    public int writeEnd(
        AddressSpace mapping, long pos, int length, int copied, Folio folio, WriteOp op) {
      throw new AssertionError();
    }

    @Override
    public void writepages(AddressSpace mapping, WritebackControl control) {}
  }

  /// What somebody else does with the volume meanwhile.
  private interface Other {
    void run(SuperBlock superBlock) throws FsException;
  }

  private static void assertFreed(String name, Other other) {
    Program program =
        stage -> {
          CacheMemory memory = CacheMemory.ofBytes(256 << 10, stage.clock());
          stage.close(memory);
          Inodes fs = new Inodes();
          SuperBlock sb =
              SuperBlock.mount(
                  memory.cache(), fs, MountOptions.DEFAULTS, memory.newDevice("inodes"));
          Inode removed = sb.iget(REMOVED);
          stage.thread("holder", () -> sb.iput(removed));
          stage.thread("other", () -> other.run(sb));
          stage.lastThread(
              "end",
              () -> {
                assertEquals(List.of(REMOVED), fs.freed);
                sb.close(false);
                assertTrue(fs.closed);
                assertFalse(fs.shutDown, "the image is to be looked over");
              });
        };
    assertSound("the last reference, beside " + name, 3, program);
  }

  @Test
  void theSpaceOfARemovedFileIsFreedThoughTheVolumeIsClosed() {
    assertFreed("a close", superBlock -> superBlock.close(false));
  }

  @Test
  void theSpaceOfARemovedFileIsFreedThoughTheVolumeWasFrozen() {
    assertFreed(
        "a freeze",
        superBlock -> {
          superBlock.freeze();
          superBlock.thaw();
        });
  }
}
