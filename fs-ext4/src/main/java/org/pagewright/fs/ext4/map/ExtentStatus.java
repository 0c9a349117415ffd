package org.pagewright.fs.ext4.map;

import java.util.Arrays;
import org.pagewright.fs.ext4.map.Mapping.State;

/// What is known of a file's mapping without looking at the device, and the only place that knows
/// of delayed blocks. Linux's extent status tree.
///
/// Sorted runs that do not touch if they could be one; what lies in no run is not known. Kept in
/// chunks of a sorted array, so that a lookup is two binary searches and allocates nothing, and a
/// file with many scattered delayed blocks does not move long arrays. Runs that can be looked up
/// again are dropped when there are too many. Guarded by the mapper's INODE_STATE lock.
final class ExtentStatus {
  /// Runs, beyond which all but the delayed ones are dropped.
  private static final int RUNS_MAX = 2048;

  private static final int CHUNK = 64;
  private static final int FIRST_CHUNK = 4;
  private static final int WORDS = 3; // start, end, block number << 2 | state
  private static final int STATE_BITS = 2;
  private static final long NO_BLOCK = 0;

  private static final class Chunk {
    /// Room for up to CHUNK runs; begins small, since most files have a run or two.
    long[] a;

    int n;

    Chunk(int runs) {
      a = new long[runs * WORDS];
    }

    void makeRoom() {
      if (n * WORDS == a.length) {
        a = Arrays.copyOf(a, Math.min(2 * n, CHUNK) * WORDS);
      }
    }

    long start(int i) {
      return a[i * WORDS];
    }

    long end(int i) {
      return a[i * WORDS + 1];
    }

    long word(int i) {
      return a[i * WORDS + 2];
    }

    void put(int i, long start, long end, long word) {
      a[i * WORDS] = start;
      a[i * WORDS + 1] = end;
      a[i * WORDS + 2] = word;
    }

    void move(int from, int to) {
      System.arraycopy(a, from * WORDS, a, to * WORDS, (n - from) * WORDS);
    }
  }

  private Chunk[] chunks = {new Chunk(FIRST_CHUNK)};
  private int chunkCount = 1;
  private int runs;
  private int delayedRuns;
  private long delayedBlocks;

  // The cursor: set by seek.
  private int c;
  private int i;

  /// {@return number of delayed blocks}
  long delayedBlocks() {
    return delayedBlocks;
  }

  /// {@return number of runs}
  int runs() {
    return runs;
  }

  /// Points the cursor at the first run that ends behind a block.
  ///
  /// @return whether there is one
  private boolean seek(long logical) {
    int low = 0;
    int high = chunkCount - 1;
    while (low < high) { // first chunk whose last run ends behind the block
      int mid = (low + high) >>> 1;
      Chunk chunk = chunks[mid];
      if (chunk.n > 0 && chunk.end(chunk.n - 1) > logical) {
        high = mid;
      } else {
        low = mid + 1;
      }
    }
    c = low;
    Chunk chunk = chunks[c];
    int from = 0;
    int to = chunk.n;
    while (from < to) {
      int mid = (from + to) >>> 1;
      if (chunk.end(mid) > logical) {
        to = mid;
      } else {
        from = mid + 1;
      }
    }
    i = from;
    return i < chunk.n;
  }

  /// Looks a block up.
  ///
  /// @return false if it is not known
  boolean find(long logical, long max, Mapping out) {
    if (!seek(logical)) {
      return false;
    }
    Chunk chunk = chunks[c];
    long start = chunk.start(i);
    if (start > logical) {
      return false;
    }
    long word = chunk.word(i);
    State state = State.of((int) word & (1 << STATE_BITS) - 1);
    boolean placed = state == State.MAPPED || state == State.UNWRITTEN;
    out.set(
        state,
        logical,
        Math.min(max, chunk.end(i) - logical),
        placed ? (word >>> STATE_BITS) + (logical - start) : -1);
    return true;
  }

  /// {@return where what is not known around an unknown block begins, not before `low`}
  long unknownStart(long logical, long low) {
    seek(logical);
    if (i > 0) {
      return Math.max(low, chunks[c].end(i - 1));
    }
    // An empty chunk is only ever the first and only one.
    return c > 0 ? Math.max(low, chunks[c - 1].end(chunks[c - 1].n - 1)) : low;
  }

  /// {@return the first known block at or behind a block, not behind `high`}
  long knownFrom(long logical, long high) {
    return seek(logical) ? Math.clamp(chunks[c].start(i), logical, high) : high;
  }

  /// Finds the first delayed run at or behind a block.
  ///
  /// @return false if there is none before `end`
  boolean findDelayed(long from, long end, Mapping out) {
    if (delayedRuns == 0 || !seek(from)) {
      return false;
    }
    for (; c < chunkCount; c++, i = 0) {
      Chunk chunk = chunks[c];
      for (; i < chunk.n; i++) {
        if (chunk.start(i) >= end) {
          return false;
        }
        if ((int) chunk.word(i) == State.DELALLOC.ordinal()) {
          long start = Math.max(from, chunk.start(i));
          out.set(State.DELALLOC, start, Math.min(end, chunk.end(i)) - start, -1);
          return true;
        }
      }
    }
    return false;
  }

  /// Learns how a run is mapped; what was known of it before is replaced.
  void put(long start, long end, State state, long blockNr) {
    assert start < end : start + " to " + end;
    remove(start, end);
    boolean placed = state == State.MAPPED || state == State.UNWRITTEN;
    long word = (placed ? blockNr : NO_BLOCK) << STATE_BITS | state.ordinal();
    long from = start;
    long to = end;
    // Grow into the neighbours if they say the same.
    if (seek(end) && chunks[c].start(i) == end && follows(word, from, chunks[c].word(i), end)) {
      to = chunks[c].end(i);
      delete();
    }
    if (from > 0
        && seek(from - 1)
        && chunks[c].end(i) == from
        && follows(chunks[c].word(i), chunks[c].start(i), word, from)) {
      long at = chunks[c].start(i);
      word = chunks[c].word(i);
      from = at;
      delete();
    }
    insert(from, to, word);
    if (runs > RUNS_MAX && runs - delayedRuns > RUNS_MAX / 2) {
      keepDelayedOnly();
    }
  }

  /// Whether what is at `start` under `word` goes on at `next` under `nextWord`.
  private static boolean follows(long word, long start, long nextWord, long next) {
    long mask = (1 << STATE_BITS) - 1;
    if ((word & mask) != (nextWord & mask)) {
      return false;
    }
    State state = State.of((int) (word & mask));
    return state == State.HOLE
        || state == State.DELALLOC
        || (word >>> STATE_BITS) + (next - start) == nextWord >>> STATE_BITS;
  }

  /// Forgets a range; the promises of delayed blocks in it are the caller's to give back.
  void remove(long start, long end) {
    while (start < end && seek(start) && chunks[c].start(i) < end) {
      Chunk chunk = chunks[c];
      long s = chunk.start(i);
      long e = chunk.end(i);
      long word = chunk.word(i);
      delete();
      if (s < start) {
        insert(s, start, word);
      }
      if (e > end) {
        long shift = (word & 2) != 0 ? end - s << STATE_BITS : 0; // placed: the block moves along
        insert(end, e, word + shift);
      }
    }
  }

  /// Forgets a range but for its delayed blocks, which are known nowhere else.
  void forget(long start, long end) {
    Mapping delayed = new Mapping();
    long at = start;
    while (at < end && findDelayed(at, end, delayed)) {
      remove(at, delayed.logical());
      at = delayed.logical() + delayed.count();
    }
    remove(at, end);
  }

  private void delete() {
    Chunk chunk = chunks[c];
    count(chunk, -1);
    chunk.move(i + 1, i);
    chunk.n--;
    if (chunk.n == 0 && chunkCount > 1) {
      System.arraycopy(chunks, c + 1, chunks, c, chunkCount - c - 1);
      chunks[--chunkCount] = null;
    }
  }

  private void insert(long start, long end, long word) {
    seek(start);
    Chunk chunk = chunks[c];
    if (chunk.n == CHUNK) {
      if (chunkCount == chunks.length) {
        chunks = Arrays.copyOf(chunks, chunkCount * 2);
      }
      System.arraycopy(chunks, c + 1, chunks, c + 2, chunkCount - c - 1);
      Chunk upper = new Chunk(CHUNK);
      // At the very end the new chunk takes only the new run: files mostly grow there.
      int keep = i == CHUNK ? CHUNK : CHUNK / 2;
      upper.n = CHUNK - keep;
      System.arraycopy(chunk.a, keep * WORDS, upper.a, 0, upper.n * WORDS);
      chunk.n = keep;
      chunks[c + 1] = upper;
      chunkCount++;
      if (i >= keep) {
        c++;
        i -= keep;
        chunk = upper;
      }
    }
    chunk.makeRoom();
    chunk.move(i, i + 1);
    chunk.n++;
    chunk.put(i, start, end, word);
    count(chunk, 1);
  }

  private void count(Chunk chunk, int sign) {
    runs += sign;
    if ((int) chunk.word(i) == State.DELALLOC.ordinal()) {
      delayedRuns += sign;
      delayedBlocks += sign * (chunk.end(i) - chunk.start(i));
    }
  }

  private void keepDelayedOnly() {
    Chunk[] old = chunks;
    int oldCount = chunkCount;
    clear();
    for (int k = 0; k < oldCount; k++) {
      for (int r = 0; r < old[k].n; r++) {
        if ((int) old[k].word(r) == State.DELALLOC.ordinal()) {
          insert(old[k].start(r), old[k].end(r), old[k].word(r));
        }
      }
    }
  }

  private void clear() {
    chunks = new Chunk[] {new Chunk(FIRST_CHUNK)};
    chunkCount = 1;
    runs = 0;
    delayedRuns = 0;
    delayedBlocks = 0;
  }

  /// Throws if runs are out of order, overlap or are counted wrong.
  boolean checkInvariants() {
    long last = -1;
    int n = 0;
    long delayed = 0;
    for (int k = 0; k < chunkCount; k++) {
      assert chunks[k].n > 0 || chunkCount == 1 : "empty chunk";
      for (int r = 0; r < chunks[k].n; r++) {
        assert chunks[k].start(r) >= last && chunks[k].start(r) < chunks[k].end(r) : "disorder";
        last = chunks[k].end(r);
        n++;
        if ((int) chunks[k].word(r) == State.DELALLOC.ordinal()) {
          delayed += chunks[k].end(r) - chunks[k].start(r);
        }
      }
    }
    assert n == runs && delayed == delayedBlocks : n + " runs, " + delayed + " delayed blocks";
    return true;
  }
}
