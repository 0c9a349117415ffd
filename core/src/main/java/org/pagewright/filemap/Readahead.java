package org.pagewright.filemap;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.errno.FsException;
import org.pagewright.stats.Count;

/// What one open file has read, to guess what it will read next (R-I8). Compare Linux's
/// mm/readahead.c:ondemand_readahead() and struct file_ra_state.
///
/// The state is a window of folios that have been asked for. Its last part was asked for ahead of
/// need; the first folio of that part carries a mark. A read that meets the mark starts the next
/// window, while the reader still has the rest of this one:
///
///     |----------------- size -----------------|
///     start              #mark                 start + size
///                        |----- asyncSize -----|
///
/// A stream that has come to the longest window gets more of them, each with a mark, until some
/// lie ahead of the reader: the disk then has several requests at any time, and the next one while
/// folios for another are made.
///
/// | what the read looks like                      | what is read                               |
/// |-----------------------------------------------|--------------------------------------------|
/// | at the start of the file, or after the last   | a first window: 4 or 2 times the request   |
/// | meets the mark, or the end of the window      | the next window: 4 or 2 times this one, up |
/// |                                               | to 1 MiB, or a 32nd of a small cache       |
/// | meets a mark of another reader                | a window behind what is there already      |
/// | elsewhere, but folios before it are there     | one of several interleaved streams: a      |
/// |                                               | window as long as what is there (context)  |
/// | elsewhere                                     | the request, no more: random               |
///
/// Folios that are present are left alone (R-I9). Errors are soft: the folio is left not uptodate,
/// and whoever really reads it hears of it. Memory is not waited for.
///
/// Used by all readers of one open file. Only one of them guesses at a time; the others read what
/// they need and no more.
public final class Readahead {
  /// How a reader says it will read. Values of posix_fadvise().
  public enum Advice {
    /// Nothing is known.
    NORMAL,
    /// From front to back: windows may be twice as long.
    SEQUENTIAL,
    /// Here and there: no guesses.
    RANDOM
  }

  /// Longest window in folios, unless told otherwise: 1 MiB, a request that any disk is glad of.
  public static final int FOLIOS_MAX = (1 << 20) / AddressSpace.FOLIO_SIZE;

  /// Longest window however small the cache is: 128 KiB.
  private static final int FOLIOS_MIN = (128 << 10) / AddressSpace.FOLIO_SIZE;

  /// Windows under way beyond the one that is being read: fast disks want several requests.
  private static final int AHEAD_MAX = 8;

  /// Share of the cache that one reader may have ahead of itself: a 32nd.
  private static final int SHARE_SHIFT = 5;

  private final int foliosMax;
  private Folio[] batch = new Folio[8]; // guarded by busy
  private final AtomicBoolean busy = new AtomicBoolean();
  private volatile Advice advice = Advice.NORMAL;
  private long start; // the window; a reader that sees a torn one guesses wrong, no more
  private int size;
  private int asyncSize;
  private long lastEnd; // byte after the last one read

  /// A file that has not been read.
  public Readahead() {
    this(FOLIOS_MAX);
  }

  /// A file that has not been read.
  ///
  /// @param foliosMax longest window in folios; 0 for no readahead at all
  public Readahead(int foliosMax) {
    this.foliosMax = foliosMax;
  }

  /// Takes a hint of the reader.
  ///
  /// @param advice how it will read from now on
  public void advise(Advice advice) {
    this.advice = advice;
  }

  /// Starts to read a range that will be needed, whatever was read before: posix_fadvise() with
  /// WILLNEED. Waits for no lock and no memory; ends early where it would have to.
  ///
  /// @param mapping the file
  /// @param pos first byte
  /// @param length bytes
  public static void willNeed(AddressSpace mapping, long pos, long length) {
    long size = mapping.size();
    if (length <= 0 || pos >= size) {
      return;
    }
    long last = AddressSpace.indexOf(Math.min(size - pos, length) + pos - 1);
    Folio[] batch = new Folio[FOLIOS_MAX];
    long next = AddressSpace.indexOf(pos);
    while (next <= last) {
      int count = (int) Math.min(FOLIOS_MAX, last - next + 1);
      if (!submit(mapping, next, count, -1, 0, batch)) {
        return;
      }
      next += count;
    }
  }

  // ---- What GenericRead calls -------------------------------------------------------------------

  /// A folio is wanted and not there. Nothing is held.
  ///
  /// @param wanted folios from it on that the reader has asked for
  void miss(AddressSpace mapping, long index, long wanted, int flags) {
    if (!busy.compareAndSet(false, true)) {
      return; // another reader of this file guesses right now
    }
    try {
      int max = max(mapping);
      int request = (int) Math.min(wanted, Math.max(1, max));
      long lastIndex = AddressSpace.indexOf(lastEnd - 1); // of no folio before the first read
      if (advice == Advice.RANDOM || max == 0) {
        submit(mapping, index, request, -1, flags, batch(request));
        return;
      }
      if (size > 0 && index == start + size) {
        ramp(max); // the mark was never met: its folio was there before, or is gone again
      } else if (index == 0 || index == lastIndex || index == lastIndex + 1 || wanted > max) {
        start = index;
        size = firstWindow(request, max);
        asyncSize = size > request ? size - request : size;
      } else {
        int history = history(mapping, index, max);
        if (history <= request) {
          // Random, until shown otherwise: no window, and the one of before stays.
          submit(mapping, index, request, -1, flags, batch(request));
          return;
        }
        start = index;
        size = Math.min(max, (history == index ? 2 * history : history) + request);
        asyncSize = 1;
      }
      if (size == asyncSize) {
        // This very read would meet the mark: start the next window along with this one.
        int more = nextWindow(size, max);
        asyncSize = size + more <= max ? more : max / 2;
        size = Math.min(size + more, max);
      }
      submitWindow(mapping, flags);
    } finally {
      busy.set(false);
    }
  }

  /// A folio with the mark is being read. Nothing is held.
  void marked(AddressSpace mapping, Folio folio, long wanted, int flags) {
    if (!folio.setReadahead(false) || !busy.compareAndSet(false, true)) {
      return; // one window for one mark
    }
    try {
      int max = max(mapping);
      if (max == 0) {
        return;
      }
      long index = folio.index();
      int windows = windowsAhead(mapping, max);
      long behind = start + size - asyncSize - index; // from its mark to the last one
      if (size > 0 && behind >= 0 && behind < (long) windows * max) {
        ramp(max);
        submitWindow(mapping, flags);
        // One window more each time, until there are enough: each mark then starts one.
        if (windows > 1 && size == max && start + size - index <= (long) windows * max) {
          ramp(max);
          submitWindow(mapping, flags);
        }
        return;
      }
      // Somebody else's mark, or one of an older window: go on behind what is there.
      long hole = index + 1;
      while (hole - index <= max && mapping.find(hole) != null) {
        hole++;
      }
      if (hole - index > max) {
        return;
      }
      start = hole;
      size = nextWindow((int) Math.min(max, hole - index + wanted), max);
      asyncSize = size;
      submitWindow(mapping, flags);
    } finally {
      busy.set(false);
    }
  }

  /// A read has ended before this byte.
  void readTo(long end) {
    lastEnd = end;
  }

  // ---- Windows ----------------------------------------------------------------------------------

  private int max(AddressSpace mapping) {
    int most = Math.min(foliosMax, Math.max(FOLIOS_MIN, share(mapping)));
    return switch (advice) {
      case NORMAL -> most;
      case SEQUENTIAL -> 2 * most;
      case RANDOM -> 0;
    };
  }

  private static int share(AddressSpace mapping) {
    return mapping.cache().frames().frames() >> SHARE_SHIFT;
  }

  private static int windowsAhead(AddressSpace mapping, int max) {
    return Math.clamp(share(mapping) / max, 1, AHEAD_MAX);
  }

  private void ramp(int max) {
    start += size;
    size = nextWindow(size, max);
    asyncSize = size;
  }

  static int firstWindow(int request, int max) {
    int rounded = Integer.highestOneBit(Math.max(1, 2 * request - 1));
    if (rounded <= max / 32) {
      return 4 * rounded;
    }
    return rounded <= max / 4 ? 2 * rounded : max;
  }

  static int nextWindow(int size, int max) {
    if (size < max / 16) {
      return 4 * size;
    }
    return size <= max / 2 ? 2 * size : max;
  }

  /// Folios present right before an index: the trail of a stream that passed here.
  private static int history(AddressSpace mapping, long index, int max) {
    int n = 0;
    while (n < max && n < index && mapping.find(index - 1 - n) != null) {
      n++;
    }
    return n;
  }

  private void submitWindow(AddressSpace mapping, int flags) {
    submit(mapping, start, size, start + size - asyncSize, flags, batch(size));
  }

  /// Room for the folios of a window: little for the many files that are read with few.
  private Folio[] batch(int folios) {
    if (batch.length < folios) {
      batch = new Folio[Integer.highestOneBit(folios - 1) << 1];
    }
    return batch;
  }

  /// Starts to read what is missing of a range. The folios are inserted in order, locked, and given
  /// to the file system in contiguous pieces.
  ///
  /// @return false if it ended early
  private static boolean submit(
      AddressSpace mapping, long first, int count, long mark, int flags, Folio[] batch) {
    // No fill may start while folios go away (R-G2). They do so now: this was only a guess.
    if (!mapping.invalidateLock().tryLockShared()) {
      return false;
    }
    int n = 0;
    int inserted = 0;
    try {
      long fileSize = mapping.size();
      long folios = AddressSpace.indexOf(fileSize + AddressSpace.FOLIO_SIZE - 1);
      long end = Math.min(first + count, folios);
      int insertFlags = AddressSpace.NOWAIT | flags & AddressSpace.DONTCACHE;
      for (long index = first; index < end; index++) {
        Folio folio = mapping.find(index) == null ? mapping.insertNew(index, insertFlags) : null;
        if (folio != null) {
          if (index == mark) {
            folio.setReadahead(true);
          }
          batch[n++] = folio;
          inserted++;
        } else if (n > 0) { // one that is present is never overwritten (R-I9)
          mapping.operations().readahead(mapping, batch, n);
          n = 0;
        }
      }
      return true;
    } catch (FsException e) {
      return false; // no memory to be had without waiting
    } finally {
      if (n > 0) {
        mapping.operations().readahead(mapping, batch, n);
      }
      if (inserted > 0) {
        mapping.counters().add(Count.READAHEAD, inserted);
      }
      Arrays.fill(batch, null);
      mapping.invalidateLock().unlockShared();
    }
  }
}
