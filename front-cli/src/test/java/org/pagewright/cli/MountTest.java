package org.pagewright.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pagewright.cli.Shell.ok;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pagewright.fuse.Mounts;

/// Real mounts of images, each by a process of its own, and programs nobody here wrote at work on
/// them. Skipped where nothing can be mounted.
@Timeout(400)
final class MountTest {
  @TempDir Path dir;
  private Path image;

  @BeforeEach
  void makeImage() {
    MountedImage.assume();
    image = dir.resolve("disk.img");
    ok("mkfs", "--size", "64M", image);
  }

  private MountedImage mount(String... options) throws IOException {
    return MountedImage.mount(image, dir, options);
  }

  private static void need(String... tools) {
    for (String tool : tools) {
      Shell.assume(Shell.has(tool), "no " + tool);
    }
  }

  @Test
  void filesArePlacesWhereProgramsPutThem() throws IOException {
    try (MountedImage mounted = mount("-o", "fsname=a b,nosuid,nodev")) {
      Path point = mounted.point();
      Mounts.Entry entry = Mounts.at(point);
      assertEquals(Mounts.TYPE, entry.type());
      assertEquals("a b", entry.source());
      assertEquals(mounted.server().pid(), Mounts.server(entry).pid());
      Files.writeString(point.resolve("a"), "text");
      mounted.sh("ln a b; ln -s a l; mkfifo p; mkdir -p d/e; mv b d/e/c; rm a; test -L l");
      mounted.sh("mkdir many; cd many; seq 500 | xargs touch; ls | wc -l | grep -x 500; rm 1*");
      mounted.sh("no mkdir d; no rmdir d; no cat l; no mv d d/e/f; no ln d x");
      mounted.sh("chmod 4755 d/e/c; stat -c %a d/e/c | grep -x 4755; touch -d 2001-01-01 d");
      assertEquals(64L << 20, roughly(Files.getFileStore(point).getTotalSpace()));
      mounted.unmount();
      assertNull(Mounts.at(point));
    }
    assertEquals("text", ok("cat", image + ":/d/e/c").out());
  }

  @Test
  void aMountThatFailsInTheBackgroundSaysSoAsIfItHadBeenInFront() throws IOException {
    Path point = Files.createDirectory(dir.resolve("point"));
    Path none = dir.resolve("none.img");
    Shell.Result result = Shell.run("mount", none, point, "--background");
    assertEquals(1, result.code(), result.err());
    assertEquals(Shell.run("mount", none, point).err(), result.err());
    Path text = Files.writeString(dir.resolve("text"), "no image".repeat(1000));
    result = Shell.run("mount", text, point, "--background");
    assertEquals(3, result.code(), result.err());
    assertEquals(2, result.err().lines().count(), result.err());
  }

  private static long roughly(long bytes) {
    return bytes > 50 << 20 && bytes <= 64 << 20 ? 64L << 20 : bytes;
  }

  @Test
  void treesComeBackByteForByte() throws IOException {
    need("tar", "rsync", "setfattr", "setfacl");
    Path tree = Files.createDirectory(dir.resolve("tree"));
    MountedImage.sh(
        """
        mkdir -p a/b/c empty
        for i in $(seq 60); do head -c $((i * 997)) /dev/urandom > "a/file $i"; done
        ln "a/file 1" a/b/hard; ln -s ../nowhere a/b/soft; mkfifo a/b/c/pipe
        head -c 100000 /dev/urandom > sparse; truncate -s 5M sparse
        printf x | dd of=sparse bs=1 seek=4000000 conv=notrunc 2>&1
        chmod 6755 "a/file 2"; chmod 1777 empty; touch -d '1999-12-31 23:59:59.987' "a/file 3"
        printf long > "$(printf 'n%.0s' $(seq 255))"
        setfattr -n user.note -v value "a/file 4" || true
        """,
        tree);
    try (MountedImage mounted = mount()) {
      mounted.sh("mkdir by-tar by-rsync by-cp");
      mounted.sh("tar -C " + tree + " --xattrs -Scf - . | tar -C by-tar --xattrs -xpSf -");
      mounted.sh("rsync -aHXAS " + tree + "/ by-rsync/");
      mounted.sh("cp -a " + tree + "/. by-cp/");
      mounted.unmount();
    }
    try (MountedImage mounted = mount("-o", "ro")) {
      for (String copy : List.of("by-tar", "by-rsync", "by-cp")) {
        String differs = mounted.sh("rsync -naHXAc --delete -i " + tree + "/ " + copy + "/");
        assertEquals("", differs.lines().filter(l -> !l.startsWith(".d..t")).toList().stream()
            .reduce("", (a, b) -> a + b + "\n"), copy);
        mounted.sh("test $(du -k " + copy + "/sparse | cut -f1) -lt 1000");
      }
      mounted.sh("no touch x");
      mounted.unmount();
    }
  }

  /// Programs that copy ask where a file that has few blocks has data. A kernel with a cache for
  /// writes asks us, who have not got them yet; a start of a process would make it send them.
  @Test
  void whatTheKernelStillKeepsIsNoHoleToWhoCopiesIt() throws Exception {
    try (MountedImage mounted = mount("-o", "writeback_cache")) {
      Path file = mounted.point().resolve("f");
      Process copy =
          new ProcessBuilder(
                  "sh", "-euc",
                  "read go; mkdir d; tar -cSf - f | tar -xSf - -C d; cmp f d/f;"
                      + " cp --reflink=never f g; cmp f g")
              .directory(mounted.point().toFile())
              .redirectErrorStream(true)
              .start();
      try (FileChannel open =
          FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        open.write(ByteBuffer.wrap(new byte[] {1}), 1 << 20);
        open.write(ByteBuffer.wrap("kept".repeat(5000).getBytes(StandardCharsets.UTF_8)), 5000);
        copy.getOutputStream().write('\n');
        copy.getOutputStream().close();
        assertTrue(copy.waitFor(60, TimeUnit.SECONDS));
        String said = new String(copy.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, copy.exitValue(), said);
      } finally {
        copy.destroyForcibly();
      }
      mounted.unmount();
    }
  }

  @Test
  void everyBlockHasWhatWasWrittenToIt() throws IOException {
    need("fio");
    try (MountedImage mounted = mount("--cache", "8M")) {
      List<String> engines =
          List.of("psync --rw=randrw", "mmap --rw=randwrite", "psync --rw=write");
      for (String engine : engines) {
        mounted.sh(
            "fio --name=v --filename=f --size=12M --bsrange=512-64k --bs_unaligned=0"
                + " --verify=crc32c --do_verify=1 --verify_fatal=1 --end_fsync=1 --ioengine="
                + engine + " >/dev/null");
      }
      mounted.sh(
          "fio --name=p --numjobs=3 --size=3M --bs=4k --rw=randwrite --verify=md5 --verify_fatal=1"
              + " --ioengine=psync --fsync=64 >/dev/null");
      mounted.sh(
          "fio --name=d --filename=g --size=8M --bs=16k --rw=randwrite --verify=crc32c --direct=1"
              + " --verify_fatal=1 --ioengine=psync >/dev/null");
      mounted.unmount();
    }
    try (MountedImage mounted = mount()) {
      mounted.sh(
          "fio --name=d --filename=g --size=8M --bs=16k --rw=randwrite --verify=crc32c"
              + " --verify_only=1 --verify_fatal=1 --ioengine=psync >/dev/null");
      mounted.unmount();
    }
  }

  @Test
  void fullVolumeSaysSoAndGoesOn() throws IOException {
    try (MountedImage mounted = mount()) {
      Path big = mounted.point().resolve("big");
      byte[] megabyte = new byte[1 << 20];
      FileSystemException full =
          assertThrows(
              FileSystemException.class,
              () -> {
                try (var out = Files.newOutputStream(big)) {
                  for (int i = 0; i < 100; i++) {
                    out.write(megabyte);
                  }
                } catch (IOException e) {
                  throw new FileSystemException(String.valueOf(e.getMessage()));
                }
              });
      assertTrue(full.getMessage().contains("No space left"), full.getMessage());
      mounted.sh("! fallocate -l 90M x; rm -f big x; sync; fallocate -l 20M y; echo ok > z");
      mounted.unmount();
    }
    assertEquals("ok\n", ok("cat", image + ":/z").out());
  }

  /// Ctrl-C is INT, a terminal that goes is HUP, and a supervisor sends TERM.
  @ParameterizedTest
  @CsvSource({"HUP, 1", "INT, 2", "TERM, 15"})
  void signalsEndTheMountWithEverythingWritten(String name, int number) throws IOException {
    try (MountedImage mounted = mount("-o", "writeback_cache")) {
      Shell.assume(mounted.hears(number), "who started this had it pass over SIG" + name);
      Path open = mounted.point().resolve("open");
      try (var out = Files.newOutputStream(open)) { // in use: it must end all the same
        out.write("kept".getBytes(StandardCharsets.UTF_8));
        MountedImage.sh("kill -s " + name + " " + mounted.server().pid(), dir);
        mounted.await();
        assertEquals(128 + number, mounted.server().exitValue(), mounted.said());
        assertNull(Mounts.at(mounted.point()), mounted.said());
      } catch (IOException e) {
        assertFalse(mounted.server().isAlive()); // its close found nobody
      }
    }
    assertEquals("kept", ok("cat", image + ":/open").out());
    ok("fsck", image);
  }

  /// The first process of many containers never asks how its children ended: what it is left with
  /// stays in the table of processes, although all of it has ended.
  @Test
  void unmountingDoesNotWaitForAParentThatDoesNotLookAfterItsServer() throws IOException {
    Path point = Files.createDirectory(dir.resolve("point"));
    List<String> command = new ArrayList<>(List.of("sh", "-c", "\"$@\" & exec sleep 100", "sh"));
    command.addAll(MountedImage.command("mount", image.toString(), point.toString()));
    Process parent = new ProcessBuilder(command).start();
    try (BufferedReader out = parent.inputReader(StandardCharsets.UTF_8)) {
      assertTrue(String.valueOf(out.readLine()).startsWith("pagewright: mounted"));
      ok("umount", "--wait", "40", point);
      assertNull(Mounts.at(point));
      assertEquals(1, parent.children().count(), "nobody has looked after it");
    } finally {
      if (Mounts.at(point) != null) {
        Shell.run("umount", "--abort", "--wait", "20", point);
      }
      parent.destroyForcibly();
    }
    ok("fsck", image);
  }

  @Test
  void mountOfAKilledServerIsClearedAndTheImageRecovers() throws IOException {
    try (MountedImage mounted = mount()) {
      mounted.sh("echo durable > a; sync a; echo perhaps > b");
      mounted.server().destroyForcibly();
      mounted.await();
      assertThrows(IOException.class, () -> Files.readString(mounted.point().resolve("a")));
      String doctor = Shell.run("mount", "--doctor").out();
      assertTrue(doctor.lines().anyMatch(l -> l.matches("BAD +mounts .*dead: .*")), doctor);
      assertTrue(doctor.contains(mounted.point().toString()), doctor);
      ok("umount", mounted.point());
      assertNull(Mounts.at(mounted.point()));
    }
    try (MountedImage mounted = mount()) {
      assertEquals("durable\n", Files.readString(mounted.point().resolve("a")));
      mounted.unmount();
    }
  }

  @Test
  void helperMountsInTheBackground() throws IOException {
    Path command = MountedImage.script(dir);
    ok("install-mount-helper", "--dir", dir, "--command", command);
    Path point = Files.createDirectory(dir.resolve("point"));
    try {
      String said =
          MountedImage.sh("./mount.fuse.pagewright disk.img point -n -o rw,noatime", dir);
      assertTrue(said.contains("pagewright: mounted"), said);
      Files.writeString(point.resolve("a"), "from fstab");
    } finally {
      Shell.Result end = Shell.run("umount", point);
      assertEquals(0, end.code(), end.err());
    }
    assertEquals("from fstab", ok("cat", image + ":/a").out());
    ok("install-mount-helper", "--dir", dir, "--remove");
    assertFalse(Files.exists(dir.resolve("mount.fuse.pagewright")));
  }

  @Test
  void flagsOfFilesAreShownSetAndKept() throws IOException {
    need("lsattr", "chattr");
    try (MountedImage mounted = mount()) {
      mounted.sh("mkdir d; echo a > d/f; echo b > log; chattr +i d/f; chattr +a log; chattr +A d");
      mounted.sh("lsattr d/f | grep -q '^----i'; lsattr log | grep -q '^-----a'; lsattr -v d/f");
      // This process may do everything else.
      mounted.sh("no sh -c 'echo x > d/f'; no rm d/f; no mv d/f g; no ln d/f g");
      mounted.sh("no chmod 600 d/f; no touch d/f; no sh -c 'echo x >> d/f'");
      mounted.sh("no sh -c 'echo x > log'; no rm log; no truncate -s 0 log; no mv log g");
      mounted.sh("echo c >> log; chattr -i d/f; echo x > d/f; rm d/f; test $(cat log | wc -l) = 2");
      mounted.unmount();
    }
    try (MountedImage mounted = mount("-o", "ro")) {
      mounted.sh("lsattr -d d | grep -q 'A'; lsattr log | grep -q '^-----a'");
      mounted.unmount();
    }
  }

  @Test
  void renameLeavesAWhiteOutForUnionMounts() throws IOException {
    need("python3");
    Path script = dir.resolve("rename.py");
    Files.writeString(
        script,
        """
        import ctypes, os, sys
        libc = ctypes.CDLL(None, use_errno=True)
        old, new, flags = os.fsencode(sys.argv[1]), os.fsencode(sys.argv[2]), int(sys.argv[3])
        if libc.renameat2(-100, old, -100, new, flags) != 0:
            sys.exit(ctypes.get_errno())
        """);
    String rename = "python3 " + script + " ";
    try (MountedImage mounted = mount()) {
      mounted.sh("mkdir d; echo a > f; mkdir e; touch e/x");
      mounted.sh(rename + "f d/g 4; test $(cat d/g) = a");
      mounted.sh(rename + "e d/e 5; test -e d/e/x"); // and NOREPLACE
      mounted.sh("for n in f e; do test $(stat -c %F:%t:%T:%h $n | tr ' ' _)"
          + " = character_special_file:0:0:1; done");
      mounted.sh("no " + rename + "d/g d/e 6; no cat f; rm f; ls d | wc -l | grep -x 2");
      mounted.unmount();
    }
  }

  /// What [#ordinaryUserMountsThroughTheHelper] runs as user 65534, who cannot read what root
  /// built.
  private static final String AS_NOBODY =
      """
      cd "$1"
      pagewright() {
        "$JAVA" -Xmx256m --enable-native-access=ALL-UNNAMED -cp "$(ls -d cp/* | paste -sd:)" \
          org.pagewright.cli.Main "$@"
      }
      pagewright mount --background disk.img point
      trap 'grep -q " $1/point " /proc/mounts && pagewright umount --lazy point' EXIT
      grep " $1/point " /proc/mounts
      echo mine > point/a
      test $(stat -c %u point/a) = 65534
      if chown 1 point/a; then exit 8; fi
      if pagewright mount --background -o allow_other disk.img point; then exit 9; fi
      pagewright umount point
      test $(pagewright cat disk.img:/a) = mine
      """;

  @Test
  void ordinaryUserMountsThroughTheHelper() throws IOException {
    boolean root = System.getProperty("user.name").equals("root");
    Shell.assume(root, "this is no root: all other tests here mount through fusermount3");
    need("fusermount3", "setpriv", "unshare", "mknod", "paste");
    Path home = Files.createDirectory(dir.resolve("home"));
    ok("chown", "65534:65534", image + ":/");
    Files.move(image, home.resolve("disk.img"));
    copyClassPath(Files.createDirectory(home.resolve("cp")));
    Files.writeString(home.resolve("as-nobody"), AS_NOBODY);
    // A device that users may open, as most hosts have it, seen by this test alone.
    String script =
        """
        chmod 755 .. .
        mknod fuse c 10 229 && chmod 666 fuse && mount --bind fuse /dev/fuse || exit 3
        mkdir point; chown 65534:65534 . point disk.img
        export JAVA=%s
        setpriv --reuid=65534 --regid=65534 --clear-groups sh -euc \
          'test -x "$JAVA" && test -r cp && test -w /dev/fuse' || exit 3
        setpriv --reuid=65534 --regid=65534 --clear-groups sh -eu as-nobody "$PWD"
        """;
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    Path run = Files.writeString(home.resolve("run"), script.formatted(java));
    String said =
        MountedImage.sh(
            "c=0; timeout 100 unshare -m --propagation private sh -eu " + run
                + " 2>&1 || c=$?; echo ended $c",
            home);
    Shell.assume(!said.endsWith("ended 3\n"), "no mount namespace, or no device in it: " + said);
    assertTrue(said.endsWith("ended 0\n"), said);
    assertTrue(said.contains("nosuid,nodev"), said);
    assertTrue(said.contains("user_id=65534"), said);
  }

  private static void copyClassPath(Path to) throws IOException {
    int n = 0;
    for (String entry : System.getProperty("java.class.path").split(":")) {
      Path from = Path.of(entry);
      if (Files.exists(from)) {
        boolean folder = Files.isDirectory(from);
        Path copy = to.resolve(String.format("%03d%s", n++, folder ? "" : ".jar"));
        MountedImage.sh("cp -R '" + from + "' '" + copy + "'; chmod -R a+rX '" + copy + "'", to);
      }
    }
  }

  @Test
  void whatCannotBeMountedIsSaidWithTheNextStep() {
    assertEquals(2, Shell.run("mount", image).code());
    Shell.Result unknown = Shell.run("mount", "-o", "colour=red", image, dir);
    assertEquals(2, unknown.code());
    assertTrue(unknown.err().contains("colour=red"), unknown.err());
    Shell.Result nowhere = Shell.run("mount", image, dir.resolve("nowhere"));
    assertEquals(1, nowhere.code());
    assertTrue(nowhere.err().contains("mkdir"), nowhere.err());
    assertEquals(1, Shell.run("umount", dir).code());
  }
}
