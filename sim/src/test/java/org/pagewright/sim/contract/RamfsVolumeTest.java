package org.pagewright.sim.contract;

import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.pagewright.cache.PageCache;
import org.pagewright.ramfs.Ramfs;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.Volume;

/// The file system in memory, held to the contract of volumes.
final class RamfsVolumeTest {
  static final class Fixture implements VolumeFixture {
    @Override
    public Volume make() throws IOException {
      return Ramfs.mount(new PageCache(16 << 20), MountOptions.DEFAULTS);
    }

    @Override
    public Volume remount(Volume volume) {
      return volume; // it lives in memory only
    }

    @Override
    public void dispose(Volume volume) throws IOException {
      PageCache cache = volume.superBlock().cache();
      volume.close();
      if (cache.frames().used() != 0) {
        throw new AssertionError(cache.frames().used() + " frames leaked");
      }
      cache.close();
    }
  }

  @TestFactory
  Stream<DynamicTest> volume() {
    return VolumeContract.of(new Fixture());
  }
}
