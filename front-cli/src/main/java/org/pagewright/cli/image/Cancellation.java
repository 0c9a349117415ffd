package org.pagewright.cli.image;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// The way of an interrupt from the keyboard to the work, and of the end of the work back.
///
/// The JVM runs its shutdown hooks while the main thread goes on. The hook says stop and waits; the
/// main thread sees it between two steps, closes its images, and says that it is done. The wait is
/// bounded: a disk that does not answer must not keep the program from ending.
public final class Cancellation {
  private static final long PATIENCE_SECONDS = 20;

  private final CountDownLatch done = new CountDownLatch(1);
  private volatile boolean wanted;

  /// Nobody has interrupted yet.
  public Cancellation() {}

  /// Has interrupts of this JVM come here. Call [#done()] at the end of the work.
  public void install() {
    Runtime.getRuntime().addShutdownHook(new Thread(this::stopAndWait, "pagewright-stop"));
  }

  private void stopAndWait() {
    wanted = true;
    try {
      boolean ended = done.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
      assert ended || done.getCount() == 1;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /// Asks the work to stop at its next step.
  public void request() {
    wanted = true;
  }

  /// Says that the work has ended and all is closed.
  public void done() {
    done.countDown();
  }

  /// Whether the work shall stop.
  ///
  /// @return true after an interrupt
  public boolean isWanted() {
    return wanted;
  }

  /// Throws if the work shall stop.
  ///
  /// @throws FsException EINTR
  public void check() throws FsException {
    if (wanted) {
      throw new FsException(Errno.EINTR, "stopped; what was done before is kept");
    }
  }
}
