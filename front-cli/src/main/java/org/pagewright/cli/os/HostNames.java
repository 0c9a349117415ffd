package org.pagewright.cli.os;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.Name;

/// Names of host files as bytes, whatever the locale of the JVM makes of them.
///
/// The JDK keeps a path's bytes but shows them as text in the locale's encoding, where a byte that
/// does not fit is lost. A URI of the path has them all, as `%XX`; that is slow, and so only asked
/// for when the text is not plain ASCII.
public final class HostNames {
  private HostNames() {}

  /// All bytes of a path.
  ///
  /// @param path of the host
  /// @return what the kernel knows it by
  public static byte[] bytesOf(Path path) {
    String text = path.toString();
    if (isAscii(text)) {
      return text.getBytes(StandardCharsets.ISO_8859_1);
    }
    byte[] whole = decodePercent(path.toUri().getRawPath());
    // A URI is absolute, and may have a slash at its end for a directory.
    int length = whole.length;
    if (length > 1 && whole[length - 1] == '/') {
      length--;
    }
    int from = 0;
    if (!path.isAbsolute()) {
      byte[] base = bytesOf(Path.of("").toAbsolutePath());
      from = base.length + (base.length == 1 ? 0 : 1);
    }
    byte[] bytes = new byte[length - from];
    System.arraycopy(whole, from, bytes, 0, bytes.length);
    return bytes;
  }

  /// A path as text that keeps every byte, in the way that [Name] does.
  ///
  /// @param path of the host
  /// @return text for paths in images
  public static String textOf(Path path) {
    String text = path.toString();
    if (isAscii(text)) {
      return text;
    }
    byte[] bytes = bytesOf(path);
    return textOf(bytes, 0, bytes.length);
  }

  /// Bytes as text that keeps every byte, slashes included.
  ///
  /// @param bytes of a path
  /// @param from index of the first
  /// @param length how many
  /// @return text for paths in images
  public static String textOf(byte[] bytes, int from, int length) {
    StringBuilder text = new StringBuilder(length);
    int start = from;
    for (int i = from; i <= from + length; i++) {
      boolean end = i == from + length;
      if (end || bytes[i] == '/' || bytes[i] == 0) {
        if (i > start) {
          text.append(component(bytes, start, i - start));
        }
        if (!end) {
          text.append((char) bytes[i]);
        }
        start = i + 1;
      }
    }
    return text.toString();
  }

  private static String component(byte[] bytes, int from, int length) {
    try {
      return Name.of(bytes, from, length).toString();
    } catch (FsException e) {
      throw new AssertionError("a component without slash and NUL", e);
    }
  }

  /// A file in a directory of the host.
  ///
  /// @param directory of the host
  /// @param name one component, as text of a [Name]
  /// @return its path
  /// @throws FsException EINVAL for a slash or NUL in the name
  public static Path resolve(Path directory, String name) throws FsException {
    if (isAscii(name)) {
      return directory.resolve(name);
    }
    StringBuilder uri = new StringBuilder(directory.toAbsolutePath().toUri().getRawPath());
    if (uri.charAt(uri.length() - 1) != '/') {
      uri.append('/');
    }
    for (byte b : Name.of(name).toBytes()) {
      uri.append('%');
      uri.append(Character.forDigit(b >> 4 & 15, 16)).append(Character.forDigit(b & 15, 16));
    }
    return Path.of(URI.create("file://" + uri));
  }

  private static boolean isAscii(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) >= 0x80) {
        return false;
      }
    }
    return true;
  }

  private static byte[] decodePercent(String text) {
    byte[] bytes = new byte[text.length()];
    int n = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '%') {
        bytes[n++] =
            (byte)
                (Character.digit(text.charAt(i + 1), 16) << 4
                    | Character.digit(text.charAt(i + 2), 16));
        i += 2;
      } else {
        bytes[n++] = (byte) c;
      }
    }
    byte[] exact = new byte[n];
    System.arraycopy(bytes, 0, exact, 0, n);
    return exact;
  }
}
