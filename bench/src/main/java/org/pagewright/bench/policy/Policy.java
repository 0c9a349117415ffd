package org.pagewright.bench.policy;

import java.io.IOException;

/// Decides what stays in memory.
public interface Policy extends AutoCloseable {
  /// One access, by one thread.
  ///
  /// @param page from 0
  /// @return whether it was in memory
  /// @throws IOException if what is measured fails
  boolean access(int page) throws IOException;

  @Override
  default void close() throws IOException {}
}
