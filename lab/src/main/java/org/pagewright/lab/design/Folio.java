package org.pagewright.lab.design;

import static org.pagewright.lab.kernel.Kernel.BLOCK;
import static org.pagewright.lab.kernel.Kernel.FRAME;
import static org.pagewright.lab.kernel.Kernel.PAGE;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.pagewright.sync.SchedulePoint;

/// A page of a file in memory, with the state of its blocks.
///
/// | field        | means                                                   | changes under       |
/// |--------------|---------------------------------------------------------|---------------------|
/// | `file`       | attached to it; null once truncated or evicted (R-G1)   | `lock`              |
/// | `uptodate`   | all of `data` is the file's                             | `lock`              |
/// | `dirty`      | to be written                                           | `lock`              |
/// | `fresh`      | NEW: allocated by the write under way, bytes are nobody's | `lock`            |
/// | `blockUptodate`, `blockDirty` | the same for each block (R-B9)         | `lock`              |
/// | `reserved`   | a delayed block that has a place in the ledger          | `lock`              |
final class Folio {
  static final int BLOCKS = PAGE / BLOCK;

  final String name;
  final File owner; // for life; `file` is not
  final int index;
  final Lock lock;
  final char[] data = new char[PAGE];
  @Nullable File file;
  boolean uptodate;
  boolean dirty;
  final boolean[] fresh = new boolean[BLOCKS];
  final boolean[] blockUptodate = new boolean[BLOCKS];
  final boolean[] blockDirty = new boolean[BLOCKS];
  final boolean[] reserved = new boolean[BLOCKS];

  /// The bytes that are dirty although their blocks are not uptodate: only X15 has any.
  int rangeFrom;

  int rangeTo;

  Folio(File file, int index) {
    this.file = file;
    this.owner = file;
    this.index = index;
    this.name = file.name() + ":P" + index;
    this.lock = new Lock(name);
    Arrays.fill(data, FRAME); // what the last user of the frame left there (R-B3)
  }

  /// The step under way looks at this page, or at what its file knows of it.
  void seen() {
    SchedulePoint.touch(owner, false);
  }

  /// The step under way changes this page.
  void changed() {
    SchedulePoint.touch(owner, true);
  }

  /// Makes the range of bytes the file's: whole blocks that it touches are uptodate and dirty.
  void markDirty(int from, int to) {
    changed();
    for (int b = from / BLOCK; b * BLOCK < to; b++) {
      blockUptodate[b] = true;
      blockDirty[b] = true;
      fresh[b] = false;
    }
    dirty = true;
    uptodate |= allUptodate();
  }

  /// Has the range written to the device, whatever it holds.
  void addToWriteOut(int from, int to) {
    changed();
    for (int b = from / BLOCK; b * BLOCK < to; b++) {
      blockDirty[b] = true;
    }
    dirty = true;
  }

  boolean allUptodate() {
    for (boolean u : blockUptodate) {
      if (!u) {
        return false;
      }
    }
    return true;
  }

  /// Whether a range can be read, block by block (R-B9).
  boolean isUptodate(int from, int to) {
    seen();
    for (int b = from / BLOCK; b * BLOCK < to && !uptodate; b++) {
      if (!blockUptodate[b]) {
        return false;
      }
    }
    return true;
  }

  /// Whether some block of a range can be read.
  boolean isAnyUptodate(int from, int to) {
    seen();
    for (int b = from / BLOCK; b * BLOCK < to; b++) {
      if (blockUptodate[b]) {
        return true;
      }
    }
    return false;
  }

  void zero(int from, int to) {
    changed();
    if (from < to) {
      Arrays.fill(data, from, to, '\0');
    }
  }

  /// All blocks are good now.
  void markUptodate() {
    changed();
    Arrays.fill(blockUptodate, true);
    uptodate = true;
  }

  @Override
  public String toString() {
    return name;
  }
}
