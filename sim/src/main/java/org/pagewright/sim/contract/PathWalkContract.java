package org.pagewright.sim.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.pagewright.sim.contract.VolumeContract.assertErrno;

import java.io.IOException;
import org.pagewright.errno.Errno;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// How a path leads to an inode, case by case.
final class PathWalkContract extends Suite {
  PathWalkContract(VolumeFixture fixture, Volume[] holder) {
    super(fixture, holder);
  }

  /// The tree that the table below walks in.
  private void tree() throws IOException {
    dir("/dir");
    dir("/dir/sub");
    file("/dir/sub/file");
    file("/file");
    volume().symlink("dir/sub", "/link");
    volume().symlink("/dir", "/abs");
    volume().symlink("nowhere", "/dangling");
    volume().symlink("loop", "/loop");
    volume().symlink("b", "/a");
    volume().symlink("a", "/b");
    volume().symlink("file", "/flink");
    volume().symlink("dir/", "/slashed");
    volume().symlink("../../file", "/dir/sub/up");
    volume().symlink("//dir///sub//", "/messy");
    volume().symlink(".", "/self");
    volume().symlink("/", "/top");
  }

  /// Path, then what `stat` of it is the same as, or an error; then the same for `lstat` if it
  /// differs.
  private static final String STAT =
      """
      /                       /
      //                      /
      .                       /
      ..                      /
      /..                     /
      /../..                  /
      /./././file             /file
      file                    /file
      /file                   /file
      //file                  /file
      /file/                  ENOTDIR
      /file/.                 ENOTDIR
      /file/..                ENOTDIR
      /file/x                 ENOTDIR
      /absent                 ENOENT
      /absent/                ENOENT
      /absent/x               ENOENT
      /absent/..              ENOENT
      /dir                    /dir
      /dir/                   /dir
      /dir//                  /dir
      /dir/.                  /dir
      /dir/..                 /
      /dir/sub/..             /dir
      /dir/sub/../../file     /file
      /dir/sub/../../..       /
      /link                   /dir/sub         link
      /link/                  /dir/sub
      /link/.                 /dir/sub
      /link/..                /dir
      /link/file              /dir/sub/file
      /link/up                /file            link
      /link/up/               ENOTDIR
      /abs/sub                /dir/sub
      /abs/..                 /
      /dangling               ENOENT           link
      /dangling/              ENOENT
      /dangling/x             ENOENT
      /loop                   ELOOP            link
      /loop/                  ELOOP
      /loop/x                 ELOOP
      /a                      ELOOP            link
      /flink                  /file            link
      /flink/                 ENOTDIR
      /flink/x                ENOTDIR
      /slashed                /dir             link
      /slashed/sub            /dir/sub
      /messy/file             /dir/sub/file
      /self                   /                link
      /self/self/self/file    /file
      /top/top/dir            /dir
      /self/self/link/up      /file            link
      """;

  @Case
  void pathsLeadWhereTheTableSays() throws IOException {
    tree();
    int cases = 0;
    for (String line : STAT.lines().toList()) {
      String[] words = line.trim().split(" +");
      String path = words[0];
      String expected = words[1];
      boolean link = words.length > 2;
      if (expected.startsWith("E")) {
        assertErrno(Errno.valueOf(expected), () -> volume().stat(path), "stat " + path);
      } else {
        assertEquals(volume().stat(expected).ino(), volume().stat(path).ino(), "stat " + path);
      }
      if (link) {
        assertEquals(true, volume().lstat(path).isSymlink(), "lstat " + path);
      } else if (!expected.startsWith("E")) {
        assertEquals(volume().stat(expected).ino(), volume().lstat(path).ino(), "lstat " + path);
      }
      cases++;
    }
    assertEquals(52, cases);
  }

  @Case(needs = VolumeFixture.Feature.ODD_NAMES)
  void slashBehindALinksTargetAsksForADirectory() throws IOException {
    tree();
    volume().symlink("file/", "/flinkslash");
    assertErrno(Errno.ENOTDIR, () -> volume().stat("/flinkslash"));
    assertEquals(true, volume().lstat("/flinkslash").isSymlink());
    assertEquals("file/", volume().readlink("/flinkslash"));
  }

  @Case
  void emptyPathIsNoPath() {
    assertErrno(Errno.ENOENT, () -> volume().stat(""));
    assertErrno(Errno.ENOENT, () -> volume().open("", OpenFlags.CREAT | OpenFlags.RDWR, 0644));
    assertErrno(Errno.ENOENT, () -> volume().symlink("", "/x"));
    assertErrno(Errno.EINVAL, () -> volume().stat("/a\0b"));
  }

  @Case
  void namesAndPathsHaveALimit() throws IOException {
    String longest = "n".repeat(255);
    file("/" + longest);
    assertEquals(true, volume().exists(longest));
    assertErrno(Errno.ENAMETOOLONG, () -> file("/" + longest + "n"));
    assertErrno(Errno.ENAMETOOLONG, () -> volume().stat("/" + longest + "n"));
    assertErrno(Errno.ENAMETOOLONG, () -> volume().stat("/" + longest + "n/x"));
    assertErrno(Errno.ENAMETOOLONG, () -> volume().rename(longest, longest + "n"));
    assertEquals(true, volume().stat("./".repeat(1920) + longest).isRegular());
    assertErrno(Errno.ENAMETOOLONG, () -> volume().stat("./".repeat(1920) + "./" + longest));
  }

  @Case
  void fortyLinksAreFollowedAndNotOneMore() throws IOException {
    file("/l0");
    for (int i = 1; i <= 41; i++) {
      volume().symlink("l" + (i - 1), "/l" + i);
    }
    assertEquals(true, volume().stat("/l40").isRegular());
    assertErrno(Errno.ELOOP, () -> volume().stat("/l41"));
    dir("/d");
    volume().symlink(".", "/d/s");
    assertEquals(true, volume().stat("/d" + "/s".repeat(40)).isDirectory());
    assertErrno(Errno.ELOOP, () -> volume().stat("/d" + "/s".repeat(41)));
  }

  @Case
  void openHasItsOwnRulesForTheLastName() throws IOException {
    tree();
    int creat = OpenFlags.CREAT | OpenFlags.RDWR;
    assertErrno(Errno.EISDIR, () -> volume().open("/new/", creat, 0644));
    assertErrno(Errno.EISDIR, () -> volume().open("/", creat, 0644));
    assertErrno(Errno.EISDIR, () -> volume().open("/dir/.", creat, 0644));
    assertErrno(Errno.EISDIR, () -> volume().open("/dir/..", creat, 0644));
    assertErrno(Errno.EISDIR, () -> volume().open("/dir", creat, 0644));
    assertErrno(Errno.EISDIR, () -> volume().open("/dir", OpenFlags.WRONLY, 0));
    assertErrno(Errno.ENOENT, () -> volume().open("/absent", OpenFlags.RDWR, 0));
    assertErrno(Errno.ENOENT, () -> volume().open("/absent/new", creat, 0644));
    assertErrno(Errno.ENOTDIR, () -> volume().open("/file/new", creat, 0644));
    assertErrno(Errno.EEXIST, () -> volume().open("/file", creat | OpenFlags.EXCL, 0644));
    assertErrno(Errno.EEXIST, () -> volume().open("/dangling", creat | OpenFlags.EXCL, 0644));
    assertErrno(Errno.ELOOP, () -> volume().open("/flink", OpenFlags.NOFOLLOW, 0));
    assertErrno(Errno.ELOOP, () -> volume().open("/flink", creat | OpenFlags.NOFOLLOW, 0));
    assertErrno(Errno.ELOOP, () -> volume().open("/loop", creat, 0644));
    assertErrno(Errno.ENOTDIR, () -> volume().open("/file", OpenFlags.DIRECTORY, 0));
    assertErrno(
        Errno.ENOTDIR, () -> volume().open("/link", OpenFlags.DIRECTORY | OpenFlags.NOFOLLOW, 0));
    assertErrno(
        Errno.EINVAL, () -> volume().open("/x", OpenFlags.DIRECTORY | OpenFlags.CREAT, 0));
    assertErrno(Errno.EINVAL, () -> volume().open("/file", OpenFlags.ACCESS_MASK, 0));
    // A link that leads nowhere says where the file is to be made.
    volume().open("/dangling", creat, 0644).close();
    assertEquals(true, volume().lstat("/nowhere").isRegular());
  }

  @Case
  void pathsOfAViewBeginAtItsDirectory() throws IOException {
    tree();
    try (OpenFile dir = volume().openDir("/dir")) {
      Volume view = volume().at(dir);
      assertEquals(volume().stat("/dir/sub/file").ino(), view.stat("sub/file").ino());
      assertEquals(volume().stat("/file").ino(), view.stat("../file").ino());
      assertEquals(volume().stat("/file").ino(), view.stat("/file").ino());
      view.mkdir("made", 0755);
      assertEquals(true, volume().stat("/dir/made").isDirectory());
    }
  }

  @Case(needs = VolumeFixture.Feature.ODD_NAMES)
  void anyBytesAreANameAndSurviveText() throws IOException {
    // Two bytes that are no UTF-8, as lone surrogates; then letters of two, three and four bytes.
    String odd = "\udcff\udc80x";
    String letters = "\u00e4\u20ac\ud83d\ude00";
    file("/" + odd);
    file("/" + letters);
    assertEquals(true, volume().exists(odd));
    for (var entry : volume().list("/")) {
      if (entry.ino() == volume().stat(odd).ino()) {
        assertEquals(odd, entry.name().toString());
        assertEquals(3, entry.name().length());
      } else if (entry.ino() == volume().stat(letters).ino()) {
        assertEquals(letters, entry.name().toString());
        assertEquals(9, entry.name().length());
      }
    }
  }
}
