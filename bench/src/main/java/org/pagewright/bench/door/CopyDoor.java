package org.pagewright.bench.door;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import org.pagewright.os.HugePages;

/// The limit: the same bytes between the same kind of memory, in pages of the same size, and
/// nothing else.
final class CopyDoor implements Door {
  private final Arena arena = Arena.ofShared();
  private final Map<Integer, MemorySegment> files = new HashMap<>();
  private final long fileBytes;
  private final boolean heap;

  CopyDoor(long fileBytes, boolean heap) {
    this.fileBytes = fileBytes;
    this.heap = heap;
  }

  @Override
  public Lane lane(int file, int pieceBytes) {
    MemorySegment bytes = files.computeIfAbsent(file, f -> memory());
    return new Piece(bytes, Doors.buffer(arena, pieceBytes, heap), pieceBytes);
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
}
