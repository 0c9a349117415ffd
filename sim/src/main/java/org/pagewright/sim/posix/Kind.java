package org.pagewright.sim.posix;

/// What a name of a table can lead to.
enum Kind {
  /// Nothing.
  ABSENT,
  /// A regular file of three bytes.
  FILE,
  /// An empty directory.
  DIR,
  /// A directory with a file `x`.
  FULL_DIR,
  /// A symbolic link to a regular file.
  LINK,
  /// A symbolic link to an empty directory.
  DIR_LINK,
  /// A symbolic link to nothing.
  DANGLING,
  /// A symbolic link to itself.
  LOOP,
  /// A pipe.
  FIFO,
  /// The name of a socket.
  SOCKET,
  /// The null device.
  DEVICE;

  boolean isLink() {
    return this == LINK || this == DIR_LINK || this == DANGLING || this == LOOP;
  }

  boolean isDirectory() {
    return this == DIR || this == FULL_DIR;
  }

  boolean isSpecial() {
    return this == FIFO || this == SOCKET || this == DEVICE;
  }

  /// Where a link leads; LOOP stays.
  Kind followed() {
    return switch (this) {
      case LINK -> FILE;
      case DIR_LINK -> DIR;
      case DANGLING -> ABSENT;
      default -> this;
    };
  }

  @Override
  public String toString() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
