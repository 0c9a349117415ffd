package org.pagewright.fs.ext4;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.FileTree;
import org.pagewright.fs.ext4.testing.RamImage;
import org.pagewright.sim.device.FaultyBlockDevice;
import org.pagewright.sim.device.FaultyBlockDevice.Kind;
import org.pagewright.sync.Lockdep;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.DirEntry;
import org.pagewright.vfs.FallocateMode;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;
import org.pagewright.vfs.XattrMode;

/// Goal: one failed request of the device, wherever it falls, is told or made good, and leaves
/// nothing behind.
///
/// Method: for each operation the n-th read, write or flush fails with EIO, for n = 1, 2, 3 ...
/// until the operation makes fewer. After each: no lock is held, only an error of the file system
/// came out, and, the device being well again, a sync and closing bring an image that e2fsck finds
/// clean, that shows after opening what was shown before closing, and that counts no block or inode
/// as lost.
///
/// A journal stops at a flush that failed, because nobody knows which writes before it are on the
/// device: then every later call ends with EIO, and the image is sound after its recovery.
@Timeout(120)
final class FailedRequestTest {
  private static final int REQUESTS_MAX = 400;

  @TempDir Path folder;

  private interface Operation {
    void run(Volume volume) throws FsException;
  }

  private static byte[] ones(int length) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) 1);
    return bytes;
  }

  private static void write(Volume volume, String path, int length, boolean sync)
      throws FsException {
    try (OpenFile file = volume.open(path, OpenFlags.CREAT | OpenFlags.RDWR, 0644)) {
      byte[] bytes = ones(length);
      int done = 0;
      while (done < length) {
        done += file.write(done, bytes, done, length - done);
      }
      if (sync) {
        file.fsync(false);
      }
    }
  }

  private static final Map<String, Operation> OPERATIONS = new TreeMap<>();

  static {
    OPERATIONS.put(
        "create",
        v -> v.open("/d/new", OpenFlags.CREAT | OpenFlags.EXCL | OpenFlags.RDWR, 0600).close());
    OPERATIONS.put("write and fsync", v -> write(v, "/d/new", 150_000, true));
    OPERATIONS.put("overwrite and fsync", v -> write(v, "/d/large", 50_000, true));
    OPERATIONS.put("truncate", v -> v.truncate("/d/large", 70_001));
    OPERATIONS.put("truncate a fragmented file", v -> v.truncate("/d/holes", 3001));
    OPERATIONS.put("extend", v -> v.truncate("/d/small", 1 << 20));
    OPERATIONS.put("rename", v -> v.rename("/d/small", "/d/sub/moved"));
    OPERATIONS.put("rename over", v -> v.rename("/d/small", "/d/large"));
    OPERATIONS.put("rename a directory", v -> v.rename("/d/sub", "/moved"));
    OPERATIONS.put("exchange", v -> v.rename("/d/sub", "/d/many/entry-3", 2));
    OPERATIONS.put("unlink", v -> v.unlink("/d/large"));
    OPERATIONS.put("unlink a fragmented file", v -> v.unlink("/d/holes"));
    OPERATIONS.put("unlink a hard link", v -> v.unlink("/d/hard"));
    OPERATIONS.put("mkdir", v -> v.mkdir("/d/newdir", 0755));
    OPERATIONS.put("rmdir", v -> v.rmdir("/d/sub"));
    OPERATIONS.put("link", v -> v.link("/d/small", "/d/many/link"));
    OPERATIONS.put("symlink", v -> v.symlink("short", "/d/sym"));
    OPERATIONS.put("long symlink", v -> v.symlink("x".repeat(300), "/d/sym"));
    OPERATIONS.put(
        "setxattr", v -> v.setXattr("/d/small", "user.a", ones(20), XattrMode.SET, true));
    OPERATIONS.put(
        "large setxattr", v -> v.setXattr("/d/small", "user.b", ones(700), XattrMode.SET, true));
    OPERATIONS.put("removexattr", v -> v.removeXattr("/d/large", "user.big", true));
    OPERATIONS.put(
        "fallocate",
        v -> {
          try (OpenFile file = v.open("/d/small", OpenFlags.RDWR, 0)) {
            file.fallocate(0, 5000, 400_000);
          }
        });
    OPERATIONS.put(
        "punch",
        v -> {
          try (OpenFile file = v.open("/d/large", OpenFlags.RDWR, 0)) {
            file.fallocate(
                FallocateMode.PUNCH_HOLE | FallocateMode.KEEP_SIZE, 10_001, 100_000);
          }
        });
    OPERATIONS.put("readdir", v -> v.list("/d/many"));
    OPERATIONS.put("lookup", v -> v.stat("/d/many/entry-77"));
    OPERATIONS.put(
        "read",
        v -> {
          try (OpenFile file = v.open("/d/large", OpenFlags.RDONLY, 0)) {
            byte[] bytes = new byte[200_000];
            int n;
            long pos = 0;
            while ((n = file.read(pos, bytes, 0, bytes.length)) > 0) {
              pos += n;
            }
          }
        });
    OPERATIONS.put("chmod and sync", v -> {
      v.chmod("/d/small", 0600);
      v.sync();
    });
    OPERATIONS.put(
        "add to a directory until it grows",
        v -> {
          for (int i = 0; i < 40; i++) {
            String name = "/d/many/" + "grown".repeat(10) + i;
            v.open(name, OpenFlags.CREAT | OpenFlags.RDWR, 0600).close();
          }
        });
    OPERATIONS.put(
        "tmpfile",
        v -> {
          try (OpenFile file = v.open("/d", OpenFlags.TMPFILE | OpenFlags.RDWR, 0600)) {
            file.write(0, ones(9000), 0, 9000);
            v.link(file, "/d/kept");
          }
        });
  }

  static Stream<Arguments> operations() {
    return OPERATIONS.keySet().stream()
        .flatMap(
            name ->
                Stream.of("ext4 1024", "ext2 1024", "ext4 4096")
                    .filter(kind -> !(name.equals("fallocate") && kind.startsWith("ext2")))
                    .map(kind -> Arguments.of(name, kind)));
  }

  private static final Map<String, RamImage> PREPARED = new TreeMap<>();

  /// An image with something in it, made once for each kind.
  private static RamImage prepared(String kind) throws FsException {
    RamImage image = PREPARED.get(kind);
    if (image != null) {
      return image;
    }
    image = RamImage.of(12 << 20);
    String[] words = kind.split(" ");
    Mkfs.make(
        image,
        new MkfsOptions()
            .type(words[0].equals("ext4") ? MkfsOptions.Type.EXT4 : MkfsOptions.Type.EXT2)
            .blockSize(Integer.parseInt(words[1])));
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20)) {
      try (Volume v = Ext4.mount(image, memory, Ext4Options.DEFAULTS)) {
        v.mkdir("/d", 0755);
        v.mkdir("/d/sub", 0755);
        v.mkdir("/d/many", 0755);
        for (int i = 0; i < 120; i++) {
          v.open("/d/many/entry-" + i, OpenFlags.CREAT | OpenFlags.RDWR, 0600).close();
        }
        write(v, "/d/small", 3000, false);
        write(v, "/d/large", 400_000, false);
        v.link("/d/small", "/d/hard");
        v.setXattr("/d/large", "user.big", ones(600), XattrMode.SET, true);
        try (OpenFile file = v.open("/d/holes", OpenFlags.CREAT | OpenFlags.RDWR, 0600)) {
          for (int i = 0; i < 60; i++) {
            file.write(i * 8192L, ones(1024), 0, 1024);
          }
        }
      }
    }
    PREPARED.put(kind, image);
    return image;
  }

  @ParameterizedTest
  @MethodSource("operations")
  void aFailedRequestIsToldOrMadeGood(String name, String kind) throws Exception {
    E2fs.assumeTools("e2fsck");
    Operation operation = OPERATIONS.get(name);
    for (Kind request : Kind.values()) {
      long n = 1;
      // Each request of the operation fails once; then it makes fewer than n.
      while (failNth(kind, operation, request, n, name)) {
        assertTrue(++n < REQUESTS_MAX, name + " makes too many requests");
      }
    }
  }

  private boolean failNth(String kind, Operation operation, Kind request, long n, String name)
      throws Exception {
    String at = name + " on " + kind + ", " + request + " " + n;
    RamImage image = prepared(kind).copy();
    FaultyBlockDevice device = new FaultyBlockDevice(image);
    Ext4Options options =
        Ext4Options.DEFAULTS.withMount(
            MountOptions.DEFAULTS.withAtime(MountOptions.Atime.NEVER));
    CacheMemory memory = CacheMemory.ofBytes(4 << 20);
    try {
      Volume volume = Ext4.mount(device, memory, options);
      device.reset();
      device.failNth(request, n, Errno.EIO);
      try {
        operation.run(volume);
      } catch (FsException e) {
        assertEquals(Errno.EIO, e.errno(), at);
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError(at, e);
      }
      assertTrue(Lockdep.holdsNothing(), at);
      final boolean failed = device.faults() > 0;
      device.heal();
      if (volume.superBlock().isShutDown()) {
        assertTrue(request == Kind.FLUSH && failed, at + ": the journal has stopped");
        assertEquals(
            Errno.EIO, assertThrows(FsException.class, volume::sync, at).errno(), at);
        volume.superBlock().close(true);
        try (Volume again = Ext4.mount(image, memory, options)) {
          emptyAndCount(again, kind);
        }
        E2fs.assertClean(image.save(folder.resolve("image")));
        memory.close();
        return true;
      }
      FileTree before;
      try {
        volume.sync();
        before = FileTree.of(volume);
      } catch (FsException e) {
        throw new AssertionError(at + ": the device is well again", e);
      }
      volume.close();
      E2fs.assertClean(image.save(folder.resolve("image")));
      try (Volume again = Ext4.mount(image, memory, options)) {
        FileTree.assertSame(before, FileTree.of(again));
        emptyAndCount(again, kind);
      }
      memory.close();
      return failed;
    } catch (AssertionError e) {
      throw new AssertionError(at + ": " + e.getMessage(), e);
    } finally {
      image.free();
    }
  }

  /// Removes everything: then as much is free as was when nothing had been made.
  private static void emptyAndCount(Volume volume, String kind) throws FsException {
    remove(volume, "/", List.of("lost+found"));
    volume.sync();
    assertEquals(
        freshly(kind), volume.statfs().blocksFree() + " blocks, " + volume.statfs().filesFree());
  }

  private static final Map<String, String> FRESH = new TreeMap<>();

  private static String freshly(String kind) throws FsException {
    String known = FRESH.get(kind);
    if (known == null) {
      RamImage image = prepared(kind).copy();
      try (CacheMemory memory = CacheMemory.ofBytes(4 << 20);
          Volume volume = Ext4.mount(image, memory, Ext4Options.DEFAULTS)) {
        remove(volume, "/", List.of("lost+found"));
        volume.sync();
        known = volume.statfs().blocksFree() + " blocks, " + volume.statfs().filesFree();
        FRESH.put(kind, known);
      } finally {
        image.free();
      }
    }
    return known;
  }

  private static void remove(Volume volume, String dir, List<String> but) throws FsException {
    for (DirEntry entry : volume.list(dir)) {
      String name = entry.name().toString();
      String path = dir.equals("/") ? "/" + name : dir + "/" + name;
      if (but.contains(name)) {
        continue;
      }
      if (volume.lstat(path).isDirectory()) {
        remove(volume, path, List.of());
        volume.rmdir(path);
      } else {
        volume.unlink(path);
      }
    }
  }
}
