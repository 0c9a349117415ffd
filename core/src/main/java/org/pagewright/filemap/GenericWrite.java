package org.pagewright.filemap;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.AddressSpaceOperations;
import org.pagewright.cache.FastPath;
import org.pagewright.cache.Folio;
import org.pagewright.cache.WriteOp;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.iov.IovIter;
import org.pagewright.iov.SegmentIter;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Lockdep;
import org.pagewright.sync.SchedulePoint;
import org.pagewright.writeback.DirtyContexts;
import org.pagewright.writeback.DirtyThrottle;

/// The buffered write path: bytes from a caller's source into the page cache of one file.
///
/// Compare Linux's mm/filemap.c:generic_perform_write(). The whole design serves one rule:
///
/// **R-A1.** No fault on the source is served while a folio lock or a journal handle is held. The
/// source may be the very folio being written (self-deadlock), or one whose lock another writer
/// holds who waits for ours (R-A2), or lie behind a lock that somebody holds who waits for our
/// folio (R-A3). So the copy under the lock is atomic and may be short, and the source is brought
/// in afterwards, with nothing but INODE and SB_WRITE held (R-A4):
///
///     balance -> writeBegin -> copyAtomic -> writeEnd
///        ^        (locks)                    (unlocks)
///        |                                      |
///        +---- faultIn, no folio lock held <----+  only after a short copy
///
/// What happens to a short copy is decided here, once, for every file system (R-B7):
///
/// | folio        | copied         | offered to writeEnd | why                                     |
/// |--------------|----------------|---------------------|-----------------------------------------|
/// | any          | whole          | whole               |                                         |
/// | uptodate     | k bytes        | k                   | the rest keeps its old bytes (R-B5)     |
/// | not uptodate | k bytes        | 0                   | nobody knows what follows them (R-B2)   |
///
/// A write whose source is resident allocates nothing.
public final class GenericWrite {
  /// Attempts without a byte accepted before a chunk goes through a bounce buffer (R-A14).
  private static final int ROUNDS_BEFORE_BOUNCE = 4;

  /// Attempts without a byte accepted before the file system is taken to be broken: it was offered
  /// whole chunks and neither accepted a byte nor said why.
  private static final int ROUNDS_MAX = 16;

  /// Result of [#writeChunk]: begin asked to look everything up again; nothing was copied.
  private static final int RETRY = Integer.MIN_VALUE;

  /// No file system keeps blocks smaller than this, nor states of parts of a block.
  private static final int BLOCK_MIN = 512;

  private GenericWrite() {}

  /// Writes from a source at a position.
  ///
  /// | lock                 | on entry | on return | meanwhile                              |
  /// |----------------------|----------|-----------|----------------------------------------|
  /// | SB_WRITE             | shared   | shared    | kept                                   |
  /// | INODE                | excl.    | excl.     | kept                                   |
  /// | anything from MMAP on| no       | no        | as writeBegin and faultIn need         |
  ///
  /// The caller has done the write checks, and syncs and kicks afterwards (R-H9, R-J6). May sleep,
  /// except with [WriteOp#nowait()] (R-J7): then it neither waits nor brings the source in. An
  /// interrupt ends it between two chunks (R-A12).
  ///
  /// @param mapping the file
  /// @param pos first byte in the file
  /// @param iter where the bytes come from; advanced by what was accepted
  /// @param op token of the write
  /// @return bytes accepted; 0 only if the source is empty or ended early; less than it holds is a
  ///     short write, not an error: the reason comes with the next call, or with fsync (R-A9)
  /// @throws FsException EFAULT, ENOSPC, EDQUOT, EIO, ENOMEM, EINTR, EAGAIN with
  ///     [WriteOp#nowait()], or what the source failed with; and only if no byte was accepted
  public static long perform(AddressSpace mapping, long pos, IovIter iter, WriteOp op)
      throws FsException {
    assert Lockdep.holds(LockClass.INODE);
    assert Lockdep.holdsNoneFrom(LockClass.MMAP) : Lockdep.describe();
    long written = 0;
    int limit = Integer.MAX_VALUE; // bytes of the source believed resident, after a short copy
    int rounds = 0; // attempts since the last byte was accepted
    @Nullable MemorySegment bounce = null;
    try {
      // What lies beyond the end in its folio is about to come inside (R-D5).
      if (pos > mapping.size()
          && iter.remaining() > 0
          && !Truncate.zeroBeyondEnd(mapping, op.nowait())) {
        throw new FsException(Errno.EAGAIN, mapping + " at its end");
      }
      while (iter.remaining() > 0) {
        op.checkInterrupted(); // R-A12
        DirtyThrottle.balance(mapping, op); // may sleep until write-out catches up

        long at = pos + written;
        int length = mapping.bytesToFolioEnd(at);
        length = (int) Math.min(length, Math.min(limit, iter.remaining()));
        int taken;
        if (rounds < ROUNDS_BEFORE_BOUNCE) {
          if (iter.ready(length) < length) {
            length = makeReady(iter, length, at, mapping, op);
            if (length == 0) {
              break; // the source ended early
            }
          }
          taken = writeChunk(mapping, at, length, iter, op);
        } else {
          // Whatever faultIn brings in is gone again before the copy. Copy with faults allowed, to
          // where no lock is needed, and from there into the folio.
          if (bounce == null) {
            bounce = newBounce();
          }
          length = iter.copy(bounce, 0, (int) Math.min(length, bounce.byteSize()));
          if (length == 0) {
            if (iter.remaining() > 0) {
              throw badAddress(mapping, at);
            }
            break;
          }
          SegmentIter staged = new SegmentIter().reset(bounce, 0, length);
          taken = writeChunk(mapping, at, length, staged, op);
          iter.revert(length - Math.max(taken, 0));
        }

        if (taken == length) {
          written += taken;
          limit = Integer.MAX_VALUE;
          rounds = 0;
          continue;
        }
        if (taken == RETRY) {
          // Ends when the file system stops asking, or the thread is interrupted (R-E1); or when
          // this writer is the first into a folio of another context that was written out: each
          // time it is not, somebody else was.
          if (op.nowait()) {
            throw new FsException(Errno.EAGAIN, mapping + " at " + at);
          }
          continue;
        }
        rounds = taken > 0 ? 0 : rounds + 1;
        written += Math.max(taken, 0);
        if (rounds > ROUNDS_MAX) {
          throw new FsException(
              Errno.EIO, mapping + " at " + at + ": " + length + " bytes offered, none accepted");
        }
        if (rounds >= ROUNDS_BEFORE_BOUNCE) {
          continue;
        }

        // The copy met a page that was not resident. Bring the source in with no folio lock held,
        // and try no further than it reaches (R-A8): the next copy then succeeds, or is undone by
        // reclaim, but cannot stumble over the same bad address again.
        int wanted = length - Math.max(taken, 0);
        limit = makeReady(iter, wanted, at, mapping, op);
        if (limit == 0) {
          break;
        }
        if (rounds > 1 && ~taken > 0) {
          limit = Math.min(limit, ~taken); // it is short again: settle for what could be copied
        }
      }
    } catch (FsException e) {
      if (written == 0) {
        throw e;
      }
      // Progress is reported first (R-A9).
    }
    return written;
  }

  /// Brings the source in. Returns how many bytes are readable, 0 only if it ended early.
  private static int makeReady(
      IovIter iter, int length, long at, AddressSpace mapping, WriteOp op) throws FsException {
    if (op.nowait()) {
      int ready = iter.ready(length);
      if (ready > 0 && ready < length) {
        return ready;
      }
      throw new FsException(Errno.EAGAIN, "source of the write to " + mapping + " at " + at);
    }
    assert Lockdep.holdsNoneFrom(LockClass.MMAP) : Lockdep.describe(); // R-A4
    SchedulePoint.reach(SchedulePoint.Kind.FAULT_IN, iter);
    int readable = iter.faultIn(length);
    if (readable == 0 && iter.remaining() > 0) {
      throw badAddress(mapping, at); // R-A7: not one byte is reachable
    }
    return readable;
  }

  private static FsException badAddress(AddressSpace mapping, long at) {
    return new FsException(Errno.EFAULT, "source of the write to " + mapping + " at " + at);
  }

  /// Writes within one folio.
  ///
  /// Returns the bytes accepted if any, with the source advanced by exactly that many. Else the
  /// complement of the bytes that could be copied, or RETRY, with the source where it was.
  private static int writeChunk(
      AddressSpace mapping, long pos, int length, IovIter iter, WriteOp op) throws FsException {
    if (pos + length <= mapping.size()) {
      int copied = FastPath.overwrite(mapping, pos, length, iter, null, null, 0);
      if (copied >= 0) {
        return copied > 0 ? copied : ~copied;
      }
    }
    AddressSpaceOperations operations = mapping.operations();
    Folio folio = operations.writeBegin(mapping, pos, length, op);
    if (folio == null) {
      return RETRY;
    }
    assert folio.isLockedByCaller() && folio.isAttached() && folio.mapping() == mapping : folio;
    if (mapping.keepsContexts() && !DirtyContexts.admits(folio)) {
      operations.writeEnd(mapping, pos, length, 0, folio, op); // unlocks
      if (!op.nowait()) {
        DirtyContexts.writeOut(mapping, folio.index()); // R-F17: what it holds is another's
      }
      return RETRY;
    }
    if (operations.needsStableFolios()) {
      folio.waitWriteback(); // R-F15
    }
    zeroGap(mapping, pos, folio);
    boolean uptodate = folio.isUptodate();
    int offset = folio.offsetOf(pos);
    int copied = 0;
    int accepted = 0;
    try {
      if (uptodate || iter.isAlwaysResident() || !isAnyUptodate(folio, offset, length)) {
        copied = copy(folio, offset, length, iter);
      } else {
        copied = copyWholeOrNothing(folio, offset, length, iter);
      }
      folio.markAccessed();
    } finally {
      // R-B7. A folio that is not uptodate takes the whole chunk or nothing: what follows a short
      // copy is neither the file's bytes nor the user's, and zeros in its place is how the 2.6.19
      // path corrupted files. Decided here, so that no file system has to (Torvalds, Oct 2015).
      int offered = copied == length || uptodate ? copied : 0;
      // Called even when nothing is offered: only writeEnd can undo what writeBegin allocated, and
      // the retry may never come (R-B8, R-E7).
      try {
        accepted = operations.writeEnd(mapping, pos, length, offered, folio, op);
        assert accepted >= 0 && accepted <= offered : accepted + " of " + offered;
      } finally {
        if (copied > accepted) {
          iter.revert(copied - accepted); // R-A10
        }
      }
    }
    return accepted > 0 ? accepted : ~copied;
  }

  /// What lies between the end and the chunk in one folio is about to come inside, and was zeroed
  /// at the beginning; meanwhile somebody may have stored to it through a mapping. From here on he
  /// cannot: his next fault waits for the folio lock (R-D5).
  private static void zeroGap(AddressSpace mapping, long pos, Folio folio) {
    long size = mapping.size();
    if (pos > size && size > folio.pos() && mapping.mapper() != null) {
      folio.writeProtect();
      folio.zero(folio.offsetOf(size), (int) (pos - size));
    }
  }

  /// One atomic copy. Readers without a lock see all of it or nothing (R-B13).
  private static int copy(Folio folio, int offset, int length, IovIter iter) {
    folio.beginChange();
    try {
      SchedulePoint.reach(SchedulePoint.Kind.COPY, folio);
      folio.touchBytes(true);
      int first = 0;
      if (SchedulePoint.ENABLED && iter.isAlwaysResident()) { // a copy takes its time
        first = iter.copyAtomic(folio.chunk(), folio.chunkOffset() + offset, length / 2);
        if (first < length / 2) {
          return first;
        }
        SchedulePoint.reach(SchedulePoint.Kind.COPY, folio);
        folio.touchBytes(true);
      }
      int from = folio.chunkOffset() + offset + first;
      return first + iter.copyAtomic(folio.chunk(), from, length - first);
    } finally {
      folio.endChange();
    }
  }

  /// One atomic copy into a folio of which some blocks are uptodate, e.g. those that begin has just
  /// read because the chunk covers them in part. If it is short it must leave no trace in them:
  /// they can be read although the folio is not uptodate (R-B9), they may be clean, and the retry
  /// may never come. So it goes to a bounce buffer first, and further only if it is whole.
  private static int copyWholeOrNothing(Folio folio, int offset, int length, IovIter iter) {
    MemorySegment bounce = newBounce();
    if (length > bounce.byteSize()) {
      bounce = MemorySegment.ofArray(new byte[length]);
    }
    SchedulePoint.reach(SchedulePoint.Kind.COPY, folio);
    int copied = iter.copyAtomic(bounce, 0, length);
    if (copied == length) {
      folio.beginChange();
      folio.touchBytes(true);
      MemorySegment.copy(bounce, 0, folio.chunk(), folio.chunkOffset() + offset, length);
      folio.endChange();
    }
    return copied;
  }

  private static boolean isAnyUptodate(Folio folio, int offset, int length) {
    AddressSpaceOperations operations = folio.mapping().operations();
    int end = offset + length;
    for (int at = offset; at < end; ) {
      int next = Math.min(end, (at | (BLOCK_MIN - 1)) + 1);
      if (operations.isPartiallyUptodate(folio, at, next - at)) {
        return true;
      }
      at = next;
    }
    return false;
  }

  /// A bounce buffer. On the heap, not a frame: it can neither fail for lack of frames, nor hold
  /// one back from another writer who needs it to get on.
  private static MemorySegment newBounce() {
    return MemorySegment.ofArray(new byte[AddressSpace.FOLIO_SIZE]);
  }
}
