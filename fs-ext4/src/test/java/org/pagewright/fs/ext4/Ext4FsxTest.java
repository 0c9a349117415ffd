package org.pagewright.fs.ext4;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.RamImage;
import org.pagewright.sim.contract.Fsx;
import org.pagewright.sim.contract.Holetest;
import org.pagewright.sim.contract.StoredVolumes;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.Volume;

/// [Fsx] on images of ext4, with a cache smaller than the file. `-Dpagewright.fsx.operations=N` for
/// more of it, `-Dpagewright.seed=N` for another run.
@Timeout(3600)
final class Ext4FsxTest {
  private static final int OPERATIONS = Integer.getInteger("pagewright.fsx.operations", 20_000);
  private static final long SEED = Long.getLong("pagewright.seed", 20092);
  private static final int SIZE_MAX = 300_000;
  private static final int CACHE_BYTES = 256 << 10;

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"EXT4, 4096", "EXT4, 1024", "EXT3, 1024"})
  void aFileOnAnImageIsWhatItsModelIs(MkfsOptions.Type type, int blockSize) {
    Fsx.run(
        new Images(folder, new MkfsOptions().type(type).blockSize(blockSize), CACHE_BYTES),
        new Fsx.Options(SEED, OPERATIONS, SIZE_MAX, 2 * CACHE_BYTES));
  }

  /// R-F19.
  @ParameterizedTest
  @CsvSource({"EXT4, 4096", "EXT4, 1024", "EXT3, 1024"})
  void nothingIsLostOfWhatIsStoredToOneFolioByMany(MkfsOptions.Type type, int blockSize)
      throws IOException {
    MkfsOptions options = new MkfsOptions().type(type).blockSize(blockSize);
    for (Holetest.Ground ground : Holetest.Ground.values()) {
      if (ground != Holetest.Ground.ALLOCATED || type == MkfsOptions.Type.EXT4) {
        Holetest.run(new Images(folder, options, CACHE_BYTES), ground, 200, 4, SEED);
      }
    }
  }

  /// Images in memory; e2fsck looks at each in the end.
  static final class Images extends StoredVolumes {
    private static final int IMAGE_BYTES = 24 << 20;

    private final Path folder;
    private final MkfsOptions options;
    private RamImage image;

    Images(Path folder, MkfsOptions options, long cacheBytes) {
      super(cacheBytes);
      this.folder = folder;
      this.options = options;
    }

    @Override
    protected void format() throws IOException {
      image = RamImage.of(IMAGE_BYTES);
      Mkfs.make(image, options);
    }

    @Override
    protected Volume mount(CacheMemory memory) throws IOException {
      return Ext4.mount(image, memory, Ext4Options.DEFAULTS);
    }

    @Override
    protected void checkAndRemove() throws IOException {
      Path file = image.save(folder.resolve("image"));
      image.free();
      E2fs.assertClean(file);
      Files.delete(file);
    }
  }
}
