package org.pagewright.fuse.protocol;

import java.util.LinkedHashMap;
import java.util.Map;

/// A structure of the protocol as the kernel's header declares it: fields in order, each at a
/// multiple of its size, and the size that all of it must have.
///
///     Struct.of("fuse_open_in", 8, "u32 flags", "u32 open_flags")
final class Struct {
  private final String name;
  private final int size;
  private final Map<String, Integer> offsets = new LinkedHashMap<>();

  private Struct(String name, int size) {
    this.name = name;
    this.size = size;
  }

  /// Lays the fields out.
  ///
  /// @param name what the kernel calls it, for messages
  /// @param size bytes, as C has it
  /// @param fields `u16`, `u32` or `u64` and a name
  /// @return the layout
  static Struct of(String name, int size, String... fields) {
    Struct struct = new Struct(name, size);
    int at = 0;
    int widest = 1;
    for (String field : fields) {
      int width = Integer.parseInt(field, 1, 3, 10) / 8;
      at = (at + width - 1) / width * width;
      struct.offsets.put(field.substring(4), at);
      at += width;
      widest = Math.max(widest, width);
    }
    at = (at + widest - 1) / widest * widest;
    if (at != size) {
      throw new AssertionError(name + " of " + at + " bytes instead of " + size);
    }
    return struct;
  }

  int size() {
    return size;
  }

  int at(String field) {
    Integer offset = offsets.get(field);
    if (offset == null) {
      throw new AssertionError(name + " has no field " + field);
    }
    return offset;
  }
}
