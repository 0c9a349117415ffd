package org.pagewright.fs.ext4.testing;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assertions;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.DirEntry;
import org.pagewright.vfs.FileMode;
import org.pagewright.vfs.FileType;
import org.pagewright.vfs.Name;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;

/// Everything that can be seen of a tree of files, by path, to be compared: as we show it, as the
/// kernel shows it, as a model has it.
public final class FileTree {
  private static final int CHUNK = 4096;

  /// What can be seen at one path.
  ///
  /// @param mode type and permissions
  /// @param nlink names
  /// @param uid owner
  /// @param gid group
  /// @param rdev device number as major:minor, empty for others
  /// @param size bytes of a regular file or symbolic link, else 0
  /// @param content checksums of each 4096 bytes of a regular file
  /// @param target of a symbolic link, else empty
  /// @param times atime, mtime and ctime
  /// @param xattrs `user.` attributes, values in hex
  /// @param first the first of all paths of this inode
  public record Entry(
      int mode,
      int nlink,
      int uid,
      int gid,
      String rdev,
      long size,
      int[] content,
      String target,
      List<Instant> times,
      Map<String, String> xattrs,
      String first) {}

  private final String who;
  private final TreeMap<String, Entry> entries = new TreeMap<>();

  /// An empty tree.
  ///
  /// @param who whose view this is, for messages
  public FileTree(String who) {
    this.who = who;
  }

  /// Adds what is at a path.
  ///
  /// @param path from the root, `/` itself included
  /// @param entry what is there
  public void put(String path, Entry entry) {
    entries.put(path, entry);
  }

  /// How many paths there are.
  ///
  /// @return a count, the root included
  public int size() {
    return entries.size();
  }

  /// What is at a path.
  ///
  /// @param path from the root
  /// @return null if nothing
  public @Nullable Entry get(String path) {
    return entries.get(path);
  }

  // ---- Our view ---------------------------------------------------------------------------------

  /// The tree as a volume shows it, `lost+found` left out.
  ///
  /// @param volume mounted so that reading changes no times
  /// @return a snapshot
  /// @throws FsException whatever reading it meets
  public static FileTree of(Volume volume) throws FsException {
    FileTree tree = new FileTree("ours");
    tree.addVolume(volume, "/", new HashMap<>());
    return tree;
  }

  private void addVolume(Volume volume, String path, Map<Long, String> firsts)
      throws FsException {
    Stat stat = volume.lstat(path);
    String first = firsts.computeIfAbsent(stat.ino(), ino -> path);
    int[] content = new int[0];
    if (stat.isRegular()) {
      content = contentOf(volume, path);
    }
    Map<String, String> xattrs = new TreeMap<>();
    if (stat.isRegular() || stat.isDirectory()) {
      for (Name name : volume.listXattrs(path, false)) {
        if (name.startsWith("user.")) {
          byte[] value = volume.getXattr(path, name.toString(), false);
          xattrs.put(
              name.toString(), value == null ? "missing" : HexFormat.of().formatHex(value));
        }
      }
    }
    put(
        path,
        new Entry(
            stat.mode(),
            stat.nlink(),
            stat.uid(),
            stat.gid(),
            rdev(stat.type(), stat.rdev()),
            stat.isRegular() || stat.isSymlink() ? stat.size() : 0,
            content,
            stat.isSymlink() ? volume.readlink(path) : "",
            List.of(stat.atime(), stat.mtime(), stat.ctime()),
            xattrs,
            first));
    if (stat.isDirectory()) {
      TreeSet<String> names = new TreeSet<>();
      for (DirEntry entry : volume.list(path)) {
        Assertions.assertTrue(
            names.add(entry.name().toString()), () -> path + " lists twice: " + entry.name());
      }
      for (String name : names) {
        if (!(path.equals("/") && name.equals("lost+found"))) {
          addVolume(volume, child(path, name), firsts);
        }
      }
    }
  }

  private static String rdev(FileType type, long rdev) {
    return type == FileType.BLOCK_DEVICE || type == FileType.CHARACTER_DEVICE
        ? org.pagewright.vfs.DeviceNumber.major(rdev)
            + ":"
            + org.pagewright.vfs.DeviceNumber.minor(rdev)
        : "";
  }

  private static int[] contentOf(Volume volume, String path) throws FsException {
    try (OpenFile file = volume.open(path, OpenFlags.RDONLY, 0)) {
      long size = file.size();
      int[] sums = new int[Math.toIntExact((size + CHUNK - 1) / CHUNK)];
      byte[] buffer = new byte[64 * CHUNK];
      long pos = 0;
      while (pos < size) {
        int want = (int) Math.min(buffer.length, size - pos);
        int done = 0;
        while (done < want) {
          int n = file.read(pos + done, buffer, done, want - done);
          Assertions.assertTrue(n > 0, path + ": end of file before its size");
          done += n;
        }
        sumInto(sums, (int) (pos / CHUNK), buffer, want);
        pos += want;
      }
      return sums;
    }
  }

  /// Checksums of each 4096 bytes.
  ///
  /// @param sums where they go
  /// @param at index of the first
  /// @param buffer the bytes
  /// @param length how many
  public static void sumInto(int[] sums, int at, byte[] buffer, int length) {
    CRC32C crc = new CRC32C();
    for (int from = 0; from < length; from += CHUNK) {
      crc.reset();
      crc.update(buffer, from, Math.min(CHUNK, length - from));
      sums[at++] = (int) crc.getValue();
    }
  }

  private static String child(String path, String name) {
    return path.equals("/") ? "/" + name : path + "/" + name;
  }

  // ---- The kernel's view ------------------------------------------------------------------------

  /// The tree as the kernel shows it, `lost+found` left out.
  ///
  /// @param root where it is mounted
  /// @return a snapshot
  /// @throws IOException whatever reading it meets
  public static FileTree of(Path root) throws IOException {
    FileTree tree = new FileTree("the kernel's");
    tree.addHost(root, "/", new HashMap<>());
    return tree;
  }

  private void addHost(Path host, String path, Map<Long, String> firsts) throws IOException {
    Map<String, Object> a = Files.readAttributes(host, "unix:*", LinkOption.NOFOLLOW_LINKS);
    int mode = (Integer) a.get("mode");
    String first = firsts.computeIfAbsent((Long) a.get("ino"), ino -> path);
    FileType type = FileType.ofMode(mode);
    long size = (Long) a.get("size");
    int[] content = new int[0];
    Map<String, String> xattrs = new TreeMap<>();
    if (type == FileType.REGULAR) {
      content = contentOf(host, size);
    }
    if (type == FileType.REGULAR || type == FileType.DIRECTORY) {
      UserDefinedFileAttributeView view =
          Files.getFileAttributeView(host, UserDefinedFileAttributeView.class);
      for (String name : view.list()) {
        ByteBuffer value = ByteBuffer.allocate(view.size(name));
        view.read(name, value);
        xattrs.put("user." + name, HexFormat.of().formatHex(value.array()));
      }
    }
    String target =
        type == FileType.SYMLINK ? Files.readSymbolicLink(host).toString() : "";
    put(
        path,
        new Entry(
            mode,
            (Integer) a.get("nlink"),
            (Integer) a.get("uid"),
            (Integer) a.get("gid"),
            hostRdev(type, (Long) a.get("rdev")),
            type == FileType.REGULAR || type == FileType.SYMLINK ? size : 0,
            content,
            target,
            List.of(
                ((FileTime) a.get("lastAccessTime")).toInstant(),
                ((FileTime) a.get("lastModifiedTime")).toInstant(),
                ((FileTime) a.get("ctime")).toInstant()),
            xattrs,
            first));
    if (type == FileType.DIRECTORY) {
      TreeMap<String, Path> children = new TreeMap<>();
      try (DirectoryStream<Path> stream = Files.newDirectoryStream(host)) {
        for (Path entry : stream) {
          children.put(entry.getFileName().toString(), entry);
        }
      }
      for (Map.Entry<String, Path> c : children.entrySet()) {
        if (!(path.equals("/") && c.getKey().equals("lost+found"))) {
          addHost(c.getValue(), child(path, c.getKey()), firsts);
        }
      }
    }
  }

  /// A dev_t of the host's C library, in parts.
  private static String hostRdev(FileType type, long dev) {
    if (type != FileType.BLOCK_DEVICE && type != FileType.CHARACTER_DEVICE) {
      return "";
    }
    long major = dev >>> 8 & 0xfff | dev >>> 32 & 0xfffff000L;
    long minor = dev & 0xff | dev >>> 12 & 0xffffff00L;
    return major + ":" + (int) minor;
  }

  private static int[] contentOf(Path host, long size) throws IOException {
    int[] sums = new int[Math.toIntExact((size + CHUNK - 1) / CHUNK)];
    try (InputStream in = Files.newInputStream(host)) {
      byte[] buffer = new byte[64 * CHUNK];
      long pos = 0;
      while (pos < size) {
        int n = in.readNBytes(buffer, 0, buffer.length);
        Assertions.assertEquals(Math.min(buffer.length, size - pos), n, host.toString());
        sumInto(sums, (int) (pos / CHUNK), buffer, n);
        pos += n;
      }
    }
    return sums;
  }

  // ---- Comparison -------------------------------------------------------------------------------

  /// Fails unless two trees are the same, and says where they differ.
  ///
  /// @param expected one
  /// @param actual the other
  public static void assertSame(FileTree expected, FileTree actual) {
    List<String> differences = new ArrayList<>();
    TreeSet<String> paths = new TreeSet<>(expected.entries.keySet());
    paths.addAll(actual.entries.keySet());
    for (String path : paths) {
      Entry e = expected.entries.get(path);
      Entry a = actual.entries.get(path);
      if (e == null || a == null) {
        differences.add(path + " is only in " + (e == null ? actual.who : expected.who));
      } else {
        compare(differences, path, e, a);
      }
    }
    if (!differences.isEmpty()) {
      int n = differences.size();
      throw new AssertionError(
          n + " differences between " + expected.who + " (first) and " + actual.who + ":\n"
              + String.join("\n", differences.subList(0, Math.min(n, 20))));
    }
  }

  private static void compare(List<String> out, String path, Entry e, Entry a) {
    different(out, path, "mode", Integer.toOctalString(e.mode), Integer.toOctalString(a.mode));
    different(out, path, "nlink", e.nlink, a.nlink);
    different(out, path, "uid", e.uid, a.uid);
    different(out, path, "gid", e.gid, a.gid);
    different(out, path, "rdev", e.rdev, a.rdev);
    different(out, path, "size", e.size, a.size);
    different(out, path, "target", e.target, a.target);
    different(out, path, "times", e.times, a.times);
    different(out, path, "xattrs", e.xattrs, a.xattrs);
    different(out, path, "first path", e.first, a.first);
    int at = Arrays.mismatch(e.content, a.content);
    if (at >= 0) {
      out.add(path + ": content differs in bytes " + (long) at * CHUNK + " and on");
    }
  }

  private static void different(List<String> out, String path, String what, Object e, Object a) {
    if (!e.equals(a)) {
      out.add(path + ": " + what + " " + e + " / " + a);
    }
  }

  /// Whether a mode is a directory's.
  ///
  /// @param entry of a tree
  /// @return true if so
  public static boolean isDirectory(Entry entry) {
    return FileMode.isDirectory(entry.mode());
  }

  /// The bytes of a text.
  ///
  /// @param text any
  /// @return UTF-8
  public static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
