package org.pagewright.fs.ext4.journal;

import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.buffer.BufferCache;

/// No journal: a changed block is dirty in the cache, and is written when there are too many or on
/// [#commit()]. Handles still order operations against a freeze, and credits are still asserted.
public final class NoJournal extends Journal {

  /// Watches over nothing.
  ///
  /// @param cache the metadata blocks
  public NoJournal(BufferCache cache) {
    super(cache);
  }

  @Override
  public void commit() throws FsException {
    cache().sync();
    cache().device().flush();
  }

  @Override
  public void sync(long transaction) throws FsException {
    commit();
  }

  @Override
  public void flush() throws FsException {
    commit();
  }

  @Override
  protected boolean begin(Handle handle, int credits) {
    return true;
  }

  @Override
  protected void makeRoom(int credits) {
    throw new AssertionError("there is always room");
  }

  @Override
  public long newestTransaction() {
    return 0;
  }

  @Override
  long transactionOf(Handle handle) {
    return 0;
  }

  @Override
  boolean freed(Handle handle, long blockNr, long count) {
    return false;
  }

  @Override
  protected boolean extend(Handle handle, int credits) {
    // As a journal of the usual size would: large operations learn to restart.
    return handle.creditsLeft() + credits <= EXTENDED_CREDITS_MAX;
  }

  /// Linux limits a handle to a quarter of a transaction; this is that of a 4 MiB journal.
  private static final int EXTENDED_CREDITS_MAX = 256;

  @Override
  protected void end(Handle handle) {}

  @Override
  protected void writeAccess(Handle handle, Buffer buffer) {}

  @Override
  protected void dirtied(Handle handle, Buffer buffer) {
    buffer.markDirty();
  }

  @Override
  protected void revoked(Handle handle, long blockNr, long count) {
    cache().forget(blockNr, count);
  }
}
