package org.pagewright.fs.ext4;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.FileTree;
import org.pagewright.fs.ext4.testing.KernelMount;
import org.pagewright.fs.ext4.testing.RamImage;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;
import org.pagewright.vfs.XattrMode;

/// Images that others made: filled by the kernel, read and changed by us, read by the kernel again;
/// and those that have what we do not handle, refused by name.
@Timeout(120)
final class ForeignImagesTest {
  private static final Ext4Options OPTIONS =
      Ext4Options.DEFAULTS.withMount(
          MountOptions.DEFAULTS.withAtime(MountOptions.Atime.NEVER));

  @TempDir Path folder;

  private Path image() {
    return folder.resolve("foreign.img");
  }

  private KernelMount kernel(boolean readOnly) throws IOException {
    Path root = folder.resolve("kernel");
    Files.createDirectories(root);
    return KernelMount.mount(image(), root, readOnly);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-t ext4",
        "-t ext4 -b 1024",
        "-t ext4 -b 2048 -O ^metadata_csum,uninit_bg",
        "-t ext4 -b 1024 -O ^flex_bg,^64bit -I 512",
        "-t ext4 -O orphan_file,metadata_csum_seed",
        "-t ext3 -b 1024",
        "-t ext2 -b 4096 -I 128",
      })
  void whatTheKernelWroteWeReadAndWhatWeChangeTheKernelReads(String options) throws Exception {
    E2fs.assumeTools("mke2fs", "e2fsck");
    E2fs.mke2fs(image(), "64M", options.split(" "));
    FileTree theirs;
    try (KernelMount mount = kernel(false)) {
      populate(mount.root(), !options.contains("ext3") && !options.contains("ext2"));
      E2fs.ok("sync", "-f", mount.root().toString());
    }
    try (KernelMount mount = kernel(true)) {
      theirs = FileTree.of(mount.root());
    }
    assertTrue(theirs.size() > 2000, "populated");
    RamImage ram = RamImage.load(image());
    FileTree ours;
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20)) {
      try (Volume volume =
          Ext4.mount(
              ram, memory, OPTIONS.withMount(OPTIONS.mount().withReadOnly(true)))) {
        FileTree.assertSame(theirs, FileTree.of(volume));
      }
      try (Volume volume = Ext4.mount(ram, memory, OPTIONS)) {
        FileTree.assertSame(theirs, FileTree.of(volume));
        change(volume);
        ours = FileTree.of(volume);
      }
    }
    ram.save(image());
    ram.free();
    E2fs.assertClean(image());
    try (KernelMount mount = kernel(true)) {
      FileTree.assertSame(ours, FileTree.of(mount.root()));
    }
  }

  private static void populate(Path root, boolean extents) throws IOException {
    Random random = new Random(5);
    Path deep = root;
    for (int i = 0; i < 40; i++) {
      deep = Files.createDirectory(deep.resolve("deep" + i));
    }
    Files.write(deep.resolve("bottom"), new byte[] {1, 2, 3});
    Path many = Files.createDirectory(root.resolve("many"));
    for (int i = 0; i < 2000; i++) {
      Files.createFile(many.resolve("file-with-quite-a-long-name-" + i));
    }
    byte[] bytes = new byte[300_000];
    random.nextBytes(bytes);
    Path plain = Files.write(root.resolve("plain"), bytes);
    Files.createLink(root.resolve("hard"), plain);
    Files.createSymbolicLink(root.resolve("short"), Path.of("plain"));
    Files.createSymbolicLink(root.resolve("long"), Path.of("deep0/" + "x".repeat(900)));
    try (RandomAccessFile file = new RandomAccessFile(root.resolve("sparse").toFile(), "rw")) {
      for (int i = 0; i < 60; i++) {
        file.seek(random.nextInt(40 << 20));
        file.write(bytes, 0, 5000);
      }
      file.setLength(41 << 20);
    }
    // Turn by turn, so that neither file lies together.
    try (RandomAccessFile a = new RandomAccessFile(root.resolve("turn-a").toFile(), "rw");
        RandomAccessFile b = new RandomAccessFile(root.resolve("turn-b").toFile(), "rw")) {
      for (int i = 0; i < 50; i++) {
        a.write(bytes, i * 4096, 4096);
        a.getFD().sync();
        b.write(bytes, i * 4096, 4096);
        b.getFD().sync();
      }
    }
    if (extents) {
      E2fs.ok("fallocate", "-l", "300000", root.resolve("allocated").toString());
      E2fs.ok("fallocate", "-n", "-l", "500000", plain.toString());
    }
    E2fs.ok("mkfifo", root.resolve("fifo").toString());
    E2fs.ok("mknod", root.resolve("null").toString(), "c", "1", "3");
    E2fs.ok("mknod", root.resolve("disk").toString(), "b", "259", "70000");
    for (int i = 0; i < 12; i++) {
      // The same attributes on several files share a block.
      Path file = Files.createFile(root.resolve("attr" + i));
      UserDefinedFileAttributeView view =
          Files.getFileAttributeView(file, UserDefinedFileAttributeView.class);
      view.write("shared", ByteBuffer.wrap(bytes, 0, 400));
      view.write("small", ByteBuffer.wrap(new byte[] {(byte) (i / 6)}));
    }
    Instant far = Instant.ofEpochSecond(5_000_000_000L, 123_456_789);
    Files.setLastModifiedTime(plain, FileTime.from(far));
    Files.setLastModifiedTime(
        root.resolve("attr1"), FileTime.from(Instant.ofEpochSecond(-1000, 5)));
    E2fs.ok("chown", "-h", "70000:80000", root.resolve("short").toString());
    E2fs.ok("chmod", "1751", many.toString());
  }

  private static void change(Volume volume) throws FsException {
    for (int i = 0; i < 2000; i += 3) {
      volume.unlink("/many/file-with-quite-a-long-name-" + i);
    }
    for (int i = 0; i < 300; i++) {
      volume
          .open("/many/ours-" + "o".repeat(i % 90) + i, OpenFlags.CREAT | OpenFlags.RDWR, 0604)
          .close();
    }
    byte[] bytes = new byte[70_000];
    new Random(6).nextBytes(bytes);
    for (String path : List.of("/plain", "/sparse", "/turn-a", "/attr3")) {
      try (OpenFile file = volume.open(path, OpenFlags.RDWR, 0)) {
        file.write(50_001, bytes, 0, bytes.length);
      }
    }
    volume.truncate("/turn-b", 33_333);
    volume.truncate("/sparse", 20 << 20);
    volume.setXattr("/attr4", "user.small", new byte[] {9}, XattrMode.REPLACE, true);
    volume.setXattr("/attr5", "user.more", new byte[] {9, 8}, XattrMode.CREATE, true);
    volume.removeXattr("/attr6", "user.shared", true);
    volume.unlink("/attr7");
    volume.unlink("/hard");
    volume.rename("/deep0/deep1", "/moved");
    volume.rename("/long", "/many/long");
    volume.mknod("/ours", 0020600, org.pagewright.vfs.DeviceNumber.of(300, 70_001));
  }

  @ParameterizedTest
  @CsvSource({
    "encrypt, -O encrypt",
    "casefold, -O casefold",
    "inline_data, -O inline_data",
    "ea_inode, -O ea_inode",
    "journal_dev, -O journal_dev",
  })
  void aFeatureThatWeCannotHandleIsRefusedByNameWithAdvice(String name, String options)
      throws Exception {
    E2fs.assumeTools("mke2fs");
    E2fs.mke2fs(image(), "32M", options.split(" "));
    refused(name, image(), false);
    refused(name, image(), true);
  }

  private static void refused(String name, Path image, boolean readOnly) throws IOException {
    RamImage ram = RamImage.load(image);
    byte[] before = ram.bytes(0, 1 << 20);
    try (CacheMemory memory = CacheMemory.ofBytes(1 << 20)) {
      FsException e =
          assertThrows(
              FsException.class,
              () ->
                  Ext4.mount(
                      ram, memory, OPTIONS.withMount(OPTIONS.mount().withReadOnly(readOnly))));
      assertTrue(e.getMessage().contains(name), e.getMessage());
      assertTrue(e.getMessage().contains("ram.img"), e.getMessage());
      assertTrue(e.errno() == Errno.EOPNOTSUPP || e.errno() == Errno.EROFS, e.toString());
      assertArrayEquals(before, ram.bytes(0, 1 << 20), "nothing is written");
    } finally {
      ram.free();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "bigalloc, '-O extents,bigalloc'",
    "quota, -O quota",
    "project, '-O quota,project'",
    "mmp, '-O mmp -E mmp_update_interval=1'",
    "verity, -O verity",
  })
  void aFeatureThatOnlyWritingNeedsLeavesTheVolumeReadable(String name, String options)
      throws Exception {
    E2fs.assumeTools("mke2fs", "debugfs");
    E2fs.mke2fs(image(), "32M", options.split(" "));
    Path host = Files.write(folder.resolve("host"), new byte[100_000]);
    E2fs.ok("debugfs", "-w", "-R", "write " + host + " hello", image().toString());
    refused(name, image(), false);
    RamImage ram = RamImage.load(image());
    byte[] before = ram.bytes(0, 1 << 20);
    try (CacheMemory memory = CacheMemory.ofBytes(1 << 20);
        Volume volume =
            Ext4.mount(ram, memory, OPTIONS.withMount(OPTIONS.mount().withReadOnly(true)))) {
      assertEquals(100_000, volume.stat("/hello").size());
      byte[] got = new byte[100_000];
      try (OpenFile file = volume.open("/hello", OpenFlags.RDONLY, 0)) {
        assertEquals(100_000, file.read(0, got, 0, got.length));
      }
      assertArrayEquals(new byte[100_000], got);
      FsException e = assertThrows(FsException.class, () -> volume.mkdir("/no", 0700));
      assertEquals(Errno.EROFS, e.errno());
    }
    assertArrayEquals(before, ram.bytes(0, 1 << 20), "nothing is written");
    ram.free();
  }
}
