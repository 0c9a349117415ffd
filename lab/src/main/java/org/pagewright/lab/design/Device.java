package org.pagewright.lab.design;

import static org.pagewright.lab.kernel.Kernel.BLOCK;
import static org.pagewright.lab.kernel.Kernel.SECRET;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sync.SchedulePoint;

/// A few blocks that show what was never written, the ledger of promises, and a journal.
final class Device {
  private static final int BLOCKS = 16;

  private final char[] bytes = new char[BLOCKS * BLOCK];
  private final boolean[] used = new boolean[BLOCKS];
  private final Map<Integer, char[]> journal = new TreeMap<>();
  private int free = BLOCKS;

  /// A running transaction of the file system's journal.
  final Lock handle = new Lock("journal");

  int reserved;
  int reads;

  Device() {
    Arrays.fill(bytes, SECRET);
  }

  /// Takes a promise back.
  void unreserve() {
    SchedulePoint.touch(this, true);
    reserved--;
  }

  void setFree(int blocks) {
    free = blocks;
  }

  int unreserved() {
    return free - reserved;
  }

  /// Promises a block (R-C7).
  void reserve() throws FsException {
    SchedulePoint.touch(this, true);
    if (free <= reserved) {
      throw new FsException(Errno.ENOSPC, "no block left to promise");
    }
    reserved++;
  }

  /// Takes a block.
  ///
  /// @param promised whether one of the promised blocks is claimed
  int allocate(boolean promised) throws FsException {
    SchedulePoint.touch(this, true);
    if (promised) {
      reserved--;
    }
    if (free <= reserved) {
      throw new FsException(Errno.ENOSPC, "no block left");
    }
    free--;
    for (int block = 0; ; block++) {
      if (!used[block]) {
        used[block] = true;
        return block;
      }
    }
  }

  /// Gives a block back; its bytes stay on the medium, as a secret.
  void release(int block) {
    SchedulePoint.touch(this, true);
    used[block] = false;
    free++;
    Arrays.fill(bytes, block * BLOCK, (block + 1) * BLOCK, SECRET);
    journal.remove(block);
  }

  void read(int block, char[] to, int at) {
    SchedulePoint.touch(this, false);
    reads++;
    System.arraycopy(bytes, block * BLOCK, to, at, BLOCK);
  }

  void write(int block, int offset, char[] from, int at, int length) {
    SchedulePoint.touch(this, true);
    System.arraycopy(from, at, bytes, block * BLOCK + offset, length);
  }

  /// Commits the content of a block to the journal (R-C13).
  void log(int block, char[] from, int at) {
    SchedulePoint.touch(this, true);
    journal.put(block, Arrays.copyOfRange(from, at, at + BLOCK));
  }

  void replay() {
    journal.forEach((block, content) -> write(block, 0, content, 0, BLOCK));
  }

}
