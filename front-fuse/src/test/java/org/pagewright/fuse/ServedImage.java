package org.pagewright.fuse;

import java.io.IOException;
import java.nio.file.Path;
import org.pagewright.block.FileBlockDevice;
import org.pagewright.fs.ext4.Ext4;
import org.pagewright.fs.ext4.Ext4Options;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.Volume;

/// A process that makes an image, mounts it, says `ready`, and unmounts it when its input ends,
/// which it also does when the process that started it is gone.
final class ServedImage {
  private ServedImage() {}

  /// Serves.
  ///
  /// @param args the image to make, the directory to mount it on, and more options of the mount
  /// @throws IOException any
  public static void main(String[] args) throws IOException {
    Path image = Path.of(args[0]);
    try (FileBlockDevice device =
        FileBlockDevice.create(image, 64 << 20, FileBlockDevice.Options.READ_WRITE)) {
      Mkfs.make(device, new MkfsOptions().blockSize(4096));
    }
    FuseOptions options = FuseOptions.DEFAULTS.with("allow_other");
    for (int i = 2; i < args.length; i++) {
      options = options.with(args[i]);
    }
    try (CacheMemory memory = CacheMemory.ofBytes(32 << 20);
        Volume volume =
            Ext4.mount(
                FileBlockDevice.open(image, FileBlockDevice.Options.READ_WRITE),
                memory,
                Ext4Options.DEFAULTS);
        FuseMount mount =
            FuseMount.mount(volume, Path.of(args[1]), "image", options, System.err::println)) {
      System.out.println("ready " + mount);
      while (!mount.hasEnded() && System.in.read() >= 0) {
        // Until the other end is closed.
      }
    }
  }
}
