package org.pagewright.sim.contract;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// [Fsx] on the file systems of the core. `-Dpagewright.fsx.operations=N` for more of it,
/// `-Dpagewright.seed=N` for another run.
@Timeout(3600)
final class FsxTest {
  private static final int OPERATIONS = Integer.getInteger("pagewright.fsx.operations", 40_000);
  private static final long SEED = Long.getLong("pagewright.seed", 20091);
  private static final int SIZE_MAX = 300_000;
  private static final int CACHE_BYTES = 256 << 10;

  @TempDir Path folder;

  @Test
  void aFileInMemoryIsWhatItsModelIs() {
    Fsx.run(new RamfsVolumeTest.Fixture(), new Fsx.Options(SEED, OPERATIONS, SIZE_MAX, 0));
  }

  /// R-F19.
  @Test
  void nothingIsLostOfWhatIsStoredToOneFolioByMany() throws IOException {
    for (Holetest.Ground ground : List.of(Holetest.Ground.HOLE, Holetest.Ground.ZEROS)) {
      Holetest.run(new RamfsVolumeTest.Fixture(), ground, 200, 4, SEED);
      Holetest.run(new HostfsVolumeTest.Folders(folder, false, CACHE_BYTES), ground, 200, 4, SEED);
    }
  }

  @Test
  void aFileOfTheHostIsWhatItsModelIs() {
    VolumeFixture fixture = new HostfsVolumeTest.Folders(folder, false, CACHE_BYTES);
    Fsx.run(fixture, new Fsx.Options(SEED, OPERATIONS, SIZE_MAX, 2 * CACHE_BYTES));
  }
}
