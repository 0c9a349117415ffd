package org.pagewright.fs.ext4;

import org.jspecify.annotations.Nullable;

/// What becomes of a volume, open for writing, when an operation meets damage on it: Linux's mount
/// option `errors=`. In each case the operation ends with EUCLEAN, and the superblock is marked as
/// having errors, so that the next one to open the volume knows.
public enum OnDamage {
  /// What the superblock says, in its mount options or else in its field; if nothing, [#CONTINUE].
  DEFAULT(null),

  /// Goes on.
  CONTINUE("continue"),

  /// Takes no more changes: EROFS. What was accepted is still written out.
  READ_ONLY("remount-ro"),

  /// Takes nothing more at all: EIO, and nothing more is written. Where Linux stops the machine,
  /// this stops the volume.
  PANIC("panic");

  private final @Nullable String word;

  OnDamage(@Nullable String word) {
    this.word = word;
  }

  /// What a mount option says, or null if it says nothing of this.
  static @Nullable OnDamage ofWord(String option) {
    for (OnDamage policy : values()) {
      if (option.equals("errors=" + policy.word)) {
        return policy;
      }
    }
    return null;
  }

  /// What a superblock's field says: 1 continue, 2 remount-ro, 3 panic.
  static OnDamage ofField(int field) {
    return switch (field) {
      case 2 -> READ_ONLY;
      case 3 -> PANIC;
      default -> CONTINUE;
    };
  }
}
