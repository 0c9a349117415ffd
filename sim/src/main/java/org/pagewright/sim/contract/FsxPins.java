package org.pagewright.sim.contract;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.errno.FsException;
import org.pagewright.mm.MappedPin;
import org.pagewright.mm.MappedRegion;
import org.pagewright.mm.MappedRegionException;
import org.pagewright.mm.Protection;
import org.pagewright.mm.Sharing;
import org.pagewright.vfs.OpenFile;

/// Memory of the file that an [Fsx] keeps pinned while it does other things: loaded from, stored
/// to, and given as the buffer of reads and writes of the same file, cached and direct (R-J4).
///
/// The region that it was pinned through is closed at once. What is pinned is the file's until
/// somebody takes the folios away (truncation, a hole, a direct write): from then on it is nobody's
/// and is given back. Without native access a pin is a copy, and kept for no longer than it takes
/// to look at it.
final class FsxPins {
  private static final int FOLIO = AddressSpace.FOLIO_SIZE;
  private static final int PINS = 2;
  private static final int LENGTH_MAX = 6 * FOLIO;

  private final FsxRegions.Model model;
  private final int sizeMax;
  private final @Nullable Held[] held = new @Nullable Held[PINS];

  /// A pin of a range of the file.
  private record Held(MappedPin pin, int pos, int length, boolean stores) {
    MemorySegment segment() {
      return pin.segment();
    }

    /// Whether a range of the file shares no folio with it.
    boolean isApartFrom(int from, int count) {
      return (from + count - 1) / FOLIO < pos / FOLIO || from / FOLIO > (pos + length - 1) / FOLIO;
    }
  }

  /// What a write was given.
  ///
  /// @param pos where it is to go
  /// @param segment the memory
  /// @param bytes what is in it
  record Source(int pos, MemorySegment segment, byte[] bytes) {}

  FsxPins(FsxRegions.Model model, int sizeMax) {
    this.model = model;
    this.sizeMax = sizeMax;
  }

  void pin(OpenFile file, int a, int b, int c) throws FsException {
    close(c % PINS);
    if (model.size() == 0) {
      return;
    }
    int pos = (c & 8) == 0 ? a % model.size() & -FOLIO : a % model.size();
    int wanted = Math.min(1 + b % LENGTH_MAX, sizeMax - pos);
    boolean stores = (c & 4) == 0;
    Protection protection = stores ? Protection.READ_WRITE : Protection.READ;
    try (MappedRegion region = file.map(pos, wanted, Protection.READ_WRITE, Sharing.SHARED)) {
      MappedPin pin = region.pin(0, wanted, protection);
      Held h = new Held(pin, pos, (int) pin.segment().byteSize(), stores);
      held[c % PINS] = h;
      if (pin.isCopy()) {
        compare(h);
        if (stores) {
          store(h, b, c, new byte[] {(byte) a, (byte) b, (byte) c});
        }
        close(c % PINS);
      }
    } catch (MappedRegionException e) {
      throw new AssertionError("pin at " + pos + " of " + model.size(), e);
    }
  }

  void closeAll() {
    for (int i = 0; i < PINS; i++) {
      close(i);
    }
  }

  private void close(int i) {
    Held h = held[i];
    if (h != null) {
      held[i] = null;
      h.pin.close();
    }
  }

  private int inside(Held h) {
    return Math.clamp(model.size() - h.pos, 0, h.length);
  }

  /// Uses a pin in a way that changes nothing but what is pinned.
  void use(OpenFile file, OpenFile direct, int a, int b, int c, byte[] pattern)
      throws IOException {
    Held h = held[c % PINS];
    if (h == null) {
      return;
    }
    compare(h);
    int how = c / PINS % 5;
    if (how == 0) {
      close(c % PINS);
    } else if (h.stores && how == 1) {
      store(h, a, b, pattern);
    } else if (h.stores && how < 4) {
      readInto(h, how == 2 ? file : direct, how == 2 ? a % sizeMax : a % sizeMax & -FOLIO);
    }
  }

  private void store(Held h, int a, int b, byte[] pattern) {
    int n = Math.min(inside(h), pattern.length);
    int from = n == 0 ? 0 : a % n;
    int count = n == 0 ? 0 : 1 + b % (n - from);
    MemorySegment.copy(pattern, 0, h.segment(), ValueLayout.JAVA_BYTE, from, count);
    System.arraycopy(pattern, 0, model.bytes(), h.pos + from, count);
  }

  private void compare(Held h) {
    byte[] seen = h.segment().toArray(ValueLayout.JAVA_BYTE);
    int bad = Arrays.mismatch(seen, 0, inside(h), model.bytes(), h.pos, h.pos + inside(h));
    if (bad >= 0) {
      throw new AssertionError(
          "pin: byte " + (h.pos + bad) + " is " + seen[bad] + ", should be "
              + model.bytes()[h.pos + bad] + "; size " + model.size());
    }
  }

  /// Reads one part of the file into another.
  private void readInto(Held h, OpenFile from, int pos) throws IOException {
    int n = Math.min(inside(h), Math.max(0, model.size() - pos));
    if (n == 0 || !h.isApartFrom(pos, n)) {
      return;
    }
    long read = from.read(pos, h.segment().asSlice(0, n));
    if (read != n) {
      throw new AssertionError(read + " of " + n + " bytes read into a pin");
    }
    System.arraycopy(model.bytes(), pos, model.bytes(), h.pos, n);
  }

  /// A pin as the source of a write of the same file, elsewhere or to the very place.
  ///
  /// @return null if there is none
  @Nullable Source source(int a, int c) {
    Held h = held[c % PINS];
    if (h == null) {
      return null;
    }
    int to = (c & 4) == 0 ? h.pos : (c & 8) == 0 ? a % sizeMax : a % sizeMax & -FOLIO;
    int n = Math.min(inside(h), sizeMax - to);
    if (n <= 0 || to != h.pos && !h.isApartFrom(to, n)) {
      return null;
    }
    byte[] bytes = Arrays.copyOfRange(model.bytes(), h.pos, h.pos + n);
    return new Source(to, h.segment().asSlice(0, n), bytes);
  }

  /// Gives back what shares a folio with a range of the file.
  void closeAt(int pos, int count) {
    for (int i = 0; i < PINS; i++) {
      Held h = held[i];
      if (h != null && !h.isApartFrom(pos, Math.max(count, 1))) {
        close(i);
      }
    }
  }
}
