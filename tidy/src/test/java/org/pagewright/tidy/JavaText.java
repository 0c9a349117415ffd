package org.pagewright.tidy;

/// Java source with the words taken out: comments, strings, text blocks and characters become
/// spaces, everything else stays where it is, so positions and lines are those of the source.
final class JavaText {
  private final String source;
  private final StringBuilder out;
  private int at;

  private JavaText(String source) {
    this.source = source;
    this.out = new StringBuilder(source.length());
  }

  static String blank(String source) {
    JavaText text = new JavaText(source);
    while (text.at < source.length()) {
      text.step();
    }
    return text.out.toString();
  }

  private void step() {
    if (sees("//")) {
      int end = source.indexOf('\n', at);
      blankUntil(end < 0 ? source.length() : end);
    } else if (sees("/*")) {
      blankUntil(after("*/", at + 2));
    } else if (sees("\"\"\"")) {
      blankUntil(closing("\"\"\"", at + 3));
    } else if (sees("\"")) {
      blankUntil(closing("\"", at + 1));
    } else if (sees("'")) {
      blankUntil(closing("'", at + 1));
    } else {
      out.append(source.charAt(at++));
    }
  }

  private boolean sees(String token) {
    return source.startsWith(token, at);
  }

  private int after(String token, int from) {
    int found = source.indexOf(token, from);
    return found < 0 ? source.length() : found + token.length();
  }

  /// The end of a literal: just after its closing quotes, stepping over escapes.
  private int closing(String quotes, int from) {
    for (int i = from; i < source.length(); i++) {
      if (source.charAt(i) == '\\') {
        i++;
      } else if (source.startsWith(quotes, i)) {
        return i + quotes.length();
      }
    }
    return source.length();
  }

  private void blankUntil(int end) {
    for (; at < end; at++) {
      out.append(source.charAt(at) == '\n' ? '\n' : ' ');
    }
  }
}
