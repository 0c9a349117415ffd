package org.pagewright.nio;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// Calls that no interrupt is to end, although a volume ends a write, or a read that waits long,
/// with EINTR: those of all that is no [java.nio.channels.InterruptibleChannel].
final class Interrupts {
  private Interrupts() {}

  /// What is done with a volume.
  interface Call<T extends @Nullable Object> {
    T run() throws IOException;
  }

  /// Does something with the thread's interrupt put aside; it is pending again afterwards.
  ///
  /// @param call done again if an interrupt comes meanwhile: it must have done nothing when it
  ///     throws EINTR
  static <T extends @Nullable Object> T aside(Call<T> call) throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      while (true) { // each round is of one more interrupt
        try {
          return call.run();
        } catch (FsException e) {
          if (e.errno() != Errno.EINTR || !Thread.interrupted()) {
            throw e;
          }
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
