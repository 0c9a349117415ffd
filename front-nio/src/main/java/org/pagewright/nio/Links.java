package org.pagewright.nio;

import java.nio.file.LinkOption;
import java.util.Objects;

/// Whether a call follows a symbolic link at the end of a path.
final class Links {
  private Links() {}

  /// Reads the options of a call, of which there is only NOFOLLOW_LINKS.
  ///
  /// @return false if it is there
  static boolean follow(LinkOption... options) {
    boolean follow = true;
    for (LinkOption option : options) {
      Objects.requireNonNull(option, "option");
      follow = false;
    }
    return follow;
  }
}
