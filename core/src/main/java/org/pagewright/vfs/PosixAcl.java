package org.pagewright.vfs;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// An access control list, as `setfacl` makes it: the three classes of the mode bits and, between
/// them, users and groups by number with a mask over all that are not the owner or the others.
/// Never changed after it was made.
///
///     bytes of the attribute, little-endian:   version 2 | tag 2, permissions 2, id 4 | ...
///
///     USER_OBJ  USER...  GROUP_OBJ  GROUP...  MASK  OTHER      the mask if any USER or GROUP is
///
/// The group bits of the mode of a file with a mask are the mask. Compare Linux's fs/posix_acl.c
/// and POSIX 1003.1e draft 17.
final class PosixAcl {
  private static final int VERSION = 2;
  private static final int ENTRY = 8;

  private static final int USER_OBJ = 0x01;
  private static final int USER = 0x02;
  private static final int GROUP_OBJ = 0x04;
  private static final int GROUP = 0x08;
  private static final int MASK = 0x10;
  private static final int OTHER = 0x20;

  private final int[] tags;
  private final int[] perms;
  private final int[] ids;
  private final @Nullable Errno unreadable;

  private PosixAcl(int[] tags, int[] perms, int[] ids, @Nullable Errno unreadable) {
    this.tags = tags;
    this.perms = perms;
    this.ids = ids;
    this.unreadable = unreadable;
  }

  private static PosixAcl ofEntries(int count) {
    return new PosixAcl(new int[count], new int[count], new int[count], null);
  }

  // ---- Those that cannot be read ----------------------------------------------------------------

  /// What stands for a list that is on the device and cannot be read: it permits nothing.
  ///
  /// @param why what reading it ended with
  static PosixAcl unreadable(FsException why) {
    int[] none = {};
    Errno errno = why.errno() == Errno.EIO ? Errno.EIO : Errno.EUCLEAN;
    return new PosixAcl(none, none, none, errno);
  }

  /// {@return EIO or EUCLEAN; null if it could be read}
  @Nullable Errno whyUnreadable() {
    return unreadable;
  }

  // ---- As bytes ---------------------------------------------------------------------------------

  /// Reads a list.
  ///
  /// @param value of the attribute
  /// @return null if it has no entries
  /// @throws FsException EOPNOTSUPP for another version; EINVAL if it is no list, or if its entries
  ///     are not those that a list must have, in their order
  static @Nullable PosixAcl parse(byte[] value) throws FsException {
    ByteBuffer in = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN);
    if (value.length < 4) {
      throw malformed("of " + value.length + " bytes");
    }
    int version = in.getInt();
    if (version != VERSION) {
      throw new FsException(Errno.EOPNOTSUPP, "access control list of version " + version);
    }
    if (in.remaining() % ENTRY != 0) {
      throw malformed("of " + value.length + " bytes");
    }
    int count = in.remaining() / ENTRY;
    if (count == 0) {
      return null;
    }
    PosixAcl acl = ofEntries(count);
    for (int i = 0; i < count; i++) {
      acl.tags[i] = Short.toUnsignedInt(in.getShort());
      acl.perms[i] = Short.toUnsignedInt(in.getShort());
      acl.ids[i] = in.getInt();
    }
    acl.check();
    return acl;
  }

  private static FsException malformed(String what) {
    return new FsException(Errno.EINVAL, "access control list " + what);
  }

  /// The order is the order of the tags' numbers; each object and the mask at most once.
  private void check() throws FsException {
    int seen = 0;
    for (int i = 0; i < tags.length; i++) {
      int tag = tags[i];
      boolean many = tag == USER || tag == GROUP;
      boolean known = Integer.bitCount(tag) == 1 && tag <= OTHER;
      if (!known || (perms[i] & ~7) != 0 || tag < Integer.highestOneBit(seen)
          || !many && (seen & tag) != 0
          || many && ids[i] == -1) {
        throw malformed("with entry " + i + " of tag " + tag + ", permissions " + perms[i]);
      }
      seen |= tag;
    }
    int needed = USER_OBJ | GROUP_OBJ | OTHER;
    if ((seen & needed) != needed || (seen & (USER | GROUP)) != 0 && (seen & MASK) == 0) {
      throw malformed("without an entry it must have");
    }
  }

  /// The value of the attribute.
  byte[] toBytes() {
    ByteBuffer out = ByteBuffer.allocate(4 + tags.length * ENTRY).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(VERSION);
    for (int i = 0; i < tags.length; i++) {
      boolean named = tags[i] == USER || tags[i] == GROUP;
      out.putShort((short) tags[i]).putShort((short) perms[i]).putInt(named ? ids[i] : -1);
    }
    return out.array();
  }

  // ---- What it says -----------------------------------------------------------------------------

  private int indexOf(int tag) {
    for (int i = 0; i < tags.length; i++) {
      if (tags[i] == tag) {
        return i;
      }
    }
    return -1;
  }

  /// Whether it says no more than mode bits can.
  boolean isMinimal() {
    return tags.length == 3;
  }

  /// The mode bits that go with it: the mask stands for the group.
  int modeBits() {
    int mask = indexOf(MASK);
    int group = mask >= 0 ? mask : indexOf(GROUP_OBJ);
    return perms[indexOf(USER_OBJ)] << 6 | perms[group] << 3 | perms[indexOf(OTHER)];
  }

  /// Whether somebody who is not privileged may do what is wanted.
  ///
  /// @param uid owner of the file
  /// @param gid group of the file
  boolean permits(Credentials who, int uid, int gid, int wanted) {
    if (who.uid() == uid) {
      return allows(indexOf(USER_OBJ), wanted);
    }
    boolean found = false;
    for (int i = 0; i < tags.length; i++) {
      switch (tags[i]) {
        case USER -> {
          if (ids[i] == who.uid()) {
            return allowsMasked(i, wanted);
          }
        }
        case GROUP_OBJ, GROUP -> {
          if (who.inGroup(tags[i] == GROUP_OBJ ? gid : ids[i])) {
            found = true;
            if (allows(i, wanted)) {
              return allowsMasked(i, wanted); // any group that says so will do
            }
          }
        }
        default -> {}
      }
    }
    return !found && allows(indexOf(OTHER), wanted);
  }

  private boolean allows(int index, int wanted) {
    return (perms[index] & wanted) == wanted;
  }

  private boolean allowsMasked(int index, int wanted) {
    int mask = indexOf(MASK);
    return allows(index, wanted) && (mask < 0 || allows(mask, wanted));
  }

  // ---- Other lists ------------------------------------------------------------------------------

  private PosixAcl copy() {
    return new PosixAcl(tags, perms.clone(), ids, null);
  }

  /// The list after `chmod`: the group bits go to the mask.
  PosixAcl withMode(int mode) {
    PosixAcl acl = copy();
    int mask = indexOf(MASK);
    acl.perms[indexOf(USER_OBJ)] = mode >> 6 & 7;
    acl.perms[mask >= 0 ? mask : indexOf(GROUP_OBJ)] = mode >> 3 & 7;
    acl.perms[indexOf(OTHER)] = mode & 7;
    return acl;
  }

  /// The list that a new file takes from the default list of its directory: no class may do more
  /// than the mode it is made with says. What is left of that mode are [#modeBits()].
  PosixAcl inherited(int mode) {
    PosixAcl acl = copy();
    int mask = indexOf(MASK);
    acl.perms[indexOf(USER_OBJ)] &= mode >> 6;
    acl.perms[mask >= 0 ? mask : indexOf(GROUP_OBJ)] &= mode >> 3;
    acl.perms[indexOf(OTHER)] &= mode;
    return acl;
  }
}
