package org.pagewright.fs.ext4.journal;

import java.util.Arrays;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// Which blocks must not be replayed, and up to which transaction: an open-addressed table of plain
/// arrays, as a journal may revoke millions of blocks.
final class Revokes {
  /// 16 Mi blocks, 192 MiB of table; a journal that revokes more was not made by Linux.
  private static final int MAX_ENTRIES = 1 << 24;

  private static final long NONE = -1;

  private long[] blocks = new long[64];
  private int[] sequences = new int[64];
  private int size;

  Revokes() {
    Arrays.fill(blocks, NONE);
  }

  int size() {
    return size;
  }

  /// Remembers that a transaction revoked a block; the latest one counts.
  void add(String device, long blockNr, int sequence) throws FsException {
    int slot = slotOf(blocks, blockNr);
    if (blocks[slot] == blockNr) {
      if (sequence - sequences[slot] > 0) {
        sequences[slot] = sequence;
      }
      return;
    }
    if (size == MAX_ENTRIES) {
      throw new FsException(
          Errno.ENOMEM,
          device + ": the journal revokes over " + size + " blocks (replay it with `e2fsck -fy`)");
    }
    blocks[slot] = blockNr;
    sequences[slot] = sequence;
    size++;
    if (size * 2 > blocks.length) {
      grow();
    }
  }

  /// Whether a block that a transaction logged was revoked by it or by a later one.
  boolean isRevoked(long blockNr, int sequence) {
    int slot = slotOf(blocks, blockNr);
    return blocks[slot] == blockNr && sequence - sequences[slot] <= 0;
  }

  private void grow() {
    long[] oldBlocks = blocks;
    int[] oldSequences = sequences;
    blocks = new long[oldBlocks.length * 2];
    sequences = new int[blocks.length];
    Arrays.fill(blocks, NONE);
    for (int i = 0; i < oldBlocks.length; i++) {
      if (oldBlocks[i] != NONE) {
        int slot = slotOf(blocks, oldBlocks[i]);
        blocks[slot] = oldBlocks[i];
        sequences[slot] = oldSequences[i];
      }
    }
  }

  /// Where the block is, or the free slot where it belongs. Ends: at most half the table is full.
  private static int slotOf(long[] table, long blockNr) {
    int mask = table.length - 1;
    int slot = (int) (blockNr * 0x9e37_79b9_7f4a_7c15L >>> 32) & mask;
    while (table[slot] != blockNr && table[slot] != NONE) {
      slot = slot + 1 & mask;
    }
    return slot;
  }
}
