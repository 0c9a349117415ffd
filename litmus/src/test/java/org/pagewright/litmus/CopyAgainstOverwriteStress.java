package org.pagewright.litmus;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.FastPath;

/// A copy without a lock against an overwrite without the folio lock: first and last byte of what
/// was read belong together (R-B13).
@JCStressTest
@Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "before the overwrite")
@Outcome(id = "2, 2", expect = Expect.ACCEPTABLE, desc = "after it")
@Outcome(id = "-1, -1", expect = Expect.ACCEPTABLE, desc = "in the middle: the long way")
@Outcome(expect = Expect.FORBIDDEN, desc = "torn")
@State
public class CopyAgainstOverwriteStress {
  private final long pos = StressFile.next();
  private final byte[] source = StressFile.twos();
  private final byte[] target = new byte[AddressSpace.FOLIO_SIZE];

  /// Overwrites a folio.
  @Actor
  public void overwrite() {
    FastPath.overwrite(StressFile.MAPPING, pos, source.length, null, null, source, 0);
  }

  /// Reads it.
  ///
  /// @param r first and last byte
  @Actor
  public void copyOut(II_Result r) {
    int n = FastPath.copyOut(StressFile.MAPPING, pos, target.length, null, target, 0);
    r.r1 = n < 0 ? -1 : target[0];
    r.r2 = n < 0 ? -1 : target[target.length - 1];
  }
}
