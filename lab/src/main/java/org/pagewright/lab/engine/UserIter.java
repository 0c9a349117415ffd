package org.pagewright.lab.engine;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.FsException;
import org.pagewright.iov.IovIter;
import org.pagewright.lab.kernel.Source;
import org.pagewright.lab.kernel.UserPage;
import org.pagewright.mm.MappedRegion;
import org.pagewright.sync.SchedulePoint;

/// A scenario's source as the engine takes it: pages that come and go under its hands.
final class UserIter implements IovIter {
  private final UserMemory memory;
  private final Source source;
  private int position;
  int copied;

  UserIter(UserMemory memory, Source source) {
    this.memory = memory;
    this.source = source;
  }

  @Override
  public long remaining() {
    return (long) source.length() * EngineKernel.UNIT - position;
  }

  /// What is done with the part of the source that lies in one page.
  private interface Visit {
    /// @return whether to go on
    boolean piece(UserPage page, int offset, int length, int done) throws FsException;
  }

  private int visit(int length, Visit visit) throws FsException {
    int at = 0;
    int done = 0;
    for (Source.Piece piece : source.pieces()) {
      int size = piece.length() * EngineKernel.UNIT;
      int skip = Math.max(0, position + done - at);
      int n = Math.min(size - skip, length - done);
      if (n > 0) {
        int offset = piece.offset() * EngineKernel.UNIT + skip;
        if (!visit.piece(piece.page(), offset, n, done)) {
          break;
        }
        done += n;
      }
      at += size;
    }
    return done;
  }

  @Override
  public int copyAtomic(MemorySegment target, long offset, int length) {
    int n;
    try {
      n = visit(length, (page, from, count, done) -> {
        SchedulePoint.reach(SchedulePoint.Kind.COPY, page);
        if (memory.evicts
            && memory.entry(page).isThere()
            && memory.stage.choose("reclaim takes " + page, 2) == 1) {
          memory.drop(page);
        }
        return copyPiece(page, from, count, target, offset + done);
      });
    } catch (FsException e) {
      throw new AssertionError("nothing in a copy throws", e);
    }
    moved(n, length, target);
    return n;
  }

  @Override
  public int copy(MemorySegment target, long offset, int length) throws FsException {
    // Each piece is brought in and copied with no point between: nobody can take it away.
    int n =
        visit(
            length,
            (page, from, count, done) -> {
              IovIter mapped = mapped(page, from, count);
              return mapped != null
                  ? isAll(count, mapped.copy(target, offset + done, count))
                  : memory.touch(page) && copyPiece(page, from, count, target, offset + done);
            });
    moved(n, length, target);
    return n;
  }

  /// What a region gives as a source; null for anonymous memory.
  private @Nullable IovIter mapped(UserPage page, int from, int count) {
    MappedRegion region = memory.entry(page).region;
    return region == null ? null : region.source(from, count);
  }

  /// A piece lies in one page, and all of it is copied or nothing.
  private static boolean isAll(int count, int n) {
    assert n == 0 || n == count : n;
    return n == count;
  }

  private void moved(int n, int length, MemorySegment target) {
    position += n;
    copied += target.isNative() ? n : 2 * n; // a buffer is copied on
    memory.stage.note(
        "copies " + n / EngineKernel.UNIT + " of " + length / EngineKernel.UNIT + " bytes");
  }

  private boolean copyPiece(UserPage page, int from, int count, MemorySegment target, long at) {
    IovIter mapped = mapped(page, from, count);
    if (mapped != null) {
      SchedulePoint.touchMemory(target, at, true);
      return isAll(count, mapped.copyAtomic(target, at, count));
    }
    if (!memory.entry(page).resident) {
      return false;
    }
    SchedulePoint.touchMemory(target, at, true);
    for (int i = 0; i < count; i += EngineKernel.UNIT) {
      char letter = page.bytes().charAt((from + i) / EngineKernel.UNIT);
      target.asSlice(at + i, EngineKernel.UNIT).fill((byte) letter);
    }
    return true;
  }

  @Override
  public void revert(int count) {
    position -= count;
  }

  @Override
  public int faultIn(int length) throws FsException {
    return visit(
        length,
        (page, from, count, done) -> {
          IovIter mapped = mapped(page, from, count);
          return mapped != null ? isAll(count, mapped.faultIn(count)) : memory.touch(page);
        });
  }
}
