package org.pagewright.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pagewright.cli.Shell.ok;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

/// Images of tars: everything comes from the headers.
final class TarTest {
  @TempDir Path dir;

  private static TarArchiveEntry entry(String name, byte type, int mode, int uid, int gid) {
    TarArchiveEntry entry = new TarArchiveEntry(name, type);
    entry.setMode(mode);
    entry.setIds(uid, gid);
    entry.setUserName(uid == 1000 ? "alice" : "");
    entry.setLastModifiedTime(FileTime.from(Instant.parse("2033-05-06T07:08:09.123456700Z")));
    return entry;
  }

  private static void put(TarArchiveOutputStream tar, TarArchiveEntry entry, byte[] content)
      throws IOException {
    entry.setSize(content.length);
    tar.putArchiveEntry(entry);
    tar.write(content);
    tar.closeArchiveEntry();
  }

  private static TarArchiveOutputStream open(OutputStream out) {
    TarArchiveOutputStream tar = new TarArchiveOutputStream(out, "UTF-8");
    tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
    tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
    tar.setAddPaxHeadersForNonAsciiNames(true);
    return tar;
  }

  private void write(OutputStream out) throws IOException {
    byte[] nothing = {};
    try (TarArchiveOutputStream tar = open(out)) {
      put(tar, entry("./", TarConstants.LF_DIR, 0711, 1, 2), nothing);
      put(tar, entry("./d/", TarConstants.LF_DIR, 02750, 70_000, 3_000_000), nothing);
      TarArchiveEntry file = entry("./d/file", TarConstants.LF_NORMAL, 04755, 1000, 1001);
      file.addPaxHeader("SCHILY.xattr.user.comment", "hello");
      file.addPaxHeader(
          "SCHILY.acl.access", "user::rwx,user:alice:r--,group::r-x,mask::r-x,other::---");
      put(tar, file, "content".getBytes(StandardCharsets.UTF_8));
      String deep = "deep/er/\u00e4" + "x".repeat(150);
      put(tar, entry(deep, TarConstants.LF_NORMAL, 0600, 0, 0), new byte[200_000]);
      TarArchiveEntry link = entry("d/hard", TarConstants.LF_LINK, 0644, 0, 0);
      link.setLinkName("./d/file");
      put(tar, link, nothing);
      TarArchiveEntry symlink = entry("d/soft", TarConstants.LF_SYMLINK, 0777, 5, 6);
      symlink.setLinkName("../elsewhere");
      put(tar, symlink, nothing);
      TarArchiveEntry device = entry("d/null", TarConstants.LF_CHR, 0666, 0, 0);
      device.setDevMajor(1);
      device.setDevMinor(3);
      put(tar, device, nothing);
      put(tar, entry("d/pipe", TarConstants.LF_FIFO, 0600, 0, 0), nothing);
    }
  }

  private void check(Path image) throws IOException, InterruptedException {
    Shell.assertSound(image);
    String root = ok("stat", image + ":/").out();
    assertTrue(root.contains("mode: 0711") && root.contains("owner: 1:2"), root);
    String d = ok("stat", image + ":/d").out();
    assertTrue(d.contains("mode: 2750") && d.contains("owner: 70000:3000000"), d);
    assertTrue(d.contains("modify: 2033-05-06T07:08:09.123456700Z"), d);
    String file = ok("stat", image + ":/d/file").out();
    // The list says less to the group and to others than the header's mode, and was set after it.
    assertTrue(file.contains("mode: 4750") && file.contains("owner: 1000:1001"), file);
    assertTrue(file.contains("links: 2"), file);
    assertEquals("content", ok("cat", image + ":/d/hard").out());
    assertEquals("hello", ok("xattr", "get", image + ":/d/file", "user.comment").out());
    byte[] acl = ok("xattr", "get", image + ":/d/file", "system.posix_acl_access").bytes();
    assertEquals(4 + 5 * 8, acl.length);
    // Tag 2, a user; read; 1000, whose name the header of the same file tells.
    assertArrayEquals(
        new byte[] {2, 0, 4, 0, (byte) 0xe8, 3, 0, 0}, Arrays.copyOfRange(acl, 12, 20));
    String list = ok("ls", "-l", image + ":/d").out();
    assertTrue(list.contains("lrwxrwxrwx 1    5    6   12"), list);
    assertTrue(list.contains("soft -> ../elsewhere"), list);
    assertTrue(list.contains("crw-rw-rw-") && list.contains("1, 3"), list);
    String deep = ok("stat", image + ":/deep/er/\u00e4" + "x".repeat(150)).out();
    assertTrue(deep.contains("size: 200000 bytes in 0 on disk"), deep);
  }

  @Test
  void aTarBecomesAnImageWithAllThatItsHeadersSay() throws IOException, InterruptedException {
    Path tar = dir.resolve("tree.tar");
    try (OutputStream out = Files.newOutputStream(tar)) {
      write(out);
    }
    Path image = dir.resolve("tar.img");
    ok("build", "--from", tar, "-o", image);
    check(image);
  }

  @Test
  void aCopyHasTheRightsOfWhatWasCopiedAndNotOfWhereItCame() throws IOException {
    Path tar = dir.resolve("acl.tar");
    try (TarArchiveOutputStream out = new TarArchiveOutputStream(Files.newOutputStream(tar))) {
      TarArchiveEntry directory = entry("d/", TarConstants.LF_DIR, 0755, 0, 0);
      directory.addPaxHeader("SCHILY.acl.default", "user::rwx,group::---,other::---");
      put(out, directory, new byte[0]);
    }
    Path image = dir.resolve("acl.img");
    ok("build", "--from", tar, "-o", image, "--free", "1M");
    Path file = Files.writeString(dir.resolve("f"), "text");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-r--"));
    ok("cp", file, image + ":/d/inherits");
    ok("cp", "-a", file, image + ":/d/keeps");
    String list = ok("ls", "-l", image + ":/d").out();
    assertTrue(list.contains("-rw-------") && list.contains("-rw-rw-r--"), list);
    assertEquals("", ok("xattr", "list", image + ":/d/keeps").out());
  }

  /// What compresses to a file.
  private interface Compressor {
    OutputStream to(OutputStream file) throws IOException;
  }

  private Path compressed(String name, Compressor compressor) throws IOException {
    Path tar = dir.resolve(name);
    try (OutputStream out = compressor.to(Files.newOutputStream(tar))) {
      write(out);
    }
    return tar;
  }

  private Path xz() throws IOException {
    return compressed("tree.tar.xz", file -> new XZOutputStream(file, new LZMA2Options(1)));
  }

  private List<Path> compressed() throws IOException {
    return List.of(
        compressed("tree.tgz", GZIPOutputStream::new),
        compressed("tree.tar.bz2", BZip2CompressorOutputStream::new),
        xz());
  }

  @Test
  void aCompressedTarGivesTheSameImage() throws IOException, InterruptedException {
    Path plain = compressed("tree.tar", file -> file);
    Path same = dir.resolve("tar.img");
    ok("build", "--from", plain, "-o", same, "--time", "1700000000");
    for (Path tar : compressed()) {
      Path image = dir.resolve(tar.getFileName() + ".img");
      ok("build", "--from", tar, "-o", image, "--time", "1700000000");
      check2038(image);
      assertEquals(-1, Files.mismatch(image, same), image.toString());
    }
  }

  @Test
  void aTarThatTheProgramXzCompressedInManyBlocksIsRead() throws IOException, InterruptedException {
    Shell.assume(Shell.has("xz"), "no xz to compress with");
    Path plain = compressed("tree.tar", file -> file);
    assertEquals(0, Shell.tool("xz", "-9", "--block-size=65536", plain.toString()).code());
    Path image = dir.resolve("xz.img");
    ok("build", "--from", dir.resolve("tree.tar.xz"), "-o", image);
    check(image);
  }

  @Test
  void aCompressedTarThatWasCutOffIsRefusedWhereverItEnds() throws IOException {
    for (Path tar : compressed()) {
      byte[] bytes = Files.readAllBytes(tar);
      // In what begins it; in the middle; in the sums and the index behind the last of the tar.
      for (int length : new int[] {8, bytes.length / 2, bytes.length - 5, bytes.length - 1}) {
        Files.write(tar, Arrays.copyOf(bytes, length));
        String err = refused(tar);
        assertTrue(err.contains("no tar, or a damaged one"), tar + " of " + length + ": " + err);
        assertFalse(err.contains("null"), err);
      }
    }
  }

  @Test
  void anXzWithOneWrongBitIsRefused() throws IOException {
    Path tar = xz();
    byte[] bytes = Files.readAllBytes(tar);
    for (int at : new int[] {8, 14, bytes.length / 2, bytes.length - 40, bytes.length - 3}) {
      byte[] wrong = bytes.clone();
      wrong[at] ^= 1;
      Files.write(tar, wrong);
      String err = refused(tar);
      assertTrue(err.contains("no tar, or a damaged one"), at + ": " + err);
    }
  }

  @Test
  void anXzThatAsksForMoreMemoryThanItGetsIsRefusedWithWhatToDo() throws IOException {
    Path tar = xz();
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(tar)).order(ByteOrder.LITTLE_ENDIAN);
    // The header of the first block: its size, flags, LZMA2, one byte of properties: 256 MiB.
    assertArrayEquals(
        new byte[] {2, 0, 0x21, 1}, Arrays.copyOfRange(bytes.array(), 12, 16));
    bytes.put(16, (byte) 32);
    CRC32 sum = new CRC32();
    sum.update(bytes.array(), 12, 8);
    bytes.putInt(20, (int) sum.getValue());
    Files.write(tar, bytes.array());
    String err = refused(tar);
    assertTrue(err.contains("takes 257 MiB of memory, more than the 128 MiB"), err);
    assertTrue(err.contains("unpack it first: xz -dc " + tar), err);
  }

  /// A fixed time is the latest there is.
  private static void check2038(Path image) {
    String d = ok("stat", image + ":/d").out();
    assertTrue(d.contains("modify: 2023-11-14T22:13:20Z"), d);
  }

  private Path tarWith(String name, byte type, String linkName) throws IOException {
    Path tar = dir.resolve("odd.tar");
    try (TarArchiveOutputStream out = open(Files.newOutputStream(tar))) {
      TarArchiveEntry first = new TarArchiveEntry("link", TarConstants.LF_SYMLINK);
      first.setLinkName("/etc");
      put(out, first, new byte[0]);
      TarArchiveEntry entry = new TarArchiveEntry(name, type, true);
      if (type == TarConstants.LF_LINK) {
        entry.setLinkName(linkName);
      }
      put(out, entry, new byte[0]);
    }
    return tar;
  }

  private String refused(Path tar) throws IOException {
    Path image = dir.resolve("odd.img");
    Shell.Result result = Shell.run("build", "--from", tar, "-o", image);
    assertEquals(1, result.code(), result.err());
    assertTrue(!Files.exists(image));
    return result.err();
  }

  @Test
  void aTarThatLeadsOutOfItsTreeIsRefused() throws IOException {
    String err = refused(tarWith("a/../../b", TarConstants.LF_NORMAL, ""));
    assertTrue(err.contains("leads out of the tree"), err);
    err = refused(tarWith("link/passwd", TarConstants.LF_NORMAL, ""));
    assertTrue(err.contains("lies behind the symbolic link /link"), err);
    err = refused(tarWith("hard", TarConstants.LF_LINK, "nowhere"));
    assertTrue(err.contains("(ENOENT)"), err);
  }

  @Test
  void aTarThatWasCutOffIsRefused() throws IOException {
    Path tar = dir.resolve("tree.tar");
    try (OutputStream out = Files.newOutputStream(tar)) {
      write(out);
    }
    byte[] bytes = Files.readAllBytes(tar);
    Files.write(tar, Arrays.copyOf(bytes, 20_000));
    String err = refused(tar);
    assertTrue(err.contains("no tar, or a damaged one"), err);
    Files.writeString(tar, "hello ".repeat(2000));
    assertTrue(refused(tar).contains("no tar, or a damaged one"));
    Files.writeString(tar, "hello\n");
    assertTrue(refused(tar).contains("no tar, or a damaged one"));
    Files.write(tar, Arrays.copyOf(bytes, 700));
    assertTrue(refused(tar).contains("it ends at byte 700, in the middle of an entry"));
    Files.write(tar, new byte[] {'P', 'K', 3, 4});
    assertTrue(refused(tar).contains("no tar, or a damaged one"));
    Files.write(tar, new byte[] {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 0, 0, 0});
    err = refused(tar);
    assertTrue(err.contains("compressed with zstd"), err);
    assertTrue(err.contains("unpack it first: zstd -dc " + tar), err);
  }

  @Test
  void aTarWithOneWrongBitInAHeaderIsRefusedAndNotTakenForAShortOne() throws IOException {
    Path tar = tarWith("name", TarConstants.LF_NORMAL, "");
    byte[] bytes = Files.readAllBytes(tar);
    bytes[0] ^= 1;
    Files.write(tar, bytes);
    String err = refused(tar);
    assertTrue(err.contains("a header has a wrong checksum"), err);
  }

  @Test
  void aSparseFileOfManyRunsAndWhatFollowsItAreReadFromATarOfGnu()
      throws IOException, InterruptedException {
    Shell.assume(Shell.has("tar"), "no tar to make a sparse one with");
    Path tree = Files.createDirectory(dir.resolve("tree"));
    try (FileChannel file =
        FileChannel.open(
            tree.resolve("a"), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (int i = 0; i < 40; i++) {
        file.write(ByteBuffer.wrap("x".repeat(4096).getBytes(StandardCharsets.UTF_8)), i * 65_536L);
      }
    }
    Files.writeString(tree.resolve("b"), "behind it\n");
    Path tar = dir.resolve("sparse.tar");
    Shell.tool(
        "tar", "--format=gnu", "-S", "-C", tree.toString(), "-cf", tar.toString(), "a", "b");
    Path image = dir.resolve("sparse.img");
    ok("build", "--from", tar, "-o", image);
    assertEquals("behind it\n", ok("cat", image + ":/b").out());
    assertArrayEquals(Files.readAllBytes(tree.resolve("a")), ok("cat", image + ":/a").bytes());
  }
}
