package org.pagewright.sim.contract;

import java.io.IOException;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.errno.FsException;
import org.pagewright.sync.RwSem;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// A file on a volume, for file systems that have a [VolumeFixture] already.
public final class VolumeFileFixture implements FileFixture {
  private static final String PATH = "/file";

  private final VolumeFixture volumes;
  private final boolean hasStore;
  private final @Nullable Supplier<Store> store;
  private @Nullable Volume volume;
  private @Nullable OpenFile file;

  private VolumeFileFixture(
      VolumeFixture volumes, boolean hasStore, @Nullable Supplier<Store> store) {
    this.volumes = volumes;
    this.hasStore = hasStore;
    this.store = store;
  }

  /// Files that live in memory only.
  ///
  /// @param volumes how volumes are made
  /// @return a fixture for one case
  public static VolumeFileFixture inMemory(VolumeFixture volumes) {
    return new VolumeFileFixture(volumes, false, null);
  }

  /// Files on a store that cannot be looked into.
  ///
  /// @param volumes how volumes are made
  /// @return a fixture for one case
  public static VolumeFileFixture stored(VolumeFixture volumes) {
    return new VolumeFileFixture(volumes, true, null);
  }

  /// Files on a device under control.
  ///
  /// @param volumes how volumes are made
  /// @param store the device of the volume that was made or mounted last
  /// @return a fixture for one case
  public static VolumeFileFixture onDevice(VolumeFixture volumes, Supplier<Store> store) {
    return new VolumeFileFixture(volumes, true, store);
  }

  private Volume volume() {
    return Objects.requireNonNull(volume);
  }

  private OpenFile file() {
    return Objects.requireNonNull(file);
  }

  @Override
  public AddressSpace make(long size, Piece... pieces) throws IOException {
    volume = volumes.make();
    try (OpenFile made = volume.open(PATH, OpenFlags.RDWR | OpenFlags.CREAT, 0644)) {
      for (Piece piece : pieces) {
        made.write(piece.pos(), piece.bytes(), 0, piece.bytes().length);
      }
      made.truncate(size);
      if (hasStore) {
        made.fsync(false);
      }
    }
    if (hasStore) {
      volume = volumes.remount(volume());
    }
    return open();
  }

  private AddressSpace open() throws IOException {
    file = volume().open(PATH, OpenFlags.RDWR, 0);
    return file.inode().mapping();
  }

  @Override
  public AddressSpace remount() throws IOException {
    close();
    volume = volumes.remount(volume());
    return open();
  }

  /// Closes the file. It tells of a write-out that failed, once (R-H7); the case has made it fail.
  private void close() {
    try {
      file().close();
    } catch (FsException e) {
      return;
    }
  }

  @Override
  public void dispose() throws IOException {
    if (file != null) {
      close();
    }
    if (volume != null) {
      volumes.dispose(volume);
    }
  }

  @Override
  public RwSem inodeLock() {
    return file().inode().rwsem();
  }

  @Override
  public int blockSize() {
    return volume().superBlock().operations().blockSize();
  }

  @Override
  public long freeBlocks() throws IOException {
    return store == null ? -1 : volume().statfs().blocksFree();
  }

  @Override
  public Store store() {
    return Objects.requireNonNull(store).get();
  }

  @Override
  public boolean has(Feature feature) {
    return switch (feature) {
      case STORE -> hasStore;
      case DEVICE -> store != null;
    };
  }
}
