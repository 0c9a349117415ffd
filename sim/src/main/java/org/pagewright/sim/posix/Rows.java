package org.pagewright.sim.posix;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import org.pagewright.vfs.FileMode;

/// Where a table puts its rows.
final class Rows {
  private final String table;
  private final List<Row> rows = new ArrayList<>();

  Rows(String table) {
    this.table = table;
  }

  void add(String name, String expected, Row.Script script, Row.Need... needs) {
    EnumSet<Row.Need> set = EnumSet.noneOf(Row.Need.class);
    set.addAll(List.of(needs));
    rows.add(new Row(table, name, expected, set, script));
  }

  List<Row> all() {
    return rows;
  }

  /// The rule of permission bits: what one class may do.
  static boolean permits(User user, int mode, int uid, int gid, int mask) {
    if (user.uid() == 0) {
      return (mask & FileMode.MAY_EXECUTE) == 0
          || FileMode.isDirectory(mode)
          || (mode & FileMode.ANY_EXECUTE) != 0;
    }
    int shift = user.uid() == uid ? 6 : user.inGroup(gid) ? 3 : 0;
    return (mode >> shift & mask) == mask;
  }

  static String octal(int mode) {
    return String.format("%04o", mode);
  }
}
