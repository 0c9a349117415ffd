package org.pagewright.fs.ext4;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.block.FileBlockDevice;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.sim.contract.AddressSpaceOperationsContract;
import org.pagewright.sim.contract.FileFixture;
import org.pagewright.sim.contract.StoreDevice;
import org.pagewright.sim.contract.StoredVolumes;
import org.pagewright.sim.contract.VolumeFileFixture;
import org.pagewright.sim.device.PoisonedDevice;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.Volume;

/// Files on images of the three generations, held to the contract of the operations of address
/// spaces. The images were full of a secret before the file system was made; e2fsck looks at each
/// when its case has ended.
final class Ext4FilesTest {
  private static final int IMAGE_BYTES = 16 << 20;

  @TempDir Path folder;

  @Nested
  final class Ext4With4096 extends AddressSpaceOperationsContract {
    @Override
    protected FileFixture newFixture() throws FsException {
      return files(new MkfsOptions());
    }
  }

  @Nested
  final class Ext4With1024 extends AddressSpaceOperationsContract {
    @Override
    protected FileFixture newFixture() throws FsException {
      return files(new MkfsOptions().blockSize(1024));
    }
  }

  @Nested
  final class Ext3With1024 extends AddressSpaceOperationsContract {
    @Override
    protected FileFixture newFixture() throws FsException {
      return files(new MkfsOptions().type(MkfsOptions.Type.EXT3).blockSize(1024));
    }
  }

  @Nested
  final class Ext2With1024 extends AddressSpaceOperationsContract {
    @Override
    protected FileFixture newFixture() throws FsException {
      return files(new MkfsOptions().type(MkfsOptions.Type.EXT2).blockSize(1024));
    }
  }

  @Nested
  final class Ext2With4096 extends AddressSpaceOperationsContract {
    @Override
    protected FileFixture newFixture() throws FsException {
      return files(new MkfsOptions().type(MkfsOptions.Type.EXT2).blockSize(4096));
    }
  }

  private FileFixture files(MkfsOptions options) {
    Images images = new Images(options);
    return VolumeFileFixture.onDevice(images, images::device);
  }

  private final class Images extends StoredVolumes {
    private final MkfsOptions options;
    private final Path image = folder.resolve("image");
    private StoreDevice device;

    Images(MkfsOptions options) {
      super(8 << 20);
      this.options = options;
    }

    StoreDevice device() {
      return device;
    }

    @Override
    protected void format() throws IOException {
      try (FileBlockDevice blank =
              FileBlockDevice.create(image, IMAGE_BYTES, FileBlockDevice.Options.READ_WRITE);
          Arena arena = Arena.ofShared()) {
        MemorySegment secret = arena.allocate(1 << 20, 4096).fill(PoisonedDevice.POISON);
        for (long pos = 0; pos < IMAGE_BYTES; pos += secret.byteSize()) {
          blank.write(pos, secret);
        }
        Mkfs.make(blank, options);
      }
    }

    @Override
    protected Volume mount(CacheMemory memory) throws IOException {
      device =
          new StoreDevice(FileBlockDevice.open(image, FileBlockDevice.Options.READ_WRITE));
      return Ext4.mount(device, memory, Ext4Options.DEFAULTS);
    }

    @Override
    protected void checkAndRemove() throws IOException {
      E2fs.assertClean(image);
      Files.delete(image);
    }
  }
}
