package org.pagewright.mm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.errno.FsException;
import org.pagewright.os.ScopedMemory;

/// Memory of a region, lent until it is given back: see [MappedRegion#pin].
///
/// The segment is the frames themselves under an arena of its own, so a use after [#close()] is an
/// exception. That takes native access ([ScopedMemory]); without it the segment is a copy, and what
/// was stored to it reaches the region in [#close()], byte by byte where it differs from what was
/// copied, so that stores of others beside it are not undone.
///
/// Used by the thread that pinned it.
public final class MappedPin implements AutoCloseable {
  private static final int PAGES_MAX = 1024;

  private final VmArea area;
  private final Arena arena = Arena.ofConfined();
  private FaultHandler.@Nullable Pinned[] pages = new FaultHandler.@Nullable Pinned[4];
  private int count;
  private MemorySegment segment = MemorySegment.NULL;
  private @Nullable MemorySegment lent; // the frames, if the segment is a copy
  private @Nullable MemorySegment before; // what was copied, if it may be stored to
  private boolean open = true;

  private MappedPin(VmArea area) {
    this.area = area;
  }

  static MappedPin of(
      VmArea area, MemorySegment[] chunks, long at, long wanted, Protection access)
      throws FsException {
    area.enter(); // until it is closed
    MappedPin pin = new MappedPin(area);
    boolean done = false;
    try {
      pin.take(chunks, at, wanted, access == Protection.READ_WRITE);
      done = true;
      return pin;
    } finally {
      if (!done) {
        pin.close();
      }
    }
  }

  private void take(MemorySegment[] chunks, long at, long wanted, boolean write)
      throws FsException {
    long page = at >>> AddressSpace.FOLIO_SHIFT;
    int in = (int) at & (AddressSpace.FOLIO_SIZE - 1);
    long last = at + wanted - 1 >>> AddressSpace.FOLIO_SHIFT;
    FaultHandler.Pinned first = pinPage(page, write, true);
    assert first != null;
    add(first);
    long place = first.place();
    long next = place;
    while (page < last && count < PAGES_MAX) {
      page++;
      next += AddressSpace.FOLIO_SIZE;
      if (!PageTable.leadsTo(area.table().get(page), next)) {
        break; // the next folio lies elsewhere, or is not here
      }
      FaultHandler.Pinned more = pinPage(page, write, false);
      if (more == null) {
        break;
      }
      if (more.place() != next) {
        FaultHandler.release(area, more);
        break;
      }
      add(more);
    }
    long bytes = Math.min(wanted, (long) count * AddressSpace.FOLIO_SIZE - in);
    MemorySegment chunk = PageTable.memory(chunks, place);
    long from = PageTable.offsetOf(place) + in;
    if (ScopedMemory.AVAILABLE) {
      MemorySegment memory = ScopedMemory.lend(chunk, from, bytes, arena, area.lease());
      segment = write ? memory : memory.asReadOnly();
    } else {
      lend(chunk.asSlice(from, bytes), write);
    }
  }

  private void lend(MemorySegment frames, boolean write) {
    MemorySegment copy = arena.allocate(frames.byteSize());
    copy.copyFrom(frames);
    segment = write ? copy : copy.asReadOnly();
    lent = frames;
    if (write) {
      before = arena.allocate(frames.byteSize()).copyFrom(copy);
    }
  }

  /// Pins one page. A load of what has an entry needs neither lock nor fault.
  private FaultHandler.@Nullable Pinned pinPage(long page, boolean write, boolean must)
      throws FsException {
    if (!write) {
      long entry = area.table().get(page);
      if (PageTable.is(entry, PageTable.READ) && !PageTable.is(entry, PageTable.PRIVATE)) {
        Folio folio = area.mapping().find(area.indexOf(page));
        if (folio != null && folio.tryGet()) {
          if (area.table().get(page) == entry) {
            return new FaultHandler.Pinned(folio, null, false);
          }
          folio.put();
        }
      }
    }
    try {
      int mode = FaultHandler.PIN | (write ? FaultHandler.WRITE : 0);
      return FaultHandler.handle(area, page, mode);
    } catch (FsException e) {
      if (must) {
        throw e;
      }
      return null; // the next pin will say so
    }
  }

  private void add(FaultHandler.Pinned page) {
    if (count == pages.length) {
      pages = Arrays.copyOf(pages, 4 * count);
    }
    pages[count++] = page;
  }

  /// The memory. Read-only if it was pinned for loads.
  ///
  /// @return at least the bytes asked for that lie in the first folio; not accessible any more
  /// after
  ///     [#close()], and in other threads
  public MemorySegment segment() {
    return segment;
  }

  /// Whether the segment is a copy, for want of native access: then it shows nothing that happens
  /// after it was pinned, and what is stored to it happens in [#close()].
  ///
  /// @return false if it is the memory of the region
  public boolean isCopy() {
    return lent != null;
  }

  /// Gives the memory back. Idempotent.
  ///
  /// @throws WrongThreadException in another thread than the one that pinned it
  @Override
  public void close() {
    if (!open) {
      return;
    }
    MemorySegment was = before;
    if (was != null && lent != null) {
      storeBack(segment, was, lent);
    }
    arena.close();
    open = false;
    for (int i = 0; i < count; i++) {
      FaultHandler.Pinned page = pages[i];
      assert page != null;
      FaultHandler.release(area, page);
    }
    area.leave();
  }

  private static void storeBack(MemorySegment now, MemorySegment was, MemorySegment frames) {
    long size = now.byteSize();
    long at = 0;
    while (at < size) {
      long same = MemorySegment.mismatch(now, at, size, was, at, size);
      if (same < 0) {
        return;
      }
      at += same;
      frames.set(ValueLayout.JAVA_BYTE, at, now.get(ValueLayout.JAVA_BYTE, at));
      at++;
    }
  }
}
