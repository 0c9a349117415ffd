package org.pagewright.vfs;

import java.util.Arrays;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// One component of a path, or the name of an extended attribute: a byte string, because that is
/// what a disk holds.
///
/// Text goes in and out as UTF-8. A byte that is no part of valid UTF-8 becomes one of the lone
/// surrogates U+DC80 to U+DCFF in text and is turned back from it, so that every name survives
/// the way through a `String` (the scheme Python calls surrogateescape). Names compare byte by
/// byte: no case folding, no normalisation.
public final class Name implements Comparable<Name> {
  /// The directory itself.
  public static final Name DOT = new Name(new byte[] {'.'});

  /// The directory above.
  public static final Name DOT_DOT = new Name(new byte[] {'.', '.'});

  private final byte[] bytes; // never written after construction
  private final int hash;

  private Name(byte[] bytes) {
    this.bytes = bytes;
    this.hash = Arrays.hashCode(bytes);
  }

  /// A name from text.
  ///
  /// @param text one component, not a path
  /// @return the name
  /// @throws FsException ENOENT if empty, EINVAL if it holds a slash or NUL
  public static Name of(String text) throws FsException {
    return checked(bytesOf(text));
  }

  /// A name from bytes, which are copied.
  ///
  /// @param source bytes
  /// @param from index of the first
  /// @param length how many
  /// @return the name
  /// @throws FsException ENOENT if empty, EINVAL if it holds a slash or NUL
  public static Name of(byte[] source, int from, int length) throws FsException {
    return checked(Arrays.copyOfRange(source, from, from + length));
  }

  /// A name from bytes, which are copied.
  ///
  /// @param source all bytes of the name
  /// @return the name
  /// @throws FsException ENOENT if empty, EINVAL if it holds a slash or NUL
  public static Name of(byte[] source) throws FsException {
    return checked(source.clone());
  }

  /// A name that a program has in its text.
  static Name literal(String text) {
    return new Name(bytesOf(text));
  }

  private static Name checked(byte[] bytes) throws FsException {
    if (bytes.length == 0) {
      throw new FsException(Errno.ENOENT, "empty name");
    }
    for (byte b : bytes) {
      if (b == '/' || b == 0) {
        throw new FsException(
            Errno.EINVAL, "name `" + textOf(bytes) + "` with a slash or NUL in it");
      }
    }
    return new Name(bytes);
  }

  /// Whether bytes can be a name: at least one, none of them a slash or NUL. For file systems that
  /// check what they read from a disk before they make a [Name] of it.
  ///
  /// @param source bytes
  /// @param from index of the first
  /// @param length how many
  /// @return true if [#of(byte[], int, int)] would not throw
  public static boolean isValid(byte[] source, int from, int length) {
    for (int i = from; i < from + length; i++) {
      if (source[i] == '/' || source[i] == 0) {
        return false;
      }
    }
    return length > 0;
  }

  /// Length in bytes.
  ///
  /// @return at least 1
  public int length() {
    return bytes.length;
  }

  /// One byte.
  ///
  /// @param index 0 to length - 1
  /// @return the byte
  public byte byteAt(int index) {
    return bytes[index];
  }

  /// A copy of the bytes.
  ///
  /// @return a new array
  public byte[] toBytes() {
    return bytes.clone();
  }

  /// Copies the bytes into an array.
  ///
  /// @param target where to
  /// @param offset index of the first byte in the target
  public void copyTo(byte[] target, int offset) {
    System.arraycopy(bytes, 0, target, offset, bytes.length);
  }

  /// Whether the bytes are these.
  ///
  /// @param source bytes
  /// @param from index of the first
  /// @param length how many
  /// @return true if equal in length and content
  public boolean equalTo(byte[] source, int from, int length) {
    return Arrays.equals(bytes, 0, bytes.length, source, from, from + length);
  }

  /// Whether the name begins with an ASCII prefix, such as `user.` of an attribute.
  ///
  /// @param prefix ASCII
  /// @return true if so
  public boolean startsWith(String prefix) {
    if (bytes.length < prefix.length()) {
      return false;
    }
    for (int i = 0; i < prefix.length(); i++) {
      if (bytes[i] != prefix.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  /// Whether this is `.` or `..`.
  ///
  /// @return true for the two names every directory has
  public boolean isDots() {
    return bytes[0] == '.' && (bytes.length == 1 || bytes.length == 2 && bytes[1] == '.');
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Name name && hash == name.hash && Arrays.equals(bytes, name.bytes);
  }

  @Override
  public int hashCode() {
    return hash;
  }

  /// Orders by unsigned bytes.
  @Override
  public int compareTo(Name other) {
    return Arrays.compareUnsigned(bytes, other.bytes);
  }

  /// The name as text that [#of(String)] turns back into the same bytes.
  @Override
  public String toString() {
    return textOf(bytes);
  }

  /// Text to bytes, also of a whole path: UTF-8, and U+DC80 to U+DCFF alone to the byte they stand
  /// for.
  ///
  /// @param text any text
  /// @return its bytes; a surrogate that stands for nothing becomes `?`
  public static byte[] bytesOf(String text) {
    int length = text.length();
    byte[] out = new byte[Math.multiplyExact(length, 3)];
    int n = 0;
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      if (c < 0x80) {
        out[n++] = (byte) c;
      } else if (c < 0x800) {
        out[n++] = (byte) (0xc0 | c >> 6);
        out[n++] = (byte) (0x80 | c & 0x3f);
      } else if (Character.isHighSurrogate(c)
          && i + 1 < length
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        int point = Character.toCodePoint(c, text.charAt(++i));
        out[n++] = (byte) (0xf0 | point >> 18);
        out[n++] = (byte) (0x80 | point >> 12 & 0x3f);
        out[n++] = (byte) (0x80 | point >> 6 & 0x3f);
        out[n++] = (byte) (0x80 | point & 0x3f);
      } else if (c >= 0xdc80 && c <= 0xdcff) {
        out[n++] = (byte) c;
      } else if (Character.isSurrogate(c)) {
        out[n++] = '?';
      } else {
        out[n++] = (byte) (0xe0 | c >> 12);
        out[n++] = (byte) (0x80 | c >> 6 & 0x3f);
        out[n++] = (byte) (0x80 | c & 0x3f);
      }
    }
    return Arrays.copyOf(out, n);
  }

  /// Bytes to text, also of a whole path: the way back of [#bytesOf(String)].
  ///
  /// @param bytes any bytes
  /// @return text that turns back into the same bytes
  public static String textOf(byte[] bytes) {
    StringBuilder text = new StringBuilder(bytes.length);
    int i = 0;
    while (i < bytes.length) {
      int first = bytes[i] & 0xff;
      int length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
      int point = length == 1 ? first : first & 0x7f >> length;
      boolean valid = first < 0x80 || first >= 0xc2 && first <= 0xf4;
      valid &= i + length <= bytes.length;
      for (int k = 1; valid && k < length; k++) {
        valid = (bytes[i + k] & 0xc0) == 0x80;
        point = point << 6 | bytes[i + k] & 0x3f;
      }
      valid &= length < 3 || length == 3 && point >= 0x800 || length == 4 && point >= 0x10000;
      valid &= point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
      if (valid) {
        text.appendCodePoint(point);
        i += length;
      } else {
        text.append((char) (0xdc00 | first));
        i++;
      }
    }
    return text.toString();
  }
}
