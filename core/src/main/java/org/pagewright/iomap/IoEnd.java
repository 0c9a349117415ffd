package org.pagewright.iomap;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.pagewright.block.Bio;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// One write-out request: adjacent in the file and on the device, and the pieces of folios that are
/// under write-out until it has ended. Compare Linux's struct iomap_ioend.
///
///     collected by one thread -> submitted -> ended --no conversion--> finish, by the device
///                                               +-----conversion-----> finish, by a worker
///
/// Until it is submitted its folios are W and nobody works on them: its owner waits for nothing in
/// between.
final class IoEnd implements Bio.Completion, Runnable {
  /// Most bytes of one request.
  static final int BYTES_MAX = 2 << 20;

  private final IomapOperations operations;
  private final AddressSpace mapping;
  private final long pos;
  private final boolean convert;
  private final BioBuilder builder;
  private Folio[] folios = new Folio[8];
  private byte[] masks = new byte[8];
  private int count;
  private long endPos; // byte in the file after the last one, at most the size seen

  IoEnd(
      IomapOperations operations, AddressSpace mapping, long pos, long addr, boolean convert) {
    this.operations = operations;
    this.mapping = mapping;
    this.pos = pos;
    this.convert = convert;
    this.builder = new BioBuilder(Bio.Op.WRITE, addr);
  }

  /// Whether a piece continues this one.
  boolean continuesAt(long filePos, long addr, boolean convert) {
    return this.convert == convert
        && pos + builder.length() == filePos
        && builder.endAddr() == addr
        && builder.length() < BYTES_MAX;
  }

  /// Adds blocks of a folio that is under write-out.
  ///
  /// @param size of the file when the folio was locked
  void add(Folio folio, int offset, int length, long size) {
    if (count == folios.length) {
      folios = Arrays.copyOf(folios, 2 * count);
      masks = Arrays.copyOf(masks, 2 * count);
    }
    folios[count] = folio;
    masks[count] = (byte) operations.maskOf(offset, length);
    count++;
    endPos = Math.min(folio.pos() + offset + length, size);
    builder.add(folio, offset, length);
  }

  /// Starts the write. From here on the folios may end their write-out at any moment.
  void submit() {
    operations.ioStarted();
    operations.device().submit(builder.finish().whenEnded(this, null));
  }

  @Override
  public void ended(Bio bio, @Nullable FsException error) {
    if (error == null && convert) {
      operations.executeOnWorker(this); // it may wait for the journal; a device's thread may not
    } else {
      finish(error);
    }
  }

  /// Makes the metadata follow the data, before the write-out ends: an fsync that waits for the
  /// folios then finds both done (R-C9).
  @Override
  public void run() {
    boolean returned = false;
    @Nullable FsException error = null;
    try {
      operations.extents().writeCompleted(mapping, pos, endPos - pos);
      returned = true;
    } catch (FsException e) {
      error = e;
      returned = true;
    } finally {
      if (returned) {
        finish(error);
      } else {
        finishUnwritten(); // a bug is on its way up: leave nobody waiting, and nothing clean
      }
    }
  }

  private void finish(@Nullable FsException error) {
    if (error != null) {
      mapping.writebackErrors().set(error.errno()); // R-H7; before anyone who waits can look
      operations.extents().writebackFailed(mapping, pos, error);
    }
    endFolios(error == null);
  }

  private void finishUnwritten() {
    mapping.writebackErrors().set(Errno.EIO);
    endFolios(false);
  }

  private void endFolios(boolean written) {
    for (int i = 0; i < count; i++) {
      Folio folio = folios[i];
      // Attached until W ends: truncation and reclaim wait for that.
      if (!(folio.attachment() instanceof BlockState state)) {
        folio.endWriteback(written);
      } else if (state.endWrite(masks[i] & 0xFF, written)) {
        folio.endWriteback(!state.writeFailed());
      }
    }
    operations.ioEnded();
  }
}
