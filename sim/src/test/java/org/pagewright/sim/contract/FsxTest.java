package org.pagewright.sim.contract;

import java.nio.file.Path;
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

  @Test
  void aFileOfTheHostIsWhatItsModelIs() {
    VolumeFixture fixture = new HostfsVolumeTest.Fixture(folder, false, CACHE_BYTES);
    Fsx.run(fixture, new Fsx.Options(SEED, OPERATIONS, SIZE_MAX, 2 * CACHE_BYTES));
  }
}
