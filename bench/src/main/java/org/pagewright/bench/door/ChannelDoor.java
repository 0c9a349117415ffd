package org.pagewright.bench.door;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.h2.store.fs.FilePath;
import org.pagewright.nio.VolumeFileSystem;

/// A [FileChannel], of whatever file system, with positions given.
final class ChannelDoor implements Door {
  /// Opens a file by its number.
  private interface Opener {
    FileChannel open(int file) throws IOException;
  }

  private static final int PAGE = 4096;

  private final List<Integer> filled = new ArrayList<>();
  private final List<FileChannel> open = new ArrayList<>();
  private final List<AutoCloseable> atEnd = new ArrayList<>();
  private final long fileBytes;
  private final boolean heap;
  private final Opener opener;

  private ChannelDoor(long fileBytes, boolean heap, Opener opener) {
    this.fileBytes = fileBytes;
    this.heap = heap;
    this.opener = opener;
  }

  private static FileChannel open(Path path) throws IOException {
    return FileChannel.open(
        path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  /// The kernel's page cache over the file system of a folder.
  static ChannelDoor kernel(Path parent, long fileBytes, boolean heap) throws IOException {
    Path folder = Files.createTempDirectory(parent, "pagewright-bench");
    ChannelDoor door =
        new ChannelDoor(fileBytes, heap, file -> open(folder.resolve("file" + file)));
    door.atEnd.add(
        () -> {
          for (int file : door.filled) {
            Files.delete(folder.resolve("file" + file));
          }
          Files.delete(folder);
        });
    return door;
  }

  /// Ours, through the provider for `java.nio.file`.
  static ChannelDoor image(long fileBytes, int files, boolean heap) throws IOException {
    Image image = Image.create(fileBytes * files, VolumeDoor.budget(fileBytes, files));
    VolumeFileSystem fs = VolumeFileSystem.of("bench", image.volume(), Map.of());
    ChannelDoor door = new ChannelDoor(fileBytes, heap, file -> open(fs.getPath("/file" + file)));
    door.atEnd.add(fs);
    door.atEnd.add(image);
    return door;
  }

  /// jimfs as it comes, with room enough.
  static ChannelDoor jimfs(long fileBytes, int files, boolean heap) throws IOException {
    FileSystem fs =
        Jimfs.newFileSystem(
            Configuration.unix().toBuilder()
                .setMaxSize(2 * files * fileBytes)
                .setMaxCacheSize(2 * files * fileBytes)
                .build());
    ChannelDoor door = new ChannelDoor(fileBytes, heap, file -> open(fs.getPath("/file" + file)));
    door.atEnd.add(fs);
    return door;
  }

  /// H2's files in memory off the heap, not compressed.
  static ChannelDoor h2(long fileBytes, boolean heap) {
    return new ChannelDoor(
        fileBytes, heap, file -> FilePath.get("nioMemFS:bench" + file).open("rw"));
  }

  @Override
  public Lane lane(int file, int pieceBytes) throws IOException {
    FileChannel channel = opener.open(file);
    open.add(channel);
    if (!filled.contains(file)) {
      filled.add(file);
      ByteBuffer ones = ByteBuffer.allocateDirect(Doors.FILL_BYTES);
      while (ones.hasRemaining()) {
        ones.put((byte) 1);
      }
      for (long pos = 0; pos < fileBytes; pos += Doors.FILL_BYTES) {
        channel.write(ones.flip(), pos);
      }
    }
    return new Piece(channel, heap ? ByteBuffer.allocate(pieceBytes) : aligned(pieceBytes));
  }

  /// A buffer at the start of a page, as the other doors have. The JDK's own begin 16 bytes into
  /// one, so that every store of a long copy falls on two lines of the processor's cache, which
  /// costs a copy of 4 KiB an eighth of its time.
  private static ByteBuffer aligned(int bytes) {
    ByteBuffer room = ByteBuffer.allocateDirect(bytes + PAGE);
    return room.slice(PAGE - room.alignmentOffset(0, PAGE), bytes);
  }

  @Override
  public void close() throws IOException {
    for (FileChannel each : open) {
      each.close();
    }
    for (AutoCloseable each : atEnd) {
      Image.close(each);
    }
  }

  private record Piece(FileChannel channel, ByteBuffer buffer) implements Lane {
    @Override
    public long read(long pos) throws IOException {
      return channel.read(buffer.clear(), pos);
    }

    @Override
    public long write(long pos) throws IOException {
      return channel.write(buffer.clear(), pos);
    }
  }
}
