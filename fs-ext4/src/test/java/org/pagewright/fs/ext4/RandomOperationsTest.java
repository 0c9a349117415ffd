package org.pagewright.fs.ext4;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.FileTree;
import org.pagewright.fs.ext4.testing.KernelMount;
import org.pagewright.fs.ext4.testing.ManualClock;
import org.pagewright.fs.ext4.testing.RamImage;
import org.pagewright.fs.ext4.testing.RandomFiles;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.Volume;

/// Goal: whatever is done to a volume, it shows what a plain model shows, and so do e2fsck and the
/// kernel after it is closed.
///
/// Method: random operations on images of every kind, made by mke2fs and by us, with a cache much
/// smaller than the files. A failing list of operations is cut down by leaving out halves, quarters
/// and so on; seed and remaining list are printed. `-Dpagewright.seed=N` runs that seed alone,
/// `-Dpagewright.rounds=N` more rounds.
final class RandomOperationsTest {
  private static final int OPERATIONS = 400;
  private static final int SHRINKS_MAX = 120;

  @TempDir Path folder;

  private final long seed = Long.getLong("pagewright.seed", 20_26_11L);
  private final int rounds = Integer.getInteger("pagewright.rounds", 1);

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-t ext4",
        "-t ext4 -b 1024",
        "-t ext4 -b 2048",
        "-t ext3 -b 1024",
        "-t ext3",
        "-t ext2 -b 1024",
        "-t ext2 -b 2048 -I 128",
        "-t ext4 -O ^metadata_csum",
        "-t ext4 -O ^metadata_csum,uninit_bg -b 1024",
        "-t ext4 -O ^flex_bg -b 1024",
        "-t ext4 -O ^64bit",
        "-t ext4 -O ^extents,^64bit -b 1024",
        "-t ext4 -O ^dir_index -b 1024",
        "-t ext4 -I 512 -b 1024",
        "-t ext4 -I 1024",
        "-t ext4 -I 128",
        "-t ext4 -O ^filetype -b 1024",
        "-t ext4 -O meta_bg,^resize_inode -b 1024",
        "-t ext4 -O sparse_super2,^resize_inode -b 1024",
        "-t ext4 -O metadata_csum_seed",
        "-t ext4 -O orphan_file",
        "-t ext4 -O large_dir -b 1024",
        "-t ext4 -O ^has_journal",
        "-t ext4 -G 4 -g 2048 -b 1024",
      })
  void imagesOfMke2fsHoldWhatTheModelHolds(String options) throws Exception {
    Path image = folder.resolve("made.img");
    List<String> words = new ArrayList<>(List.of(options.split(" ")));
    E2fs.assumeTools("mke2fs", "e2fsck");
    E2fs.mke2fs(image, "48M", words.toArray(String[]::new));
    RamImage made = RamImage.load(image);
    try {
      prove(options, made);
    } finally {
      made.free();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ext4 4096", "ext4 1024", "ext4 2048", "ext3 1024", "ext2 4096"})
  void imagesOfOurOwnHoldWhatTheModelHolds(String kind) throws Exception {
    String[] words = kind.split(" ");
    MkfsOptions options =
        new MkfsOptions()
            .type(MkfsOptions.Type.valueOf(words[0].toUpperCase(java.util.Locale.ROOT)))
            .blockSize(Integer.parseInt(words[1]));
    RamImage made = RamImage.of(48 << 20);
    try {
      Mkfs.make(made, options);
      prove(kind, made);
    } finally {
      made.free();
    }
  }

  @Test
  void aTreeOfTheModelDiffersFromAnother() throws Exception {
    // The comparison itself: a changed byte, mode or name is seen.
    RamImage made = RamImage.of(16 << 20);
    try (CacheMemory memory = CacheMemory.ofBytes(8 << 20)) {
      Mkfs.make(made, new MkfsOptions());
      try (Volume volume = Ext4.mount(made, memory, Ext4Options.DEFAULTS)) {
        FileTree before = FileTree.of(volume);
        volume.chmod("/", 0700);
        FileTree after = FileTree.of(volume);
        try {
          FileTree.assertSame(before, after);
        } catch (AssertionError e) {
          org.junit.jupiter.api.Assertions.assertTrue(e.getMessage().contains("mode"));
          return;
        }
        org.junit.jupiter.api.Assertions.fail("a changed mode was not seen");
      }
    } finally {
      made.free();
    }
  }

  private void prove(String kind, RamImage made) throws Exception {
    for (int round = 0; round < rounds; round++) {
      long mine = Long.getLong("pagewright.seed") != null ? seed : seed + round + kind.hashCode();
      List<RandomFiles.Op> ops = RandomFiles.operations(mine, OPERATIONS);
      Throwable failure = attempt(made, ops);
      if (failure == null) {
        continue;
      }
      System.out.println("failed: " + kind + ", -Dpagewright.seed=" + mine + ": " + failure);
      List<RandomFiles.Op> few = shrink(made, ops);
      List<String> log = new ArrayList<>();
      Throwable last = attempt(made, few, log);
      throw new AssertionError(
          kind + ", -Dpagewright.seed=" + mine + ", " + few.size() + " operations are enough:\n"
              + String.join("\n", log),
          last == null ? failure : last);
    }
  }

  /// Leaves out parts, from halves to single operations, as long as it fails still.
  private List<RandomFiles.Op> shrink(RamImage made, List<RandomFiles.Op> ops) throws Exception {
    List<RandomFiles.Op> few = ops;
    int tries = 0;
    for (int part = Math.max(1, few.size() / 2); part >= 1; part /= 2) {
      for (int from = 0; from < few.size() && tries < SHRINKS_MAX; ) {
        List<RandomFiles.Op> less = new ArrayList<>(few.subList(0, from));
        less.addAll(few.subList(Math.min(few.size(), from + part), few.size()));
        tries++;
        if (attempt(made, less) != null) {
          few = less;
        } else {
          from += part;
        }
      }
    }
    return few;
  }

  private Throwable attempt(RamImage made, List<RandomFiles.Op> ops) throws Exception {
    return attempt(made, ops, new ArrayList<>());
  }

  private Throwable attempt(RamImage made, List<RandomFiles.Op> ops, List<String> log)
      throws Exception {
    RamImage image = made.copy();
    CacheMemory memory = CacheMemory.ofBytes(Long.getLong("pagewright.cache", 2 << 20));
    ManualClock clock = new ManualClock();
    Ext4Options options =
        Ext4Options.DEFAULTS.withMount(
            MountOptions.DEFAULTS
                .withClock(clock)
                .withAtime(MountOptions.Atime.NEVER)
                .withCaches(20, 40));
    RandomFiles run = null;
    try {
      run =
          new RandomFiles(
              old -> {
                if (old != null) {
                  old.close();
                }
                return Ext4.mount(image, memory, options);
              },
              clock);
      for (RandomFiles.Op op : ops) {
        run.run(op);
      }
      FileTree model = run.root().tree();
      FileTree.assertSame(model, FileTree.of(run.volume()));
      run.volume().close();
      judge(model, image);
      memory.close();
      return null;
    } catch (FsException | AssertionError e) {
      if (run != null) {
        log.addAll(run.log());
        run.volume().superBlock().shutdown("test failed", e);
      }
      return e;
    } finally {
      image.free();
    }
  }

  private void judge(FileTree model, RamImage image) throws IOException {
    Path file = image.save(folder.resolve("judged.img"));
    E2fs.assertClean(file);
    if (!KernelMount.missing()) {
      Path root = folder.resolve("kernel");
      Files.createDirectories(root);
      try (KernelMount mount = KernelMount.mount(file, root, true)) {
        FileTree.assertSame(model, FileTree.of(mount.root()));
      } catch (org.opentest4j.TestAbortedException e) {
        System.out.println("the kernel's view is not compared: " + e.getMessage());
      }
    }
  }
}
