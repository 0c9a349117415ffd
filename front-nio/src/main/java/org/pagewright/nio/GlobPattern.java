package org.pagewright.nio;

import java.util.regex.PatternSyntaxException;

/// Glob patterns as [java.nio.file.FileSystem#getPathMatcher] has them: `*` and `?` stay within a
/// name, `**` does not, `[a-z]` and `[!a]` match one character but the slash, `{a,b}` one of
/// several, which do not nest, and a backslash takes the meaning from what follows.
final class GlobPattern {
  private static final String REGEX_META = ".^$+{[]|()";
  private static final String GLOB_META = "\\*?[{";

  private final String glob;
  private final StringBuilder regex = new StringBuilder("^");
  private int at;

  private GlobPattern(String glob) {
    this.glob = glob;
  }

  /// The same as a regular expression.
  ///
  /// @throws PatternSyntaxException if it makes no sense
  static String toRegex(String glob) {
    return new GlobPattern(glob).translate();
  }

  private PatternSyntaxException wrong(String why, int index) {
    return new PatternSyntaxException(why, glob, index);
  }

  /// The character, or 0 behind the end.
  private char peek() {
    return at < glob.length() ? glob.charAt(at) : 0;
  }

  private String translate() {
    boolean inGroup = false;
    while (at < glob.length()) {
      char c = glob.charAt(at++);
      switch (c) {
        case '\\' -> escaped();
        case '[' -> bracket();
        case '{' -> {
          if (inGroup) {
            throw wrong("groups do not nest", at - 1);
          }
          regex.append("(?:(?:");
          inGroup = true;
        }
        case '}' -> {
          regex.append(inGroup ? "))" : "}");
          inGroup = false;
        }
        case ',' -> regex.append(inGroup ? ")|(?:" : ",");
        case '*' -> {
          if (peek() == '*') {
            regex.append(".*");
            at++;
          } else {
            regex.append("[^/]*");
          }
        }
        case '?' -> regex.append("[^/]");
        default -> literal(c);
      }
    }
    if (inGroup) {
      throw wrong("missing }", at - 1);
    }
    return regex.append('$').toString();
  }

  private void literal(char c) {
    if (REGEX_META.indexOf(c) >= 0) {
      regex.append('\\');
    }
    regex.append(c);
  }

  private void escaped() {
    if (at == glob.length()) {
      throw wrong("no character behind the backslash", at - 1);
    }
    char next = glob.charAt(at++);
    if (GLOB_META.indexOf(next) >= 0 || REGEX_META.indexOf(next) >= 0) {
      regex.append('\\');
    }
    regex.append(next);
  }

  /// A bracket, in which a glob's characters have no meaning but `!`, `-` and the end.
  private void bracket() {
    regex.append("[[^/]&&[");
    if (peek() == '^') {
      regex.append("\\^");
      at++;
    } else {
      if (peek() == '!') {
        regex.append('^');
        at++;
      }
      if (peek() == '-') {
        regex.append('-');
        at++;
      }
    }
    boolean hasStart = false;
    char last = 0;
    while (at < glob.length()) {
      char c = glob.charAt(at++);
      if (c == ']') {
        regex.append("]]");
        return;
      }
      if (c == '/') {
        throw wrong("a slash in a bracket", at - 1);
      }
      if (c == '\\' || c == '[' || c == '&' && peek() == '&') {
        regex.append('\\');
      }
      regex.append(c);
      if (c != '-') {
        hasStart = true;
        last = c;
        continue;
      }
      if (!hasStart) {
        throw wrong("a range without a start", at - 1);
      }
      char end = peek();
      if (end == 0 || end == ']') {
        continue;
      }
      at++;
      if (end < last) {
        throw wrong("a range that ends before it starts", at - 3);
      }
      regex.append(end);
      hasStart = false;
    }
    throw wrong("missing ]", at - 1);
  }
}
