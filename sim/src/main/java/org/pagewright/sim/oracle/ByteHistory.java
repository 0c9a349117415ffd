package org.pagewright.sim.oracle;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.pagewright.sim.explore.Failure;
import org.pagewright.sim.explore.Verdict;

/// What each byte of one file may be at each moment, and so whether a read saw something that it
/// should not: every byte read is the old value, or that of a write in flight or done.
///
/// Writers say when they begin and with how many bytes they were told they had succeeded; readers
/// say when they begin and what they got. A read is judged against everything its bytes may have
/// been between its begin and its end; so it is right under any order of the calls, byte by byte.
///
/// One thread at a time: for programs under the explorer, where threads take turns, or under a lock
/// of the caller's. At most 64 different values.
public final class ByteHistory {
  private static final int VALUES_MAX = 64;

  /// A write under way.
  public final class Write {
    private final int pos;
    private final long[] values; // of each byte a set

    private Write(int pos, long[] values) {
      this.pos = pos;
      this.values = values;
    }

    private int end() {
      return pos + values.length;
    }

    private long at(int p) {
      return p >= pos && p < end() ? values[p - pos] : 0;
    }

    /// The write has returned.
    ///
    /// @param count bytes that it says were accepted; 0 if it failed
    public void end(int count) {
      writes.remove(this);
      for (int p = pos; p < end(); p++) {
        if (p < pos + count) {
          if (p >= size) {
            Arrays.fill(current, size, p, bit((byte) 0));
          }
          current[p] = at(p);
          written[p] = true;
        } else {
          failed[p] |= at(p);
        }
        size = Math.max(size, p < pos + count ? p + 1 : 0);
      }
      changed();
    }
  }

  /// A read under way.
  public final class Read {
    private final long[] seen = new long[current.length];
    private int sizeMin = size;
    private int sizeMax = size;

    private Read() {}

    private void look() {
      sizeMin = Math.min(sizeMin, size);
      sizeMax = Math.max(sizeMax, sizeInFlight());
      for (int p = 0; p < seen.length; p++) {
        seen[p] |= allowed(p);
      }
    }

    /// The read has returned.
    ///
    /// @param pos first byte asked for
    /// @param length bytes asked for
    /// @param bytes what it got
    /// @throws Failure a byte is none that it may be, or the count is none
    public void end(int pos, int length, byte[] bytes) {
      look();
      reads.remove(this);
      int worst = -1;
      boolean poisoned = false;
      for (int i = 0; i < bytes.length && pos + i < sizeMax; i++) {
        boolean poison = bytes[i] == frame || bytes[i] == secret;
        if ((seen[pos + i] & bit(bytes[i])) == 0 && (worst < 0 || poison && !poisoned)) {
          worst = i; // what nobody ever wrote says most
          poisoned = poison;
        }
      }
      if (worst >= 0) {
        throw failure(pos + worst, bytes[worst], seen[pos + worst]);
      }
      if (pos + bytes.length > sizeMax) {
        throw new Failure(
            Verdict.WRONG_COUNT,
            name + ": " + bytes.length + " bytes read at " + pos + ", but only " + sizeMax
                + " were ever written");
      }
      if (bytes.length < length && pos + bytes.length < sizeMin) {
        throw new Failure(
            Verdict.LOST_WRITE,
            name + ": ends at " + (pos + bytes.length) + ", but " + sizeMin + " bytes are there");
      }
    }
  }

  private final String name;
  private final byte secret;
  private final byte frame;
  private final int[] indexes = new int[256];
  private int values;
  private final long[] current;
  private final long[] failed;
  private final boolean[] written;
  private final List<Write> writes = new ArrayList<>();
  private final List<Read> reads = new ArrayList<>();
  private int size;

  /// The history of a file that nobody uses yet.
  ///
  /// @param name for messages
  /// @param content its bytes
  /// @param capacity most bytes it will ever have
  /// @param secret what device blocks hold that were never written
  /// @param frame what frames hold that were never filled
  public ByteHistory(String name, byte[] content, int capacity, byte secret, byte frame) {
    this.name = name;
    this.secret = secret;
    this.frame = frame;
    current = new long[capacity];
    failed = new long[capacity];
    written = new boolean[capacity];
    size = content.length;
    for (int p = 0; p < size; p++) {
      current[p] = bit(content[p]);
    }
  }

  private long bit(byte value) {
    int i = value & 0xff;
    if (indexes[i] == 0) {
      indexes[i] = ++values;
      if (values > VALUES_MAX) {
        throw new IllegalStateException("more than " + VALUES_MAX + " different bytes");
      }
    }
    return 1L << indexes[i] - 1;
  }

  /// Size that the file has if no write is under way.
  ///
  /// @return bytes
  public int size() {
    return size;
  }

  private int sizeInFlight() {
    int most = size;
    for (Write write : writes) {
      most = Math.max(most, write.end());
    }
    return most;
  }

  private long allowed(int p) {
    long set = p < size ? current[p] : 0;
    boolean gap = false;
    for (Write write : writes) {
      set |= write.at(p);
      gap |= p >= size && p < write.pos;
    }
    return gap ? set | bit((byte) 0) : set;
  }

  /// A write begins.
  ///
  /// @param pos first byte
  /// @param choices of each byte the values that it may have, because its source changes meanwhile
  /// @return to be ended
  public Write write(int pos, byte[][] choices) {
    long[] sets = new long[choices.length];
    for (int i = 0; i < sets.length; i++) {
      for (byte value : choices[i]) {
        sets[i] |= bit(value);
      }
    }
    Write write = new Write(pos, sets);
    writes.add(write);
    changed();
    return write;
  }

  /// A read begins.
  ///
  /// @return to be ended
  public Read read() {
    Read read = new Read();
    reads.add(read);
    read.look();
    return read;
  }

  /// The file was cut, or made longer with zeros.
  ///
  /// @param to its size now
  public void truncate(int to) {
    for (int p = size; p < to; p++) {
      current[p] = bit((byte) 0);
      written[p] = false;
    }
    size = to;
    changed();
  }

  private void changed() {
    for (Read read : reads) {
      read.look();
    }
  }

  /// Whether a byte was accepted by some write.
  ///
  /// @param pos the byte
  /// @return true if so
  public boolean isWritten(int pos) {
    return pos < size && written[pos];
  }

  private Failure failure(int pos, byte found, long set) {
    Verdict verdict;
    String what;
    if (found == frame) {
      verdict = Verdict.UNINITIALISED;
      what = "what the frame held before it was this file's";
    } else if (found == secret) {
      verdict = Verdict.STALE;
      what = "what the block held when it was another file's";
    } else if ((failed[pos] & bit(found)) != 0) {
      verdict = Verdict.WRONG_COUNT;
      what = "a byte that the write said it had not written";
    } else if (written[pos]) {
      verdict = Verdict.LOST_WRITE;
      what = "not what a write that has returned put there";
    } else if (found == 0) {
      verdict = Verdict.ZEROS;
      what = "a zero that nobody wrote";
    } else {
      verdict = Verdict.STALE;
      what = "a byte of another time";
    }
    return new Failure(
        verdict,
        name + " at " + pos + ": " + show(found) + " is read, " + what + "; it may be "
            + show(set));
  }

  private String show(long set) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < 256; i++) {
      if (indexes[i] > 0 && (set & 1L << indexes[i] - 1) != 0) {
        out.append(out.isEmpty() ? "" : " or ").append(show((byte) i));
      }
    }
    return out.isEmpty() ? "nothing, it is beyond the end" : out.toString();
  }

  private static String show(byte value) {
    return value > ' ' ? "'" + (char) value + "'" : String.valueOf(value & 0xff);
  }
}
