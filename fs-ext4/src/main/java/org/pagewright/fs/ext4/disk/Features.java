package org.pagewright.fs.ext4.disk;

import java.util.ArrayList;
import java.util.List;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// The three feature words of a superblock.
///
/// @param compat features that do not stand in the way of reading or writing
/// @param incompat features without which the file system cannot be read
/// @param roCompat features without which the file system cannot be written
public record Features(int compat, int incompat, int roCompat) {
  /// No feature at all: an ext2 file system of 1993.
  public static final Features NONE = new Features(0, 0, 0);

  /// {@return whether the feature is on}
  ///
  /// @param feature which
  public boolean has(Feature feature) {
    return (word(feature.word()) & feature.bit()) != 0;
  }

  /// {@return the bits of one word}
  ///
  /// @param word which
  public int word(Feature.Word word) {
    return switch (word) {
      case COMPAT -> compat;
      case RO_COMPAT -> roCompat;
      case INCOMPAT -> incompat;
    };
  }

  /// {@return these features and others}
  ///
  /// @param features to switch on
  public Features with(Feature... features) {
    int c = compat;
    int i = incompat;
    int r = roCompat;
    for (Feature f : features) {
      switch (f.word()) {
        case COMPAT -> c |= f.bit();
        case RO_COMPAT -> r |= f.bit();
        case INCOMPAT -> i |= f.bit();
      }
    }
    return new Features(c, i, r);
  }

  /// {@return these features without some}
  ///
  /// @param features to switch off
  public Features without(Feature... features) {
    Features off = NONE.with(features);
    return new Features(
        compat & ~off.compat, incompat & ~off.incompat, roCompat & ~off.roCompat);
  }

  /// {@return the names of all features that are on; unknown bits as `FEATURE_I31` and the like}
  public List<String> names() {
    List<String> names = new ArrayList<>();
    for (Feature.Word word : Feature.Word.values()) {
      int left = word(word);
      for (Feature f : Feature.values()) {
        if (f.word() == word && (left & f.bit()) != 0) {
          names.add(f.label());
          left &= ~f.bit();
        }
      }
      addUnknown(names, word, left);
    }
    return names;
  }

  /// Why a file system with these features may not be written, or an empty string: it may. Names
  /// every feature that stands in the way, and says what to do about each.
  ///
  /// @return reasons for people, joined by `; `
  public String readOnlyReason() {
    List<String> reasons = new ArrayList<>();
    collect(reasons, Feature.Support.READ_ONLY);
    List<String> unknown = new ArrayList<>();
    addUnknown(unknown, Feature.Word.RO_COMPAT, unknown(Feature.Word.RO_COMPAT));
    for (String name : unknown) {
      reasons.add(name + " is not known here (open it read-only)");
    }
    return String.join("; ", reasons);
  }

  /// Throws if the features do not let the file system be opened.
  ///
  /// @param device name of the device, for the message
  /// @param forWriting whether it is to be written; a file system for which [#readOnlyReason] says
  ///     something is refused then
  /// @throws FsException EOPNOTSUPP with each feature's name and what could be done; EROFS if it
  ///     could be opened read-only
  public void check(String device, boolean forWriting) throws FsException {
    List<String> reasons = new ArrayList<>();
    collect(reasons, Feature.Support.REFUSED);
    List<String> unknown = new ArrayList<>();
    addUnknown(unknown, Feature.Word.INCOMPAT, unknown(Feature.Word.INCOMPAT));
    for (String name : unknown) {
      reasons.add(name + " is not known here (use a newer kernel)");
    }
    if (!reasons.isEmpty()) {
      throw new FsException(
          Errno.EOPNOTSUPP, device + ": unsupported features: " + String.join("; ", reasons));
    }
    String readOnly = readOnlyReason();
    if (forWriting && !readOnly.isEmpty()) {
      throw new FsException(
          Errno.EROFS, device + ": features not supported for writing: " + readOnly);
    }
  }

  private void collect(List<String> reasons, Feature.Support support) {
    for (Feature f : Feature.values()) {
      if (f.support() == support && has(f)) {
        reasons.add(f.label() + " (" + f.advice() + ")");
      }
    }
  }

  private int unknown(Feature.Word word) {
    int left = word(word);
    for (Feature f : Feature.values()) {
      if (f.word() == word) {
        left &= ~f.bit();
      }
    }
    return left;
  }

  private static void addUnknown(List<String> names, Feature.Word word, int bits) {
    char letter =
        switch (word) {
          case COMPAT -> 'C';
          case RO_COMPAT -> 'R';
          case INCOMPAT -> 'I';
        };
    for (int bit = 0; bit < 32; bit++) {
      if ((bits >>> bit & 1) != 0) {
        names.add("FEATURE_" + letter + bit);
      }
    }
  }
}
