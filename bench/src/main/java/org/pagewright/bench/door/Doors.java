package org.pagewright.bench.door;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/// Opens doors by name.
public final class Doors {
  /// Files are filled in pieces of so many bytes.
  static final int FILL_BYTES = 1 << 20;

  private Doors() {}

  /// Opens a door without files.
  ///
  /// @param name `copy`, `lockedcopy`, `pagewright`, `ramfs`, `hostfs`, `nio`, `ext4`, `tmpfs`,
  ///     `map`, `jimfs`, `h2`, `caffeine`
  /// @param fileBytes length of each file, a multiple of 1 MiB
  /// @param files how many there may be
  /// @param heap whether the callers' buffers are arrays
  /// @return the door
  /// @throws IOException if it cannot be had here
  public static Door open(String name, long fileBytes, int files, boolean heap)
      throws IOException {
    return switch (name) {
      case "copy" -> new CopyDoor(fileBytes, heap, false);
      case "lockedcopy" -> new CopyDoor(fileBytes, heap, true);
      case "pagewright" -> VolumeDoor.image(fileBytes, files, heap);
      case "ramfs" -> VolumeDoor.memory(fileBytes, files, heap);
      case "hostfs" -> VolumeDoor.host(disk(), fileBytes, files, heap);
      case "nio" -> ChannelDoor.image(fileBytes, files, heap);
      case "ext4" -> ChannelDoor.kernel(disk(), fileBytes, heap);
      case "tmpfs" -> ChannelDoor.kernel(tmpfs(), fileBytes, heap);
      case "map" -> new MapDoor(disk(), fileBytes, heap);
      case "jimfs" -> ChannelDoor.jimfs(fileBytes, files, heap);
      case "h2" -> ChannelDoor.h2(fileBytes, heap);
      case "caffeine" -> new ValueDoor(fileBytes, heap);
      default -> throw new IllegalArgumentException("no door is called " + name);
    };
  }

  /// Where files on a disk are made: the temporary folder, or `-Dpagewright.bench.disk`.
  ///
  /// @return a folder
  public static Path disk() {
    return Path.of(
        System.getProperty("pagewright.bench.disk", System.getProperty("java.io.tmpdir")));
  }

  /// The host's tmpfs.
  ///
  /// @return a folder
  /// @throws IOException if there is none at its usual place
  public static Path tmpfs() throws IOException {
    Path place = Path.of("/dev/shm");
    if (!Files.isWritable(place) || !Files.getFileStore(place).type().equals("tmpfs")) {
      throw new IOException("no tmpfs at " + place);
    }
    // A run's own folder is named as its temporary one, and is deleted with that.
    Path run = Path.of(System.getProperty("java.io.tmpdir")).getFileName();
    return run != null && run.toString().startsWith("pagewright-bench")
        ? Files.createDirectories(place.resolve(run))
        : place;
  }

  /// A caller's own buffer.
  static MemorySegment buffer(Arena arena, int bytes, boolean heap) {
    return heap ? MemorySegment.ofArray(new byte[bytes]) : arena.allocate(bytes, 4096);
  }
}
