package org.pagewright.sim.contract;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.pagewright.block.Bio;
import org.pagewright.block.BlockDevice;
import org.pagewright.block.StackedBlockDevice;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;

/// Puts a device under the control of a contract suite: counts what is read, fails requests, and
/// holds writes back.
public final class StoreDevice extends StackedBlockDevice implements FileFixture.Store {
  private final AtomicLong bytesRead = new AtomicLong();
  private final Mutex lock = new Mutex(LockClass.QUEUE, this);
  private final List<Bio> held = new ArrayList<>(); // guarded by lock
  private boolean holding; // guarded by lock
  private volatile boolean failingReads;
  private volatile boolean failingWrites;

  /// Passes everything on at first.
  ///
  /// @param device the device below; closed with this one
  public StoreDevice(BlockDevice device) {
    super(device);
  }

  @Override
  public long bytesRead() {
    return bytesRead.get();
  }

  @Override
  public void failReads(boolean on) {
    failingReads = on;
  }

  @Override
  public void failWrites(boolean on) {
    failingWrites = on;
  }

  @Override
  public void holdWrites() {
    lock.lock();
    holding = true;
    lock.unlock();
  }

  @Override
  public void releaseWrites() {
    lock.lock();
    holding = false;
    List<Bio> now = new ArrayList<>(held);
    held.clear();
    lock.unlock();
    now.forEach(below()::submit);
  }

  @Override
  public void submit(Bio bio) {
    if (bio.op() == Bio.Op.READ) {
      bytesRead.addAndGet(bio.length());
    }
    if (bio.op() == Bio.Op.READ ? failingReads : failingWrites) {
      bio.end(new FsException(Errno.EIO, name() + ": " + bio + " made to fail"));
      return;
    }
    if (bio.op() == Bio.Op.WRITE && hold(bio)) {
      return;
    }
    below().submit(bio);
  }

  private boolean hold(Bio bio) {
    lock.lock();
    boolean keeps = holding;
    if (keeps) {
      held.add(bio);
    }
    lock.unlock();
    return keeps;
  }
}
