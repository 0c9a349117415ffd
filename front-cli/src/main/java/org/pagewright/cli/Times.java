package org.pagewright.cli;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import org.pagewright.cli.report.CommandException;

/// Times as listings show them and options give them: UTC, so that they mean the same everywhere.
final class Times {
  private Times() {}

  /// To the minute: `2026-11-22 02:48`.
  static String toMinute(Instant time) {
    LocalDateTime t = LocalDateTime.ofEpochSecond(time.getEpochSecond(), 0, ZoneOffset.UTC);
    StringBuilder text = new StringBuilder(16);
    text.append(t.getYear()).append('-');
    two(text, t.getMonthValue()).append('-');
    two(text, t.getDayOfMonth()).append(' ');
    two(text, t.getHour()).append(':');
    return two(text, t.getMinute()).toString();
  }

  private static StringBuilder two(StringBuilder text, int number) {
    return text.append(number < 10 ? "0" : "").append(number);
  }

  /// In full: `2026-11-22T02:48:01.123456789Z`.
  static String inFull(Instant time) {
    return time.toString();
  }

  /// Reads `@SECONDS`, a date, or a date and time; without an offset it is UTC.
  static Instant parse(String text) throws CommandException {
    try {
      if (text.startsWith("@")) {
        int dot = text.indexOf('.');
        long seconds = Long.parseLong(text, 1, dot < 0 ? text.length() : dot, 10);
        String fraction = dot < 0 ? "" : (text.substring(dot + 1) + "000000000").substring(0, 9);
        return Instant.ofEpochSecond(seconds, dot < 0 ? 0 : Integer.parseInt(fraction));
      }
      String iso = text.replace(' ', 'T');
      if (iso.indexOf('T') < 0) {
        return LocalDateTime.parse(iso + "T00:00").toInstant(ZoneOffset.UTC);
      }
      return endsInOffset(iso)
          ? OffsetDateTime.parse(iso).toInstant()
          : LocalDateTime.parse(iso).toInstant(ZoneOffset.UTC);
    } catch (DateTimeException | NumberFormatException e) {
      throw unreadable(text);
    }
  }

  private static boolean endsInOffset(String iso) {
    int time = iso.indexOf('T');
    return iso.endsWith("Z") || iso.indexOf('+', time) > 0 || iso.indexOf('-', time) > 0;
  }

  private static CommandException unreadable(String text) {
    return CommandException.usage(
        "`" + text + "` is no time",
        "write 2026-01-31, 2026-01-31T12:00:00Z, or @ and seconds since 1970");
  }
}
