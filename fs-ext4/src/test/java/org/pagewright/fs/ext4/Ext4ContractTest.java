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
import org.pagewright.sim.contract.StoredVolumes;
import org.pagewright.sim.contract.VolumeContract;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.Volume;

/// Images of the three generations, held to the contract of volumes, and to e2fsck after each case.
final class Ext4ContractTest {
  @TempDir Path folder;

  private final class Images extends StoredVolumes {
    private final MkfsOptions options;
    private final boolean large;
    private int images;
    private Path image = Path.of("");

    Images(MkfsOptions options, boolean large) {
      super(16 << 20);
      this.options = options;
      this.large = large;
    }

    @Override
    protected void format() throws IOException {
      image = folder.resolve("image" + images++);
      try (FileBlockDevice device =
          FileBlockDevice.create(image, 32 << 20, FileBlockDevice.Options.READ_WRITE)) {
        Mkfs.make(device, options);
      }
    }

    @Override
    protected Volume mount(CacheMemory memory) throws IOException {
      return Ext4.mount(
          FileBlockDevice.open(image, FileBlockDevice.Options.READ_WRITE),
          memory,
          Ext4Options.DEFAULTS);
    }

    @Override
    protected void checkAndRemove() throws IOException {
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
    return VolumeContract.of(new Images(new MkfsOptions(), true));
  }

  @TestFactory
  Stream<DynamicTest> ext4WithSmallBlocks() throws IOException {
    return VolumeContract.of(new Images(new MkfsOptions().blockSize(1024), true));
  }

  @TestFactory
  Stream<DynamicTest> ext2() throws IOException {
    MkfsOptions options = new MkfsOptions().type(MkfsOptions.Type.EXT2).inodeSize(256);
    return VolumeContract.of(new Images(options, false));
  }
}
