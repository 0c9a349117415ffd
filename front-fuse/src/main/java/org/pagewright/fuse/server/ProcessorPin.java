package org.pagewright.fuse.server;

import org.jspecify.annotations.Nullable;
import org.pagewright.fuse.os.Sys;

/// Keeps a thread on one processor, but not what it starts: a thread inherits where its starter may
/// run, and a request may be what starts the volume's clock or a writer.
///
///     hold --> requests ... --> one makes a thread: loose --> answered --> hold
///
/// A thread that is made hears of it on its maker, by way of [InheritableThreadLocal#childValue],
/// before it is started: the maker may run anywhere from then on, and so what it starts. It goes
/// back to its processor with the next request.
final class ProcessorPin {
  private static final InheritableThreadLocal<@Nullable ProcessorPin> OF_THREAD =
      new InheritableThreadLocal<>() {
        @Override
        protected @Nullable ProcessorPin childValue(@Nullable ProcessorPin makers) {
          if (makers != null) {
            makers.loosen();
          }
          return null;
        }
      };

  private final long[] everywhere;
  private final int processor;
  private boolean held;

  /// For a thread that does not run yet.
  ///
  /// @param everywhere where threads may run that are not held, see [#everywhere()]
  /// @param processor its number
  ProcessorPin(long[] everywhere, int processor) {
    this.everywhere = everywhere;
    this.processor = processor;
  }

  /// Where the calling thread may run, which is not held.
  static long[] everywhere() {
    return DeviceChannel.sys().processors();
  }

  /// Has the calling thread, which is always the same, run on the processor only, if it may run
  /// there at all.
  void hold() {
    if (held) {
      return;
    }
    int word = processor / Long.SIZE;
    long bit = 1L << processor % Long.SIZE;
    if (word >= everywhere.length || (everywhere[word] & bit) == 0) {
      return;
    }
    long[] one = new long[everywhere.length];
    one[word] = bit;
    Sys sys = DeviceChannel.sys();
    OF_THREAD.set(this);
    sys.setProcessors(one);
    held = true;
  }

  /// Has the calling thread run anywhere again.
  void loosen() {
    if (held) {
      held = false;
      DeviceChannel.sys().setProcessors(everywhere);
    }
  }
}
