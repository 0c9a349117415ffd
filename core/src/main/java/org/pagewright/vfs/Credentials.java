package org.pagewright.vfs;

import java.util.Arrays;

/// Who asks: a user, a group, and the groups the user belongs to besides.
///
/// User 0 passes every permission check, except that executing needs an execute bit somewhere.
public final class Credentials {
  /// User 0, group 0: what a program that owns an image wants.
  public static final Credentials ROOT = new Credentials(0, 0);

  private final int uid;
  private final int gid;
  private final int[] groups;
  private final boolean privileged;

  /// A user in one group or more.
  ///
  /// @param uid user number, unsigned
  /// @param gid group number, unsigned; new files get it
  /// @param groups further groups
  public Credentials(int uid, int gid, int... groups) {
    this(uid == 0, uid, gid, groups);
  }

  private Credentials(boolean privileged, int uid, int gid, int... groups) {
    this.privileged = privileged;
    this.uid = uid;
    this.gid = gid;
    this.groups = groups.clone();
    Arrays.sort(this.groups);
  }

  /// A user whose rights somebody else has checked already, who knows more of the user than we do:
  /// a kernel in front of us, with its groups and capabilities. Passes every check as user 0 does;
  /// new files belong to the user all the same.
  ///
  /// @param uid user number, unsigned
  /// @param gid group number, unsigned; new files get it
  /// @return credentials that are not looked at again
  public static Credentials checked(int uid, int gid) {
    return new Credentials(true, uid, gid);
  }

  /// The user.
  ///
  /// @return user number, unsigned
  public int uid() {
    return uid;
  }

  /// The group that new files get.
  ///
  /// @return group number, unsigned
  public int gid() {
    return gid;
  }

  /// Whether checks are passed without looking.
  ///
  /// @return true for user 0, and for [#checked]
  public boolean privileged() {
    return privileged;
  }

  /// Whether the user belongs to a group.
  ///
  /// @param group group number
  /// @return true for the main group and each further one
  public boolean inGroup(int group) {
    return group == gid || Arrays.binarySearch(groups, group) >= 0;
  }

  @Override
  public String toString() {
    return "uid " + Integer.toUnsignedString(uid) + ", gid " + Integer.toUnsignedString(gid);
  }
}
