package org.pagewright.bench.measure;

import java.io.IOException;

/// Something is not to be had on this machine: a tool, a right, a part of the program.
public final class SkippedException extends IOException {
  private static final long serialVersionUID = 1L;

  /// Something is not to be had.
  ///
  /// @param reason what, in a few words
  public SkippedException(String reason) {
    super(reason);
  }
}
