package org.pagewright.nio;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.pagewright.vfs.Name;

/// The two forms of a URI of this provider.
///
///     pagewright:file:///data/disk.img!/etc/passwd      a file in an image
///     pagewright:file:///data/disk.img@1!/etc/passwd    the same in its first partition
///     pagewright://scratch/tmp/a                        a file of the volume called scratch
///
/// The first `!/` ends the image, and `@` with digits right before it is a partition: in the name
/// of an image these are written `%21` and `%40`, which is what this class makes of them. Without
/// `!/` the URI names the volume alone.
///
/// @param image the image's file, or null
/// @param partition from 1, or 0
/// @param name the volume's name, or null for an image
/// @param inner the path from the root, or null
record ImageUri(
    @Nullable Path image, int partition, @Nullable String name, @Nullable String inner) {
  static final String SCHEME = "pagewright";

  private static final String UNRESERVED =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/:+,=$&'()*;";

  /// Reads a URI.
  ///
  /// @throws IllegalArgumentException if it is none of ours
  static ImageUri parse(URI uri) {
    String scheme = uri.getScheme();
    if (scheme == null || !scheme.toLowerCase(Locale.ROOT).equals(SCHEME)) {
      throw new IllegalArgumentException(uri + ": the scheme is not " + SCHEME);
    }
    if (uri.getRawFragment() != null) {
      throw new IllegalArgumentException(uri + ": a fragment names nothing here");
    }
    return uri.isOpaque() ? parseImage(uri) : parseNamed(uri);
  }

  private static ImageUri parseNamed(URI uri) {
    String name = uri.getAuthority();
    if (name == null || name.isEmpty() || uri.getRawQuery() != null) {
      throw new IllegalArgumentException(
          uri + ": neither " + SCHEME + "://NAME/path nor " + SCHEME + ":file:///IMAGE!/path");
    }
    String path = uri.getRawPath();
    return new ImageUri(null, 0, name, path.isEmpty() ? null : decode(path, uri));
  }

  private static ImageUri parseImage(URI uri) {
    String rest = uri.getRawSchemeSpecificPart();
    int end = rest.indexOf("!/");
    String inner = end < 0 ? null : decode(rest.substring(end + 1), uri);
    String image = end < 0 ? rest : rest.substring(0, end);
    int partition = 0;
    int at = image.lastIndexOf('@');
    if (at > 0 && image.substring(at + 1).matches("[1-9][0-9]{0,2}")) {
      partition = Integer.parseInt(image.substring(at + 1));
      image = image.substring(0, at);
    }
    try {
      URI inHost = new URI(image);
      if (!"file".equalsIgnoreCase(inHost.getScheme())) {
        throw new IllegalArgumentException(uri + ": an image is named by a file: URI");
      }
      return new ImageUri(Path.of(inHost), partition, null, inner);
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(uri + ": " + e.getMessage(), e);
    }
  }

  /// The URI of a path in an image.
  static URI of(Path image, int partition, String inner) {
    String file = image.toUri().toString().replace("!", "%21").replace("@", "%40");
    String at = partition == 0 ? "" : "@" + partition;
    return URI.create(SCHEME + ":" + file + at + "!" + encode(inner));
  }

  /// The URI of a path in a named volume.
  static URI of(String name, String inner) {
    return URI.create(SCHEME + "://" + name + encode(inner));
  }

  private static String encode(String path) {
    StringBuilder out = new StringBuilder(path.length() + 8);
    for (byte b : Name.bytesOf(path)) {
      if (b > 0 && UNRESERVED.indexOf(b) >= 0) {
        out.append((char) b);
      } else {
        out.append(String.format("%%%02X", b & 0xff));
      }
    }
    return out.toString();
  }

  /// Bytes, not text: a name that is no UTF-8 has a URI, too.
  private static String decode(String raw, URI uri) {
    byte[] from = raw.getBytes(StandardCharsets.UTF_8);
    byte[] to = new byte[from.length];
    int n = 0;
    for (int i = 0; i < from.length; i++) {
      if (from[i] == '%') {
        // URI has checked that two digits follow.
        to[n++] = (byte) (Character.digit(from[i + 1], 16) << 4 | Character.digit(from[i + 2], 16));
        i += 2;
      } else {
        to[n++] = from[i];
      }
    }
    byte[] exact = Arrays.copyOf(to, n);
    for (byte b : exact) {
      if (b == 0) {
        throw new IllegalArgumentException(uri + ": NUL in a path");
      }
    }
    return Name.textOf(exact);
  }
}
