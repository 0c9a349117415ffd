package org.pagewright.writeback;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.cache.WritebackControl.SyncMode;

/// Adjacent dirty folios of a file, found without taking any folio lock. To be used again and again
/// by one thread; see [Writeback#nextDirtyRun].
public final class DirtyRun {
  /// Most folios of a run: 8 MiB of 4 KiB folios.
  public static final int MAX_FOLIOS = 2048;

  private final @Nullable Folio[] batch = new @Nullable Folio[64];
  private long firstIndex;
  private long lastIndex;

  /// An empty run.
  public DirtyRun() {
    firstIndex = 0;
    lastIndex = -1;
  }

  /// First folio.
  ///
  /// @return an index
  public long firstIndex() {
    return firstIndex;
  }

  /// Last folio.
  ///
  /// @return an index
  public long lastIndex() {
    return lastIndex;
  }

  /// Number of folios.
  ///
  /// @return 0 if none was found
  public int folios() {
    return (int) (lastIndex - firstIndex + 1);
  }

  boolean find(AddressSpace mapping, long from, long to, SyncMode mode, long foliosMax) {
    int max = (int) Math.min(MAX_FOLIOS, foliosMax);
    firstIndex = from;
    lastIndex = from - 1;
    boolean more = true;
    while (more && folios() < max) {
      long next = lastIndex + 1;
      int n =
          mode == SyncMode.ALL
              ? mapping.gatherToWrite(next, to, batch)
              : mapping.gatherDirty(next, to, batch);
      more = n == batch.length;
      for (int i = 0; i < n; i++) {
        Folio folio = batch[i];
        assert folio != null;
        if (folios() == 0) {
          firstIndex = folio.index();
          lastIndex = firstIndex;
        } else if (folio.index() == lastIndex + 1 && folios() < max) {
          lastIndex++;
        } else {
          more = false;
          break;
        }
      }
    }
    Arrays.fill(batch, null); // do not keep folios of a closed file reachable
    return folios() > 0;
  }

  @Override
  public String toString() {
    return firstIndex + ".." + lastIndex;
  }
}
