package org.pagewright.cli.report;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Numbers of bytes as people write and read them: `512M` is 512 times 1024 times 1024.
public final class ByteSize {
  private static final String SUFFIXES = "KMGTPE";

  private ByteSize() {}

  /// Reads a size.
  ///
  /// @param text digits, and K, M, G, T, P or E, also written `KiB` or `KB`
  /// @return bytes, at least 0
  /// @throws IllegalArgumentException if it is no size, saying what one is
  public static long parse(String text) {
    Long bytes = parseOrNull(text.strip());
    if (bytes == null) {
      throw new IllegalArgumentException(
          "`" + text + "` is no size; write a number of bytes, or one with K, M, G or T: 512M");
    }
    return bytes;
  }

  private static @Nullable Long parseOrNull(String text) {
    int digits = 0;
    while (digits < text.length() && text.charAt(digits) >= '0' && text.charAt(digits) <= '9') {
      digits++;
    }
    if (digits == 0 || digits > 18) {
      return null;
    }
    long number = Long.parseLong(text, 0, digits, 10);
    String suffix = text.substring(digits).toUpperCase(Locale.ROOT);
    if (suffix.endsWith("IB")) {
      suffix = suffix.substring(0, suffix.length() - 2);
    } else if (suffix.endsWith("B")) {
      suffix = suffix.substring(0, suffix.length() - 1);
    }
    if (suffix.isEmpty()) {
      return number;
    }
    int power = suffix.length() == 1 ? SUFFIXES.indexOf(suffix.charAt(0)) + 1 : 0;
    if (power == 0 || number > Long.MAX_VALUE >> 10 * power) {
      return null;
    }
    return number << 10 * power;
  }

  /// Writes a size in three digits or so.
  ///
  /// @param bytes how many
  /// @return such as `17K` or `1.5G`
  public static String format(long bytes) {
    if (bytes < 1024) {
      return Long.toString(bytes);
    }
    int power = 0;
    double value = bytes;
    while (value >= 999.5 && power < SUFFIXES.length()) {
      value /= 1024;
      power++;
    }
    long tenths = Math.round(value * 10);
    String digits =
        tenths < 100 ? tenths / 10 + "." + tenths % 10 : Long.toString((tenths + 5) / 10);
    return digits + SUFFIXES.charAt(power - 1);
  }
}
