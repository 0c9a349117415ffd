package org.pagewright.cache;

import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// The token of one write: what the caller asked for, and what the file system keeps between
/// writeBegin and writeEnd. Used by one thread at a time; may be used again for the next write.
public final class WriteOp {
  /// Flag: give up with EAGAIN rather than wait (R-J7).
  public static final int NOWAIT = 1;

  /// Flag: drop the folios that this write creates once they are clean (R-J6).
  public static final int DONTCACHE = 2;

  /// Flag: the writer serves another cache (a loop device, a server) and must not be throttled by
  /// the device it is needed for (R-I3).
  public static final int LOCAL_THROTTLE = 4;

  private int flags;
  private @Nullable Object attachment;
  private @Nullable Object scratch;

  /// A token without flags.
  public WriteOp() {}

  /// Makes the token ready for a new write.
  ///
  /// @param flags NOWAIT, DONTCACHE, LOCAL_THROTTLE or 0
  /// @return this
  public WriteOp reset(int flags) {
    assert attachment == null : "the last write left something open";
    this.flags = flags;
    return this;
  }

  /// Whether waiting is not wanted.
  ///
  /// @return the flag
  public boolean nowait() {
    return (flags & NOWAIT) != 0;
  }

  /// Whether new folios are to be dropped when clean.
  ///
  /// @return the flag
  public boolean dontcache() {
    return (flags & DONTCACHE) != 0;
  }

  /// Whether the writer works for another cache.
  ///
  /// @return the flag
  public boolean localThrottle() {
    return (flags & LOCAL_THROTTLE) != 0;
  }

  /// Keeps something of the file system from writeBegin to writeEnd, e.g. a journal handle.
  ///
  /// @param attachment what to keep
  public void attach(Object attachment) {
    assert this.attachment == null;
    this.attachment = attachment;
  }

  /// Takes back what [#attach(Object)] kept.
  ///
  /// @return null if nothing was kept
  public @Nullable Object detach() {
    Object a = attachment;
    attachment = null;
    return a;
  }

  /// What the file system keeps across all writes that use this token, so that a write allocates
  /// nothing.
  ///
  /// @return null until [#keepScratch(Object)]
  public @Nullable Object scratch() {
    return scratch;
  }

  /// Sets [#scratch()].
  ///
  /// @param scratch a reusable object
  public void keepScratch(Object scratch) {
    this.scratch = scratch;
  }

  /// Throws if the thread is interrupted; between chunks only, so that every chunk is whole
  /// (R-A12). The interrupt stays pending.
  ///
  /// @throws FsException EINTR
  public void checkInterrupted() throws FsException {
    if (Thread.currentThread().isInterrupted()) {
      throw new FsException(Errno.EINTR, "write");
    }
  }
}
