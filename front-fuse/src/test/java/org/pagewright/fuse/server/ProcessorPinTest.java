package org.pagewright.fuse.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.BitSet;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.pagewright.fuse.os.Sys;

/// A thread that is held on a processor, and those that it makes, which are not.
final class ProcessorPinTest {
  /// Runs something on a thread of its own, which nothing else is done with.
  private static <T> T alone(Callable<T> task) throws Exception {
    FutureTask<T> future = new FutureTask<>(task);
    Thread.ofPlatform().start(future);
    return future.get();
  }

  private static long[] here() {
    return DeviceChannel.sys().processors();
  }

  @Test
  void whatAHeldThreadStartsRunsAnywhere() throws Exception {
    assumeTrue(Sys.whyNot() == null);
    long[] everywhere = ProcessorPin.everywhere();
    BitSet processors = BitSet.valueOf(everywhere);
    assumeTrue(processors.cardinality() > 1, "one processor");
    int last = processors.length() - 1;
    BitSet one = new BitSet();
    one.set(last);
    alone(
        () -> {
          ProcessorPin pin = new ProcessorPin(everywhere, last);
          for (int i = 0; i < 3; i++) {
            pin.hold();
            assertEquals(one, BitSet.valueOf(here()));
            assertArrayEquals(everywhere, alone(ProcessorPinTest::here));
            assertArrayEquals(everywhere, alone(() -> alone(ProcessorPinTest::here)));
          }
          pin.hold();
          pin.loosen();
          assertArrayEquals(everywhere, here());
          return null;
        });
    assertArrayEquals(everywhere, here());
  }

  @Test
  void whoMayNotRunOnAProcessorIsNotHeldThere() throws Exception {
    assumeTrue(Sys.whyNot() == null);
    long[] everywhere = ProcessorPin.everywhere();
    long[] nowhere = new long[everywhere.length];
    alone(
        () -> {
          new ProcessorPin(nowhere, 0).hold();
          assertArrayEquals(everywhere, here());
          new ProcessorPin(everywhere, Long.SIZE * everywhere.length).hold();
          assertArrayEquals(everywhere, here());
          return null;
        });
  }
}
