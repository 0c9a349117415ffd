package org.pagewright.sim.contract;

import java.io.IOException;
import org.pagewright.cache.AddressSpace;
import org.pagewright.sync.RwSem;

/// How a file system under test makes the one file that [AddressSpaceOperationsContract] works on.
public interface FileFixture {
  /// What a file system may lack.
  enum Feature {
    /// Bytes that were written out are there when the cache is gone.
    STORE,
    /// [#store()] works.
    DEVICE
  }

  /// What a file holds when a case begins; around it are holes.
  ///
  /// @param pos first byte
  /// @param bytes what is there
  record Piece(long pos, byte[] bytes) {}

  /// Control over the device below.
  interface Store {
    /// Bytes read from the device so far.
    ///
    /// @return a number that only grows
    long bytesRead();

    /// From now on reads fail with EIO, or work again.
    ///
    /// @param on true to fail
    void failReads(boolean on);

    /// From now on writes fail with EIO, or work again.
    ///
    /// @param on true to fail
    void failWrites(boolean on);

    /// From now on writes are accepted, but do not end.
    void holdWrites();

    /// Writes that were held back go to the device, and end; so do later ones.
    void releaseWrites();
  }

  /// Makes a volume with one file. What it holds is on the store, and nothing of it in the cache,
  /// as far as the file system has a store.
  ///
  /// @param size size of the file in bytes
  /// @param pieces its content; holes elsewhere
  /// @return the file
  /// @throws IOException any
  AddressSpace make(long size, Piece... pieces) throws IOException;

  /// Closes the volume in good order and opens it again; only with [Feature#STORE].
  ///
  /// @return the same file, with nothing of it in the cache
  /// @throws IOException any
  AddressSpace remount() throws IOException;

  /// Closes the volume and removes it; throws if what it leaves behind is not sound.
  ///
  /// @throws IOException any
  void dispose() throws IOException;

  /// The INODE lock of the file.
  ///
  /// @return never null
  RwSem inodeLock();

  /// Bytes of a block: what the file system reads and allocates in.
  ///
  /// @return a power of two, at most the size of a folio
  int blockSize();

  /// Blocks that no file has and none has reserved.
  ///
  /// @return -1 if the file system does not know, or somebody else changes it
  /// @throws IOException any
  default long freeBlocks() throws IOException {
    return -1;
  }

  /// The device; only with [Feature#DEVICE].
  ///
  /// @return never null
  default Store store() {
    throw new UnsupportedOperationException("no control over the device");
  }

  /// Whether the file system has something.
  ///
  /// @param feature what
  /// @return false to leave out the cases that need it
  default boolean has(Feature feature) {
    return true;
  }
}
