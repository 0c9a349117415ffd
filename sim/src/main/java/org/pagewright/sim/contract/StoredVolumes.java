package org.pagewright.sim.contract;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.Volume;

/// Volumes on a store that outlives them, one at a time, each with a cache of its own that must be
/// empty when the volume has been closed.
public abstract class StoredVolumes implements VolumeFixture {
  private final long cacheBytes;
  private @Nullable CacheMemory memory;

  /// Volumes whose caches are of one size.
  ///
  /// @param cacheBytes budget of the cache
  protected StoredVolumes(long cacheBytes) {
    this.cacheBytes = cacheBytes;
  }

  /// Makes an empty store.
  ///
  /// @throws IOException any
  protected abstract void format() throws IOException;

  /// Mounts what is on the store.
  ///
  /// @param memory the cache
  /// @return a volume as root sees it
  /// @throws IOException any
  protected abstract Volume mount(CacheMemory memory) throws IOException;

  /// Looks whether the store is sound, which nobody uses any more, and removes it.
  ///
  /// @throws IOException any
  protected abstract void checkAndRemove() throws IOException;

  @Override
  public final Volume make() throws IOException {
    format();
    return mountNew();
  }

  private Volume mountNew() throws IOException {
    memory = CacheMemory.ofBytes(cacheBytes);
    return mount(memory);
  }

  @Override
  public final Volume remount(Volume volume) throws IOException {
    close(volume);
    return mountNew();
  }

  @Override
  public final void dispose(Volume volume) throws IOException {
    close(volume);
    checkAndRemove();
  }

  private void close(Volume volume) throws IOException {
    volume.close();
    CacheMemory empty = memory;
    if (empty == null) {
      throw new IllegalStateException("not a volume of this fixture: " + volume);
    }
    if (empty.cache().frames().used() != 0) {
      throw new AssertionError(empty.cache().frames().used() + " frames leaked");
    }
    empty.close();
    memory = null;
  }
}
