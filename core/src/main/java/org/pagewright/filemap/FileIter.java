package org.pagewright.filemap;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.errno.FsException;
import org.pagewright.iov.IovIter;

/// A source that is a range of a file in the page cache, for copies from file to file.
///
/// What is in memory and uptodate is copied with the look of a reader who takes no lock, by way of
/// a bounce, so that only what turned out good reaches the target: the lock of a source folio is
/// never waited for while the lock of the target folio is held, so two writers that copy from each
/// other's file cannot stop each other (R-A2). The rest is read by [#faultIn(int)], where no folio
/// lock is held (R-A4).
///
/// The source may be the file that is written, even the same folio (R-A1): then the bytes lie under
/// the very lock that this thread holds, and are copied as they are. Where the ranges overlap:
///
/// - the target before the source: right, as if the source had been copied aside first
/// - the target behind the source: each byte is one that its place in the source held before or
///   during the write; who needs more refuses such a call, as copy_file_range() does
///
/// The file's size is looked at once at the start, and again wherever the file turns out to end
/// before that: then the source ends, too.
public final class FileIter implements IovIter {
  private final AddressSpace source;
  private final Readahead readahead;
  private final byte[] bounce = new byte[AddressSpace.FOLIO_SIZE];
  private long position; // of the cursor in the file
  private long end;

  /// A range of a file, cut off at the file's end.
  ///
  /// @param source the file
  /// @param pos first byte
  /// @param length bytes
  public FileIter(AddressSpace source, long pos, long length) {
    this.source = source;
    this.readahead = new Readahead();
    this.position = pos;
    this.end = pos + Math.min(length, Math.max(0, source.size() - pos));
  }

  @Override
  public long remaining() {
    return end - position;
  }

  @Override
  public int copyAtomic(MemorySegment target, long offset, int length) {
    int done = 0;
    while (done < length) {
      long at = position + done;
      Folio folio = source.find(AddressSpace.indexOf(at));
      if (folio == null) {
        break;
      }
      int wanted = Math.min(source.bytesToFolioEnd(at), length - done);
      int n;
      if (holds(folio, target, offset)) {
        n = copyWithin(folio, at, wanted, target, offset + done);
      } else {
        n = copyLooked(folio, at, wanted, target, offset + done);
      }
      if (n <= 0) {
        break;
      }
      done += n;
    }
    position += done;
    return done;
  }

  /// Whether the target is the memory of this folio.
  private static boolean holds(Folio folio, MemorySegment target, long offset) {
    return folio.chunk() == target
        && offset >= folio.chunkOffset()
        && offset < folio.chunkOffset() + folio.size();
  }

  /// Copies through a bounce: a look that fails has copied what may be torn, or another file's once
  /// the frame moved on, and the target is a folio that readers may find uptodate (R-B3, R-B4).
  private int copyLooked(Folio folio, long at, int wanted, MemorySegment target, long offset) {
    int n = GenericRead.look(folio, at, Math.min(wanted, bounce.length), null, bounce, 0);
    if (n > 0) {
      MemorySegment.copy(bounce, 0, target, ValueLayout.JAVA_BYTE, offset, n);
    }
    return n;
  }

  /// From a folio into itself: this thread holds its lock, so nobody else changes it, and a look
  /// would only see our own change under way.
  private int copyWithin(Folio folio, long at, int wanted, MemorySegment target, long offset) {
    if (!folio.isUptodate()) {
      return 0;
    }
    int n = (int) Math.min(wanted, Math.max(0, source.size() - at));
    MemorySegment.copy(target, (long) folio.chunkOffset() + folio.offsetOf(at), target, offset, n);
    return n;
  }

  @Override
  public void revert(int count) {
    position -= count;
  }

  @Override
  public int faultIn(int length) throws FsException {
    int readable = (int) GenericRead.bringIn(source, position, length, readahead);
    if (readable == 0) {
      end = position; // the file was truncated: no bad address, just its end
    }
    return readable;
  }

  @Override
  public int copy(MemorySegment target, long offset, int length) throws FsException {
    int n = (int) GenericRead.read(source, position, target, offset, length, 0, readahead);
    position += n;
    if (n == 0) {
      end = position;
    }
    return n;
  }
}
