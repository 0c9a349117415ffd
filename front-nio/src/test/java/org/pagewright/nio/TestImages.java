package org.pagewright.nio;

import java.io.IOException;
import java.nio.file.Path;
import org.pagewright.block.FileBlockDevice;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;

/// Images for tests.
final class TestImages {
  private TestImages() {}

  /// Makes an image of ext4, of which only what is written takes space.
  static Path make(Path file, long sizeBytes) throws IOException {
    try (FileBlockDevice device =
        FileBlockDevice.create(file, sizeBytes, FileBlockDevice.Options.READ_WRITE)) {
      Mkfs.make(device, new MkfsOptions().zeroed(true));
    }
    return file;
  }
}
