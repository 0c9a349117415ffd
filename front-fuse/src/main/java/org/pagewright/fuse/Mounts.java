package org.pagewright.fuse;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.os.Sys;

/// The mounts that this host has, and how to end one, whether its server lives or not.
public final class Mounts {
  /// The type that /proc/mounts shows for our mounts.
  public static final String TYPE = "fuse.pagewright";

  private static final int LINKS_MAX = 40;
  private static final long TURN_NANOS = 50_000_000L;
  private static final Path TABLE = Path.of("/proc/self/mountinfo");

  /// Whether `/proc/PID/fdinfo` says of which connection a descriptor is: from Linux 6.16 on.
  private static final boolean KERNEL_TELLS = tells(System.getProperty("os.version", ""));

  private Mounts() {}

  static boolean tells(String version) {
    Matcher numbers = Pattern.compile("(\\d{1,4})\\.(\\d{1,4}).*").matcher(version);
    return numbers.matches()
        && 1000 * Integer.parseInt(numbers.group(1)) + Integer.parseInt(numbers.group(2)) >= 6016;
  }

  /// One mount.
  ///
  /// @param target the mount point
  /// @param type of the file system
  /// @param source what it says it was mounted from
  /// @param minor of its device number: the name of a FUSE connection
  /// @param userId who mounted it; -1 if that is not said
  public record Entry(Path target, String type, String source, int minor, long userId) {
    /// Whether it is one of ours.
    ///
    /// @return true for type [Mounts#TYPE]
    public boolean isOurs() {
      return type.equals(TYPE);
    }
  }

  /// All mounts, oldest first.
  ///
  /// @return a new list
  /// @throws FsException EIO
  public static List<Entry> all() throws FsException {
    try {
      return parse(Files.readString(TABLE, StandardCharsets.ISO_8859_1));
    } catch (IOException e) {
      throw new FsException(Errno.EIO, TABLE.toString(), e);
    }
  }

  /// The mounts of a table, but for those at a place that this JVM has no path for: with a locale
  /// that knows ASCII only, a name with other letters. None that we are asked for is among them.
  static List<Entry> parse(String text) {
    List<Entry> entries = new ArrayList<>();
    for (String line : text.split("\n")) {
      // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
      String[] words = line.split(" ");
      int dash = List.of(words).indexOf("-");
      if (dash >= 6 && words.length >= dash + 3) {
        int minor = Integer.parseInt(words[2].substring(words[2].indexOf(':') + 1));
        try {
          Path target = Path.of(unescaped(words[4]));
          String options = words.length > dash + 3 ? words[dash + 3] : "";
          entries.add(
              new Entry(
                  target,
                  words[dash + 1],
                  unescaped(words[dash + 2]),
                  minor,
                  userIdIn(options)));
        } catch (InvalidPathException e) {
          continue;
        }
      }
    }
    return entries;
  }

  private static long userIdIn(String options) {
    for (String option : options.split(",")) {
      if (option.startsWith("user_id=")) {
        return Long.parseLong(option.substring("user_id=".length()));
      }
    }
    return -1;
  }

  /// Blanks and the like are `\040` there; bytes are UTF-8.
  private static String unescaped(String text) {
    byte[] bytes = new byte[text.length()];
    int n = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\' && i + 3 < text.length()) {
        bytes[n++] = (byte) Integer.parseInt(text, i + 1, i + 4, 8);
        i += 3;
      } else {
        bytes[n++] = (byte) c;
      }
    }
    return new String(bytes, 0, n, StandardCharsets.UTF_8);
  }

  /// The mount that one sees at a place. Asks nothing of the mount itself, which may be dead.
  ///
  /// @param target a mount point
  /// @return the newest one there; null if nothing is mounted there
  /// @throws FsException EIO
  public static @Nullable Entry at(Path target) throws FsException {
    Path wanted = canonical(target);
    Entry found = null;
    for (Entry entry : all()) {
      if (entry.target.equals(wanted)) {
        found = entry;
      }
    }
    return found;
  }

  /// The real path, without asking what its last component is, unless that is a link: it may be a
  /// dead mount, or one whose server hangs. To say that it is no link, the kernel asks nobody.
  ///
  /// @param target a directory
  /// @return absolute
  static Path canonical(Path target) {
    Path path = target.toAbsolutePath().normalize();
    try {
      for (int links = 0; links < LINKS_MAX; links++) {
        Path parent = path.getParent();
        Path name = path.getFileName();
        if (parent == null || name == null) {
          return path;
        }
        path = parent.toRealPath().resolve(name);
        path = path.resolveSibling(Files.readSymbolicLink(path)).normalize();
      }
    } catch (IOException e) {
      return path; // no link, or not there
    }
    return path;
  }

  /// How a process is tied to a connection.
  private enum Tie {
    /// Not at all, or it is not ours to look at.
    NONE,
    /// It has a descriptor of `/dev/fuse`, and the kernel does not say of which connection.
    UNTOLD,
    /// It has one of this connection.
    THIS
  }

  /// The process that answers for a mount: the one with a descriptor of its connection. Where the
  /// kernel does not say who that is, the one that was started with the mount point.
  ///
  /// @param entry the mount
  /// @return null if it has ended, is not ours to look at, or is not known
  public static @Nullable ProcessHandle server(Entry entry) {
    return server(entry, KERNEL_TELLS);
  }

  static @Nullable ProcessHandle server(Entry entry, boolean kernelTells) {
    List<ProcessHandle> untold = new ArrayList<>();
    try (Stream<ProcessHandle> processes = ProcessHandle.allProcesses()) {
      for (ProcessHandle process : (Iterable<ProcessHandle>) processes::iterator) {
        switch (tie(process.pid(), entry, kernelTells)) {
          case THIS -> {
            return process;
          }
          case UNTOLD -> untold.add(process);
          case NONE -> {}
        }
      }
    }
    for (ProcessHandle process : untold) {
      if (isStartedWith(process.pid(), entry.target)) {
        return process;
      }
    }
    return null;
  }

  /// Waits until a process that answered for a mount has ended. One that nobody has looked after
  /// yet, a zombie, has: all it had is closed, and its parent may never look, as the first process
  /// of many containers.
  ///
  /// @param server from [#server(Entry)]
  /// @param waitNanos how long at most
  /// @return false if it is still there
  /// @throws InterruptedException if the caller is
  public static boolean awaitEnd(ProcessHandle server, long waitNanos)
      throws InterruptedException {
    long start = System.nanoTime();
    CompletableFuture<ProcessHandle> end = server.onExit();
    while (!isZombie(server.pid())) {
      long left = waitNanos - (System.nanoTime() - start);
      try {
        end.get(Math.clamp(left, 0, TURN_NANOS), TimeUnit.NANOSECONDS);
        return true;
      } catch (ExecutionException e) {
        return true;
      } catch (TimeoutException e) {
        if (left <= 0) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean isZombie(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
      return stat.startsWith(" Z", stat.lastIndexOf(')') + 1); // its name may hold anything
    } catch (IOException e) {
      return false; // gone, which the handle tells
    }
  }

  /// Whether there may be a process that answers for a mount, known or not.
  ///
  /// @param entry the mount, of this user, or any for root
  /// @return false if it is dead
  public static boolean isServed(Entry entry) {
    return isServed(entry, KERNEL_TELLS);
  }

  static boolean isServed(Entry entry, boolean kernelTells) {
    try (Stream<ProcessHandle> processes = ProcessHandle.allProcesses()) {
      return processes.anyMatch(p -> tie(p.pid(), entry, kernelTells) != Tie.NONE);
    }
  }

  private static Tie tie(long pid, Entry entry, boolean kernelTells) {
    Path process = Path.of("/proc", Long.toString(pid));
    Tie tie = Tie.NONE;
    try (DirectoryStream<Path> fds = Files.newDirectoryStream(process.resolve("fd"))) {
      for (Path fd : fds) {
        if (isFuse(fd)) {
          String info = Files.readString(process.resolve("fdinfo").resolve(fd.getFileName()));
          if (info.lines().anyMatch(("fuse_connection:\t" + entry.minor)::equals)) {
            return Tie.THIS;
          }
          tie = kernelTells ? tie : Tie.UNTOLD;
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      return Tie.NONE; // another user's, or gone meanwhile
    }
    return tie;
  }

  /// Whether a word of a process's command line is a mount point.
  static boolean isStartedWith(long pid, Path target) {
    Path process = Path.of("/proc", Long.toString(pid));
    try {
      Path cwd = Files.readSymbolicLink(process.resolve("cwd"));
      for (String word : Files.readString(process.resolve("cmdline")).split("\0")) {
        if (!word.isEmpty() && cwd.resolve(word).normalize().equals(target)) {
          return true;
        }
      }
    } catch (IOException | InvalidPathException e) {
      return false; // gone meanwhile, or not of this host's files
    }
    return false;
  }

  private static boolean isFuse(Path fd) {
    try {
      return Files.readSymbolicLink(fd).toString().equals("/dev/fuse");
    } catch (IOException e) {
      return false;
    }
  }

  /// Ends a mount as `umount` does: whatever the kernel keeps is written first.
  ///
  /// @param target the mount point
  /// @param lazy take the name away now even if it is in use
  /// @throws FsException EBUSY if files are open and it is not lazy; EINVAL if nothing is mounted
  ///     there; EPERM
  public static void unmount(Path target, boolean lazy) throws FsException {
    Sys sys = new Sys();
    Path path = canonical(target);
    if (sys.effectiveUid() == 0) {
      Sys.checked(
          sys.umount(path.toString(), lazy ? Sys.MNT_DETACH : 0), "unmount " + path);
      return;
    }
    int code = sys.run(Fusermount.unmount(path, lazy), Fusermount.environment(-1), -1);
    if (code < 0) {
      throw Sys.failure(-code, "start " + Fusermount.PROGRAM);
    }
    if (code != 0) {
      throw new FsException(Errno.EBUSY, Fusermount.PROGRAM + " -u " + path);
    }
  }

  /// Ends the connection of a mount at once: every request fails, nothing is written any more. For
  /// mounts whose server does not answer.
  ///
  /// @param entry the mount
  /// @throws FsException EPERM; ENODEV if there is no way
  public static void abort(Entry entry) throws FsException {
    try (Connection connection = Connection.of(entry.minor)) {
      if (connection.isThere()) {
        connection.abort();
        return;
      }
    }
    // Without the control files: an unmount by force aborts first, and then may find it busy.
    Sys sys = new Sys();
    int result = sys.umount(entry.target.toString(), Sys.MNT_FORCE);
    if (result < 0 && result != -Errno.EBUSY.number()) {
      throw Sys.failure(-result, "abort " + entry.target);
    }
  }
}
