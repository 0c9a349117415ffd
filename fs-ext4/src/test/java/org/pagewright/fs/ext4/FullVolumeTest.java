package org.pagewright.fs.ext4;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.FileTree;
import org.pagewright.fs.ext4.testing.RamImage;
import org.pagewright.sync.Lockdep;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.StatFs;
import org.pagewright.vfs.Volume;
import org.pagewright.vfs.XattrMode;

/// Goal: a full volume says ENOSPC and nothing else, keeps what it accepted, stays clean, and gives
/// every block and inode back.
@Timeout(120)
final class FullVolumeTest {
  private static final Ext4Options OPTIONS =
      Ext4Options.DEFAULTS.withMount(
          MountOptions.DEFAULTS.withAtime(MountOptions.Atime.NEVER));

  @TempDir Path folder;

  private RamImage image;
  private CacheMemory memory;
  private StatFs empty;

  private interface Body {
    void run(Volume volume) throws Exception;
  }

  private void onVolume(MkfsOptions options, long size, Body fill, Body clear) throws Exception {
    image = RamImage.of(size);
    memory = CacheMemory.ofBytes(2 << 20);
    try {
      Mkfs.make(image, options);
      FileTree full;
      try (Volume volume = Ext4.mount(image, memory, OPTIONS)) {
        empty = volume.statfs();
        fill.run(volume);
        assertTrue(Lockdep.holdsNothing());
        full = FileTree.of(volume);
      }
      E2fs.assertClean(image.save(folder.resolve("full.img")));
      try (Volume volume = Ext4.mount(image, memory, OPTIONS)) {
        FileTree.assertSame(full, FileTree.of(volume));
        clear.run(volume);
        volume.sync();
        assertEquals(empty.blocksFree(), volume.statfs().blocksFree(), "blocks");
        assertEquals(empty.filesFree(), volume.statfs().filesFree(), "inodes");
        Ext4FileSystem fs = (Ext4FileSystem) volume.superBlock().operations();
        assertEquals(0, fs.blocks().reservedBlocks(), "R-C7, R-C8: promises");
      }
      E2fs.assertClean(image.save(folder.resolve("empty.img")));
    } finally {
      memory.close();
      image.free();
    }
  }

  private static MkfsOptions options(String kind) throws FsException {
    String[] words = kind.split(" ");
    return new MkfsOptions()
        .type(words[0].equals("ext4") ? MkfsOptions.Type.EXT4 : MkfsOptions.Type.EXT2)
        .blockSize(Integer.parseInt(words[1]))
        .reservedPercent(0);
  }

  private interface Call {
    void run() throws FsException;
  }

  /// What each operation may say where there is no room: ENOSPC, or nothing.
  private static boolean refused(Call call) throws FsException {
    try {
      call.run();
      return false;
    } catch (FsException e) {
      if (e.errno() != Errno.ENOSPC) {
        throw e;
      }
      return true;
    } finally {
      assertTrue(Lockdep.holdsNothing());
    }
  }

  /// Appends until there is no room, in pieces that get smaller.
  private static long fill(Volume volume, String path, long seed) throws FsException {
    byte[] bytes = new byte[64 << 10];
    new Random(seed).nextBytes(bytes);
    long[] at = {0};
    try (OpenFile file = volume.open(path, OpenFlags.CREAT | OpenFlags.RDWR, 0600)) {
      for (int piece = bytes.length; piece >= 512; piece /= 2) {
        int length = piece;
        while (!refused(() -> at[0] += file.write(at[0], bytes, 0, length))) {
          assertTrue(at[0] < 1 << 30);
        }
      }
      file.fsync(false); // what was accepted has its place (R-C7)
    }
    return at[0];
  }

  @ParameterizedTest
  @ValueSource(strings = {"ext4 1024", "ext4 4096", "ext2 1024", "ext2 4096"})
  void aVolumeFullOfDataRefusesMoreAndGivesAllBack(String kind) throws Exception {
    onVolume(
        options(kind),
        6 << 20,
        volume -> {
          volume.mkdir("/dir", 0755);
          write(volume, "/dir/small", 100);
          for (int i = 0; i < 300; i++) {
            String path = "/dir/name-" + i;
            volume.open(path, OpenFlags.CREAT | OpenFlags.RDWR, 0600).close();
          }
          assertTrue(fill(volume, "/fill", 1) > 2 << 20);
          everyOperation(volume, 1);
          volume.sync();
          everyOperation(volume, 2);
        },
        FullVolumeTest::removeAll);
  }

  private static void write(Volume volume, String path, int length) throws FsException {
    try (OpenFile file = volume.open(path, OpenFlags.CREAT | OpenFlags.RDWR, 0600)) {
      file.write(0, new byte[length], 0, length);
    }
  }

  /// Each operation at the point where nothing is free: done, or refused as a whole.
  private static void everyOperation(Volume volume, int round) throws FsException {
    // What is kept back for the maps of files serves directories, too: use it up.
    boolean any = false;
    for (int i = 0; i < 500 && !any; i++) {
      String path = "/dir/sub-" + i;
      any = !volume.exists(path) && refused(() -> volume.mkdir(path, 0755));
    }
    refused(() -> volume.mkdir("/dir/sub", 0755));
    refused(() -> volume.symlink("x".repeat(300), "/dir/longlink"));
    refused(() -> volume.symlink("short", "/dir/link"));
    refused(() -> volume.setXattr("/dir/small", "user.big", new byte[700], XattrMode.SET, true));
    refused(() -> volume.link("/dir/small", "/dir/" + "h".repeat(200) + round));
    refused(() -> volume.rename("/dir/name-7" + round, "/dir/" + "r".repeat(250) + round));
    refused(() -> volume.rename("/dir/name-8" + round, "/dir/name-9" + round));
    refused(() -> write(volume, "/dir/new", 5000));
    refused(() -> volume.truncate("/dir/small", 1 << 20));
    refused(() -> volume.truncate("/dir/small", 50));
    for (int i = 0; i < 60; i++) {
      String name = "/dir/" + "n".repeat(200) + round + i;
      any |= refused(() -> volume.open(name, OpenFlags.CREAT | OpenFlags.RDWR, 0600).close());
    }
    try (OpenFile file = volume.open("/dir/small", OpenFlags.RDWR, 0)) {
      refused(() -> file.fallocate(0, 0, 1 << 20));
    } catch (FsException e) {
      assertEquals(Errno.EOPNOTSUPP, e.errno());
    }
    assertTrue(any, "the volume is not full: " + volume.statfs());
    for (String path : List.of("/dir/link", "/dir/longlink", "/dir/new")) {
      if (volume.list("/dir").stream().anyMatch(e -> path.endsWith("/" + e.name()))) {
        volume.unlink(path);
      }
    }
    if (volume.exists("/dir/sub")) {
      volume.rmdir("/dir/sub");
    }
  }

  private static void removeAll(Volume volume) throws FsException {
    for (String dir : volume.exists("/dir") ? List.of("/dir", "/") : List.of("/")) {
      for (var entry : volume.list(dir)) {
        String path = (dir.equals("/") ? "/" : dir + "/") + entry.name();
        if (path.equals("/lost+found")) {
          continue;
        }
        if (volume.lstat(path).isDirectory()) {
          volume.rmdir(path);
        } else {
          volume.unlink(path);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ext4 1024", "ext2 4096"})
  void aVolumeWithoutInodesRefusesNewFilesAndGivesAllBack(String kind) throws Exception {
    onVolume(
        options(kind).inodes(256),
        8 << 20,
        volume -> {
          volume.mkdir("/dir", 0755);
          List<String> made = new ArrayList<>();
          int i = 0;
          while (volume.statfs().filesFree() > 0) {
            String path = "/dir/f" + i++;
            assertTrue(!refused(() -> write(volume, path, 10)), path);
            made.add(path);
          }
          assertTrue(refused(() -> volume.mkdir("/dir/sub", 0755)));
          assertTrue(refused(() -> volume.symlink("x", "/dir/link")));
          assertTrue(refused(() -> write(volume, "/dir/more", 10)));
          assertTrue(
              refused(
                  () -> volume.open("/dir", OpenFlags.TMPFILE | OpenFlags.RDWR, 0600).close()));
          volume.unlink(made.getLast());
          assertTrue(!refused(() -> write(volume, made.getLast(), 10)), "one was given back");
          assertTrue(refused(() -> write(volume, "/dir/more", 10)));
        },
        FullVolumeTest::removeAll);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ext4 1024", "ext4 4096", "ext2 1024"})
  void whatIsOverwrittenInAFullVolumeIsNotRefused(String kind) throws Exception {
    onVolume(
        options(kind),
        6 << 20,
        volume -> {
          long size = fill(volume, "/fill", 2);
          byte[] bytes = new byte[100_000];
          new Random(3).nextBytes(bytes);
          try (OpenFile file = volume.open("/fill", OpenFlags.RDWR, 0)) {
            for (int round = 0; round < 10; round++) {
              long pos = (size - bytes.length) / 10 * round;
              assertEquals(bytes.length, file.write(pos, bytes, 0, bytes.length));
            }
            file.fsync(false);
            byte[] got = new byte[bytes.length];
            file.read((size - bytes.length) / 10 * 9, got, 0, got.length);
            assertArrayEquals(bytes, got);
          }
        },
        FullVolumeTest::removeAll);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ext4 1024", "ext4 4096", "ext2 1024"})
  void manyFilesThatShareTheLastBlocksKeepWhatTheyWereToldTheyHave(String kind) throws Exception {
    // Small scattered writes need blocks for the map as well as for data: those are not promised
    // one by one, and must be there nevertheless.
    onVolume(
        options(kind),
        6 << 20,
        volume -> {
          Random random = new Random(4);
          byte[] piece = new byte[1024];
          int refusals = 0;
          for (int i = 0; refusals < 50 && i < 60_000; i++) {
            String path = "/scattered" + random.nextInt(5);
            long pos = random.nextInt(1 << 16) * 4096L;
            if (refused(
                () -> {
                  try (OpenFile file =
                      volume.open(path, OpenFlags.CREAT | OpenFlags.RDWR, 0600)) {
                    file.write(pos, piece, 0, piece.length);
                  }
                })) {
              refusals++;
            }
          }
          assertEquals(50, refusals, "the volume is full");
          volume.sync();
          for (int i = 0; i < 5; i++) {
            volume.truncate("/scattered" + i, 1 << 20);
          }
        },
        FullVolumeTest::removeAll);
  }
}
