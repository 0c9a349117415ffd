package org.pagewright.cli.image;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// The way of an interrupt from the keyboard to the work, and of the end of the work back.
///
/// The JVM runs its shutdown hooks while the main thread goes on. The hook says stop and waits; the
/// main thread sees it between two steps, closes its images, and says that it is done. The wait is
/// bounded: a disk that does not answer must not keep the program from ending; unless what would be
/// lost then is not the program's, see [#keepToTheEnd()].
public final class Cancellation {
  private static final long PATIENCE_SECONDS = 20;

  private final CountDownLatch done = new CountDownLatch(1);
  private final long patienceSeconds;
  private volatile boolean wanted;
  private volatile boolean toTheEnd;

  /// Nobody has interrupted yet.
  public Cancellation() {
    this(PATIENCE_SECONDS);
  }

  Cancellation(long patienceSeconds) {
    this.patienceSeconds = patienceSeconds;
  }

  /// Has interrupts of this JVM come here. Call [#done()] at the end of the work.
  public void install() {
    Runtime.getRuntime().addShutdownHook(new Thread(this::stopAndWait, "pagewright-stop"));
  }

  /// Has the process stay until the work has ended, however long a slow disk takes: programs have
  /// been told that what they wrote is kept.
  public void keepToTheEnd() {
    toTheEnd = true;
  }

  /// Says stop, and waits.
  ///
  /// @return whether the work has ended
  boolean stopAndWait() {
    wanted = true;
    boolean ended = false;
    try {
      do { // ends with the work, or with the process
        ended = done.await(patienceSeconds, TimeUnit.SECONDS);
      } while (!ended && toTheEnd);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return ended;
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
