package org.pagewright.writeback;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.WritebackControl.SyncMode;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// A super block of [FakeFile]s: the order of dirty inodes, in the plainest way.
final class FakeTarget implements FlushTarget {

  /// An inode in the order.
  final class Entry implements DirtyInode {
    final FakeFile file;
    long since;
    boolean listed;
    boolean metadataDirty;
    int inodeWrites;
    @Nullable Errno inodeFailure;

    Entry(FakeFile file) {
      this.file = file;
    }

    @Override
    public AddressSpace mapping() {
      return file.mapping;
    }

    @Override
    public void writeInode(SyncMode mode) throws FsException {
      if (inodeFailure != null) {
        throw new FsException(inodeFailure, file.mapping + ": inode");
      }
      if (metadataDirty) {
        metadataDirty = false;
        inodeWrites++;
      }
    }

    boolean isDirty() {
      return metadataDirty
          || file.mapping.dirtyFolios() > 0
          || file.mapping.writebackFolios() > 0;
    }
  }

  final List<Entry> order = new ArrayList<>(); // guarded by this
  final List<String> visited = Collections.synchronizedList(new ArrayList<>());
  volatile @Nullable Throwable shutDownBy;
  volatile boolean broken;
  @Nullable Flusher flusher;
  private final Clock clock;

  FakeTarget(Clock clock) {
    this.clock = clock;
  }

  Entry add(FakeFile file) {
    Entry entry = new Entry(file);
    file.becameDirty = () -> dirtied(entry);
    return entry;
  }

  void dirtied(Entry entry) {
    synchronized (this) {
      if (!entry.listed) {
        entry.listed = true;
        entry.since = clock.nanoTime();
        order.add(entry);
      }
    }
    Flusher f = flusher;
    if (f != null) {
      f.inodeDirtied();
    }
  }

  @Override
  public String name() {
    return "fake";
  }

  @Override
  public void forEachDirty(long until, Visitor visitor) {
    if (broken) {
      throw new IllegalStateException("the target is broken");
    }
    List<Entry> now;
    synchronized (this) {
      now = new ArrayList<>(order);
    }
    for (Entry entry : now) {
      if (entry.since > until) {
        continue;
      }
      if (!visitor.mayGoOn()) {
        return;
      }
      visited.add(entry.file.mapping.toString());
      boolean all = visitor.visit(entry);
      synchronized (this) {
        if (!entry.isDirty()) {
          order.remove(entry);
          entry.listed = false;
        } else if (all) {
          order.remove(entry);
          order.add(entry);
          entry.since = clock.nanoTime();
        }
      }
    }
  }

  @Override
  public synchronized boolean hasDirty() {
    return !order.isEmpty();
  }

  @Override
  public void shutDown(Throwable cause) {
    shutDownBy = cause;
  }
}
