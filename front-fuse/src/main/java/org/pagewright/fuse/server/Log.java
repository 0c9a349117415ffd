package org.pagewright.fuse.server;

/// Who hears of what no answer can tell, and, if it asked for it, of every request.
public interface Log {
  /// A log that keeps nothing.
  Log NONE =
      new Log() {
        @Override
        public void trouble(String text) {}

        @Override
        public boolean traces() {
          return false;
        }

        @Override
        public void trace(String line) {}
      };

  /// Something a person should know of.
  ///
  /// @param text what happened, to what
  void trouble(String text);

  /// Whether every request shall be told of.
  ///
  /// @return true if [#trace] is to be called
  boolean traces();

  /// One request and how it ended.
  ///
  /// @param line for a person
  void trace(String line);
}
