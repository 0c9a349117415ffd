package org.pagewright.sim.device;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.pagewright.block.Bio;
import org.pagewright.block.BlockDevice;
import org.pagewright.block.StackedBlockDevice;
import org.pagewright.errno.FsException;

/// A device whose writes end late, on a thread of its own, and not in the order in which they came.
///
/// Everything else passes: a flush that is sent while writes are still under way overtakes them. So
/// whoever flushes without having waited covers nothing, as on a real device, and a recording
/// device above sees it.
public final class LateBlockDevice extends StackedBlockDevice {
  /// A write that has reached the device below, and waits to be told so.
  private record Late(Bio bio, @Nullable FsException error) {}

  private static final int SPINS = 200;

  private final ConcurrentLinkedQueue<Late> pending = new ConcurrentLinkedQueue<>();
  private final Semaphore arrived = new Semaphore(0);
  private final Thread thread;
  private final Random random;
  private volatile boolean closed;

  /// Is late from now on.
  ///
  /// @param below closed with this one; one that ends requests on the thread that submits them
  /// @param seed of the order in which writes end
  public LateBlockDevice(BlockDevice below, long seed) {
    super(below);
    this.random = new Random(seed);
    this.thread = Thread.ofPlatform().daemon().name("late-" + below.name()).start(this::work);
  }

  @Override
  public void submit(Bio bio) {
    if (bio.op() != Bio.Op.WRITE) {
      below().submit(bio);
      return;
    }
    Bio clone = bio.cloneAt(bio.pos());
    clone.whenEnded(
        (b, error) -> {
          pending.add(new Late(bio, error));
          arrived.release();
        },
        null);
    below().submit(clone);
  }

  private void work() {
    List<Late> batch = new ArrayList<>();
    while (true) {
      arrived.acquireUninterruptibly();
      for (int i = 0; i < SPINS; i++) {
        Thread.onSpinWait(); // let more come, so that there is an order to change
      }
      arrived.drainPermits();
      for (Late late = pending.poll(); late != null; late = pending.poll()) {
        batch.add(late);
      }
      Collections.shuffle(batch, random);
      for (Late late : batch) {
        late.bio.end(late.error);
      }
      batch.clear();
      if (closed && pending.isEmpty()) {
        return; // closing comes after the last request: nothing can arrive any more
      }
    }
  }

  /// Waits for the last write to end.
  @Override
  public void close() throws FsException {
    closed = true;
    arrived.release();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    super.close();
  }
}
