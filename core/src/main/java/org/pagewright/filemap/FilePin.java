package org.pagewright.filemap;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.sync.SchedulePoint;

/// Bytes of a file where they lie in the cache, lent for as long as somebody copies them: for who
/// hands them on, such as to the kernel, and would otherwise copy them twice.
///
///     take:  find -> reference -> look -> size -> piece        for each folio
///     use:   chunk(i), offset(i), length(i)                     pieces in the order of the file
///     end:   put each
///
/// Only what is there and calls for nothing else is taken: no fill, no wait, no folio lock. Frames
/// that lie one behind the other make one piece, so that what was read in one go is few of them.
///
/// ## Why the bytes stand still
///
/// A copy by somebody else cannot be looked at afterwards and repeated, as [GenericRead] does: the
/// kernel has the bytes by then. So nothing may change them meanwhile (R-B13).
///
/// | who                         | is kept away by                                               |
/// |-----------------------------|---------------------------------------------------------------|
/// | writers, overwriters        | INODE, which they hold alone                                  |
/// | truncation, holes, direct   | INODE                                                         |
/// | reclaim, drop-behind        | the reference: they take no folio that somebody has one of    |
/// | others who detach a folio   | the reference keeps the frame, and nobody changes its bytes   |
/// | a fill                      | nobody fills what is uptodate                                 |
/// | write-out                   | changes nothing but what lies beyond the size                 |
/// | stores through a mapping    | nothing: no read sees those whole                             |
///
/// So whoever takes holds INODE, shared, until the end. It takes that lock only if it is free
/// (`vfs.OpenFile#pin`): a reader waits for no writer. A writer waits for the copy.
///
/// One object is used again and again, by one thread.
public final class FilePin {
  private final @Nullable Folio[] held;
  private final long[] looks; // of those whose bytes must not change, else 0; for assertions
  private final MemorySegment[] chunks;
  private final long[] offsets;
  private final int[] lengths;
  private int folios;
  private int pieces;

  /// A pin that holds nothing.
  ///
  /// @param foliosMax how many it can hold
  /// @param piecesMax how many pieces they may make
  public FilePin(int foliosMax, int piecesMax) {
    held = new Folio[foliosMax];
    looks = new long[foliosMax];
    chunks = new MemorySegment[piecesMax];
    offsets = new long[piecesMax];
    lengths = new int[piecesMax];
  }

  /// Takes what is in memory from a position on, up to the first byte that is not, to a folio with
  /// a mark (readahead, drop-behind) that a read must act on, to the end of the file, or until it
  /// is full. INODE held until [#end()], shared at the least.
  ///
  /// @param mapping the file
  /// @param pos first byte
  /// @param length most bytes
  /// @param readahead what the open file has read so far; null if nobody keeps that
  /// @return bytes taken, from the start on without a gap
  public long take(
      AddressSpace mapping, long pos, long length, @Nullable Readahead readahead) {
    assert folios == 0 && pieces == 0 : "not ended";
    long done = 0;
    while (done < length && folios < held.length) {
      long at = pos + done;
      Folio folio = mapping.find(AddressSpace.indexOf(at));
      if (folio == null || !folio.tryGet()) {
        break;
      }
      held[folios++] = folio;
      int n = look(folio, at, length - done);
      if (n <= 0 || !add(folio.chunk(), (long) folio.chunkOffset() + folio.offsetOf(at), n)) {
        held[--folios] = null;
        folio.put();
        break;
      }
      folio.markAccessed();
      done += n;
    }
    if (done > 0 && readahead != null) {
      readahead.readTo(pos + done);
    }
    return done;
  }

  /// How many bytes of a folio can be lent; the reference is held, so it is the file's until the
  /// end if it is now.
  private int look(Folio folio, long at, long wanted) {
    AddressSpace mapping = folio.mapping();
    long look = folio.beginLook();
    if (look == 0 || folio.isReadahead() || folio.isDropBehind()) {
      return 0;
    }
    long size = mapping.size(); // R-B12
    looks[folios - 1] = folio.pos() + folio.size() <= size ? look : 0;
    return (int) Math.min(Math.min(wanted, mapping.bytesToFolioEnd(at)), size - at);
  }

  private boolean add(MemorySegment chunk, long offset, int n) {
    int last = pieces - 1;
    if (last >= 0 && chunks[last] == chunk && offsets[last] + lengths[last] == offset) {
      lengths[last] += n;
      return true;
    }
    if (pieces == chunks.length) {
      return false;
    }
    chunks[pieces] = chunk;
    offsets[pieces] = offset;
    lengths[pieces] = n;
    pieces++;
    return true;
  }

  /// How many pieces the bytes lie in.
  ///
  /// @return 0 if nothing is held
  public int pieces() {
    return pieces;
  }

  /// How many folios are held.
  ///
  /// @return 0 if nothing is held
  public int folios() {
    return folios;
  }

  /// The memory a piece lies in.
  ///
  /// @param piece number from 0 on
  /// @return not to be written to, nor to be used after [#end()]
  public MemorySegment chunk(int piece) {
    SchedulePoint.touchMemory(chunks[piece], offsets[piece], false);
    return chunks[piece];
  }

  /// Where in its memory a piece begins.
  ///
  /// @param piece number from 0 on
  /// @return bytes from the start of [#chunk(int)]
  public long offset(int piece) {
    return offsets[piece];
  }

  /// How long a piece is.
  ///
  /// @param piece number from 0 on
  /// @return bytes, at least 1
  public int length(int piece) {
    return lengths[piece];
  }

  /// Gives all back. INODE still held; nobody uses the bytes any more.
  public void end() {
    for (int i = 0; i < folios; i++) {
      Folio folio = held[i];
      if (folio != null) {
        assert stoodStill(folio, looks[i]) : folio + " changed while it was lent";
        held[i] = null;
        folio.put();
      }
    }
    folios = 0;
    pieces = 0;
  }

  private static boolean stoodStill(Folio folio, long look) {
    return look == 0 || folio.endLook(look) || !folio.isAttached();
  }
}
