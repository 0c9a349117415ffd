package org.pagewright.bench.door;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;

/// The kernel's mapping of a file on a disk, copied from and to.
final class MapDoor implements Door {
  private final Arena arena = Arena.ofShared();
  private final Map<Integer, MemorySegment> files = new HashMap<>();
  private final Path disk;
  private final long fileBytes;
  private final boolean heap;

  MapDoor(Path disk, long fileBytes, boolean heap) {
    this.disk = disk;
    this.fileBytes = fileBytes;
    this.heap = heap;
  }

  @Override
  public Lane lane(int file, int pieceBytes) throws IOException {
    MemorySegment mapped = files.get(file);
    if (mapped == null) {
      Path path = Files.createTempFile(disk, "pagewright-bench", ".bin");
      try (FileChannel channel =
          FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, fileBytes, arena);
      }
      mapped.fill((byte) 1);
      files.put(file, mapped);
      // What is mapped stays.
      Files.delete(path);
    }
    return new CopyDoor.Piece(mapped, Doors.buffer(arena, pieceBytes, heap), pieceBytes);
  }

  @Override
  public void close() {
    arena.close();
  }
}
