package org.pagewright.fs.ext4.testing;

import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.pagewright.errno.Errno;
import org.pagewright.vfs.FileMode;
import org.pagewright.vfs.FileType;
import org.pagewright.vfs.RenameFlags;

/// A file, directory or link of a model so plain that it is right by reading it: names in a map,
/// bytes in pages of a map, what is not there is zero.
public final class ModelNode {
  private static final int PAGE = 4096;

  /// Type and permissions.
  public int mode;

  /// Names.
  public int nlink;

  /// Owner.
  public int uid;

  /// Group.
  public int gid;

  /// Times.
  public Instant atime;

  /// Times.
  public Instant mtime;

  /// Times.
  public Instant ctime;

  /// Target of a symbolic link.
  public String target = "";

  /// Device, as FileTree has it.
  public String rdev = "";

  /// Entries of a directory.
  public final TreeMap<String, ModelNode> children = new TreeMap<>();

  /// Extended attributes.
  public final TreeMap<String, byte[]> xattrs = new TreeMap<>();

  private final TreeMap<Long, byte[]> pages = new TreeMap<>();
  private long size;

  /// A new node.
  ///
  /// @param mode type and permissions
  /// @param now when
  public ModelNode(int mode, Instant now) {
    this.mode = mode;
    this.nlink = FileMode.isDirectory(mode) ? 2 : 1;
    this.atime = now;
    this.mtime = now;
    this.ctime = now;
  }

  /// Whether it is a directory.
  ///
  /// @return true if so
  public boolean isDirectory() {
    return FileMode.isDirectory(mode);
  }

  /// Whether it is a regular file.
  ///
  /// @return true if so
  public boolean isRegular() {
    return FileMode.isRegular(mode);
  }

  /// Sets mtime and ctime.
  ///
  /// @param now when
  public void modified(Instant now) {
    mtime = now;
    ctime = now;
  }

  // ---- Bytes ------------------------------------------------------------------------------------

  /// The size of a regular file.
  ///
  /// @return bytes
  public long size() {
    return size;
  }

  /// Writes.
  ///
  /// @param pos first byte
  /// @param bytes what
  public void write(long pos, byte[] bytes) {
    for (int done = 0; done < bytes.length; ) {
      int offset = (int) ((pos + done) % PAGE);
      int n = Math.min(PAGE - offset, bytes.length - done);
      byte[] page = pages.computeIfAbsent((pos + done) / PAGE, index -> new byte[PAGE]);
      System.arraycopy(bytes, done, page, offset, n);
      done += n;
    }
    size = Math.max(size, pos + bytes.length);
  }

  /// Makes a range read as zeros.
  ///
  /// @param pos first byte
  /// @param end byte after the last
  public void zero(long pos, long end) {
    for (Map.Entry<Long, byte[]> page :
        pages.subMap(pos / PAGE, true, (end - 1) / PAGE, true).entrySet()) {
      long start = page.getKey() * PAGE;
      Arrays.fill(
          page.getValue(),
          (int) Math.max(0, pos - start),
          (int) Math.min(PAGE, end - start),
          (byte) 0);
    }
  }

  /// Changes the size.
  ///
  /// @param to bytes
  public void resize(long to) {
    if (to < size) {
      pages.tailMap((to + PAGE - 1) / PAGE, true).clear();
      if (to % PAGE != 0) {
        zero(to, (to / PAGE + 1) * PAGE);
      }
    }
    size = to;
  }

  /// Reads.
  ///
  /// @param pos first byte
  /// @param length at most
  /// @return up to the end of the file
  public byte[] read(long pos, int length) {
    byte[] out = new byte[(int) Math.max(0, Math.min(length, size - pos))];
    for (int done = 0; done < out.length; ) {
      int offset = (int) ((pos + done) % PAGE);
      int n = Math.min(PAGE - offset, out.length - done);
      byte[] page = pages.get((pos + done) / PAGE);
      if (page != null) {
        System.arraycopy(page, offset, out, done, n);
      }
      done += n;
    }
    return out;
  }

  // ---- Names ------------------------------------------------------------------------------------

  /// Whether a node is this one or below it.
  ///
  /// @param node any
  /// @return true if so
  public boolean holds(ModelNode node) {
    return node == this || children.values().stream().anyMatch(child -> child.holds(node));
  }

  /// Moves a name, as POSIX and Linux have it.
  ///
  /// @param from directory
  /// @param oldName name in it
  /// @param to directory
  /// @param newName name in it
  /// @param flags see [RenameFlags]
  /// @param now when
  /// @return null if done, else why not
  public static Errno rename(
      ModelNode from, String oldName, ModelNode to, String newName, int flags, Instant now) {
    ModelNode source = from.children.get(oldName);
    ModelNode target = to.children.get(newName);
    boolean exchange = flags == RenameFlags.EXCHANGE;
    if (source == null) {
      return Errno.ENOENT;
    }
    if (flags == RenameFlags.NOREPLACE && target != null) {
      return Errno.EEXIST;
    }
    if (exchange && target == null) {
      return Errno.ENOENT;
    }
    if (from != to && source.isDirectory() && source.holds(to)) {
      return Errno.EINVAL;
    }
    if (from != to && target != null && target.isDirectory() && target.holds(from)) {
      return exchange ? Errno.EINVAL : Errno.ENOTEMPTY;
    }
    if (source == target) {
      return null;
    }
    if (target != null && !exchange) {
      if (source.isDirectory() && !target.isDirectory()) {
        return Errno.ENOTDIR;
      }
      if (!source.isDirectory() && target.isDirectory()) {
        return Errno.EISDIR;
      }
      if (target.isDirectory() && !target.children.isEmpty()) {
        return Errno.ENOTEMPTY;
      }
    }
    to.children.put(newName, source);
    if (exchange) {
      from.children.put(oldName, target);
      target.ctime = now;
      if (target.isDirectory()) {
        to.nlink--;
        from.nlink++;
      }
    } else {
      from.children.remove(oldName);
      if (target != null) {
        target.ctime = now;
        target.nlink -= target.isDirectory() ? 2 : 1;
        to.nlink -= target.isDirectory() ? 1 : 0;
      }
    }
    if (source.isDirectory()) {
      from.nlink--;
      to.nlink++;
    }
    source.ctime = now;
    from.modified(now);
    to.modified(now);
    return null;
  }

  /// The tree below as others show theirs.
  ///
  /// @return a snapshot
  public FileTree tree() {
    FileTree tree = new FileTree("the model's");
    addTo(tree, "/", new IdentityHashMap<>());
    return tree;
  }

  private void addTo(FileTree tree, String path, IdentityHashMap<ModelNode, String> firsts) {
    firsts.putIfAbsent(this, path);
    int[] sums = new int[Math.toIntExact((size + PAGE - 1) / PAGE)];
    for (int i = 0; i < sums.length; i++) {
      byte[] bytes = read((long) i * PAGE, PAGE);
      FileTree.sumInto(sums, i, bytes, bytes.length);
    }
    TreeMap<String, String> attributes = new TreeMap<>();
    xattrs.forEach((name, value) -> attributes.put(name, HexFormat.of().formatHex(value)));
    FileType type = FileType.ofMode(mode);
    long length =
        type == FileType.SYMLINK ? FileTree.utf8(target).length : isRegular() ? size : 0;
    tree.put(
        path,
        new FileTree.Entry(
            mode, nlink, uid, gid, rdev, length, sums, target, List.of(atime, mtime, ctime),
            attributes, firsts.get(this)));
    children.forEach(
        (name, child) -> child.addTo(tree, (path.equals("/") ? "/" : path + "/") + name, firsts));
  }
}
