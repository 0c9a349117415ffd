package org.pagewright.cli.tree;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.cli.report.CommandException;
import org.pagewright.cli.report.ExitCode;

/// ACLs as tars have them (`user::rw-,user:1000:r--,...`), turned into the attribute that the
/// kernel makes of them.
final class AclText {
  private static final int VERSION = 2;
  private static final int NO_ID = -1;
  private static final int USER_OBJECT = 1;
  private static final int USER = 2;
  private static final int GROUP_OBJECT = 4;
  private static final int GROUP = 8;
  private static final int MASK = 16;
  private static final int OTHER = 32;

  private AclText() {}

  private record Entry(int tag, int permissions, int id) {}

  /// Translates.
  ///
  /// @param where for messages
  /// @param bytes text
  /// @param users numbers of users by name
  /// @param groups numbers of groups by name
  /// @return value of `system.posix_acl_access` or `system.posix_acl_default`
  static byte[] toXattr(String where, byte[] bytes, Names users, Names groups)
      throws CommandException {
    List<Entry> entries = new ArrayList<>();
    String text = new String(bytes, StandardCharsets.UTF_8);
    int from = 0;
    for (int i = 0; i <= text.length(); i++) {
      if (i == text.length() || text.charAt(i) == ',' || text.charAt(i) == '\n') {
        String part = text.substring(from, i).strip();
        if (!part.isEmpty() && part.charAt(0) != '#') {
          entries.add(entry(where, part, users, groups));
        }
        from = i + 1;
      }
    }
    entries.sort(
        Comparator.comparingInt(Entry::tag)
            .thenComparing((a, b) -> Integer.compareUnsigned(a.id, b.id)));
    ByteBuffer value =
        ByteBuffer.allocate(4 + 8 * entries.size()).order(ByteOrder.LITTLE_ENDIAN).putInt(VERSION);
    for (Entry e : entries) {
      value.putShort((short) e.tag).putShort((short) e.permissions).putInt(e.id);
    }
    return value.array();
  }

  /// Numbers by name.
  interface Names {
    /// The number, or null.
    @Nullable Integer numberOf(String name);
  }

  private static Entry entry(String where, String part, Names users, Names groups)
      throws CommandException {
    String[] fields = part.split(":", -1);
    // Tag, name, permissions, and sometimes the number that the name stands for.
    if (fields.length < 3) {
      throw unreadable(where, part);
    }
    String name = fields[1];
    boolean named = !name.isEmpty();
    int tag =
        switch (fields[0]) {
          case "user", "u" -> named ? USER : USER_OBJECT;
          case "group", "g" -> named ? GROUP : GROUP_OBJECT;
          case "mask", "m" -> MASK;
          case "other", "o" -> OTHER;
          default -> throw unreadable(where, part);
        };
    int permissions = 0;
    for (int i = 0; i < Math.min(3, fields[2].length()); i++) {
      permissions |=
          switch (fields[2].charAt(i)) {
            case 'r' -> 4;
            case 'w' -> 2;
            case 'x' -> 1;
            default -> 0;
          };
    }
    int id = NO_ID;
    if (tag == USER || tag == GROUP) {
      Integer known = (tag == USER ? users : groups).numberOf(name);
      try {
        id =
            fields.length > 3 || known == null
                ? Integer.parseUnsignedInt(fields.length > 3 ? fields[3].strip() : name)
                : known;
      } catch (NumberFormatException e) {
        throw unreadable(where, part);
      }
    }
    return new Entry(tag, permissions, id);
  }

  private static CommandException unreadable(String where, String part) {
    return new CommandException(
        ExitCode.FAILED,
        where + ": ACL entry `" + part + "`, and the tar does not tell the number (EINVAL)",
        "build from the directory, or make the tar with bsdtar, which writes the numbers");
  }
}
