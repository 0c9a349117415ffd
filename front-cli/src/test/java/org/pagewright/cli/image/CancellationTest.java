package org.pagewright.cli.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// How long a process that was told to end waits for its work.
final class CancellationTest {
  @Test
  void mostWorkIsNotWaitedForWithoutEnd() {
    Cancellation cancellation = new Cancellation(0);
    assertFalse(cancellation.stopAndWait());
    assertTrue(cancellation.isWanted());
    cancellation.done();
    assertTrue(cancellation.stopAndWait());
  }

  /// A server whose disk takes longer than anybody's patience: what it has told programs to be
  /// written would be lost.
  @Test
  @Timeout(60)
  void workThatIsKeptToItsEndIsWaitedFor() throws InterruptedException {
    Cancellation cancellation = new Cancellation(0);
    cancellation.keepToTheEnd();
    AtomicReference<Boolean> ended = new AtomicReference<>();
    CountDownLatch begun = new CountDownLatch(1);
    Thread hook =
        Thread.ofPlatform()
            .start(
                () -> {
                  begun.countDown();
                  ended.set(cancellation.stopAndWait());
                });
    begun.await();
    while (!cancellation.isWanted()) {
      Thread.onSpinWait();
    }
    assertEquals(null, ended.get());
    cancellation.done();
    hook.join();
    assertEquals(true, ended.get());
  }
}
