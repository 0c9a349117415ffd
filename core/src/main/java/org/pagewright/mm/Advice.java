package org.pagewright.mm;

/// How a range of a region will be used. Compare posix_madvise().
public enum Advice {
  /// Nothing is known.
  NORMAL,
  /// From front to back: reads ahead further.
  SEQUENTIAL,
  /// Here and there: reads what is asked for.
  RANDOM,
  /// Soon: starts to read it now.
  WILL_NEED,
  /// Not for long: starts write-out of what is dirty, drops what is clean. Nothing is lost, and
  /// private copies stay.
  DONT_NEED
}
