package org.pagewright.iomap;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.pagewright.block.Bio;
import org.pagewright.block.BlockDevice;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// A device in memory, full of the byte 'S' (somebody's secret), that counts, fails and holds back.
final class TestDevice implements BlockDevice {
  static final byte SECRET = 'S';

  private final RamBlockDevice below;
  final AtomicLong reads = new AtomicLong();
  final AtomicLong readBytes = new AtomicLong();
  final AtomicLong writes = new AtomicLong();
  final AtomicLong writtenBytes = new AtomicLong();
  private final AtomicLong requests = new AtomicLong();

  /// The request with this number fails, counted from 1 since [#failFrom]; 0 for none.
  private volatile long failNth;

  private volatile boolean failAllWrites;
  private volatile boolean failAllReads;
  private volatile long failWritesAt = -1;
  private volatile boolean holding;
  private final Queue<Bio> held = new ArrayDeque<>(); // guarded by this test's single thread

  TestDevice(long size) throws FsException {
    below = RamBlockDevice.filled("ram0", size, 512, SECRET);
  }

  void failNth(long n) {
    requests.set(0);
    failNth = n;
  }

  boolean hasFailed() {
    return failNth > 0 && requests.get() >= failNth;
  }

  void failWrites(boolean on) {
    failAllWrites = on;
  }

  void failReads(boolean on) {
    failAllReads = on;
  }

  /// Writes that cover this byte of the device fail; -1 for none.
  void failWritesAt(long addr) {
    failWritesAt = addr;
  }

  /// From now on writes wait for [#release()].
  void hold() {
    holding = true;
  }

  int held() {
    return held.size();
  }

  void release() {
    holding = false;
    List<Bio> now = new ArrayList<>(held);
    held.clear();
    now.forEach(this::pass);
  }

  void resetCounts() {
    reads.set(0);
    readBytes.set(0);
    writes.set(0);
    writtenBytes.set(0);
  }

  @Override
  public void submit(Bio bio) {
    if (bio.op() == Bio.Op.WRITE && holding) {
      held.add(bio);
    } else {
      pass(bio);
    }
  }

  private void pass(Bio bio) {
    boolean write = bio.op() == Bio.Op.WRITE;
    if (write) {
      writes.incrementAndGet();
      writtenBytes.addAndGet(bio.length());
    } else {
      reads.incrementAndGet();
      readBytes.addAndGet(bio.length());
    }
    boolean fail = requests.incrementAndGet() == failNth;
    fail |= write ? failAllWrites : failAllReads;
    fail |= write && failWritesAt >= bio.pos() && failWritesAt < bio.pos() + bio.length();
    @Nullable FsException error = fail ? new FsException(Errno.EIO, "ram0: " + bio) : null;
    if (error != null) {
      bio.end(error);
    } else {
      below.submit(bio);
    }
  }

  @Override
  public String name() {
    return "ram0";
  }

  @Override
  public long sizeBytes() {
    return below.sizeBytes();
  }

  @Override
  public int sectorSize() {
    return 512;
  }

  @Override
  public boolean readOnly() {
    return false;
  }

  @Override
  public long bytesWritten() {
    return below.bytesWritten();
  }

  @Override
  public void close() {
    below.close();
  }
}
