package org.pagewright.fs.ext4.journal;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.buffer.Buffer;

/// One operation's claim on the journal: the changes between start and stop become durable together
/// or not at all, once a journal is written. Linux's `handle_t`.
///
/// Belongs to the thread that started it. Counts what it declares against its credits and asserts
/// that every buffer was declared before it is marked changed.
public final class Handle implements AutoCloseable {
  private final Journal journal;
  private final Set<Buffer> declared = Collections.newSetFromMap(new IdentityHashMap<>());
  private int nesting = 1;
  private int creditsLeft;

  /// Blocks that the journal keeps room for and that have not joined its transaction. Guarded by
  /// the journal's JOURNAL_STATE.
  int reserved;

  Handle(Journal journal, int credits) {
    assert credits >= 0 : credits;
    this.journal = journal;
    this.creditsLeft = credits;
  }

  Handle nest(int credits) {
    assert credits <= creditsLeft
        : "a nested start wants " + credits + " credits, " + this + " has not that many left";
    nesting++;
    return this;
  }

  /// {@return the journal that it belongs to}
  public Journal journal() {
    return journal;
  }

  /// {@return how many more blocks it may declare}
  public int creditsLeft() {
    return creditsLeft;
  }

  /// Declares that a block with content will be changed. To be called before the change, without
  /// the buffer's lock. May sleep.
  ///
  /// @param buffer the block; the caller keeps its reference until it has told of the change
  /// @throws FsException EIO if its old content cannot be kept
  public void getWriteAccess(Buffer buffer) throws FsException {
    declare(buffer);
    journal.writeAccess(this, buffer);
  }

  /// Declares that a block which was just allocated will be filled: its old content belongs to
  /// nobody.
  ///
  /// @param buffer the block, from [org.pagewright.fs.ext4.buffer.BufferCache#create]
  /// @throws FsException EIO
  public void getCreateAccess(Buffer buffer) throws FsException {
    declare(buffer);
    journal.writeAccess(this, buffer);
  }

  private void declare(Buffer buffer) {
    if (declared.add(buffer)) {
      buffer.get(); // until the handle ends, so that one block is one declaration
      assert creditsLeft > 0 : this + " is out of credits at " + buffer;
      creditsLeft--;
    }
  }

  /// Tells that a declared block was changed. Without the buffer's lock; never sleeps or fails.
  ///
  /// @param buffer the block
  public void dirtyMetadata(Buffer buffer) {
    assert declared.contains(buffer) : buffer + " was changed but not declared to " + this;
    journal.dirtied(this, buffer);
  }

  /// Tells that metadata blocks were freed: what the cache and the journal know of them is dropped
  /// and never written again. May sleep until a write of them that is under way has ended. Costs no
  /// credits.
  ///
  /// @param blockNr first block
  /// @param count how many
  public void revoke(long blockNr, long count) {
    journal.revoked(this, blockNr, count);
  }

  /// Tells that blocks were freed, of data or of metadata. A transaction keeps them from being
  /// given out again until it is committed: were they another file's before, a crash would bring
  /// back the old owner with the new one's bytes.
  ///
  /// @param blockNr first block
  /// @param count how many
  /// @return true if [Journal.FreedBlocks#release] will follow; false if they are free at once
  public boolean freed(long blockNr, long count) {
    return journal.freed(this, blockNr, count);
  }

  /// {@return number of the transaction that the changes belong to, for [Journal#sync]; 0 without a
  /// journal. A restart changes it}
  public long transaction() {
    return journal.transactionOf(this);
  }

  /// Asks for more credits without letting go of anything.
  ///
  /// @param credits how many more
  /// @return false if they are not to be had: finish a consistent step, then [#restart]
  public boolean extend(int credits) {
    if (!journal.extend(this, credits)) {
      return false;
    }
    creditsLeft += credits;
    return true;
  }

  /// Ends this step of a long operation and begins the next under the same handle; everything
  /// declared must be declared again. Hold no lock below JOURNAL_HANDLE: others may run in between,
  /// and what was looked up before may have changed. With nested starts, the outer operation is cut
  /// in two as well. May sleep.
  ///
  /// @param credits for the next step
  /// @throws FsException EIO, EROFS; the handle stays open and must be stopped
  public void restart(int credits) throws FsException {
    release();
    creditsLeft = 0;
    journal.restarted(this, credits);
    creditsLeft = credits;
  }

  /// Makes sure that a step has its credits: has them, extends, or restarts. Hold no lock below
  /// JOURNAL_HANDLE.
  ///
  /// @param credits that the next step may need
  /// @throws FsException EIO, EROFS
  public void ensure(int credits) throws FsException {
    if (creditsLeft < credits && !extend(credits - creditsLeft)) {
      restart(credits);
    }
  }

  /// Ends the operation, or this nesting of it. Never sleeps for a commit: it may be called with a
  /// folio locked that an ordered-mode commit needs.
  public void stop() {
    assert nesting > 0 : "stopped more often than started";
    if (--nesting == 0) {
      release();
      journal.stopped(this);
    }
  }

  private void release() {
    for (Buffer buffer : declared) {
      buffer.put();
    }
    declared.clear();
  }

  /// The same as [#stop()].
  @Override
  public void close() {
    stop();
  }

  @Override
  public String toString() {
    return "handle with "
        + declared.size()
        + " blocks declared and "
        + creditsLeft
        + " credits left";
  }
}
