package org.pagewright.bench.measure;

/// What a figure counts.
public enum Unit {
  /// Nanoseconds of one operation; of several threads, of all of them together.
  NANOS("ns", false),
  /// Microseconds.
  MICROS("us", false),
  /// Milliseconds.
  MILLIS("ms", false),
  /// Seconds.
  SECONDS("s", false),
  /// Throughput.
  MIB_PER_SECOND("MiB/s", true),
  /// Operations a second.
  PER_SECOND("/s", true),
  /// Hits of a hundred.
  PERCENT("%", true),
  /// Size.
  BYTES("bytes", false);

  private final String words;
  private final boolean moreIsBetter;

  Unit(String words, boolean moreIsBetter) {
    this.words = words;
    this.moreIsBetter = moreIsBetter;
  }

  /// How it is written.
  ///
  /// @return short
  public String words() {
    return words;
  }

  /// Which way is good.
  ///
  /// @return true if a larger figure is the better one
  public boolean moreIsBetter() {
    return moreIsBetter;
  }

  /// How many times as good one figure is as another: fast, or small.
  ///
  /// @param ours the one
  /// @param theirs the other
  /// @return over 1 if ours is better
  public double advantage(double ours, double theirs) {
    return moreIsBetter ? ours / theirs : theirs / ours;
  }
}
