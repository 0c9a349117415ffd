package org.pagewright.sim.explore;

import java.util.Arrays;

/// The objects that one step touched, by number, and how.
final class Footprint {
  /// The object may have been changed.
  static final byte WRITE = 1;

  /// A lock was taken, alone.
  static final byte TOOK = 2;

  /// A lock that was held alone was given back.
  static final byte GAVE = 4;

  private int[] objects = new int[8];
  private byte[] bits = new byte[8];
  private int size;

  void clear() {
    size = 0;
  }

  int size() {
    return size;
  }

  int object(int i) {
    return objects[i];
  }

  byte bits(int i) {
    return bits[i];
  }

  boolean isWrite(int i) {
    return (bits[i] & WRITE) != 0;
  }

  /// Whether an object may have been changed.
  boolean writes(int object) {
    for (int i = 0; i < size; i++) {
      if (objects[i] == object) {
        return (bits[i] & WRITE) != 0;
      }
    }
    return false;
  }

  void add(int object, int how) {
    for (int i = 0; i < size; i++) {
      if (objects[i] == object) {
        bits[i] |= (byte) how;
        return;
      }
    }
    if (size == objects.length) {
      objects = Arrays.copyOf(objects, size * 2);
      bits = Arrays.copyOf(bits, size * 2);
    }
    objects[size] = object;
    bits[size++] = (byte) how;
  }

  void addAll(Footprint other) {
    for (int i = 0; i < other.size; i++) {
      add(other.objects[i], other.bits[i]);
    }
  }

  /// Whether this step, made now, and a step recorded in another schedule that began alike may
  /// depend on each other.
  ///
  /// @param other the recorded step
  /// @param known objects below this number are the same ones in both schedules; of others nobody
  ///     knows, so they count as one
  boolean mayDependOn(Footprint other, int known) {
    for (int i = 0; i < other.size; i++) {
      boolean write = (other.bits[i] & WRITE) != 0;
      int object = Math.min(other.objects[i], known);
      for (int k = 0; k < size; k++) {
        if (Math.min(objects[k], known) == object && (write || (bits[k] & WRITE) != 0)) {
          return true;
        }
      }
    }
    return false;
  }
}
