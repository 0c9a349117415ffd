package org.pagewright.cli.tree;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/// A target that only counts what an image must have room for.
public final class TreeCount implements TreeTarget {
  /// A directory entry before its name, and the name's padding at most.
  private static final int ENTRY_BYTES = 8 + 3;

  private final int blockSize;
  private final int inlineXattrBytes;
  private final boolean extents;
  private long bytes;
  private long files;
  private long inodes;
  private long blocks;
  private long xattrBlocks;
  private long directoryBlocks;

  /// Bytes of the entries of each directory that was entered and not left yet.
  private final Map<String, Long> directories = new HashMap<>();

  /// Counts nothing yet.
  ///
  /// @param blockSize of the image to be
  /// @param inlineXattrBytes room for attributes in an inode
  /// @param extents whether files are mapped by extents
  public TreeCount(int blockSize, int inlineXattrBytes, boolean extents) {
    this.blockSize = blockSize;
    this.inlineXattrBytes = inlineXattrBytes;
    this.extents = extents;
  }

  private void entry(String path) {
    int slash = path.lastIndexOf('/');
    String parent = path.substring(0, Math.max(slash, 0));
    long length = ENTRY_BYTES + 3L * (path.length() - slash - 1);
    // In ASCII a character is a byte; another one takes 3 at most.
    boolean ascii = true;
    for (int i = slash + 1; i < path.length() && ascii; i++) {
      ascii = path.charAt(i) < 0x80;
    }
    if (ascii) {
      length = ENTRY_BYTES + path.length() - slash - 1;
    }
    directories.merge(parent, length, Long::sum);
    files++;
  }

  private void inode(Attributes attributes) {
    inodes++;
    long bytes = 0;
    for (Xattr xattr : attributes.xattrs()) {
      bytes += 16 + xattr.name().length() + 3 + xattr.value().length + 3;
    }
    if (bytes > inlineXattrBytes) {
      xattrBlocks++;
    }
  }

  @Override
  public void enterDirectory(String path, Attributes attributes) {
    if (!path.equals("/")) {
      entry(path);
      inode(attributes);
      directories.putIfAbsent(path, 0L);
    }
  }

  @Override
  public void leaveDirectory(String path, Attributes attributes) {
    Long entries = directories.remove(path.equals("/") ? "" : path);
    directoryBlocks += blocksOf(entries == null ? 0 : entries);
  }

  private long blocksOf(long entryBytes) {
    long used = entryBytes + 24 + 12;
    // A directory of more blocks splits them in halves, and has an index.
    return used <= blockSize ? 1 : 2 * used / blockSize + 2;
  }

  @Override
  public void file(String path, Attributes attributes, Content content) throws IOException {
    entry(path);
    inode(attributes);
    long size = content.size();
    long data = 0;
    long runs = 0;
    long pos = 0;
    while (pos < size) { // ends: each turn moves on
      long begin = content.nextData(pos);
      if (begin >= size) {
        break;
      }
      long end = Math.min(content.nextHole(begin), size);
      bytes += end - begin;
      data += (end + blockSize - 1) / blockSize - begin / blockSize;
      runs++;
      pos = end;
    }
    blocks += data + mapBlocks(data, runs);
  }

  /// Blocks that say where a file's blocks are: at most.
  private long mapBlocks(long data, long runs) {
    if (!extents) {
      long perBlock = blockSize / 4;
      long single = data > 12 ? (data - 12 + perBlock - 1) / perBlock : 0;
      return data <= 12 ? 0 : single + single / perBlock + 3 + 2 * (runs - 1);
    }
    // An extent is no longer than 32768 blocks, and seldom crosses the metadata of a group.
    long pieces = runs + data / (8L * blockSize) * 2;
    long perBlock = (blockSize - 16) / 12;
    return pieces <= 4 ? 0 : (pieces + perBlock - 1) / perBlock + pieces / (perBlock * perBlock);
  }

  @Override
  public void symlink(String path, Attributes attributes, String target) {
    entry(path);
    inode(attributes);
    if (target.length() * 3L >= 60) {
      blocks++;
    }
  }

  @Override
  public void special(String path, Attributes attributes) {
    entry(path);
    inode(attributes);
  }

  @Override
  public void hardLink(String path, String existing) {
    entry(path);
  }

  /// Bytes of content that will be copied.
  ///
  /// @return bytes
  public long bytes() {
    return bytes;
  }

  /// Names of any kind.
  ///
  /// @return how many
  public long files() {
    return files;
  }

  /// Inodes that are needed, without those that every file system has.
  ///
  /// @return how many
  public long inodes() {
    return inodes;
  }

  /// Blocks that are needed, at most.
  ///
  /// @return blocks
  public long blocks() {
    long total = blocks + xattrBlocks + directoryBlocks;
    for (long entries : directories.values()) {
      total += blocksOf(entries);
    }
    return total;
  }
}
