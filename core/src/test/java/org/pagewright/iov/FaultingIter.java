package org.pagewright.iov;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// A source whose pages come and go as the test says: what a mapped region is to the write path.
///
/// Each page is resident or not, and reachable or a bad address. Hooks run at the places where
/// another thread could come between.
public final class FaultingIter implements IovIter {
  private final byte[] data;
  private final int pageSize;
  private final boolean[] resident;
  private final boolean[] bad;
  private int position;
  private int reverted;
  private int faults;
  private int copies;
  private int evictions; // faultIn calls whose work is undone at once
  private boolean faultsForbidden;
  private @Nullable Runnable onCopy;
  private @Nullable Runnable onFault;

  /// A source of which nothing is resident and everything reachable.
  public FaultingIter(byte[] data, int pageSize) {
    this.data = data;
    this.pageSize = pageSize;
    this.resident = new boolean[(data.length + pageSize - 1) / pageSize];
    this.bad = new boolean[resident.length];
  }

  /// Makes the pages of the first bytes resident.
  public FaultingIter resident(int bytes) {
    for (int p = 0; p < (bytes + pageSize - 1) / pageSize; p++) {
      resident[p] = true;
    }
    return this;
  }

  /// Makes one page resident or not.
  public FaultingIter setResident(int page, boolean on) {
    resident[page] = on;
    return this;
  }

  /// Makes one page a bad address.
  public FaultingIter setBad(int page) {
    bad[page] = true;
    resident[page] = false;
    return this;
  }

  /// Makes all pages from a byte on bad addresses.
  public FaultingIter mapped(int bytes) {
    for (int p = (bytes + pageSize - 1) / pageSize; p < bad.length; p++) {
      setBad(p);
    }
    return this;
  }

  /// Takes every page away.
  public void drop() {
    java.util.Arrays.fill(resident, false);
  }

  /// An adversary takes every page away right after each of the next calls of faultIn.
  public FaultingIter evictAfterFaultIn(int times) {
    evictions = times;
    return this;
  }

  public FaultingIter onCopy(Runnable hook) {
    onCopy = hook;
    return this;
  }

  public FaultingIter onFault(Runnable hook) {
    onFault = hook;
    return this;
  }

  public int faults() {
    return faults;
  }

  public int copies() {
    return copies;
  }

  public int reverted() {
    return reverted;
  }

  public int position() {
    return position;
  }

  @Override
  public long remaining() {
    return data.length - position;
  }

  @Override
  public int copyAtomic(MemorySegment target, long offset, int length) {
    copies++;
    faultsForbidden = true;
    int done = 0;
    while (done < length) {
      int page = (position + done) / pageSize;
      if (!resident[page] || bad[page]) {
        break;
      }
      int n = Math.min(length - done, (page + 1) * pageSize - (position + done));
      MemorySegment.copy(
          MemorySegment.ofArray(data), position + done, target, offset + done, n);
      done += n;
    }
    position += done;
    if (onCopy != null) {
      onCopy.run();
    }
    faultsForbidden = false;
    return done;
  }

  @Override
  public void revert(int count) {
    if (count < 0 || count > position) {
      throw new AssertionError("revert " + count + " at " + position);
    }
    position -= count;
    reverted += count;
  }

  @Override
  public int faultIn(int length) {
    if (faultsForbidden) {
      throw new AssertionError("fault within an atomic copy");
    }
    faults++;
    if (onFault != null) {
      onFault.run();
    }
    int done = 0;
    while (done < length && position + done < data.length) {
      int page = (position + done) / pageSize;
      if (bad[page]) {
        break;
      }
      resident[page] = true;
      done = Math.min(length, (page + 1) * pageSize - position);
    }
    if (evictions > 0) {
      evictions--;
      drop();
    }
    return done;
  }

  /// As a processor does it: the fault and the copy of a page are one step.
  @Override
  public int copy(MemorySegment target, long offset, int length) {
    if (onFault != null) {
      onFault.run();
    }
    int done = 0;
    while (done < length && !bad[(position + done) / pageSize]) {
      int page = (position + done) / pageSize;
      int n = Math.min(length - done, (page + 1) * pageSize - (position + done));
      MemorySegment.copy(
          MemorySegment.ofArray(data), position + done, target, offset + done, n);
      done += n;
    }
    position += done;
    return done;
  }
}
