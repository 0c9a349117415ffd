package org.pagewright.cli.tree;

import java.io.IOException;

/// What becomes of a copy of many files when one of them cannot be copied.
@FunctionalInterface
public interface Trouble {
  /// The copy ends.
  Trouble STOP =
      e -> {
        throw e;
      };

  /// Tells of it, and the copy goes on; or throws it, and the copy ends.
  ///
  /// @param e what became of one file
  /// @throws IOException the same, if there is no sense in going on
  void with(IOException e) throws IOException;
}
