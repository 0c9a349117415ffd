package org.pagewright.fs.ext4.journal;

import java.util.ArrayList;
import java.util.List;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.buffer.Checkpoint;

/// What becomes durable together: the changes of all handles that were open in one stretch of time.
/// Linux's `transaction_t`.
///
///     running ----------> committing -------> committed --------------> out of the log
///       handles join        the log is          its blocks go to
///                           written             their places
final class Transaction {
  /// Grows by one from transaction to transaction; its low 32 bits are the number in the log.
  final long tid;

  /// Told when the blocks have reached their places.
  final Checkpoint checkpoint = new Checkpoint();

  // While it is running, guarded by JOURNAL_STATE; later its committer's.

  /// Blocks that handles have declared, each with a pin and a reference.
  final List<Buffer> buffers = new ArrayList<>();

  /// Freed blocks of metadata, which a replay must not bring back.
  final Runs revokes = new Runs();

  /// All freed blocks, which nobody may own before the commit.
  final Runs freed = new Runs();

  /// Blocks that open handles may still declare.
  int outstanding;

  /// When it stopped being empty.
  long startedNanos;

  // Written by its committer.
  long logStart;
  int logBlocks;

  Transaction(long tid) {
    this.tid = tid;
  }

  boolean isEmpty() {
    return buffers.isEmpty() && revokes.isEmpty() && freed.isEmpty();
  }

  int sequence() {
    return (int) tid;
  }

  @Override
  public String toString() {
    return "transaction " + Integer.toUnsignedString(sequence());
  }
}
