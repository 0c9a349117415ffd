package org.pagewright.bench.measure;

import java.io.IOException;
import org.pagewright.bench.policy.Clock;
import org.pagewright.bench.policy.Lru;
import org.pagewright.bench.policy.PageCachePolicy;
import org.pagewright.bench.policy.Policy;
import org.pagewright.bench.policy.S3Fifo;
import org.pagewright.bench.policy.TinyLfu;
import org.pagewright.bench.policy.Trace;

/// Hits of a hundred accesses, of one trace a round, the same for all policies. The first quarter
/// of a trace fills the memory and does not count.
final class HitRate {
  /// What the traces look like.
  enum Pattern {
    /// Some pages are wanted much more often.
    ZIPF,
    /// The same with scans in between.
    SCANS,
    /// Round and round.
    LOOP
  }

  private static final int CAPACITY = 4096;
  private static final int ACCESSES = 300_000;

  private HitRate() {}

  /// Makes a policy.
  private interface Maker {
    Policy make(int capacity, int pages) throws IOException;
  }

  /// A contest over pages of so many times the memory.
  static TimedContest contest(Pattern pattern, int timesMemory) {
    return new TimedContest()
        .peer("ours", opener(pattern, timesMemory, PageCachePolicy::new))
        .peer("W-TinyLFU", opener(pattern, timesMemory, (c, p) -> new TinyLfu(c)))
        .peer("S3-FIFO", opener(pattern, timesMemory, (c, p) -> new S3Fifo(c)))
        .peer("LRU", opener(pattern, timesMemory, (c, p) -> new Lru(c)))
        .peer("CLOCK", opener(pattern, timesMemory, (c, p) -> new Clock(c)))
        .counted();
  }

  private static TimedContest.Opener opener(Pattern pattern, int timesMemory, Maker maker) {
    return (effort, open) ->
        (round, deadline) ->
            percent(trace(pattern, timesMemory * CAPACITY, round + 1), maker, deadline);
  }

  private static Trace trace(Pattern pattern, int pages, long seed) {
    return switch (pattern) {
      case ZIPF -> Trace.zipf(pages, ACCESSES, seed);
      case SCANS -> Trace.scanPolluted(pages, CAPACITY, ACCESSES, seed);
      case LOOP -> Trace.loop(pages, ACCESSES);
    };
  }

  private static double percent(Trace trace, Maker maker, Deadline deadline)
      throws IOException {
    int[] accesses = trace.accesses();
    int from = accesses.length / 4;
    int hits = 0;
    try (Policy policy = maker.make(CAPACITY, trace.pages())) {
      for (int i = 0; i < accesses.length; i++) {
        boolean hit = policy.access(accesses[i]);
        hits += hit && i >= from ? 1 : 0;
        if ((i & 0xfff) == 0 && deadline.isOver()) {
          throw new SkippedException(TimedContest.CUT);
        }
      }
    }
    return 100.0 * hits / (accesses.length - from);
  }
}
