package org.pagewright.fs.ext4.fuzz;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// A spoilt image: what it was, what was changed, whether checksums were made right afterwards.
///
/// @param variant the image
/// @param sealed whether checksums are right
/// @param mutations the changes, in order
record Case(BaseImage.Variant variant, boolean sealed, List<Mutation> mutations) {
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(variant + (sealed ? " sealed" : " raw"));
    mutations.forEach(m -> text.append(' ').append(m));
    return text.toString();
  }

  static Case parse(String line) {
    String[] words = line.strip().split(" +");
    return new Case(
        BaseImage.Variant.valueOf(words[0]),
        words[1].equals("sealed"),
        Mutation.parseAll(Arrays.copyOfRange(words, 2, words.length)));
  }

  CowImage apply(BaseImage base) {
    CowImage spoilt = base.image.copy();
    Set<String> touched = new HashSet<>();
    for (Mutation m : mutations) {
      m.apply(base, spoilt);
      touched.add(m.target());
    }
    // Bitmaps first: their checksums are in descriptors. Inodes before what hangs on them.
    for (Target target : base.all) {
      boolean bitmap =
          target.kind() == Target.Kind.BLOCK_BITMAP || target.kind() == Target.Kind.INODE_BITMAP;
      if (sealed && bitmap && touched.contains(target.label())) {
        base.seal(spoilt, target);
      }
    }
    for (Target target : base.all) {
      boolean bitmap =
          target.kind() == Target.Kind.BLOCK_BITMAP || target.kind() == Target.Kind.INODE_BITMAP;
      if (sealed && !bitmap && touched.contains(target.label())) {
        base.seal(spoilt, target);
      }
    }
    return spoilt;
  }
}
