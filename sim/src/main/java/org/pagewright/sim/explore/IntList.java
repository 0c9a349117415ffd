package org.pagewright.sim.explore;

import java.util.Arrays;

/// A list of numbers that grows.
final class IntList {
  private int[] values = new int[64];
  private int size;

  int size() {
    return size;
  }

  int get(int i) {
    assert i < size;
    return values[i];
  }

  void set(int i, int value) {
    assert i < size;
    values[i] = value;
  }

  void add(int value) {
    if (size == values.length) {
      values = Arrays.copyOf(values, size * 2);
    }
    values[size++] = value;
  }

  void remove(int i) {
    assert i < size;
    System.arraycopy(values, i + 1, values, i, size - i - 1);
    size--;
  }

  void clear() {
    size = 0;
  }

  int[] toArray() {
    return Arrays.copyOf(values, size);
  }
}
