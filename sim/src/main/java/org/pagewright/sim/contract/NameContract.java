package org.pagewright.sim.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pagewright.sim.contract.VolumeContract.assertErrno;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.vfs.DeviceNumber;
import org.pagewright.vfs.DirEntry;
import org.pagewright.vfs.FileType;
import org.pagewright.vfs.InodeFlags;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.RenameFlags;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;
import org.pagewright.vfs.XattrMode;

/// Making, linking, moving and removing names, and what hangs on an inode besides content.
final class NameContract extends Suite {
  NameContract(VolumeFixture fixture, Volume[] holder) {
    super(fixture, holder);
  }

  private Set<String> names(String dir) throws IOException {
    Set<String> names = new TreeSet<>();
    for (DirEntry entry : volume().list(dir)) {
      assertTrue(names.add(entry.name().toString()), () -> "twice: " + entry);
    }
    return names;
  }

  @Case
  void whatIsMadeIsThereAlsoAfterRemount() throws IOException {
    dir("/d");
    file("/d/f", pattern(5000, 1));
    volume().symlink("f", "/d/s");
    for (int round = 0; round < 2; round++) {
      assertEquals(Set.of("f", "s"), names("/d"));
      assertEquals("f", volume().readlink("/d/s"));
      assertArrayEquals(pattern(5000, 1), content("/d/s"));
      Stat dir = volume().stat("/d");
      assertEquals(0755, dir.mode() & 07777);
      assertEquals(2, dir.nlink());
      Stat file = volume().stat("/d/f");
      assertEquals(0644, file.mode() & 07777);
      assertEquals(1, file.nlink());
      assertEquals(5000, file.size());
      assertTrue(file.blocks() * 512 >= 4096, file::toString);
      Stat link = volume().lstat("/d/s");
      assertEquals(0777, link.mode() & 07777);
      assertEquals(1, link.size());
      remount();
    }
  }

  @Case
  void nothingIsMadeTwice() throws IOException {
    dir("/d");
    file("/f");
    for (String taken : List.of("/d", "/f", "/", "/.", "/d/..", "/d/", "/f/")) {
      assertErrno(Errno.EEXIST, () -> volume().symlink("x", taken), "symlink " + taken);
      if (!taken.equals("/f/")) {
        assertErrno(Errno.EEXIST, () -> dir(taken), "mkdir " + taken);
      }
      assertErrno(Errno.EEXIST, () -> volume().link("/f", taken), "link " + taken);
      assertErrno(Errno.EEXIST, () -> file(taken), "mknod " + taken);
    }
    assertErrno(Errno.ENOENT, () -> file("/new/"));
    assertErrno(Errno.ENOENT, () -> volume().symlink("x", "/new/"));
    dir("/new/");
    assertErrno(Errno.ENOENT, () -> dir("/absent/new"));
    assertErrno(Errno.ENOTDIR, () -> dir("/f/new"));
  }

  @Case
  void linksShareOneInode() throws IOException {
    file("/a", pattern(100, 2));
    dir("/d");
    volume().link("/a", "/d/b");
    volume().symlink("a", "/s");
    volume().link("/s", "/s2");
    assertEquals(volume().lstat("/s").ino(), volume().lstat("/s2").ino());
    assertEquals(2, volume().stat("/a").nlink());
    assertEquals(volume().stat("/a").ino(), volume().stat("/d/b").ino());
    volume().unlink("/a");
    remount();
    assertEquals(1, volume().stat("/d/b").nlink());
    assertArrayEquals(pattern(100, 2), content("/d/b"));
    assertErrno(Errno.EPERM, () -> volume().link("/d", "/d2"));
    assertErrno(Errno.ENOENT, () -> volume().link("/absent", "/x"));
  }

  @Case
  void removingHasItsOwnRulesForTheLastName() throws IOException {
    dir("/d");
    dir("/d/e");
    file("/f");
    volume().symlink("d", "/s");
    assertErrno(Errno.EISDIR, () -> volume().unlink("/d"));
    assertErrno(Errno.EISDIR, () -> volume().unlink("/d/"));
    assertErrno(Errno.EISDIR, () -> volume().unlink("/"));
    assertErrno(Errno.EISDIR, () -> volume().unlink("/d/."));
    assertErrno(Errno.EISDIR, () -> volume().unlink("/d/.."));
    assertErrno(Errno.ENOTDIR, () -> volume().unlink("/f/"));
    assertErrno(Errno.ENOTDIR, () -> volume().unlink("/s/"));
    assertErrno(Errno.ENOENT, () -> volume().unlink("/absent"));
    assertErrno(Errno.ENOENT, () -> volume().unlink("/absent/"));
    assertErrno(Errno.ENOTDIR, () -> volume().rmdir("/f"));
    assertErrno(Errno.ENOTDIR, () -> volume().rmdir("/s"));
    assertErrno(Errno.ENOTDIR, () -> volume().rmdir("/s/"));
    assertErrno(Errno.ENOTEMPTY, () -> volume().rmdir("/d"));
    assertErrno(Errno.ENOTEMPTY, () -> volume().rmdir("/d/e/.."));
    assertErrno(Errno.EINVAL, () -> volume().rmdir("/d/."));
    assertErrno(Errno.EBUSY, () -> volume().rmdir("/"));
    assertErrno(Errno.ENOENT, () -> volume().rmdir("/absent"));
    assertEquals(3, volume().stat("/d").nlink());
    volume().rmdir("/d/e/");
    assertEquals(2, volume().stat("/d").nlink());
    volume().rmdir("/d");
    volume().unlink("/s");
    assertEquals(Set.of("f"), namesButLostAndFound());
  }

  private Set<String> namesButLostAndFound() throws IOException {
    Set<String> names = new TreeSet<>(names("/"));
    names.remove("lost+found");
    return names;
  }

  @Case
  void unlinkedFileLivesAsLongAsItIsOpen() throws IOException {
    long before = volume().statfs().filesFree();
    OpenFile file = volume().open("/f", OpenFlags.RDWR | OpenFlags.CREAT, 0600);
    try (file) {
      byte[] bytes = pattern(20_000, 3);
      file.write(0, bytes, 0, bytes.length);
      volume().unlink("/f");
      assertFalse(volume().exists("/f"));
      assertEquals(0, file.stat().nlink());
      file("/f", pattern(10, 4)); // the name is free; the inode is another
      byte[] read = new byte[bytes.length];
      assertEquals(bytes.length, file.read(0, read, 0, read.length));
      assertArrayEquals(bytes, read);
      file.truncate(5);
      file.fsync(false);
      assertErrno(Errno.ENOENT, () -> volume().link(file, "/again"));
    }
    assertArrayEquals(pattern(10, 4), content("/f"));
    volume().unlink("/f");
    volume().sync();
    if (fixture.has(VolumeFixture.Feature.EXCLUSIVE)) {
      assertTrue(volume().statfs().filesFree() >= before - 2, "inodes are given back");
    }
  }

  @Case
  void removedDirectoryTakesNoMoreNames() throws IOException {
    dir("/d");
    try (OpenFile dir = volume().openDir("/d")) {
      Volume view = volume().at(dir);
      volume().rmdir("/d");
      assertErrno(Errno.ENOENT, () -> view.mkdir("x", 0755));
      assertErrno(Errno.ENOENT, () -> view.open("x", OpenFlags.CREAT | OpenFlags.RDWR, 0644));
      assertErrno(Errno.ENOENT, () -> view.stat("x"));
      assertErrno(Errno.ENOENT, () -> view.stat(".."));
      assertErrno(Errno.ENOENT, () -> dir.readDir(0, (name, ino, type, next) -> true));
    }
  }

  // ---- The rename matrix ------------------------------------------------------------------------

  private enum Thing {
    ABSENT,
    FILE,
    LINK,
    EMPTY_DIR,
    FULL_DIR
  }

  private void make(Thing thing, String path) throws IOException {
    switch (thing) {
      case ABSENT -> {}
      case FILE -> file(path, path.getBytes(StandardCharsets.UTF_8));
      case LINK -> volume().symlink(path, path);
      case EMPTY_DIR -> dir(path);
      case FULL_DIR -> {
        dir(path);
        file(path + "/inside");
      }
    }
  }

  private static @Nullable Errno expected(Thing source, Thing target, int flags) {
    boolean sourceIsDir = source == Thing.EMPTY_DIR || source == Thing.FULL_DIR;
    boolean targetIsDir = target == Thing.EMPTY_DIR || target == Thing.FULL_DIR;
    if (source == Thing.ABSENT) {
      return Errno.ENOENT;
    }
    if (flags == RenameFlags.NOREPLACE && target != Thing.ABSENT) {
      return Errno.EEXIST;
    }
    if (flags == RenameFlags.EXCHANGE) {
      return target == Thing.ABSENT ? Errno.ENOENT : null;
    }
    if (target == Thing.ABSENT) {
      return null;
    }
    if (sourceIsDir != targetIsDir) {
      return sourceIsDir ? Errno.ENOTDIR : Errno.EISDIR;
    }
    return target == Thing.FULL_DIR ? Errno.ENOTEMPTY : null;
  }

  @Case
  void renameOfEachThingOverEachThingDoesWhatPosixSays() throws IOException {
    List<Integer> allFlags = new ArrayList<>(List.of(0, RenameFlags.NOREPLACE));
    if (fixture.has(VolumeFixture.Feature.EXCHANGE)) {
      allFlags.add(RenameFlags.EXCHANGE);
    }
    int n = 0;
    for (Thing source : Thing.values()) {
      for (Thing target : Thing.values()) {
        for (int flags : allFlags) {
          for (boolean across : new boolean[] {false, true}) {
            renameOne(source, target, flags, across, n++);
          }
        }
      }
    }
    assertEquals(allFlags.size() * 50, n);
  }

  private void renameOne(Thing source, Thing target, int flags, boolean across, int n)
      throws IOException {
    String what = source + " over " + target + ", flags " + flags + (across ? ", across" : "");
    String top = "/case" + n;
    dir(top);
    dir(top + "/from");
    dir(top + "/to");
    final String from = top + "/from/a";
    final String to = across ? top + "/to/b" : top + "/from/b";
    make(source, from);
    make(target, to);
    final @Nullable Stat sourceBefore = lstatOrNull(from);
    final @Nullable Stat targetBefore = lstatOrNull(to);
    Errno errno = expected(source, target, flags);
    if (errno != null) {
      assertErrno(errno, () -> volume().rename(from, to, flags), what);
      assertSame(sourceBefore, lstatOrNull(from), what);
      assertSame(targetBefore, lstatOrNull(to), what);
    } else {
      volume().rename(from, to, flags);
      assertSame(sourceBefore, lstatOrNull(to), what);
      assertSame(flags == RenameFlags.EXCHANGE ? targetBefore : null, lstatOrNull(from), what);
    }
    for (String dir : List.of(top, top + "/from", top + "/to")) {
      checkDirectory(dir, what);
    }
  }

  @Case
  void renameLeavesAWhiteOutIfAskedTo() throws IOException {
    if (!fixture.has(VolumeFixture.Feature.WHITEOUT)) {
      return;
    }
    int flags = RenameFlags.WHITEOUT;
    assertErrno(
        Errno.EINVAL, () -> volume().rename("/a", "/b", flags | RenameFlags.EXCHANGE));
    assertErrno(Errno.ENOENT, () -> volume().rename("/a", "/b", flags));
    dir("/from");
    dir("/to");
    int n = 0;
    for (Thing source : Thing.values()) {
      for (Thing target : new Thing[] {Thing.ABSENT, source}) {
        for (boolean across : new boolean[] {false, true}) {
          if (source != Thing.ABSENT && expected(source, target, 0) == null) {
            leaveWhiteOut(source, target, across ? "/to" : "/from", n++);
          }
        }
      }
    }
    assertTrue(n > 8, "cases " + n);
    file("/from/x", pattern(10, 5));
    file("/to/x", pattern(10, 5));
    int both = flags | RenameFlags.NOREPLACE;
    assertErrno(Errno.EEXIST, () -> volume().rename("/from/x", "/to/x", both));
    volume().rename("/from/x", "/to/y", both);
    checkDirectory("/from", "from");
    checkDirectory("/to", "to");
  }

  private void leaveWhiteOut(Thing source, Thing target, String to, int n) throws IOException {
    String what = source + " over " + target + " to " + to;
    String from = "/from/a" + n;
    make(source, from);
    make(target, to + "/b" + n);
    final @Nullable Stat before = lstatOrNull(from);
    volume().rename(from, to + "/b" + n, RenameFlags.WHITEOUT);
    assertSame(before, lstatOrNull(to + "/b" + n), what);
    Stat left = volume().lstat(from);
    assertEquals(FileType.CHARACTER_DEVICE, left.type(), what);
    assertEquals(0, left.rdev(), what);
    assertEquals(0, left.mode() & 0777, what);
    assertEquals(1, left.nlink(), what);
    if (n % 2 == 0) {
      volume().unlink(from);
    }
  }

  private @Nullable Stat lstatOrNull(String path) throws IOException {
    try {
      return volume().lstat(path);
    } catch (org.pagewright.errno.FsException e) {
      if (e.errno() == Errno.ENOENT) {
        return null;
      }
      throw e;
    }
  }

  private static void assertSame(@Nullable Stat expected, @Nullable Stat actual, String what) {
    assertEquals(expected == null, actual == null, what);
    if (expected != null && actual != null) {
      assertEquals(expected.ino(), actual.ino(), what);
      assertEquals(expected.mode(), actual.mode(), what);
      assertEquals(expected.nlink(), actual.nlink(), what);
    }
  }

  /// A directory's link count is 2 and one for each directory in it, and `..` of those leads back.
  private void checkDirectory(String dir, String what) throws IOException {
    int subdirectories = 0;
    for (DirEntry entry : volume().list(dir)) {
      Stat stat = volume().lstat(dir + "/" + entry.name());
      assertEquals(stat.ino(), entry.ino(), what);
      assertTrue(entry.type() == FileType.UNKNOWN || entry.type() == stat.type(), what);
      if (stat.isDirectory()) {
        subdirectories++;
        assertEquals(
            volume().stat(dir).ino(), volume().stat(dir + "/" + entry.name() + "/..").ino(), what);
      }
    }
    assertEquals(2 + subdirectories, volume().stat(dir).nlink(), what + ": links of " + dir);
  }

  @Case
  void directoryIsNotMovedBelowItself() throws IOException {
    dir("/a");
    dir("/a/b");
    dir("/a/b/c");
    assertErrno(Errno.EINVAL, () -> volume().rename("/a", "/a/b/x"));
    assertErrno(Errno.EINVAL, () -> volume().rename("/a", "/a/x"));
    assertErrno(Errno.EINVAL, () -> volume().rename("/a/b", "/a/b/c/x"));
    assertErrno(Errno.EINVAL, () -> volume().rename("/a", "/a/b"));
    assertErrno(Errno.ENOTEMPTY, () -> volume().rename("/a/b/c", "/a"));
    assertErrno(Errno.ENOTEMPTY, () -> volume().rename("/a/b", "/a"));
    if (fixture.has(VolumeFixture.Feature.EXCHANGE)) {
      assertErrno(
          Errno.EINVAL, () -> volume().rename("/a", "/a/b/c", RenameFlags.EXCHANGE));
      assertErrno(
          Errno.EINVAL, () -> volume().rename("/a/b/c", "/a", RenameFlags.EXCHANGE));
    }
    assertErrno(Errno.EBUSY, () -> volume().rename("/", "/x"));
    assertErrno(Errno.EBUSY, () -> volume().rename("/a/.", "/x"));
    assertErrno(Errno.EBUSY, () -> volume().rename("/a/b", "/a/b/.."));
  }

  @Case
  void renameToItselfAndBetweenLinksOfOneInodeDoesNothing() throws IOException {
    file("/f", pattern(10, 5));
    volume().link("/f", "/g");
    volume().rename("/f", "/f");
    volume().rename("/f", "/g");
    assertEquals(2, volume().stat("/f").nlink());
    assertEquals(volume().stat("/f").ino(), volume().stat("/g").ino());
    assertErrno(Errno.EEXIST, () -> volume().rename("/f", "/f", RenameFlags.NOREPLACE));
    assertErrno(
        Errno.EINVAL,
        () -> volume().rename("/f", "/g", RenameFlags.NOREPLACE | RenameFlags.EXCHANGE));
    assertErrno(Errno.ENOTDIR, () -> volume().rename("/f/", "/h"));
    assertErrno(Errno.ENOTDIR, () -> volume().rename("/f", "/h/"));
    dir("/d");
    volume().rename("/d/", "/e/");
    assertTrue(volume().stat("/e").isDirectory());
  }

  @Case
  void fileThatIsReplacedLivesAsLongAsItIsOpen() throws IOException {
    file("/old", pattern(100, 6));
    file("/new", pattern(100, 7));
    try (OpenFile old = volume().open("/old", OpenFlags.RDONLY, 0)) {
      volume().rename("/new", "/old");
      byte[] read = new byte[100];
      assertEquals(100, old.read(read, 0, 100));
      assertArrayEquals(pattern(100, 6), read);
      assertEquals(0, old.stat().nlink());
    }
    assertArrayEquals(pattern(100, 7), content("/old"));
    assertFalse(volume().exists("/new"));
  }

  // ---- Directories ------------------------------------------------------------------------------

  @Case
  void largeDirectoryListsEachNameOnceAlsoInSmallSteps() throws IOException {
    dir("/d");
    Set<String> made = new TreeSet<>();
    for (int i = 0; i < 500; i++) {
      String name = "name-" + i + "-" + "x".repeat(i % 40);
      file("/d/" + name);
      made.add(name);
    }
    assertEquals(made, names("/d"));
    Set<String> seen = new HashSet<>();
    long[] cookie = {0};
    boolean[] more = {true};
    try (OpenFile dir = volume().openDir("/d")) {
      int removed = 0;
      while (more[0]) {
        int[] room = {7};
        more[0] = false;
        dir.readDir(
            cookie[0],
            (name, ino, type, next) -> {
              if (room[0]-- == 0) {
                more[0] = true;
                return false;
              }
              assertTrue(seen.add(name.toString()), () -> name + " twice");
              cookie[0] = next;
              return true;
            });
        // Names that come and go meanwhile do not disturb those that stay.
        file("/d/passing" + removed);
        volume().unlink("/d/passing" + removed++);
      }
    }
    seen.removeIf(name -> name.startsWith("passing"));
    assertEquals(made, new TreeSet<>(seen));
    for (String name : made) {
      volume().unlink("/d/" + name);
    }
    assertEquals(Set.of(), names("/d"));
    volume().rmdir("/d");
  }

  @Case
  void absenceIsForgottenWhenTheNameIsMade() throws IOException {
    for (int i = 0; i < 3; i++) {
      assertFalse(volume().exists("/x"));
      file("/x");
      assertTrue(volume().exists("/x"));
      volume().rename("/x", "/y");
      assertFalse(volume().exists("/x"));
      assertTrue(volume().exists("/y"));
      volume().unlink("/y");
      assertFalse(volume().exists("/y"));
      dir("/x");
      assertFalse(volume().exists("/x/in"));
      volume().rmdir("/x");
    }
  }

  // ---- Other things -----------------------------------------------------------------------------

  @Case(needs = VolumeFixture.Feature.DEVICES)
  void devicesPipesAndSocketsAreKept() throws IOException {
    volume().mknod("/null", FileType.CHARACTER_DEVICE.modeBits() | 0666, DeviceNumber.of(1, 3));
    volume()
        .mknod("/disk", FileType.BLOCK_DEVICE.modeBits() | 0660, DeviceNumber.of(4095, 1048575));
    volume().mknod("/pipe", FileType.FIFO.modeBits() | 0600, 0);
    volume().mknod("/sock", FileType.SOCKET.modeBits() | 0755, 0);
    remount();
    assertEquals(FileType.CHARACTER_DEVICE, volume().stat("/null").type());
    assertEquals(DeviceNumber.of(1, 3), volume().stat("/null").rdev());
    assertEquals(4095, DeviceNumber.major(volume().stat("/disk").rdev()));
    assertEquals(1048575, DeviceNumber.minor(volume().stat("/disk").rdev()));
    assertEquals(FileType.FIFO, volume().stat("/pipe").type());
    assertEquals(FileType.SOCKET, volume().stat("/sock").type());
    assertErrno(Errno.ENXIO, () -> volume().open("/null", OpenFlags.RDONLY, 0));
  }

  @Case(needs = VolumeFixture.Feature.TMPFILE)
  void fileWithoutANameCanBeGivenOne() throws IOException {
    dir("/d");
    int flags = OpenFlags.TMPFILE | OpenFlags.RDWR;
    byte[] bytes = pattern(9000, 8);
    try (OpenFile file = volume().open("/d", flags, 0640)) {
      file.write(0, bytes, 0, bytes.length);
      assertEquals(0, file.stat().nlink());
      assertEquals(Set.of(), names("/d"));
      volume().link(file, "/d/named");
      assertEquals(1, file.stat().nlink());
    }
    try (OpenFile file = volume().open("/d", flags | OpenFlags.EXCL, 0640)) {
      assertErrno(Errno.ENOENT, () -> volume().link(file, "/d/other"));
    }
    assertErrno(Errno.EINVAL, () -> volume().open("/d", OpenFlags.TMPFILE, 0640));
    remount();
    assertArrayEquals(bytes, content("/d/named"));
    assertEquals(0640, volume().stat("/d/named").mode() & 07777);
  }

  @Case(needs = VolumeFixture.Feature.XATTRS)
  void attributesAreKeptByName() throws IOException {
    file("/f");
    dir("/d");
    volume().symlink("f", "/s");
    assertNull(volume().getXattr("/f", "user.a", true));
    volume().setXattr("/f", "user.a", new byte[] {1, 2, 3}, XattrMode.SET, true);
    volume().setXattr("/f", "user.empty", new byte[0], XattrMode.CREATE, true);
    volume().setXattr("/f", "trusted.t", new byte[] {9}, XattrMode.SET, true);
    volume().setXattr("/d", "user.a", pattern(100, 9), XattrMode.SET, true);
    assertErrno(
        Errno.EEXIST, () -> volume().setXattr("/f", "user.a", new byte[1], XattrMode.CREATE, true));
    assertErrno(
        Errno.ENODATA,
        () -> volume().setXattr("/f", "user.b", new byte[1], XattrMode.REPLACE, true));
    assertErrno(Errno.ENODATA, () -> volume().removeXattr("/f", "user.b", true));
    assertErrno(
        Errno.EPERM, () -> volume().setXattr("/s", "user.a", new byte[1], XattrMode.SET, false));
    remount();
    assertArrayEquals(new byte[] {1, 2, 3}, volume().getXattr("/s", "user.a", true));
    assertArrayEquals(new byte[0], volume().getXattr("/f", "user.empty", true));
    assertArrayEquals(pattern(100, 9), volume().getXattr("/d", "user.a", true));
    Set<String> all = new TreeSet<>();
    volume().listXattrs("/f", true).forEach(name -> all.add(name.toString()));
    assertEquals(Set.of("user.a", "user.empty", "trusted.t"), all);
    volume().setXattr("/f", "user.a", new byte[] {4}, XattrMode.REPLACE, true);
    volume().removeXattr("/f", "user.empty", true);
    assertArrayEquals(new byte[] {4}, volume().getXattr("/f", "user.a", true));
    assertNull(volume().getXattr("/f", "user.empty", true));
  }

  @Case(needs = VolumeFixture.Feature.FLAGS)
  void immutableAndAppendOnlyFilesAreGuarded() throws IOException {
    file("/f", pattern(10, 1));
    int others = volume().flags("/f");
    volume().setFlags("/f", others | InodeFlags.IMMUTABLE);
    assertErrno(Errno.EPERM, () -> volume().open("/f", OpenFlags.WRONLY, 0));
    assertErrno(Errno.EPERM, () -> volume().unlink("/f"));
    assertErrno(Errno.EPERM, () -> volume().rename("/f", "/g"));
    assertErrno(Errno.EPERM, () -> volume().link("/f", "/g"));
    assertErrno(Errno.EPERM, () -> volume().chmod("/f", 0600));
    assertErrno(Errno.EPERM, () -> volume().truncate("/f", 0));
    volume().setFlags("/f", others | InodeFlags.APPEND);
    assertErrno(Errno.EPERM, () -> volume().open("/f", OpenFlags.WRONLY, 0));
    assertErrno(Errno.EPERM, () -> volume().truncate("/f", 0));
    assertErrno(Errno.EPERM, () -> volume().unlink("/f"));
    try (OpenFile file = volume().open("/f", OpenFlags.WRONLY | OpenFlags.APPEND, 0)) {
      file.write(0, pattern(5, 2), 0, 5);
    }
    assertEquals(15, volume().stat("/f").size());
    volume().setFlags("/f", others);
    volume().unlink("/f");
  }

  @Case
  void timesAreSetAndChangeWithWhatHappens() throws IOException {
    dir("/d");
    file("/d/f", pattern(10, 1));
    Instant early = Instant.ofEpochSecond(100_000_000, 5_000_000);
    Instant late = Instant.ofEpochSecond(4_500_000_000L); // after 2038 and after 2106
    volume().utimens("/d/f", early, late, true);
    volume().utimens("/d", early, early, true);
    remount();
    assertEquals(late, volume().stat("/d/f").mtime());
    assertEquals(early, volume().stat("/d/f").atime());
    volume().utimens("/d/f", Volume.OMIT, early, true);
    assertEquals(early, volume().stat("/d/f").mtime());
    volume().utimens("/d/f", Volume.OMIT, Volume.NOW, true);
    assertNotEquals(early, volume().stat("/d/f").mtime());
    volume().utimens("/d/f", early, early, true);
    file("/d/g");
    assertNotEquals(early, volume().stat("/d").mtime(), "a directory's mtime moves with its names");
    try (OpenFile file = volume().open("/d/f", OpenFlags.WRONLY, 0)) {
      file.write(pattern(1, 1), 0, 1);
    }
    assertNotEquals(early, volume().stat("/d/f").mtime(), "a file's mtime moves with its bytes");
    volume().utimens("/d/f", early, early, true);
    volume().truncate("/d/f", 3);
    assertNotEquals(early, volume().stat("/d/f").mtime(), "and with its size");
  }
}
