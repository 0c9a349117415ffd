package org.pagewright.sim.explore;

/// Decisions of one schedule, and how they are written.
///
///     a3b2=1a#9c3f     three steps of thread a, two of b, in the second of which a choice was 1,
///                      one of a; a check sum over what the steps were
///
/// Threads are lettered in the order in which they were named: a to z, then A to Z.
///
/// @param decisions a thread for each step; for each choice within it, -1 less the option
/// @param checksum over the kinds of all steps, or -1 if it is not known
record Schedule(int[] decisions, int checksum) {
  static final int THREADS_MAX = 52;

  /// No sane schedule is longer; a typing error may be.
  private static final int DECISIONS_MAX = 1_000_000;

  static char letter(int thread) {
    return (char) (thread < 26 ? 'a' + thread : 'A' + thread - 26);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    int i = 0;
    while (i < decisions.length) {
      int thread = decisions[i];
      if (thread < 0) {
        text.append('=').append(-1 - thread);
        i++;
        continue;
      }
      int count = 0;
      while (i < decisions.length && decisions[i] == thread) {
        count++;
        i++;
      }
      text.append(letter(thread));
      if (count > 1) {
        text.append(count);
      }
    }
    if (checksum >= 0) {
      text.append('#').append(String.format("%04x", checksum));
    }
    return text.toString();
  }

  /// Reads what [#toString()] wrote.
  static Schedule parse(String text) {
    IntList decisions = new IntList();
    int checksum = -1;
    int step = 0;
    int i = 0;
    while (i < text.length()) {
      char c = text.charAt(i++);
      int from = i;
      if (c == '#') {
        String rest = text.substring(i);
        if (!rest.matches("[0-9a-f]{4}")) {
          throw malformed(step, i, "a check sum of four hexadecimal digits was expected");
        }
        checksum = Integer.parseInt(rest, 16);
        break;
      }
      while (i < text.length() && text.charAt(i) >= '0' && text.charAt(i) <= '9') {
        i++;
      }
      if (i - from > 7) {
        throw malformed(step + 1, from, "the number is too large");
      }
      int number = i == from ? -1 : Integer.parseInt(text.substring(from, i));
      if (c == '=') {
        if (number < 0 || step == 0) {
          throw malformed(step, from, number < 0 ? "no option" : "a choice before the first step");
        }
        decisions.add(-1 - number);
        continue;
      }
      int thread = c >= 'a' && c <= 'z' ? c - 'a' : c >= 'A' && c <= 'Z' ? c - 'A' + 26 : -1;
      if (thread < 0) {
        throw malformed(step + 1, from - 1, "`" + c + "` is neither a thread nor a choice");
      }
      int count = number < 0 ? 1 : number;
      if (count == 0 || decisions.size() + count > DECISIONS_MAX) {
        throw malformed(step + 1, from, count + " steps at once");
      }
      for (int k = 0; k < count; k++) {
        decisions.add(thread);
      }
      step += count;
    }
    return new Schedule(decisions.toArray(), checksum);
  }

  private static ScheduleException malformed(int step, int at, String words) {
    return new ScheduleException(
        Math.max(1, step),
        "malformed schedule, at step " + Math.max(1, step) + ", character " + at + ": " + words);
  }
}
