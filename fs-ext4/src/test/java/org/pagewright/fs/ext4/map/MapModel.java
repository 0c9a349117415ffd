package org.pagewright.fs.ext4.map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.journal.Handle;
import org.pagewright.fs.ext4.map.Mapping.State;
import org.pagewright.fs.ext4.testing.Ext4Volume;

/// A file's mapping as a plain map from block to place, done to in step with a mapper.
final class MapModel {
  /// Where a block is; for a delayed one nowhere.
  record Place(State state, long blockNr) {}

  final TreeMap<Long, Place> blocks = new TreeMap<>();
  final Ext4Volume volume;
  final Ext4Volume.Inode inode;
  BlockMapper mapper;
  private final Mapping out = new Mapping();

  MapModel(Ext4Volume volume, long ino) throws FsException {
    this.volume = volume;
    this.inode = volume.inode(ino);
    this.mapper = inode.mapper();
  }

  /// Forgets what the mapper remembers, as after an eviction. Nothing may be delayed.
  void reopen() throws FsException {
    mapper = inode.mapper();
  }

  void allocate(long logical, int count, boolean unwritten) throws FsException {
    try (Handle handle = volume.journal.start(mapper.allocateCredits())) {
      mapper.allocate(handle, logical, count, BlockMapper.GOAL_AUTO, unwritten, 0, out);
    }
    State wanted = unwritten && mapper.supportsUnwritten() ? State.UNWRITTEN : State.MAPPED;
    assertEquals(logical, out.logical());
    assertTrue(out.count() >= 1 && out.count() <= count, () -> out.toString());
    for (long i = 0; i < out.count(); i++) {
      Place place = new Place(out.state(), out.blockNr() + i);
      Place was = blocks.put(logical + i, place);
      if (was != null && was.state() != State.DELALLOC) {
        assertEquals(was, place, "allocated before");
      } else {
        assertEquals(wanted, out.state());
        assertTrue(out.isNew());
      }
    }
  }

  void reserve(long logical, int count) throws FsException {
    mapper.reserve(logical, count, 0, out);
    for (long i = 0; i < out.count(); i++) {
      Place was = blocks.get(logical + i);
      if (was == null) {
        assertEquals(State.DELALLOC, out.state());
        blocks.put(logical + i, new Place(State.DELALLOC, -1));
      } else {
        assertEquals(was.state(), out.state());
      }
    }
  }

  void convert(long logical, long count, boolean toUnwritten) throws FsException {
    try (Handle handle = volume.journal.start(mapper.stepCredits())) {
      if (toUnwritten) {
        mapper.markUnwritten(handle, logical, count);
      } else {
        mapper.convertUnwritten(handle, logical, count);
      }
    }
    State to = toUnwritten ? State.UNWRITTEN : State.MAPPED;
    blocks
        .subMap(logical, logical + count)
        .replaceAll((k, p) -> p.state() == State.DELALLOC ? p : new Place(to, p.blockNr()));
  }

  void punch(long from, long end) throws FsException {
    try (Handle handle = volume.journal.start(mapper.stepCredits())) {
      mapper.punch(handle, from, end);
    }
    blocks.subMap(from, end).clear();
  }

  void collapse(long from, long end) throws FsException {
    try (Handle handle = volume.journal.start(mapper.stepCredits())) {
      mapper.collapse(handle, from, end);
    }
    blocks.subMap(from, end).clear();
    move(end, from - end);
  }

  void insert(long at, long count) throws FsException {
    try (Handle handle = volume.journal.start(mapper.stepCredits())) {
      mapper.insert(handle, at, count);
    }
    move(at, count);
  }

  private void move(long from, long by) {
    TreeMap<Long, Place> behind = new TreeMap<>(blocks.tailMap(from));
    blocks.tailMap(from).clear();
    behind.forEach((k, p) -> blocks.put(k + by, p));
  }

  /// Gives every promise back.
  void punchDelayed() {
    long n = blocks.values().stream().filter(p -> p.state() == State.DELALLOC).count();
    assertEquals(n, mapper.punchDelayed(0, Long.MAX_VALUE));
    blocks.values().removeIf(p -> p.state() == State.DELALLOC);
  }

  /// Every block, and the holes between, looked up; no block used twice; counts right.
  void check() throws FsException {
    assert mapper.checkInvariants();
    Set<Long> used = new HashSet<>();
    long delayed = 0;
    long at = 0;
    while (at < mapper.maxBlocks()) {
      mapper.lookup(at, Long.MAX_VALUE, out);
      assertEquals(at, out.logical());
      long next = at + out.count();
      if (out.state() == State.HOLE) {
        Long first = blocks.ceilingKey(at);
        assertTrue(first == null || first >= next, () -> out + ", but the model has " + first);
      } else {
        for (long i = at; i < next; i++) {
          long nr = out.isAllocated() ? out.blockNr() + (i - at) : -1;
          assertEquals(new Place(out.state(), nr), blocks.get(i), "block " + i);
          if (nr >= 0) {
            assertTrue(used.add(nr), () -> "block used twice: " + out);
          } else {
            delayed++;
          }
        }
      }
      at = next;
    }
    assertEquals(delayed, mapper.delayedBlocks());
    assertEquals(blocks.size(), used.size() + delayed);
    for (long nr : used) {
      assertTrue(volume.blocks.isAllocated(nr, 1), () -> nr + " is in use but free");
    }
  }

  /// {@return runs that lie together, as extents would have it}
  int runs() {
    int n = 0;
    Map.Entry<Long, Place> last = null;
    for (Map.Entry<Long, Place> e : blocks.entrySet()) {
      if (last == null
          || last.getKey() + 1 != e.getKey()
          || last.getValue().blockNr() + 1 != e.getValue().blockNr()
          || last.getValue().state() != e.getValue().state()) {
        n++;
      }
      last = e;
    }
    return n;
  }

  /// Writes the inode so that the last block is inside the file.
  void closeFile() throws FsException {
    mapper.discardReserve();
    long size = blocks.isEmpty() ? 0 : (blocks.lastKey() + 1) * volume.geometry.blockSize();
    inode.resize(size);
  }
}
