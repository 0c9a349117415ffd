package org.pagewright.cli;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.pagewright.cli.image.Cancellation;
import org.pagewright.cli.tree.Attributes;
import org.pagewright.cli.tree.Content;
import org.pagewright.cli.tree.HostSource;
import org.pagewright.cli.tree.Keep;
import org.pagewright.cli.tree.TreeTarget;
import org.pagewright.cli.tree.Xattr;

/// A tree of the host in words, a line for each file: everything that a copy is to keep.
final class TreeDump implements TreeTarget {
  private static final int BLOCK = 4096;

  private final SortedMap<String, String> lines = new TreeMap<>();
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);

  private TreeDump() {}

  static SortedMap<String, String> of(Path root) throws IOException {
    TreeDump dump = new TreeDump();
    try (HostSource source = new HostSource(Keep.ALL, new Cancellation())) {
      source.walk(root, "/", true, dump);
    }
    dump.lines.remove("/lost+found");
    return dump.lines;
  }

  private static StringBuilder describe(Attributes a) {
    StringBuilder text = new StringBuilder();
    text.append(Integer.toOctalString(a.mode())).append(' ').append(a.uid());
    text.append(':').append(a.gid()).append(' ').append(a.mtime());
    text.append(" rdev ").append(a.rdev()).append(" size ").append(a.size());
    for (Xattr x : a.xattrs()) {
      text.append(' ').append(x.name()).append('=').append(HexFormat.of().formatHex(x.value()));
    }
    return text;
  }

  @Override
  public void enterDirectory(String path, Attributes attributes) {
    lines.put(path, describe(attributes).toString());
  }

  @Override
  public void leaveDirectory(String path, Attributes attributes) {}

  @Override
  public void file(String path, Attributes attributes, Content content) throws IOException {
    StringBuilder text = describe(attributes);
    CRC32C sum = new CRC32C();
    long pos = 0;
    while (pos < content.size()) {
      long data = content.nextData(pos);
      if (data >= content.size()) {
        break;
      }
      long end = Math.min(content.nextHole(data), content.size());
      if (content.knowsHoles()) {
        text.append(" data ").append(data / BLOCK).append("..").append((end - 1) / BLOCK);
      }
      while (data < end) {
        buffer.clear();
        int want = (int) Math.min(buffer.capacity(), end - data);
        int length = content.read(data, MemorySegment.ofBuffer(buffer).asSlice(0, want));
        sum.update(buffer.clear().limit(length));
        data += length;
      }
      pos = end;
    }
    lines.put(path, text.append(" sum ").append(sum.getValue()).toString());
  }

  @Override
  public void symlink(String path, Attributes attributes, String target) {
    lines.put(path, describe(attributes).append(" -> ").append(target).toString());
  }

  @Override
  public void special(String path, Attributes attributes) {
    lines.put(path, describe(attributes).toString());
  }

  @Override
  public void hardLink(String path, String existing) {
    lines.put(path, "the same as " + existing);
  }
}
