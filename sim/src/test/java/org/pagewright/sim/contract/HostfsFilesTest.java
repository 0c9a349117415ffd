package org.pagewright.sim.contract;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/// Files of the host, held to the contract of the operations of address spaces.
final class HostfsFilesTest {
  @TempDir Path folder;

  @Nested
  final class ThroughTheCacheOfTheHost extends AddressSpaceOperationsContract {
    @Override
    protected FileFixture newFixture() throws IOException {
      return fixture(false);
    }
  }

  @Nested
  final class PastTheCacheOfTheHost extends AddressSpaceOperationsContract {
    @Override
    protected FileFixture newFixture() throws IOException {
      return fixture(true);
    }
  }

  private FileFixture fixture(boolean direct) throws IOException {
    Path own = Files.createTempDirectory(folder, "files");
    return VolumeFileFixture.stored(new HostfsVolumeTest.Folders(own, direct));
  }
}
