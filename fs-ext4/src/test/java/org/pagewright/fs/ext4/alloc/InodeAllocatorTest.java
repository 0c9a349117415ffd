package org.pagewright.fs.ext4.alloc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.buffer.BufferType;
import org.pagewright.fs.ext4.disk.InodeCodec;
import org.pagewright.fs.ext4.journal.Handle;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.Ext4Volume;

final class InodeAllocatorTest {
  @TempDir Path dir;
  private Path image;

  @BeforeEach
  void needsTools() {
    E2fs.assumeTools("mke2fs", "e2fsck");
    image = dir.resolve("image");
  }

  private Ext4Volume make(String size, String options) throws IOException {
    return Ext4Volume.make(image, size, 0, options.split(" "));
  }

  private static NewInode allocate(Ext4Volume v, long parent, boolean directory)
      throws FsException {
    try (Handle handle = v.journal.start(InodeAllocator.ALLOCATE_CREDITS)) {
      return v.inodes.allocate(handle, parent, directory, false);
    }
  }

  private static void free(Ext4Volume v, long ino, boolean directory) throws FsException {
    try (Handle handle = v.journal.start(InodeAllocator.FREE_CREDITS)) {
      v.inodes.free(handle, ino, directory);
    }
  }

  /// Writes an empty regular file without a name: what e2fsck calls an unattached inode.
  private static void write(Ext4Volume v, long ino) throws FsException {
    int size = v.geometry.inodeSize();
    MemorySegment raw = MemorySegment.ofArray(new byte[size]);
    InodeCodec.putMode(raw, 0, 0100644);
    InodeCodec.putLinksCount(raw, 0, 1);
    if (size > 128) {
      InodeCodec.putExtraIsize(raw, 0, size, 32);
    }
    InodeCodec.seal(v.geometry, ino, raw, 0);
    try (Handle handle = v.journal.start(1);
        Buffer table = v.cache.read(v.groups.inodeBlock(ino), BufferType.PLAIN)) {
      handle.getWriteAccess(table);
      table.lock();
      MemorySegment.copy(raw, 0, table.segment(), v.geometry.inodeOffset(ino), size);
      table.unlock();
      handle.dirtyMetadata(table);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-t ext4 -b 1024 -O ^has_journal -N 2000",
        "-t ext4 -b 1024 -O ^has_journal,^metadata_csum,uninit_bg -N 2000",
        "-t ext4 -b 1024 -O ^has_journal,^flex_bg -N 2000",
        "-t ext4 -b 4096 -O ^has_journal -N 1000",
        "-t ext2 -b 1024 -N 2000",
      })
  void allInodesAreGivenOutOnceOverAnUninitialisedTableAndTakenBack(String options)
      throws IOException {
    // The table holds rubbish where nobody was yet, as on a device that was used before.
    try (Ext4Volume v = make("44M", options)) {
      poisonUnusedTables(v);
      long free = v.inodes.freeInodes();
      Set<Long> got = new HashSet<>();
      long half = free / 2;
      for (long i = 0; i < half; i++) {
        long ino = allocate(v, 2, false).ino();
        assertTrue(ino >= v.superblock.firstInode() && got.add(ino));
        assertTrue(v.inodes.isAllocated(ino));
        write(v, ino);
      }
      v.sync();
      assertOnlyUnattached(v, half);
      while (v.inodes.freeInodes() > 0) {
        assertTrue(got.add(allocate(v, 2, false).ino()));
      }
      FsException e = assertThrows(FsException.class, () -> allocate(v, 2, true));
      assertEquals(Errno.ENOSPC, e.errno());
      for (long ino : got) {
        free(v, ino, false);
        assertFalse(v.inodes.isAllocated(ino));
        clear(v, ino);
      }
      assertEquals(free, v.inodes.freeInodes());
      v.sync();
      E2fs.assertClean(image);
    }
  }

  private static void poisonUnusedTables(Ext4Volume v) throws FsException {
    for (int group = 0; group < v.geometry.groupCount(); group++) {
      int perBlock = v.geometry.blockSize() / v.geometry.inodeSize();
      int used = v.geometry.inodesPerGroup() - v.groups.unusedInodes(group);
      for (int block = (used + perBlock - 1) / perBlock;
          v.groups.unusedInodes(group) > 0 && block < v.geometry.inodeTableBlocks();
          block++) {
        MemorySegment rubbish = MemorySegment.ofArray(new byte[v.geometry.blockSize()]);
        rubbish.fill((byte) 'S');
        v.device.write(
            (v.groups.inodeTable(group) + block) * v.geometry.blockSize(), rubbish);
      }
    }
  }

  private static void clear(Ext4Volume v, long ino) throws FsException {
    try (Handle handle = v.journal.start(1);
        Buffer table = v.cache.read(v.groups.inodeBlock(ino), BufferType.PLAIN)) {
      handle.getWriteAccess(table);
      table.lock();
      table
          .segment()
          .asSlice(v.geometry.inodeOffset(ino), v.geometry.inodeSize())
          .fill((byte) 0);
      table.unlock();
      handle.dirtyMetadata(table);
    }
  }

  /// Everything e2fsck says is that the inodes have no name.
  private void assertOnlyUnattached(Ext4Volume v, long count) throws IOException {
    String said = E2fs.run(List.of("e2fsck", "-fn", image.toString())).output();
    long unattached = said.lines().filter(l -> l.startsWith("Unattached inode")).count();
    assertEquals(count, unattached, () -> said.lines().limit(30).toList().toString());
    List<String> expected =
        List.of(
            "Unattached ", "Connect to", "Pass ", "e2fsck ", "WARNING: ", image + ": ");
    List<String> other =
        said.lines()
            .filter(l -> !l.isBlank())
            .filter(l -> expected.stream().noneMatch(l::startsWith))
            .toList();
    assertEquals(List.of(), other);
  }

  @Test
  void directoriesAtTheTopSpreadAndTheirChildrenStay() throws IOException {
    try (Ext4Volume v = make("64M", "-t ext4 -b 1024 -O ^has_journal,^flex_bg -N 4000")) {
      Set<Integer> homes = new HashSet<>();
      for (int i = 0; i < 6; i++) {
        long top = allocate(v, 2, true).ino();
        int home = v.geometry.groupOfInode(top);
        homes.add(home);
        for (int k = 0; k < 5; k++) {
          assertEquals(home, v.geometry.groupOfInode(allocate(v, top, false).ino()));
        }
        assertEquals(home, v.geometry.groupOfInode(allocate(v, top, true).ino()));
      }
      // Groups with a backup of the superblock have less room than the average.
      assertEquals(4, homes.size(), () -> "in groups " + homes);
    }
  }

  @Test
  void anInodeIsFreedOnceAndReservedOnesNever() throws IOException {
    try (Ext4Volume v = make("24M", "-t ext4 -b 1024 -O ^has_journal")) {
      long ino = allocate(v, 2, true).ino();
      int dirs = v.groups.usedDirs(v.geometry.groupOfInode(ino));
      free(v, ino, true);
      assertEquals(dirs - 1, v.groups.usedDirs(v.geometry.groupOfInode(ino)));
      assertThrows(CorruptedException.class, () -> free(v, ino, true));
      assertThrows(CorruptedException.class, () -> free(v, 2, true));
      assertThrows(CorruptedException.class, () -> free(v, 0, true));
      assertThrows(CorruptedException.class, () -> free(v, 1 << 30, true));
      assertFalse(v.inodes.isAllocated(0));
      assertFalse(v.inodes.isAllocated(1L << 33));
      assertTrue(v.inodes.isAllocated(2));
    }
  }

  @Test
  void aBitmapThatLiesIsFoundOut() throws IOException {
    try (Ext4Volume v = make("24M", "-t ext4 -b 1024 -O ^has_journal")) {
      long bitmap = v.groups.inodeBitmap(0);
      MemorySegment s = MemorySegment.ofArray(new byte[1024]);
      v.device.read(bitmap * 1024, s);
      new Bits(s).clear(1, 1);
      v.device.write(bitmap * 1024, s);
      CorruptedException e = assertThrows(CorruptedException.class, () -> allocate(v, 2, false));
      assertEquals(bitmap, e.blockNr());
    }
  }
}
