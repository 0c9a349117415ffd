package org.pagewright.fs.ext4.xattr;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The name spaces of attributes: prefixes of names, kept on disk as small numbers.
final class XattrNames {
  static final int ACL_ACCESS = 2;
  static final int ACL_DEFAULT = 3;

  // Longest match first, so that the two lists are not taken for names in "system.".
  private static final String[] PREFIXES = {
    "system.posix_acl_access", "system.posix_acl_default", "user.", "trusted.", "security.",
    "system."
  };
  private static final int[] INDEXES = {ACL_ACCESS, ACL_DEFAULT, 1, 4, 6, 7};

  private XattrNames() {}

  /// Number of the prefix of a full name, 0 if it has none that we know.
  static int index(byte[] fullName) {
    for (int i = 0; i < PREFIXES.length; i++) {
      byte[] prefix = bytes(PREFIXES[i]);
      boolean whole = INDEXES[i] == ACL_ACCESS || INDEXES[i] == ACL_DEFAULT;
      if (whole ? Arrays.equals(fullName, prefix) : startsWith(fullName, prefix)) {
        return INDEXES[i];
      }
    }
    return 0;
  }

  /// What of a full name is stored.
  static byte[] suffix(byte[] fullName, int index) {
    byte[] prefix = prefix(index);
    assert prefix != null;
    return Arrays.copyOfRange(fullName, prefix.length, fullName.length);
  }

  /// The full name, or null if the number is none that we know.
  static byte @Nullable [] full(int index, byte[] suffix) {
    byte[] prefix = prefix(index);
    if (prefix == null) {
      return null;
    }
    byte[] full = Arrays.copyOf(prefix, prefix.length + suffix.length);
    System.arraycopy(suffix, 0, full, prefix.length, suffix.length);
    return full;
  }

  private static byte @Nullable [] prefix(int index) {
    for (int i = 0; i < INDEXES.length; i++) {
      if (INDEXES[i] == index) {
        return bytes(PREFIXES[i]);
      }
    }
    return null;
  }

  private static boolean startsWith(byte[] name, byte[] prefix) {
    return name.length > prefix.length
        && Arrays.equals(name, 0, prefix.length, prefix, 0, prefix.length);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
