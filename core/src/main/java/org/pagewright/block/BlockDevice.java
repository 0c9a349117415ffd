package org.pagewright.block;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.stats.DeviceStats;

/// A device of fixed size that reads and writes whole sectors, and flushes its cache on demand.
///
/// A write is durable after a [#flush()] that was submitted after the write had completed, or when
/// it was submitted with [Bio#FUA]. Writes that are in flight together may reach the device in any
/// order. All methods may be called by any thread.
public interface BlockDevice extends AutoCloseable {

  /// What messages call it: an image's path, or `ram0`.
  ///
  /// @return a name for people
  String name();

  /// Size in bytes, a multiple of [#sectorSize()].
  ///
  /// @return bytes
  long sizeBytes();

  /// Unit of position and length of every request, in bytes: a power of two, at least 512.
  ///
  /// @return bytes
  int sectorSize();

  /// Whether writes are refused with EROFS.
  ///
  /// @return true if nothing can be written
  boolean readOnly();

  /// Starts a request and returns; never blocks for the device, but may wait for a place in its
  /// queue. [Bio] says how it ends. Errors are reported through the bio only, that of a device
  /// that was closed (EIO) and that of memory the device cannot use (EFAULT) too.
  ///
  /// The request may have ended before this returns, on this very thread: hold no lock here that
  /// the completion takes. A completion may submit further requests. A write of no bytes with
  /// [Bio#PREFLUSH] is a flush.
  ///
  /// @param bio a request that was not submitted before
  void submit(Bio bio);

  /// Number of bytes that reached [#submit(Bio)] for writing and were completed without error;
  /// for the share of a device in the dirty limits.
  ///
  /// @return bytes since the device was opened
  long bytesWritten();

  /// How long its requests took.
  ///
  /// @return null if nobody measures that
  default @Nullable DeviceStats stats() {
    return null;
  }

  /// Reads and waits.
  ///
  /// @param pos byte on the device, multiple of the sector size
  /// @param target its size is the number of bytes to read, a multiple of the sector size
  /// @throws FsException EIO; EINVAL beyond the end of the device
  default void read(long pos, MemorySegment target) throws FsException {
    Bio.read(pos, target).submitAndWait(this);
  }

  /// Writes and waits; durable only after [#flush()].
  ///
  /// @param pos byte on the device, multiple of the sector size
  /// @param source its size is the number of bytes to write, a multiple of the sector size
  /// @throws FsException EIO, ENOSPC, EROFS; EINVAL beyond the end of the device
  default void write(long pos, MemorySegment source) throws FsException {
    Bio.write(pos, source).submitAndWait(this);
  }

  /// Makes durable every write that completed before this call.
  ///
  /// @throws FsException EIO
  default void flush() throws FsException {
    Bio.flush().submitAndWait(this);
  }

  /// Tells the device that a range's content is not needed; afterwards it reads as zeros if
  /// [#discardZeroes()], as anything otherwise. A hint: a device may do nothing.
  ///
  /// @param pos byte on the device
  /// @param length bytes
  /// @throws FsException EIO, EROFS; EINVAL beyond the end of the device or not whole sectors
  default void discard(long pos, long length) throws FsException {
    checkRange(pos, length);
  }

  /// Whether a discarded range reads as zeros from then on.
  ///
  /// @return true if it does
  default boolean discardZeroes() {
    return false;
  }

  /// Waits for requests under way and their completions, then gives back what the device holds;
  /// later requests end with EIO. Idempotent. Does not flush. Not to be called by a completion.
  ///
  /// @throws FsException EIO if a last write failed
  @Override
  void close() throws FsException;

  /// Throws unless the range lies on the device and is whole sectors.
  ///
  /// @param pos byte on the device
  /// @param length bytes
  /// @throws FsException EINVAL
  default void checkRange(long pos, long length) throws FsException {
    if (pos < 0 || length < 0 || pos > sizeBytes() - length) {
      throw new FsException(
          Errno.EINVAL,
          name() + ": bytes " + pos + " to " + (pos + length) + " of " + sizeBytes());
    }
    if (((pos | length) & (sectorSize() - 1)) != 0) {
      throw new FsException(
          Errno.EINVAL, name() + ": byte " + pos + ", length " + length + " not whole sectors");
    }
  }

  /// Throws unless the request may run on this device: in range, whole sectors, and a write only
  /// where writing is allowed. Every implementor calls it first.
  ///
  /// @param bio a request
  /// @throws FsException EINVAL, EROFS
  default void checkBio(Bio bio) throws FsException {
    if (bio.op() == Bio.Op.FLUSH) {
      return;
    }
    checkRange(bio.pos(), bio.length());
    if (bio.op() == Bio.Op.WRITE && readOnly()) {
      throw new FsException(Errno.EROFS, name() + ": " + bio);
    }
  }
}
