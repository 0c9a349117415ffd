package org.pagewright.fs.ext4.map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.journal.Handle;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.Ext4Volume;

/// Goal: files that change at the same time share nothing but the free blocks, and who only looks
/// never sees what is not so.
final class BlockMapperThreadsTest {
  private static final int THREADS = 4;

  @TempDir Path dir;

  private interface Work {
    void run() throws IOException;
  }

  private static void together(List<Work> works) throws InterruptedException {
    List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    List<Thread> threads = new ArrayList<>();
    for (Work work : works) {
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      work.run();
                    } catch (IOException | AssertionError e) {
                      failures.add(e);
                    }
                  }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(List.of(), failures);
  }

  @ParameterizedTest
  @ValueSource(strings = {"-t ext4 -b 1024 -O ^has_journal", "-t ext2 -b 1024"})
  void filesThatChangeAtOnceNeverShareABlock(String options) throws Exception {
    E2fs.assumeTools("mke2fs", "debugfs", "e2fsck");
    Path image = dir.resolve("image");
    // Small, so that space runs out and what is set aside is taken from each other.
    try (Ext4Volume volume = Ext4Volume.make(image, "10M", THREADS, options.split(" "))) {
      long free = volume.blocks.freeBlocks();
      List<MapModel> files = new ArrayList<>();
      List<Work> works = new ArrayList<>();
      for (int t = 0; t < THREADS; t++) {
        MapModel file = new MapModel(volume, Ext4Volume.inodeOf(image, "f" + t));
        files.add(file);
        long seed = 100 + t;
        System.out.println("seed " + seed);
        works.add(() -> change(file, new Random(seed)));
      }
      works.add(
          () -> {
            for (int i = 0; i < 30; i++) {
              volume.journal.commit();
            }
          });
      together(works);
      Set<Long> used = new HashSet<>();
      long blocks = 0;
      for (MapModel file : files) {
        file.punchDelayed();
        file.check();
        for (MapModel.Place place : file.blocks.values()) {
          assertTrue(used.add(place.blockNr()), () -> "shared: " + place);
        }
        file.closeFile();
        blocks += file.inode.blockCount();
      }
      assertEquals(0, volume.blocks.reservedBlocks());
      assertEquals(free, volume.blocks.freeBlocks() + blocks);
      volume.sync();
      E2fs.assertClean(image);
    }
  }

  private static void change(MapModel file, Random random) throws IOException {
    for (int round = 0; round < 1500; round++) {
      long at = random.nextInt(4000);
      int count = 1 + random.nextInt(60);
      try {
        switch (random.nextInt(6)) {
          case 0, 1 -> file.allocate(at, count, random.nextBoolean());
          case 2, 3 -> file.reserve(at, count);
          case 4 -> file.convert(at, count, false);
          default -> file.punch(at, at + 3 * count);
        }
      } catch (FsException e) {
        assertEquals(Errno.ENOSPC, e.errno());
        file.punch(at, at + 1000);
      }
    }
  }

  @Test
  void whoLooksWhileOthersChangeSeesWhatWasOrWhatIs() throws Exception {
    // R-C10: an answer whose cookie is still valid is the truth
    E2fs.assumeTools("mke2fs", "debugfs", "e2fsck");
    Path image = dir.resolve("image");
    try (Ext4Volume volume =
        Ext4Volume.make(image, "24M", 1, "-t", "ext4", "-b", "1024", "-O", "^has_journal")) {
      BlockMapper mapper = volume.inode(Ext4Volume.inodeOf(image, "f0")).mapper();
      AtomicBoolean done = new AtomicBoolean();
      List<Work> works = new ArrayList<>();
      works.add(
          () -> {
            Mapping out = new Mapping();
            Random random = new Random(1);
            try {
              for (int i = 0; i < 4000; i++) {
                // Even blocks are unwritten or holes, odd ones written or holes.
                long at = random.nextInt(800);
                try (Handle handle = volume.journal.start(mapper.allocateCredits())) {
                  mapper.allocate(handle, at, 1, BlockMapper.GOAL_AUTO, at % 2 == 0, 0, out);
                }
                if (i % 9 == 0) {
                  try (Handle handle = volume.journal.start(mapper.stepCredits())) {
                    mapper.punch(handle, at, at + 40);
                  }
                }
              }
            } finally {
              done.set(true);
            }
          });
      for (int t = 0; t < 2; t++) {
        long seed = t;
        works.add(
            () -> {
              Mapping out = new Mapping();
              Random random = new Random(seed);
              while (!done.get()) {
                long at = random.nextInt(800);
                mapper.lookup(at, 1, out);
                boolean even = at % 2 == 0;
                assertTrue(
                    out.state() == Mapping.State.HOLE
                        || out.state() == (even ? Mapping.State.UNWRITTEN : Mapping.State.MAPPED),
                    () -> "block " + at + ": " + out);
              }
            });
      }
      together(works);
      assertTrue(mapper.checkInvariants());
    }
  }
}
