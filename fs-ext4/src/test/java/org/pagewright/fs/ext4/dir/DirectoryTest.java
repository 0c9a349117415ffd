package org.pagewright.fs.ext4.dir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.buffer.BufferCache;
import org.pagewright.fs.ext4.disk.DirHash;
import org.pagewright.fs.ext4.disk.LittleEndian;
import org.pagewright.fs.ext4.journal.Handle;
import org.pagewright.fs.ext4.journal.Journal;
import org.pagewright.fs.ext4.journal.NoJournal;

final class DirectoryTest {

  /// A directory whose logical blocks lie one after the other on a device of memory.
  private static final class Fixture implements DirBlocks {
    private static final long FIRST = 16;

    private final RamBlockDevice device;
    private final BufferCache cache;
    private final Journal journal;
    private final int blockSize;
    private final boolean checksums;
    private final boolean canIndex;
    private final DirHash hash;
    private final int hashVersion;
    private boolean indexed;
    private long blocks;

    Fixture(int blockSize, boolean checksums, boolean canIndex, int hashVersion)
        throws FsException {
      this.blockSize = blockSize;
      this.checksums = checksums;
      this.canIndex = canIndex;
      this.hashVersion = hashVersion;
      device = RamBlockDevice.of("dir.img", 256L << 20);
      cache = new BufferCache(device, blockSize, 8 << 20);
      journal = new NoJournal(cache);
      hash = hash(hashVersion);
    }

    private DirBlockType type() {
      return new DirBlockType(ino(), inodeSeed(), checksums, inodesCount());
    }

    @Override
    public String deviceName() {
      return "dir.img";
    }

    @Override
    public long ino() {
      return 12;
    }

    @Override
    public int blockSize() {
      return blockSize;
    }

    @Override
    public long inodesCount() {
      return 1 << 20;
    }

    @Override
    public boolean checksums() {
      return checksums;
    }

    @Override
    public int inodeSeed() {
      return 0x1234_5678;
    }

    @Override
    public boolean fileTypes() {
      return true;
    }

    @Override
    public boolean canIndex() {
      return canIndex;
    }

    @Override
    public int indexLevelsMax() {
      return 2;
    }

    @Override
    public boolean indexed() {
      return indexed;
    }

    @Override
    public void setIndexed(Handle handle) {
      indexed = true;
    }

    @Override
    public DirHash defaultHash() {
      return hash;
    }

    @Override
    public int defaultHashVersion() {
      return hashVersion;
    }

    @Override
    public DirHash hash(int version) {
      @Nullable DirHash h =
          DirHash.of(version, MemorySegment.ofArray(new byte[16]), 0);
      assert h != null;
      return h;
    }

    @Override
    public long blockCount() {
      return blocks;
    }

    @Override
    public Buffer read(long logical) throws FsException {
      if (logical >= blocks) {
        throw new CorruptedException("dir.img", -1, "hole at block " + logical);
      }
      return cache.read(FIRST + logical, type());
    }

    @Override
    public Buffer append(Handle handle) throws FsException {
      Buffer buffer = cache.create(FIRST + blocks, type());
      handle.getCreateAccess(buffer);
      blocks++;
      return buffer;
    }

    /// Writes everything and forgets it, so that every block is read and verified anew.
    void remount() throws FsException {
      cache.sync();
      cache.forget(FIRST, blocks);
    }
  }

  private static byte[] bytes(String name) {
    return name.getBytes(StandardCharsets.UTF_8);
  }

  private static Map<String, Long> list(Directory directory, int perCall) throws FsException {
    Map<String, Long> seen = new HashMap<>();
    long[] cookie = new long[1];
    boolean[] more = {true};
    while (more[0]) {
      int[] left = {perCall};
      more[0] = false;
      directory.forEach(
          cookie[0],
          (entry, next) -> {
            if (left[0]-- == 0) {
              more[0] = true;
              return false;
            }
            String name = new String(entry.name(), StandardCharsets.UTF_8);
            Long before = seen.put(name, entry.inode());
            assertEquals(null, before, "given twice: " + name);
            assertTrue(next > cookie[0]);
            cookie[0] = next;
            return true;
          });
    }
    return seen;
  }

  @ParameterizedTest
  @CsvSource({
    "1024, true, true, 1, 4000", "1024, false, true, 0, 3000", "2048, true, true, 2, 3000",
    "4096, true, true, 4, 6000", "4096, true, false, 1, 800", "1024, false, false, 5, 500"
  })
  void randomChangesAgreeWithAMap(
      int blockSize, boolean checksums, boolean canIndex, int hashVersion, int operations)
      throws FsException {
    long seed = System.nanoTime();
    System.out.println("directory test seed " + seed);
    Random random = new Random(seed);
    Fixture fixture = new Fixture(blockSize, checksums, canIndex, hashVersion);
    Directory directory = new Directory(fixture);
    Map<String, Long> model = new HashMap<>();
    List<String> names = new ArrayList<>();
    try (Handle handle = fixture.journal.start(1 << 20)) {
      directory.initialize(handle, 2);
      for (int i = 0; i < operations; i++) {
        int what = random.nextInt(10);
        if (what < 7 || names.isEmpty()) {
          String name = name(random, i);
          long inode = 13 + random.nextInt(1000);
          directory.add(handle, bytes(name), inode, 1);
          model.put(name, inode);
          names.add(name);
        } else if (what == 7) {
          String name = names.get(random.nextInt(names.size()));
          directory.replace(handle, bytes(name), 7777, 7);
          model.put(name, 7777L);
        } else {
          String name = names.remove(random.nextInt(names.size()));
          directory.remove(handle, bytes(name));
          model.remove(name);
        }
      }
    }
    fixture.remount();
    for (Map.Entry<String, Long> entry : model.entrySet()) {
      assertEquals(entry.getValue(), directory.find(bytes(entry.getKey())), entry.getKey());
    }
    assertEquals(0, directory.find(bytes("never there")));
    assertEquals(2, directory.parent());
    assertEquals(2, directory.find(bytes("..")));
    assertEquals(model, list(directory, 1 + random.nextInt(50)));
    assertEquals(canIndex, fixture.indexed);
    assertFalse(directory.isEmpty());
    try (Handle handle = fixture.journal.start(1 << 20)) {
      for (String name : model.keySet()) {
        directory.remove(handle, bytes(name));
      }
    }
    assertTrue(directory.isEmpty());
  }

  private static String name(Random random, int i) {
    return "x".repeat(random.nextInt(40) * random.nextInt(6)) + "-" + i;
  }

  @Test
  void cookiesSurviveTheChangeFromOneBlockToAnIndex() throws FsException {
    Fixture fixture = new Fixture(1024, true, true, 1);
    Directory directory = new Directory(fixture);
    Set<String> first = new HashSet<>();
    try (Handle handle = fixture.journal.start(1 << 20)) {
      directory.initialize(handle, 2);
      for (int i = 0; i < 20; i++) {
        directory.add(handle, bytes("early" + i), 13, 1);
      }
      long[] cookie = new long[1];
      directory.forEach(
          0,
          (entry, next) -> {
            if (first.size() == 9) {
              return false;
            }
            first.add(new String(entry.name(), StandardCharsets.UTF_8));
            cookie[0] = next;
            return true;
          });
      for (int i = 0; i < 200; i++) {
        directory.add(handle, bytes("late" + i), 13, 1);
      }
      assertTrue(fixture.indexed);
      directory.forEach(
          cookie[0],
          (entry, next) -> {
            String name = new String(entry.name(), StandardCharsets.UTF_8);
            assertFalse(first.contains(name), name);
            if (name.startsWith("early")) {
              first.add(name);
            }
            return true;
          });
    }
    assertEquals(20, first.size());
  }

  @Test
  void anIndexThatLoopsIsFoundOut() throws FsException {
    Fixture fixture = new Fixture(1024, false, true, 1);
    Directory directory = new Directory(fixture);
    try (Handle handle = fixture.journal.start(1 << 20)) {
      directory.initialize(handle, 2);
      for (int i = 0; i < 60; i++) {
        directory.add(handle, bytes("a rather long name of number " + i), 13, 1);
      }
    }
    try (Buffer root = fixture.read(0)) {
      root.lock();
      LittleEndian.put32(root.segment(), 32 + 4, 0); // the first entry leads back to the root
      root.unlock();
      root.markDirty();
    }
    fixture.remount(); // all of an index is looked at once for each load
    assertThrows(CorruptedException.class, () -> list(directory, 10));
  }

  @Test
  void anEntryPastItsBlockIsFoundOut() throws FsException {
    Fixture fixture = new Fixture(1024, false, false, 1);
    Directory directory = new Directory(fixture);
    try (Handle handle = fixture.journal.start(64)) {
      directory.initialize(handle, 2);
      directory.add(handle, bytes("name"), 13, 1);
    }
    try (Buffer first = fixture.read(0)) {
      first.lock();
      LittleEndian.put16(first.segment(), 24 + 4, 2000);
      first.unlock();
      first.markDirty();
    }
    fixture.remount();
    CorruptedException e =
        assertThrows(CorruptedException.class, () -> directory.find(bytes("name")));
    assertTrue(String.valueOf(e.getMessage()).contains("entry at byte 24"), e.getMessage());
    assertEquals(Fixture.FIRST, e.blockNr());
  }
}
