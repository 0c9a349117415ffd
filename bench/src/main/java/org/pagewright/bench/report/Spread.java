package org.pagewright.bench.report;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// Some values as their median and their extremes.
///
/// @param median the middle one, or the mean of the two in the middle
/// @param min the least
/// @param max the most
record Spread(double median, double min, double max) {

  /// Values of two peers in one round.
  interface Pair {
    double of(double ours, double theirs);
  }

  static Spread of(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int half = sorted.length / 2;
    double median =
        sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    return new Spread(median, sorted[0], sorted[sorted.length - 1]);
  }

  static Spread of(List<Double> values) {
    return of(values.stream().mapToDouble(Double::doubleValue).toArray());
  }

  /// What a pair comes to, round by round.
  ///
  /// @throws IllegalArgumentException if there is no round that both have
  static Spread of(List<Double> ours, List<Double> theirs, Pair pair) {
    int rounds = Math.min(ours.size(), theirs.size());
    if (rounds == 0) {
      throw new IllegalArgumentException("no rounds");
    }
    double[] values = new double[rounds];
    for (int i = 0; i < rounds; i++) {
      values[i] = pair.of(ours.get(i), theirs.get(i));
    }
    return of(values);
  }

  /// Three digits, and no exponent.
  static String number(double value) {
    double size = Math.abs(value);
    String text =
        String.format(Locale.ROOT, size >= 99.95 ? "%.0f" : size >= 9.995 ? "%.1f" : "%.2f", value);
    return text.equals("-0.00") ? "0.00" : text;
  }

  @Override
  public String toString() {
    String low = number(min);
    String high = number(max);
    String range = low.equals(high) ? "" : " (" + low + ".." + high + ")";
    return number(median) + range;
  }
}
