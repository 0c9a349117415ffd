package org.pagewright.cli;

import java.util.ArrayList;
import java.util.List;
import org.pagewright.cli.report.CommandException;
import org.pagewright.vfs.FileMode;

/// A mode as `chmod` takes it: octal (`640`), or symbolic (`u+rwX,go-w,+t`).
final class ModeChange {
  private static final int USER = 04700;
  private static final int GROUP = 02070;
  private static final int OTHER = 01007;
  private static final int ALL = 07777;
  private static final int UMASK = 022;

  /// One step: of the bits `who`, set (`=`), add (`+`) or take away (`-`).
  private record Step(int who, char operator, String permissions, boolean masked) {}

  private final int octal;
  private final List<Step> steps;

  private ModeChange(int octal, List<Step> steps) {
    this.octal = octal;
    this.steps = steps;
  }

  static ModeChange parse(String text) throws CommandException {
    if (!text.isEmpty() && text.charAt(0) >= '0' && text.charAt(0) <= '9') {
      try {
        int mode = Integer.parseInt(text, 8);
        if (mode <= FileMode.PERMISSION_MASK) {
          return new ModeChange(mode, List.of());
        }
      } catch (NumberFormatException e) {
        throw unreadable(text);
      }
      throw unreadable(text);
    }
    List<Step> steps = new ArrayList<>();
    int at = 0;
    while (at < text.length()) {
      int who = 0;
      for (; at < text.length() && "ugoa".indexOf(text.charAt(at)) >= 0; at++) {
        who |=
            switch (text.charAt(at)) {
              case 'u' -> USER;
              case 'g' -> GROUP;
              case 'o' -> OTHER;
              default -> ALL;
            };
      }
      int before = steps.size();
      while (at < text.length() && "+-=".indexOf(text.charAt(at)) >= 0) {
        char operator = text.charAt(at++);
        int from = at;
        while (at < text.length() && "rwxXstugo".indexOf(text.charAt(at)) >= 0) {
          at++;
        }
        steps.add(new Step(who == 0 ? ALL : who, operator, text.substring(from, at), who == 0));
      }
      boolean ended = at == text.length();
      if (steps.size() == before || !ended && text.charAt(at) != ',') {
        throw unreadable(text);
      }
      at += ended ? 0 : 1;
    }
    if (steps.isEmpty()) {
      throw unreadable(text);
    }
    return new ModeChange(-1, steps);
  }

  private static CommandException unreadable(String text) {
    return CommandException.usage(
        "`" + text + "` is no mode", "write it in octal, 640, or in letters, u+rw,go-w");
  }

  /// The new permissions.
  int apply(int mode, boolean directory) {
    if (octal >= 0) {
      return octal;
    }
    int result = mode & FileMode.PERMISSION_MASK;
    for (Step step : steps) {
      int bits = bits(step.permissions, result, directory) & step.who;
      if (step.masked) {
        bits &= ~UMASK; // as chmod does when it is not said whose
      }
      result =
          switch (step.operator) {
            case '+' -> result | bits;
            case '-' -> result & ~bits;
            default -> result & ~(step.who & keepSpecial(directory)) | bits;
          };
    }
    return result;
  }

  /// A directory keeps its set-id bits unless they are named.
  private static int keepSpecial(boolean directory) {
    return directory ? ~(FileMode.SET_UID | FileMode.SET_GID) : ~0;
  }

  private static int bits(String permissions, int mode, boolean directory) {
    int bits = 0;
    for (int i = 0; i < permissions.length(); i++) {
      bits |=
          switch (permissions.charAt(i)) {
            case 'r' -> 0444;
            case 'w' -> 0222;
            case 'x' -> 0111;
            case 'X' -> directory || (mode & FileMode.ANY_EXECUTE) != 0 ? 0111 : 0;
            case 's' -> FileMode.SET_UID | FileMode.SET_GID;
            case 't' -> FileMode.STICKY;
            case 'u' -> (mode >> 6 & 7) * 0111;
            case 'g' -> (mode >> 3 & 7) * 0111;
            default -> (mode & 7) * 0111;
          };
    }
    return bits;
  }
}
