package org.pagewright.nio;

import java.io.IOException;
import java.nio.file.ProviderMismatchException;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.UserPrincipal;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.attribute.UserPrincipalNotFoundException;

/// Users and groups of a volume: numbers, as it keeps them. Their names are the numbers in decimal.
final class Principals {
  private Principals() {}

  /// A user.
  ///
  /// @param id user number, unsigned
  record User(int id) implements UserPrincipal {
    @Override
    public String getName() {
      return Integer.toUnsignedString(id);
    }

    @Override
    public String toString() {
      return getName();
    }
  }

  /// A group.
  ///
  /// @param id group number, unsigned
  record Group(int id) implements GroupPrincipal {
    @Override
    public String getName() {
      return Integer.toUnsignedString(id);
    }

    @Override
    public String toString() {
      return getName();
    }
  }

  /// The number of a user.
  ///
  /// @throws ProviderMismatchException for a user of another provider
  /// @throws IOException for a group
  static int idOfUser(UserPrincipal user) throws IOException {
    if (user instanceof User ours) {
      return ours.id;
    }
    if (user instanceof Group) {
      throw new IOException("group " + user + " cannot be the owner of a file");
    }
    throw foreign(user);
  }

  /// The number of a group.
  ///
  /// @throws ProviderMismatchException for a group of another provider
  static int idOfGroup(GroupPrincipal group) {
    if (group instanceof Group ours) {
      return ours.id;
    }
    throw foreign(group);
  }

  private static RuntimeException foreign(UserPrincipal who) {
    if (who == null) {
      return new NullPointerException("principal");
    }
    return new ProviderMismatchException(
        who + " is of another provider; look it up in this file system");
  }

  /// Finds users and groups by number.
  static final UserPrincipalLookupService LOOKUP =
      new UserPrincipalLookupService() {
        @Override
        public UserPrincipal lookupPrincipalByName(String name) throws IOException {
          return new User(number(name));
        }

        @Override
        public GroupPrincipal lookupPrincipalByGroupName(String group) throws IOException {
          return new Group(number(group));
        }
      };

  private static int number(String name) throws IOException {
    if (name.equals("root")) {
      return 0;
    }
    try {
      return Integer.parseUnsignedInt(name);
    } catch (NumberFormatException e) {
      throw (IOException) new UserPrincipalNotFoundException(name).initCause(e);
    }
  }
}
