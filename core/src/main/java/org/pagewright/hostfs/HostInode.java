package org.pagewright.hostfs;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.pagewright.vfs.Inode;
import org.pagewright.vfs.SuperBlock;

/// An inode of the host that is in our memory, and one path that leads to it.
final class HostInode extends Inode {
  private final Hostfs fs;
  private volatile @Nullable Path path; // null once the name was removed that we knew it by
  private volatile HostFile file;
  private final AtomicInteger opens = new AtomicInteger();
  private volatile boolean written; // since the last force

  HostInode(SuperBlock superBlock, long ino, Hostfs fs, HostContent content, Path path) {
    super(superBlock, ino, fs, content);
    this.fs = fs;
    this.path = path;
    this.file = fs.newFile(path);
  }

  @Nullable Path path() {
    return path;
  }

  /// The name it was known by is gone, or another.
  void setPath(@Nullable Path path) {
    this.path = path;
    if (path != null && !file.isOpen()) {
      file = fs.newFile(path);
    }
  }

  HostFile file() {
    return file;
  }

  AtomicInteger opens() {
    return opens;
  }

  void noteWritten() {
    written = true;
    fs.noteWritten(this);
  }

  boolean takeWritten() {
    boolean was = written;
    written = false;
    return was;
  }
}
