package org.pagewright.bench.door;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.HashMap;
import java.util.Map;
import org.pagewright.os.HugePages;

/// The limit: the same bytes between the same kind of memory, in pages of the same size, and
/// nothing else.
final class CopyDoor implements Door {
  private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(long[].class);

  /// The word of a lock has lines of the processor's cache of its own.
  private static final int LINES = 32;

  private static final int MIDDLE = 16;

  private final Arena arena = Arena.ofShared();
  private final Map<Integer, MemorySegment> files = new HashMap<>();
  private final long fileBytes;
  private final boolean heap;
  private final boolean locked;

  /// A door.
  ///
  /// @param locked whether each copy is one under a lock, which is as little of one as there is
  CopyDoor(long fileBytes, boolean heap, boolean locked) {
    this.fileBytes = fileBytes;
    this.heap = heap;
    this.locked = locked;
  }

  @Override
  public Lane lane(int file, int pieceBytes) {
    MemorySegment bytes = files.computeIfAbsent(file, f -> memory());
    Piece piece = new Piece(bytes, Doors.buffer(arena, pieceBytes, heap), pieceBytes);
    return locked ? new LockedPiece(piece, new long[LINES]) : piece;
  }

  /// As the cache takes its frames.
  private MemorySegment memory() {
    MemorySegment huge = HugePages.allocate(fileBytes, arena);
    MemorySegment bytes = huge != null ? huge : arena.allocate(fileBytes, 4096);
    return bytes.fill((byte) 1);
  }

  @Override
  public void close() {
    arena.close();
  }

  record Piece(MemorySegment file, MemorySegment buffer, int size) implements Lane {
    @Override
    public long read(long pos) {
      MemorySegment.copy(file, pos, buffer, 0, size);
      return size;
    }

    @Override
    public long write(long pos) {
      MemorySegment.copy(buffer, 0, file, pos, size);
      return size;
    }
  }

  /// A compare-and-set of a word before the copy and a plain store after it. Nobody else ever wants
  /// the word, which is in the processor's innermost cache.
  private record LockedPiece(Piece piece, long[] word) implements Lane {
    @Override
    public long read(long pos) {
      boolean taken = WORD.compareAndSet(word, MIDDLE, 0L, 1L);
      long n = piece.read(pos);
      WORD.setRelease(word, MIDDLE, 0L);
      return taken ? n : -1;
    }

    @Override
    public long write(long pos) {
      boolean taken = WORD.compareAndSet(word, MIDDLE, 0L, 1L);
      long n = piece.write(pos);
      WORD.setRelease(word, MIDDLE, 0L);
      return taken ? n : -1;
    }
  }
}
