package org.pagewright.sim.posix;

import java.util.List;
import org.pagewright.vfs.Credentials;

/// Who makes a call of a case.
///
/// @param name for messages
/// @param uid user number
/// @param gid main group
/// @param groups further groups
public record User(String name, int uid, int gid, List<Integer> groups) {
  /// May do everything.
  public static final User ROOT = new User("root", 0, 0, List.of());

  /// Owns most things in the tables.
  public static final User ANN = new User("ann", 1000, 100, List.of(200));

  /// Shares group 200 with ann.
  public static final User BOB = new User("bob", 1001, 101, List.of(200));

  /// Has nothing to do with anybody.
  public static final User CAT = new User("cat", 1002, 102, List.of());

  /// The same as the VFS has it.
  ///
  /// @return credentials
  public Credentials credentials() {
    return new Credentials(uid, gid, groups.stream().mapToInt(Integer::intValue).toArray());
  }

  /// Whether the user belongs to a group.
  ///
  /// @param group group number
  /// @return true if so
  public boolean inGroup(int group) {
    return group == gid || groups.contains(group);
  }

  @Override
  public String toString() {
    return name;
  }
}
