package org.pagewright.fuse;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.os.Sys;

/// What this host has for mounting, and what to do about what it lacks.
public final class Doctor {
  /// What the finding about mounts that are there already is called.
  public static final String MOUNTS = "mounts";

  private static final String RINGS_PARAMETER = "/sys/module/fuse/parameters/enable_uring";

  private Doctor() {}

  /// One thing that was looked at.
  ///
  /// @param what the thing
  /// @param good whether mounting works as far as this is concerned
  /// @param found what is there
  /// @param next what to do if it is not good; empty if it is
  public record Finding(String what, boolean good, String found, String next) {}

  /// Looks at everything that mounting needs. Mounts nothing.
  ///
  /// @return in the order in which mounting needs them
  public static List<Finding> examine() {
    List<Finding> found = new ArrayList<>();
    String why = Sys.whyNot();
    found.add(
        new Finding(
            "native calls",
            why == null,
            why == null ? "allowed" : why,
            why == null ? "" : "start java with --enable-native-access=ALL-UNNAMED"));
    if (why != null) {
      return found;
    }
    found.add(kernel());
    try {
      Sys sys = new Sys();
      boolean root = sys.effectiveUid() == 0;
      found.add(device(sys, root));
      found.add(helper(root));
      found.add(limit("/proc/sys/fs/fuse/max_pages_limit", "pages of a request", 256));
      found.add(rings());
      found.add(control());
      found.add(deadMounts());
    } catch (FsException e) {
      found.add(new Finding("host", false, String.valueOf(e.getMessage()), ""));
    }
    return found;
  }

  private static Finding kernel() {
    String version = System.getProperty("os.version", "");
    String[] parts = version.split("[.-]");
    boolean good = false;
    try {
      int major = Integer.parseInt(parts[0]);
      good = major > 5 || major == 5 && Integer.parseInt(parts[1]) >= 4;
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      good = false;
    }
    String systems = read(Path.of("/proc/filesystems"));
    boolean fuse = systems != null && systems.contains("\tfuse\n");
    return new Finding(
        "kernel",
        good && fuse,
        version + (fuse ? ", with fuse" : ", without fuse"),
        good ? fuse ? "" : "modprobe fuse" : "Linux 5.4 or newer is needed");
  }

  private static Finding device(Sys sys, boolean root) {
    int fd = sys.open("/dev/fuse", Sys.O_RDWR | Sys.O_CLOEXEC);
    if (fd >= 0) {
      sys.close(fd);
      return new Finding("/dev/fuse", true, "opens", "");
    }
    if (-fd == Errno.EACCES.number() && !root) {
      return new Finding(
          "/dev/fuse",
          false,
          "is root's alone; fusermount3 opens it as the user",
          "as root: chmod 666 /dev/fuse, which is how hosts with fuse3 have it");
    }
    String next =
        -fd == Errno.ENOENT.number()
            ? "modprobe fuse; in a container: --device /dev/fuse"
            : "in a container: --device /dev/fuse --cap-add SYS_ADMIN";
    return new Finding("/dev/fuse", false, Sys.failure(-fd, "open").getMessage() + "", next);
  }

  private static Finding helper(boolean root) {
    Path program = null;
    for (String dir : System.getenv().getOrDefault("PATH", "").split(":")) {
      Path candidate = Path.of(dir.isEmpty() ? "." : dir).resolve(Fusermount.PROGRAM);
      if (program == null && Files.isExecutable(candidate)) {
        program = candidate;
      }
    }
    if (program == null) {
      return new Finding(
          Fusermount.PROGRAM,
          root,
          root ? "is not there, nor needed by root" : "is not there",
          root ? "" : "apt install fuse3");
    }
    String found = program.toString();
    String conf = read(Path.of("/etc/fuse.conf"));
    boolean others =
        conf != null && conf.lines().anyMatch(l -> l.strip().equals("user_allow_other"));
    return new Finding(
        Fusermount.PROGRAM,
        true,
        found + (others ? ", users may allow_other" : ", allow_other is for root only"),
        "");
  }

  private static Finding limit(String file, String what, int wanted) {
    String text = read(Path.of(file));
    if (text == null) {
      return new Finding(what, true, "the kernel's own limit", "");
    }
    return new Finding(what, true, text.strip() + (atLeast(text, wanted) ? "" : ", few"), "");
  }

  private static boolean atLeast(String text, int wanted) {
    try {
      return Long.parseLong(text.strip()) >= wanted;
    } catch (NumberFormatException e) {
      return true;
    }
  }

  /// Optional: mounting works without.
  private static Finding rings() {
    String what = "io_uring";
    String parameter = read(Path.of(RINGS_PARAMETER));
    if (parameter == null) {
      return new Finding(what, true, "not in this kernel's FUSE, which has it from 6.14 on", "");
    }
    String limit = read(Path.of("/proc/sys/kernel/io_uring_disabled"));
    if (limit != null && !limit.strip().equals("0")) {
      return new Finding(what, true, "kept from programs: kernel.io_uring_disabled", "");
    }
    boolean on = parameter.strip().equals("Y");
    return new Finding(
        what,
        true,
        on
            ? "on: -o io_uring takes requests through it"
            : "off, wanted for -o io_uring only: echo Y > " + RINGS_PARAMETER,
        "");
  }

  private static Finding control() {
    return new Finding(
        "control files",
        true,
        Connection.canSeeAny()
            ? "there: a mount that hangs is ended through them"
            : "none to be seen: a mount that hangs is ended by umount -f",
        "");
  }

  private static Finding deadMounts() throws FsException {
    List<String> dead = new ArrayList<>();
    int alive = 0;
    Sys sys = new Sys();
    for (Mounts.Entry entry : Mounts.all()) {
      if (entry.isOurs()) {
        // Asking the mount itself would keep us if its server hangs; and of the processes of
        // others we see nothing.
        boolean known = sys.effectiveUid() == 0 || entry.userId() == sys.effectiveUid();
        if (known && !Mounts.isServed(entry)) {
          dead.add(entry.target().toString());
        } else {
          alive++;
        }
      }
    }
    return new Finding(
        MOUNTS,
        dead.isEmpty(),
        alive + " of ours" + (dead.isEmpty() ? "" : ", dead: " + String.join(", ", dead)),
        dead.isEmpty() ? "" : "pagewright umount " + dead.get(0));
  }

  private static @Nullable String read(Path file) {
    // In one read: files of /proc/sys end after the first, whatever it asked for.
    try (InputStream in = Files.newInputStream(file)) {
      return new String(in.readNBytes(1 << 16), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return null;
    }
  }
}
