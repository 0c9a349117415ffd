package org.pagewright.cli.tree;

import java.io.IOException;

/// Takes a tree, one thing after the other. Paths are those of the target, from its root, with
/// slashes between their parts and one at the beginning.
public interface TreeTarget {
  /// A directory, before what is in it. One that is there already is kept.
  ///
  /// @param path its path
  /// @param attributes of it
  /// @throws IOException if it cannot be made
  void enterDirectory(String path, Attributes attributes) throws IOException;

  /// The same directory, after what is in it.
  ///
  /// @param path its path
  /// @param attributes of it
  /// @throws IOException if they cannot be set
  void leaveDirectory(String path, Attributes attributes) throws IOException;

  /// A regular file.
  ///
  /// @param path its path
  /// @param attributes of it
  /// @param content its bytes
  /// @throws IOException if it cannot be made
  void file(String path, Attributes attributes, Content content) throws IOException;

  /// A symbolic link.
  ///
  /// @param path its path
  /// @param attributes of it
  /// @param target what it says
  /// @throws IOException if it cannot be made
  void symlink(String path, Attributes attributes, String target) throws IOException;

  /// A device node, pipe or socket.
  ///
  /// @param path its path
  /// @param attributes of it
  /// @throws IOException if it cannot be made
  void special(String path, Attributes attributes) throws IOException;

  /// One more name of a file that was told before.
  ///
  /// @param path the new name
  /// @param existing the name it was told by
  /// @throws IOException if it cannot be made
  void hardLink(String path, String existing) throws IOException;
}
