package org.pagewright.fs.ext4.crash;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.DirEntry;
import org.pagewright.vfs.FileType;
import org.pagewright.vfs.Name;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;

/// What can be seen of an image after recovery.
///
/// @param entries by path, the root included, `lost+found` not
/// @param damage why nothing can be seen; null if it can
record Sight(Map<String, Entry> entries, @Nullable String damage) {
  /// More than any workload writes: what is larger is damage.
  private static final long SIZE_MAX = 64 << 20;

  /// What is at a path.
  ///
  /// @param type file, directory or link
  /// @param first the first of all paths of this inode
  /// @param nlink number of its names
  /// @param target of a symbolic link
  /// @param xattrs `user.` attributes, values in hexadecimal
  /// @param content of a regular file
  record Entry(
      FileType type,
      String first,
      int nlink,
      String target,
      Map<String, String> xattrs,
      ByteBuffer content) {
    @Override
    public String toString() {
      return type + " of " + content.remaining() + " bytes, " + nlink + " names, first " + first
          + (target.isEmpty() ? "" : ", to " + target)
          + (xattrs.isEmpty() ? "" : ", " + xattrs.keySet());
    }
  }

  static Sight of(Volume volume) throws FsException {
    Map<String, Entry> entries = new TreeMap<>();
    add(entries, volume, "/", new HashMap<>());
    return new Sight(entries, null);
  }

  static String child(String dir, String name) {
    return dir.equals("/") ? "/" + name : dir + "/" + name;
  }

  private static void add(
      Map<String, Entry> entries, Volume volume, String path, Map<Long, String> firsts)
      throws FsException {
    Stat stat = volume.lstat(path);
    Map<String, String> xattrs = new TreeMap<>();
    if (!stat.isSymlink()) {
      for (Name name : volume.listXattrs(path, false)) {
        byte[] value = volume.getXattr(path, name.toString(), false);
        xattrs.put(name.toString(), value == null ? "none" : HexFormat.of().formatHex(value));
      }
    }
    entries.put(
        path,
        new Entry(
            stat.type(),
            firsts.computeIfAbsent(stat.ino(), ino -> path),
            stat.nlink(),
            stat.isSymlink() ? volume.readlink(path) : "",
            xattrs,
            stat.isRegular() ? content(volume, path) : ByteBuffer.allocate(0)));
    if (stat.isDirectory()) {
      TreeSet<String> names = new TreeSet<>();
      for (DirEntry entry : volume.list(path)) {
        if (!names.add(entry.name().toString())) {
          throw new AssertionError(path + " lists twice: " + entry.name());
        }
      }
      for (String name : names) {
        String at = child(path, name);
        if (!at.equals("/lost+found")) {
          add(entries, volume, at, firsts);
        }
      }
    }
  }

  private static ByteBuffer content(Volume volume, String path) throws FsException {
    try (OpenFile file = volume.open(path, OpenFlags.RDONLY, 0)) {
      if (file.size() > SIZE_MAX) {
        throw new AssertionError(path + " has " + file.size() + " bytes");
      }
      byte[] bytes = new byte[(int) file.size()];
      int done = 0;
      while (done < bytes.length) {
        int n = file.read(done, bytes, done, bytes.length - done);
        if (n <= 0) {
          throw new AssertionError(path + " ends at " + done + " of " + bytes.length);
        }
        done += n;
      }
      return ByteBuffer.wrap(bytes);
    }
  }

  /// What the kernel shows.
  ///
  /// @param root where it mounted the image
  static Sight of(Path root) throws IOException {
    Map<String, Entry> entries = new TreeMap<>();
    addHost(entries, root, "/", new HashMap<>());
    return new Sight(entries, null);
  }

  private static void addHost(
      Map<String, Entry> entries, Path host, String path, Map<Long, String> firsts)
      throws IOException {
    Map<String, Object> a = Files.readAttributes(host, "unix:*", LinkOption.NOFOLLOW_LINKS);
    FileType type = FileType.ofMode((Integer) a.get("mode"));
    Map<String, String> xattrs = new TreeMap<>();
    if (type != FileType.SYMLINK) {
      UserDefinedFileAttributeView view =
          Files.getFileAttributeView(host, UserDefinedFileAttributeView.class);
      for (String name : view.list()) {
        ByteBuffer value = ByteBuffer.allocate(view.size(name));
        view.read(name, value);
        xattrs.put("user." + name, HexFormat.of().formatHex(value.array()));
      }
    }
    entries.put(
        path,
        new Entry(
            type,
            firsts.computeIfAbsent((Long) a.get("ino"), ino -> path),
            (Integer) a.get("nlink"),
            type == FileType.SYMLINK ? Files.readSymbolicLink(host).toString() : "",
            xattrs,
            ByteBuffer.wrap(type == FileType.REGULAR ? Files.readAllBytes(host) : new byte[0])));
    if (type == FileType.DIRECTORY) {
      // In order of name: the first path of an inode is the same as in our own walk.
      TreeMap<String, Path> children = new TreeMap<>();
      try (DirectoryStream<Path> stream = Files.newDirectoryStream(host)) {
        stream.forEach(c -> children.put(c.getFileName().toString(), c));
      }
      for (Map.Entry<String, Path> c : children.entrySet()) {
        String at = child(path, c.getKey());
        if (!at.equals("/lost+found")) {
          addHost(entries, c.getValue(), at, firsts);
        }
      }
    }
  }

  /// Where two sights differ.
  ///
  /// @return empty if nowhere
  static String differences(Sight one, Sight other) {
    StringBuilder text = new StringBuilder();
    TreeMap<String, Entry> all = new TreeMap<>(one.entries);
    all.putAll(other.entries);
    for (String path : all.keySet()) {
      Entry a = one.entries.get(path);
      Entry b = other.entries.get(path);
      if (a == null || !a.equals(b)) {
        text.append(path).append(": ").append(a).append(" / ").append(b);
        if (a != null && b != null) {
          text.append(", content from byte ").append(a.content.mismatch(b.content));
        }
        text.append('\n');
      }
    }
    return text.toString();
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(damage == null ? "" : "damaged: " + damage + "\n");
    entries.forEach((path, e) -> text.append(path).append(": ").append(e).append('\n'));
    return text.toString();
  }
}
