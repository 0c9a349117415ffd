package org.pagewright.fs.ext4.fuzz;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/// One change of a structure, which can be written down and read again.
///
/// `inode:/plain+4=ffffffff` puts bytes; `dir:/a:0<dir:/many:1` puts all of another structure.
///
/// @param target label of what is changed
/// @param offset first byte in it
/// @param bytes what is put there; empty if it is another structure
/// @param source label of another structure, or empty
record Mutation(String target, int offset, byte[] bytes, String source) {
  static Mutation put(String target, int offset, byte[] bytes) {
    return new Mutation(target, offset, bytes, "");
  }

  static Mutation copy(String target, String source) {
    return new Mutation(target, 0, new byte[0], source);
  }

  @Override
  public String toString() {
    return source.isEmpty()
        ? target + "+" + offset + "=" + HexFormat.of().formatHex(bytes)
        : target + "<" + source;
  }

  static Mutation parse(String text) {
    int from = text.indexOf('<');
    if (from >= 0) {
      return copy(text.substring(0, from), text.substring(from + 1));
    }
    int plus = text.lastIndexOf('+');
    int is = text.lastIndexOf('=');
    return put(
        text.substring(0, plus),
        Integer.parseInt(text.substring(plus + 1, is)),
        HexFormat.of().parseHex(text.substring(is + 1)));
  }

  static List<Mutation> parseAll(String[] words) {
    List<Mutation> list = new ArrayList<>();
    for (String word : words) {
      list.add(parse(word));
    }
    return list;
  }

  void apply(BaseImage base, CowImage spoilt) {
    Target to = base.targets.get(target);
    if (to == null) {
      throw new AssertionError("no structure " + target + " in " + base.variant);
    }
    if (source.isEmpty()) {
      spoilt.put(to.pos() + offset, bytes);
      return;
    }
    Target from = base.targets.get(source);
    if (from == null) {
      throw new AssertionError("no structure " + source + " in " + base.variant);
    }
    spoilt.put(to.pos(), base.image.get(from.pos(), Math.min(from.length(), to.length())));
  }
}
