package org.pagewright.litmus;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;
import org.pagewright.cache.FastPath;
import org.pagewright.cache.Folio;

/// A write-out against an overwrite without the folio lock: what was overwritten is in the store,
/// or the folio is dirty (R-H1).
@JCStressTest
@Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "nothing lost")
@Outcome(expect = Expect.FORBIDDEN, desc = "clean, and not in the store")
@State
public class CleanAgainstOverwriteStress {
  private final long pos = StressFile.next();
  private final byte[] source = StressFile.twos();
  private int stored = 1;

  /// Overwrites a folio.
  @Actor
  public void overwrite() {
    FastPath.overwrite(StressFile.MAPPING, pos, source.length, null, null, source, 0);
  }

  /// Writes it out.
  @Actor
  public void clean() {
    Folio folio = StressFile.folio(pos);
    folio.lock();
    if (folio.clearDirtyForIo()) {
      folio.startWriteback();
      folio.unlock();
      stored = StressFile.lastByte(folio);
      folio.endWriteback(true);
    } else {
      folio.unlock();
    }
  }

  /// Compares.
  ///
  /// @param r 1 if the overwrite is lost
  @Arbiter
  public void compare(I_Result r) {
    Folio folio = StressFile.folio(pos);
    r.r1 = folio.isDirty() || stored == StressFile.lastByte(folio) ? 0 : 1;
  }
}
