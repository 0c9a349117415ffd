package org.pagewright.bench.door;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.pagewright.block.FileBlockDevice;
import org.pagewright.fs.ext4.Ext4;
import org.pagewright.fs.ext4.Ext4Options;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.Volume;

/// An ext4 image in a file on the disk, made here, mounted by us, and deleted when it is closed.
///
/// @param path the file
/// @param memory its memory
/// @param volume mounted
public record Image(Path path, CacheMemory memory, Volume volume) implements AutoCloseable {
  private static final long METADATA_BYTES = 128L << 20;

  /// Makes and mounts an image.
  ///
  /// @param contentBytes room for so much content
  /// @param budgetBytes memory
  /// @return to be closed
  /// @throws IOException if it cannot be made
  public static Image create(long contentBytes, long budgetBytes) throws IOException {
    Path path = make(contentBytes + contentBytes / 16 + METADATA_BYTES);
    CacheMemory memory = CacheMemory.ofBytes(budgetBytes);
    return new Image(path, memory, mount(path, memory, FileBlockDevice.Options.READ_WRITE));
  }

  /// Makes an empty image in a file on the disk.
  ///
  /// @param bytes length of the image
  /// @return the file
  /// @throws IOException if it cannot be made
  public static Path make(long bytes) throws IOException {
    Path path = Files.createTempFile(Doors.disk(), "pagewright-bench", ".img");
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.allocate(1), bytes - 1);
    }
    try (FileBlockDevice device =
        FileBlockDevice.open(path, FileBlockDevice.Options.READ_WRITE)) {
      Mkfs.make(device, new MkfsOptions());
    }
    return path;
  }

  /// Mounts an image.
  ///
  /// @param path the file
  /// @param memory its memory
  /// @param options of the device
  /// @return the volume, which closes the device
  /// @throws IOException if it cannot be mounted
  public static Volume mount(Path path, CacheMemory memory, FileBlockDevice.Options options)
      throws IOException {
    return Ext4.mount(FileBlockDevice.open(path, options), memory, Ext4Options.DEFAULTS);
  }

  @Override
  public void close() throws IOException {
    volume.close();
    memory.close();
    Files.delete(path);
  }

  /// Closes what says of itself only that it can be closed.
  static void close(AutoCloseable any) throws IOException {
    try {
      any.close();
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    }
  }
}
