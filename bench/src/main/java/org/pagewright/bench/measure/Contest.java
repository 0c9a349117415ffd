package org.pagewright.bench.measure;

import java.io.IOException;
import java.util.List;

/// How the peers of a row are measured beside each other.
public interface Contest {
  /// The names of the peers, ours first.
  ///
  /// @param effort how much is to be measured
  /// @return at least one
  List<String> peers(Effort effort);

  /// Measures. Ends within the deadline, or with the thread's interrupt.
  ///
  /// @param effort how much
  /// @param deadline when to be done
  /// @return for each peer, in their order, its figures or why it has none
  /// @throws SkippedException if the whole cannot be had here
  /// @throws IOException if the whole fails
  /// @throws InterruptedException if the runner gave it up
  List<Results.Peer> run(Effort effort, Deadline deadline)
      throws IOException, InterruptedException;
}
