package org.pagewright.fs.ext4.check;

import java.util.ArrayList;
import java.util.List;

/// Collects what is found: keeps the first ones, counts all.
final class Findings {
  private final int max;
  private final List<Finding> kept = new ArrayList<>();
  private long damages;
  private long notes;

  Findings(int max) {
    this.max = max;
  }

  void add(FindingCode code, long ino, long blockNr, String what) {
    if (code.severity() == FindingCode.Severity.DAMAGE) {
      damages++;
    } else {
      notes++;
    }
    if (kept.size() < max) {
      kept.add(new Finding(code, ino, blockNr, what));
    }
  }

  List<Finding> kept() {
    return List.copyOf(kept);
  }

  long damages() {
    return damages;
  }

  long notes() {
    return notes;
  }
}
