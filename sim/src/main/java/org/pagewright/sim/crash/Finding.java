package org.pagewright.sim.crash;

import org.jspecify.annotations.Nullable;

/// A state that should not be.
final class Finding extends Exception {
  private static final long serialVersionUID = 1;

  private final transient @Nullable Cut cut;

  Finding(String what, @Nullable Cut cut, @Nullable Throwable cause) {
    super(what, cause);
    this.cut = cut;
  }

  /// {@return the cut that leaves the state; null while only what was seen is known}
  @Nullable Cut cut() {
    return cut;
  }

  Finding at(Cut outer) {
    return new Finding(getMessage(), outer.then(cut), getCause());
  }
}
