package org.pagewright.bench.door;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.hostfs.Hostfs;
import org.pagewright.ramfs.Ramfs;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Ours, through [OpenFile].
final class VolumeDoor implements Door {
  private static final int FLAGS = OpenFlags.CREAT | OpenFlags.RDWR;

  private final Arena arena = Arena.ofShared();
  private final List<OpenFile> open = new ArrayList<>();
  private final boolean[] filled;
  private final long fileBytes;
  private final boolean heap;
  private final Volume volume;
  private final AutoCloseable below;
  private final @Nullable Path folder;

  private VolumeDoor(
      long fileBytes,
      int files,
      boolean heap,
      Volume volume,
      AutoCloseable below,
      @Nullable Path folder) {
    this.fileBytes = fileBytes;
    this.filled = new boolean[files];
    this.heap = heap;
    this.volume = volume;
    this.below = below;
    this.folder = folder;
  }

  /// Memory for the files, so much that a file that is dirty throughout is under the limit from
  /// which on it is written out.
  static long budget(long fileBytes, int files) {
    return Math.max(1L << 30, 16 * files * fileBytes);
  }

  static VolumeDoor image(long fileBytes, int files, boolean heap) throws IOException {
    Image image = Image.create(fileBytes * files, budget(fileBytes, files));
    return new VolumeDoor(fileBytes, files, heap, image.volume(), image, null);
  }

  static VolumeDoor memory(long fileBytes, int files, boolean heap) throws IOException {
    CacheMemory memory = CacheMemory.ofBytes(budget(fileBytes, files));
    Volume volume = Ramfs.mount(memory.cache(), MountOptions.DEFAULTS);
    return new VolumeDoor(fileBytes, files, heap, volume, memory, null);
  }

  static VolumeDoor host(Path disk, long fileBytes, int files, boolean heap) throws IOException {
    Path folder = Files.createTempDirectory(disk, "pagewright-bench");
    CacheMemory memory = CacheMemory.ofBytes(budget(fileBytes, files));
    Volume volume = Hostfs.mount(folder, memory, MountOptions.DEFAULTS, true);
    return new VolumeDoor(fileBytes, files, heap, volume, memory, folder);
  }

  @Override
  public Lane lane(int number, int pieceBytes) throws IOException {
    OpenFile file = volume.open("/file" + number, FLAGS, 0600);
    open.add(file);
    if (!filled[number]) {
      MemorySegment ones = arena.allocate(Doors.FILL_BYTES, 4096).fill((byte) 1);
      for (long pos = 0; pos < fileBytes; pos += Doors.FILL_BYTES) {
        file.write(pos, ones);
      }
      filled[number] = true;
    }
    return new Piece(file, Doors.buffer(arena, pieceBytes, heap));
  }

  @Override
  public void close() throws IOException {
    for (OpenFile each : open) {
      each.close();
    }
    Path made = folder;
    if (made != null) {
      for (int i = 0; i < filled.length; i++) {
        if (filled[i]) {
          volume.unlink("/file" + i);
        }
      }
    }
    if (!(below instanceof Image)) {
      volume.close();
    }
    Image.close(below);
    arena.close();
    if (made != null) {
      Files.delete(made);
    }
  }

  private record Piece(OpenFile file, MemorySegment buffer) implements Lane {
    @Override
    public long read(long pos) throws IOException {
      return file.read(pos, buffer);
    }

    @Override
    public long write(long pos) throws IOException {
      return file.write(pos, buffer);
    }
  }
}
