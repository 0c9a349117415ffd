package org.pagewright.cli.tree;

/// An extended attribute.
public final class Xattr {
  private final String name;
  private final byte[] value;

  /// A name with its value.
  ///
  /// @param name full name, such as `user.comment`
  /// @param value not copied
  public Xattr(String name, byte[] value) {
    this.name = name;
    this.value = value;
  }

  /// The name.
  ///
  /// @return such as `user.comment`
  public String name() {
    return name;
  }

  /// The value.
  ///
  /// @return not copied
  public byte[] value() {
    return value;
  }
}
