package org.pagewright.sim.contract;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.errno.FsException;
import org.pagewright.iov.IovIter;
import org.pagewright.mm.Advice;
import org.pagewright.mm.MappedPin;
import org.pagewright.mm.MappedRegion;
import org.pagewright.mm.MappedRegionException;
import org.pagewright.mm.Protection;
import org.pagewright.mm.Sharing;
import org.pagewright.vfs.OpenFile;

/// The mapped regions of an [Fsx]: a few at a time, anywhere in the file and beyond its end, shared
/// and private, and what loads and stores through them must find and leave behind.
///
/// What is stored beyond the end of the file, in its last folio, is nobody's: it is looked at by no
/// one, and must be zeros when the file has grown over it (R-D3, R-D5).
final class FsxRegions {
  /// The file as it should be.
  interface Model {
    byte[] bytes();

    int size();
  }

  private static final int FOLIO = AddressSpace.FOLIO_SIZE;
  private static final int REGIONS = 3;
  private static final int LENGTH_MAX = 20 * FOLIO;

  /// A region, and the folios that only it sees.
  private record Mapped(MappedRegion region, int pos, int length, Map<Integer, byte[]> copies) {
    boolean isPrivate() {
      return copies != NO_COPIES;
    }
  }

  private static final Map<Integer, byte[]> NO_COPIES = Map.of();

  private final Model model;
  private final int sizeMax;
  private final @Nullable Mapped[] mapped = new @Nullable Mapped[REGIONS];

  FsxRegions(Model model, int sizeMax) {
    this.model = model;
    this.sizeMax = sizeMax;
  }

  // ---- Which ------------------------------------------------------------------------------------

  void map(OpenFile file, int a, int b, int c) throws FsException {
    close(c % REGIONS);
    int pos = a % sizeMax;
    int length = Math.min(1 + b % LENGTH_MAX, sizeMax - pos);
    boolean own = c / REGIONS % 4 == 0;
    MappedRegion region =
        file.map(
            pos, length, Protection.READ_WRITE, own ? Sharing.PRIVATE : Sharing.SHARED);
    mapped[c % REGIONS] = new Mapped(region, pos, length, own ? new HashMap<>() : NO_COPIES);
  }

  void closeAll() {
    for (int i = 0; i < REGIONS; i++) {
      close(i);
    }
  }

  /// What private copies hold of the last folio beyond the end is not known, nor what becomes of
  /// them when the file shrinks: none outlives a change of the size.
  void closePrivate() {
    for (int i = 0; i < REGIONS; i++) {
      Mapped m = mapped[i];
      if (m != null && m.isPrivate()) {
        close(i);
      }
    }
  }

  private void close(int i) {
    Mapped m = mapped[i];
    if (m != null) {
      mapped[i] = null;
      m.region.close();
      try {
        m.region.getByte(0);
        throw new AssertionError(m.region + " is closed, and was loaded from");
      } catch (MappedRegionException e) {
        expect(MappedRegionException.Kind.CLOSED, e);
      }
    }
  }

  private static void expect(MappedRegionException.Kind kind, MappedRegionException e) {
    if (e.kind() != kind) {
      throw e;
    }
  }

  /// A range of a region.
  private record Range(Mapped mapped, int offset, int length) {
    int pos() {
      return mapped.pos + offset;
    }

    int end() {
      return pos() + length;
    }
  }

  private @Nullable Range range(int a, int b, int c) {
    Mapped m = mapped[c % REGIONS];
    if (m == null) {
      return null;
    }
    int offset = a % m.length;
    int length = 1 + (b >>> 2) % ((b & 3) == 0 ? LENGTH_MAX : (b & 3) == 1 ? FOLIO : 40);
    return new Range(m, offset, Math.min(length, m.length - offset));
  }

  /// Byte of the file at which accesses end: the end of its last folio.
  private int limit() {
    return (model.size() + FOLIO - 1) & -FOLIO;
  }

  // ---- What is there ----------------------------------------------------------------------------

  /// What a region shows of the file; bytes beyond the end are not to be compared.
  private byte[] expected(Mapped m, int pos, int length) {
    byte[] bytes = Arrays.copyOfRange(model.bytes(), pos, pos + length);
    for (int i = 0; i < length; ) {
      int at = pos + i;
      int n = Math.min(length - i, FOLIO - at % FOLIO);
      byte[] copy = m.copies.get(at / FOLIO);
      if (copy != null) {
        System.arraycopy(copy, at % FOLIO, bytes, i, n);
      }
      i += n;
    }
    return bytes;
  }

  private void accept(Mapped m, int pos, byte[] bytes, int from, int length) {
    for (int i = 0; i < length; ) {
      int at = pos + i;
      int n = Math.min(length - i, FOLIO - at % FOLIO);
      if (m.isPrivate()) {
        int start = at - at % FOLIO;
        byte[] copy =
            m.copies.computeIfAbsent(
                at / FOLIO, p -> Arrays.copyOfRange(model.bytes(), start, start + FOLIO));
        System.arraycopy(bytes, from + i, copy, at % FOLIO, n);
      } else {
        int inside = Math.clamp(model.size() - at, 0, n);
        System.arraycopy(bytes, from + i, model.bytes(), at, inside);
      }
      i += n;
    }
  }

  private void compare(Range r, byte[] seen, int length, String what) {
    byte[] expected = expected(r.mapped, r.pos(), r.length);
    int inside = Math.clamp(model.size() - r.pos(), 0, length);
    int bad = Arrays.mismatch(seen, 0, inside, expected, 0, inside);
    if (bad >= 0) {
      throw new AssertionError(
          what + " " + (r.mapped.isPrivate() ? "private " : "") + r.mapped.region + ": byte "
              + (r.pos() + bad) + " is " + seen[bad] + ", should be " + expected[bad] + "; size "
              + model.size());
    }
  }

  /// How many bytes of a range can be accessed; the others throw.
  private int reachable(Range r) {
    return Math.clamp(limit() - r.pos(), 0, r.length);
  }

  /// Does something with a range, and looks whether it says where the file ends.
  private void access(Range r, Runnable what) {
    boolean all = reachable(r) == r.length;
    try {
      what.run();
    } catch (MappedRegionException e) {
      if (all) {
        throw e;
      }
      expect(MappedRegionException.Kind.BEYOND_END, e);
      return;
    }
    if (!all) {
      throw new AssertionError(r + " reaches beyond " + limit() + " and was served");
    }
  }

  // ---- Loads and stores -------------------------------------------------------------------------

  void load(int a, int b, int c) {
    Range r = range(a, b, c);
    if (r == null) {
      return;
    }
    MappedRegion region = r.mapped.region;
    byte[] seen = new byte[r.length];
    switch (c / REGIONS % 5) {
      case 0 -> access(r, () -> region.get(r.offset, seen, 0, r.length));
      case 1 -> access(r, () -> region.get(r.offset, MemorySegment.ofArray(seen), 0, r.length));
      case 2 ->
          access(
              r,
              () -> {
                for (int i = 0; i < r.length; i++) {
                  seen[i] = region.getByte(r.offset + i);
                }
              });
      case 3 -> {
        loadNumber(r, c);
        return;
      }
      default -> {
        loadPinned(r);
        return;
      }
    }
    compare(r, seen, reachable(r), "load");
  }

  private void loadNumber(Range r, int c) {
    ByteOrder order = (c & 64) == 0 ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
    int width = Math.min(8, Integer.highestOneBit(r.length));
    Range number = new Range(r.mapped, r.offset, width);
    ByteBuffer seen = ByteBuffer.allocate(width).order(order);
    MappedRegion region = r.mapped.region;
    access(
        number,
        () -> {
          switch (width) {
            case 1 -> seen.put(region.getByte(r.offset));
            case 2 -> seen.putShort(region.getShort(r.offset, order));
            case 4 -> seen.putInt(region.getInt(r.offset, order));
            default -> seen.putLong(region.getLong(r.offset, order));
          }
        });
    if (reachable(number) == width) {
      compare(number, seen.array(), width, "load of a number");
    }
  }

  private void loadPinned(Range r) {
    access(
        new Range(r.mapped, r.offset, 1),
        () -> {
          try (MappedPin pin = r.mapped.region.pin(r.offset, r.length, Protection.READ)) {
            byte[] seen = pin.segment().toArray(ValueLayout.JAVA_BYTE);
            compare(new Range(r.mapped, r.offset, seen.length), seen, seen.length, "pin");
          }
        });
  }

  void store(int a, int b, int c, byte[] pattern) {
    Range r = range(a, b, c);
    if (r == null) {
      return;
    }
    MappedRegion region = r.mapped.region;
    byte[] bytes = Arrays.copyOf(pattern, r.length);
    switch (c / REGIONS % 6) {
      case 0 -> access(r, () -> region.put(r.offset, bytes, 0, r.length));
      case 1 -> access(r, () -> region.put(r.offset, MemorySegment.ofArray(bytes), 0, r.length));
      case 2 -> {
        Arrays.fill(bytes, pattern[0]);
        access(r, () -> region.fill(r.offset, r.length, pattern[0]));
      }
      case 3 -> {
        storeNumber(r, bytes, c);
        return;
      }
      case 4 -> {
        addTo(r);
        return;
      }
      default -> {
        storePinned(r, bytes);
        return;
      }
    }
    accept(r.mapped, r.pos(), bytes, 0, reachable(r));
  }

  private void storeNumber(Range r, byte[] bytes, int c) {
    ByteOrder order = (c & 64) == 0 ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
    int width = Math.min(8, Integer.highestOneBit(r.length));
    Range number = new Range(r.mapped, r.offset, width);
    ByteBuffer source = ByteBuffer.wrap(bytes, 0, width).order(order);
    MappedRegion region = r.mapped.region;
    access(
        number,
        () -> {
          switch (width) {
            case 1 -> region.putByte(r.offset, source.get());
            case 2 -> region.putShort(r.offset, source.getShort(), order);
            case 4 -> region.putInt(r.offset, source.getInt(), order);
            default -> region.putLong(r.offset, source.getLong(), order);
          }
        });
    accept(r.mapped, r.pos(), bytes, 0, reachable(number)); // what lies before the end is stored
  }

  private void addTo(Range r) {
    int aligned = (r.pos() + 7 & -8) - r.mapped.pos;
    Range number = new Range(r.mapped, aligned, 8);
    if (aligned + 8 > r.mapped.length || number.end() > model.size()) {
      return; // in part, or beyond the end: what is there is not known
    }
    byte[] before = expected(r.mapped, number.pos(), 8);
    ByteBuffer value = ByteBuffer.wrap(before).order(ByteOrder.nativeOrder());
    long old = value.getLong(0);
    long seen = r.mapped.region.getAndAddLong(aligned, 0x0101_0101_0101_0101L);
    if (seen != old) {
      throw new AssertionError(r.mapped.region + ": added to " + seen + " instead of " + old);
    }
    value.putLong(0, old + 0x0101_0101_0101_0101L);
    if (r.mapped.region.compareAndSetLong(aligned, old, 0)
        || !r.mapped.region.compareAndSetLong(aligned, value.getLong(0), ~old)) {
      throw new AssertionError(r.mapped.region + ": compare-and-set at " + number.pos());
    }
    value.putLong(0, ~old);
    accept(r.mapped, number.pos(), before, 0, 8);
  }

  private void storePinned(Range r, byte[] bytes) {
    access(
        new Range(r.mapped, r.offset, 1),
        () -> {
          try (MappedPin pin = r.mapped.region.pin(r.offset, r.length, Protection.READ_WRITE)) {
            int n = (int) pin.segment().byteSize();
            MemorySegment.copy(bytes, 0, pin.segment(), ValueLayout.JAVA_BYTE, 0, n);
            accept(r.mapped, r.pos(), bytes, 0, n);
          }
        });
  }

  // ---- Everything else --------------------------------------------------------------------------

  void control(int a, int b, int c) {
    Range r = range(a, b, c);
    if (r == null) {
      return;
    }
    MappedRegion region = r.mapped.region;
    switch (c / REGIONS % 9) {
      case 0, 1 -> region.sync(r.offset, r.length);
      case 2 -> {
        CompletableFuture<Void> done = region.startSync(r.offset, r.length);
        if (b % 4 == 0) {
          done.join();
        }
      }
      case 3 -> {
        access(r, () -> region.reserve(r.offset, r.length));
        if (r.mapped.isPrivate()) {
          int n = reachable(r);
          accept(r.mapped, r.pos(), expected(r.mapped, r.pos(), n), 0, n); // copied by now
        }
      }
      case 4 -> region.prefetch(r.offset, r.length);
      case 5 -> region.advise(r.offset, r.length, Advice.values()[b % Advice.values().length]);
      case 6 -> {
        int n = Math.min(r.length, 2 * FOLIO);
        access(new Range(r.mapped, r.offset, n), () -> region.lock(r.offset, n));
        region.unlock(0, r.mapped.length);
      }
      case 7 -> protectPart(r, b % 4 == 0);
      default -> {
        if (region.resident(0, r.mapped.length) < 0 || region.dirty(0, r.mapped.length) < 0) {
          throw new AssertionError(region.toString());
        }
      }
    }
  }

  /// Makes a part that whole folios lie in read-only for a moment, or all.
  private void protectPart(Range r, boolean all) {
    Mapped m = r.mapped;
    int from = all ? m.pos : Math.max(m.pos, r.pos() & -FOLIO);
    int to = all ? m.pos + m.length : Math.min(m.pos + m.length, r.end() + FOLIO - 1 & -FOLIO);
    MappedRegion region = m.region;
    region.protect(from - m.pos, to - from, Protection.READ);
    int inside = r.offset;
    if (r.pos() < limit()) {
      byte was = region.getByte(inside);
      try {
        region.putByte(inside, (byte) (was + 1));
        throw new AssertionError(region + " was stored to at " + r.pos());
      } catch (MappedRegionException e) {
        expect(MappedRegionException.Kind.PROTECTION, e);
      }
      if (region.getByte(inside) != was) {
        throw new AssertionError(region + " has changed at " + r.pos());
      }
    }
    for (int beside : new int[] {from - 1, to}) {
      boolean isThere =
          beside >= m.pos && beside < m.pos + m.length && beside < model.size();
      if (isThere) {
        byte[] same = expected(m, beside, 1);
        region.putByte(beside - m.pos, same[0]); // not protected
        accept(m, beside, same, 0, 1);
      }
    }
    region.protect(from - m.pos, to - from, Protection.READ_WRITE);
  }

  /// A range of a region as a source for a write elsewhere.
  ///
  /// @param bytes what it should give
  record Source(IovIter iter, byte[] bytes) {}

  /// A source that does not overlap with where it goes.
  ///
  /// @return null if there is none
  @Nullable Source source(int a, int b, int c, int target) {
    Range r = range(a, b, c);
    if (r == null) {
      return null;
    }
    int n = Math.min(Math.min(r.length, model.size() - r.pos()), sizeMax - target);
    n = Math.min(n, Math.abs(target - r.pos()));
    if (n <= 0) {
      return null;
    }
    IovIter iter = Objects.requireNonNull(r.mapped.region.source(r.offset, n));
    return new Source(iter, expected(r.mapped, r.pos(), n));
  }
}
