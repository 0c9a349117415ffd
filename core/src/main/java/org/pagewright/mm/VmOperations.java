package org.pagewright.mm;

import org.jspecify.annotations.Nullable;
import org.pagewright.cache.Folio;
import org.pagewright.errno.FsException;

/// What a mapped area needs of the open file behind it. An upward call of this room: `vfs`
/// implements it, with the fill of `filemap`. Compare Linux's struct vm_operations_struct; what the
/// file system does before a store is [org.pagewright.cache.AddressSpaceOperations#pageMkwrite].
///
/// | method            | MMAP   | SB_PAGEFAULT | FOLIO | may sleep |
/// |-------------------|--------|--------------|-------|-----------|
/// | fault             | no     | no           | no    | yes       |
/// | tryStartPagefault | shared | not yet      | no    | no        |
/// | awaitThaw         | no     | no           | no    | yes       |
/// | updateTimes       | shared | held         | no    | yes       |
/// | endPagefault      | shared | held         | no    | no        |
/// | all others        | no     | no           | no    | yes       |
public interface VmOperations {
  /// Brings a folio into memory.
  ///
  /// @param index folio of the file
  /// @return uptodate, with a reference, not locked; null if it begins at or beyond the end
  /// @throws FsException EIO, ENOMEM, EINTR
  @Nullable Folio fault(long index) throws FsException;

  /// Enters the inner door of the volume's freeze, unless it is shut (R-F16).
  ///
  /// @return false if it is shut
  /// @throws FsException EROFS, EIO: the volume takes no stores any more
  boolean tryStartPagefault() throws FsException;

  /// Waits until the inner door opens.
  void awaitThaw();

  /// Sets the times of the last change to now (R-F18). May start a journal handle, so no folio is
  /// locked (R-F9).
  ///
  /// @throws FsException EIO
  void updateTimes() throws FsException;

  /// Leaves the inner door.
  void endPagefault();

  /// Writes a range of the file out and waits, with what is needed to read it back.
  ///
  /// @param from first byte
  /// @param to byte after the last
  /// @throws FsException EIO, ENOSPC; each error of write-out is told to each region once
  void sync(long from, long to) throws FsException;

  /// Takes a hint.
  ///
  /// @param from first byte
  /// @param to byte after the last
  /// @param advice what to expect
  void advise(long from, long to, Advice advice);

  /// Whether stores to the file itself are allowed.
  ///
  /// @return true if it is open for writing
  boolean isWritable();

  /// The last user of the area has left.
  void released();
}
