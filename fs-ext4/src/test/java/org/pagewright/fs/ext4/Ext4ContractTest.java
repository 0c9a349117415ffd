package org.pagewright.fs.ext4;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.block.FileBlockDevice;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.sim.contract.VolumeContract;
import org.pagewright.sim.contract.VolumeFixture;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.Volume;

/// Images of the three generations, held to the contract of volumes, and to e2fsck after each case.
final class Ext4ContractTest {
  @TempDir Path folder;

  private final class Fixture implements VolumeFixture {
    private final MkfsOptions options;
    private final boolean large;
    private int images;
    private Path image = Path.of("");
    private CacheMemory memory = CacheMemory.ofBytes(1 << 20);

    Fixture(MkfsOptions options, boolean large) {
      this.options = options;
      this.large = large;
    }

    @Override
    public Volume make() throws IOException {
      image = folder.resolve("image" + images++);
      try (FileBlockDevice device =
          FileBlockDevice.create(image, 32 << 20, FileBlockDevice.Options.READ_WRITE)) {
        Mkfs.make(device, options);
      }
      return mount();
    }

    private Volume mount() throws IOException {
      memory = CacheMemory.ofBytes(16 << 20);
      return Ext4.mount(
          FileBlockDevice.open(image, FileBlockDevice.Options.READ_WRITE),
          memory,
          Ext4Options.DEFAULTS);
    }

    @Override
    public Volume remount(Volume volume) throws IOException {
      closeBoth(volume);
      return mount();
    }

    private void closeBoth(Volume volume) throws IOException {
      volume.close();
      if (memory.cache().frames().used() != 0) {
        throw new AssertionError(memory.cache().frames().used() + " frames leaked");
      }
      memory.close();
    }

    @Override
    public void dispose(Volume volume) throws IOException {
      closeBoth(volume);
      E2fs.assertClean(image);
      Files.delete(image);
    }

    @Override
    public boolean has(Feature feature) {
      return switch (feature) {
        case HOLES -> large; // blocks of ext2 and ext3 cannot be allocated without being written
        default -> true;
      };
    }
  }

  @TestFactory
  Stream<DynamicTest> ext4() {
    return VolumeContract.of(new Fixture(new MkfsOptions(), true));
  }

  @TestFactory
  Stream<DynamicTest> ext4WithSmallBlocks() throws IOException {
    return VolumeContract.of(new Fixture(new MkfsOptions().blockSize(1024), true));
  }

  @TestFactory
  Stream<DynamicTest> ext2() throws IOException {
    MkfsOptions options = new MkfsOptions().type(MkfsOptions.Type.EXT2).inodeSize(256);
    return VolumeContract.of(new Fixture(options, false));
  }
}
