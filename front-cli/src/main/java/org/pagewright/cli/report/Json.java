package org.pagewright.cli.report;

import org.jspecify.annotations.Nullable;

/// Builds a JSON text, piece by piece: no tree is kept, so a listing may be as long as it likes.
///
/// A name that is not valid UTF-8 has its odd bytes as lone surrogates `\udc80` to `\udcff`, which
/// Python reads back with `surrogateescape`.
public final class Json {
  private final StringBuilder text = new StringBuilder();
  private boolean first = true;

  /// An empty text.
  public Json() {}

  private void separate() {
    if (!first) {
      text.append(',');
    }
    first = true;
  }

  /// Begins an object.
  ///
  /// @return this
  public Json object() {
    separate();
    text.append('{');
    return this;
  }

  /// Ends an object.
  ///
  /// @return this
  public Json endObject() {
    text.append('}');
    first = false;
    return this;
  }

  /// Begins an array.
  ///
  /// @return this
  public Json array() {
    separate();
    text.append('[');
    return this;
  }

  /// Ends an array.
  ///
  /// @return this
  public Json endArray() {
    text.append(']');
    first = false;
    return this;
  }

  /// Begins a member; its value follows.
  ///
  /// @param name of the member
  /// @return this
  public Json name(String name) {
    separate();
    quote(name);
    text.append(':');
    first = true;
    return this;
  }

  /// A text.
  ///
  /// @param value null for `null`
  /// @return this
  public Json value(@Nullable String value) {
    separate();
    if (value == null) {
      text.append("null");
    } else {
      quote(value);
    }
    first = false;
    return this;
  }

  /// A number.
  ///
  /// @param value whole
  /// @return this
  public Json value(long value) {
    separate();
    text.append(value);
    first = false;
    return this;
  }

  /// Yes or no.
  ///
  /// @param value which
  /// @return this
  public Json value(boolean value) {
    separate();
    text.append(value);
    first = false;
    return this;
  }

  /// A member with a text.
  ///
  /// @param name of the member
  /// @param value null for `null`
  /// @return this
  public Json member(String name, @Nullable String value) {
    return name(name).value(value);
  }

  /// A member with a number.
  ///
  /// @param name of the member
  /// @param value whole
  /// @return this
  public Json member(String name, long value) {
    return name(name).value(value);
  }

  private void quote(String value) {
    text.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '"' -> text.append("\\\"");
        case '\\' -> text.append("\\\\");
        case '\n' -> text.append("\\n");
        case '\t' -> text.append("\\t");
        case '\r' -> text.append("\\r");
        default -> {
          boolean pair =
              Character.isHighSurrogate(c)
                  && i + 1 < value.length()
                  && Character.isLowSurrogate(value.charAt(i + 1));
          if (pair) {
            text.append(c).append(value.charAt(++i));
          } else if (c < 0x20 || Character.isSurrogate(c)) {
            text.append("\\u").append(Character.forDigit(c >> 12, 16));
            text.append(Character.forDigit(c >> 8 & 15, 16));
            text.append(Character.forDigit(c >> 4 & 15, 16));
            text.append(Character.forDigit(c & 15, 16));
          } else {
            text.append(c);
          }
        }
      }
    }
    text.append('"');
    first = false;
  }

  /// What was built since the last call, so that a long text can be printed as it grows.
  ///
  /// @return a piece of the text
  public String take() {
    String piece = text.toString();
    text.setLength(0);
    return piece;
  }
}
