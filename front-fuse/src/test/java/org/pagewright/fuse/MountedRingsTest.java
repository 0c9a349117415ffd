package org.pagewright.fuse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Mounts whose requests come through io_uring, and how they end. The server is a process of its
/// own, and programs do the asking, so that nothing of this JVM can hang. Skipped without root, or
/// where the kernel has no such thing.
final class MountedRingsTest {
  @TempDir Path folder;

  private Rings rings;
  private ServedMount mount;

  @BeforeEach
  void mount() throws IOException {
    rings = Rings.turnedOn();
    mount = mounted("image");
  }

  private ServedMount mounted(String image) throws IOException {
    Path target = Files.createDirectories(folder.resolve("mount"));
    return ServedMount.of(folder.resolve(image), target, Rings.OPTION);
  }

  @AfterEach
  void unmount() throws IOException {
    try {
      mount.close();
    } finally {
      rings.close();
    }
  }

  private int sh(String script) throws IOException {
    return ServedMount.run("sh", "-c", "cd " + mount.target() + " && " + script);
  }

  private static Process start(String... command) throws IOException {
    return new ProcessBuilder(command).start();
  }

  /// Another program that has a lock on the file `f`, until its input ends.
  private Process locker() throws IOException {
    Process holder = start("flock", mount.target() + "/f", "sh", "-c", "echo held; read end");
    assertEquals("held", ServedMount.firstLine(holder));
    return holder;
  }

  /// Ends a program, which has to end by itself.
  private static void end(Process process) throws IOException {
    ServedMount.end(process);
    assertNotEquals(128 + 9, process.exitValue(), "a program hung and was killed");
  }

  /// How many io_urings the server has.
  private long ringsOfServer() throws IOException {
    long count = 0;
    try (var descriptors = Files.list(Path.of("/proc/" + mount.server().pid() + "/fd"))) {
      for (Path descriptor : descriptors.toList()) {
        try {
          count += Files.readSymbolicLink(descriptor).toString().contains("io_uring") ? 1 : 0;
        } catch (IOException e) {
          // closed meanwhile
        }
      }
    }
    return count;
  }

  @Test
  @Timeout(200)
  void whatIsWrittenIsReadAndThereAfterwards() throws IOException {
    assertTrue(ringsOfServer() >= 2, "without io_uring");
    long seed = Long.getLong("pagewright.seed", System.nanoTime());
    System.out.println("seed of content: " + seed);
    Random random = new Random(seed);
    byte[] content = new byte[3 << 20];
    random.nextBytes(content);
    Path source = Files.write(folder.resolve("source"), content);
    assertEquals(0, sh("cp " + source + " all && cmp all " + source));
    for (int size : new int[] {1, 511, 4096, 5000, 131072, 1 << 20}) {
      assertEquals(0, sh("dd if=" + source + " of=f" + size + " bs=" + size + " count=2"));
      String both = "dd if=" + source + " bs=" + size + " count=2 | cmp - f" + size;
      assertEquals(0, sh(both), () -> size + " bytes, seed " + seed);
    }
    assertEquals(0, sh("mkdir d && for i in $(seq 300); do echo $i > d/$i; done && sync all"));
    assertEquals(0, sh("test $(ls d | wc -l) = 300 && rm -r d && test ! -e d"));
    mount.end();
    assertFalse(mount.isMounted());
  }

  @Test
  @Timeout(200)
  void programsOnEveryProcessorAreServed() throws IOException {
    List<Process> programs = new ArrayList<>();
    for (int i = 0; i < 12; i++) { // more than there are threads
      String script =
          "cd " + mount.target() + " && for n in $(seq 60); do"
              + " echo " + i + ".$n > p" + i + ".$n && sync p" + i + ".$n"
              + " && grep -q " + i + ".$n p" + i + ".$n && rm p" + i + ".$n || exit 1; done";
      programs.add(start("sh", "-c", script));
    }
    for (Process program : programs) {
      end(program);
      assertEquals(0, program.exitValue());
    }
    mount.end();
  }

  @Test
  @Timeout(200)
  void waitingForALockKeepsNobodyFromTheMount() throws IOException {
    assertEquals(0, sh("echo text > f"));
    Process holder = locker();
    List<Process> waiting = new ArrayList<>();
    try {
      for (int i = 0; i < 16; i++) { // more than there are threads
        String script = "echo got >> " + mount.target() + "/g";
        waiting.add(start("flock", mount.target() + "/f", "sh", "-c", script));
      }
      for (int i = 0; i < 30; i++) {
        assertEquals(0, sh("cat f > h" + i));
      }
      waiting.get(3).destroy(); // a signal
      end(holder);
      for (Process process : waiting) {
        end(process);
      }
      assertEquals(0, sh("test $(wc -l < g) -ge 15"));
    } finally {
      holder.destroyForcibly();
      waiting.forEach(Process::destroyForcibly);
    }
    mount.end();
  }

  @Test
  @Timeout(200)
  void anUnmountFromOutsideEndsTheServer() throws IOException {
    assertEquals(0, sh("echo text > f"));
    assertEquals(0, ServedMount.run("umount", mount.target().toString()));
    mount.end();
  }

  @Test
  @Timeout(200)
  void anAbortEndsRequestsAndServer() throws IOException {
    assertEquals(0, sh("echo text > f"));
    Process holder = locker();
    Process waiter = start("flock", mount.target() + "/f", "true");
    try {
      // Aborts first, and then finds that it is in use.
      ServedMount.run("umount", "-f", mount.target().toString());
      end(holder); // locks are the kernel's own, and outlive the server
      end(waiter);
      assertFalse(sh("cat f") == 0, "the mount is dead");
    } finally {
      holder.destroyForcibly();
      waiter.destroyForcibly();
    }
    end(mount.server());
  }

  @Test
  @Timeout(200)
  void aKilledServerLeavesADeadMountAndNothingHangs() throws IOException {
    assertEquals(0, sh("echo text > f && sync f"));
    Process busy = start("sh", "-c", "while echo x > " + mount.target() + "/y; do :; done");
    assertEquals(0, sh("test -e f"));
    mount.server().destroyForcibly();
    ServedMount.end(mount.server());
    end(busy);
    assertFalse(sh("cat f") == 0, "the mount is dead");
    assertEquals(0, ServedMount.run("umount", mount.target().toString()));
  }

  @Test
  @Timeout(200)
  void withoutTheKernelsLeaveItIsAMountLikeOthers() throws IOException {
    mount.end();
    rings.close();
    mount = mounted("other");
    assertEquals(0, ringsOfServer());
    assertEquals(0, sh("echo text > f && grep -q text f"));
    mount.end();
  }
}
