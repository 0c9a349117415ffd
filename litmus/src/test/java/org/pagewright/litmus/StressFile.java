package org.pagewright.litmus;

import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.cache.PageCache;
import org.pagewright.errno.FsException;

/// One file for all states of a stress test, which take its folios in turns.
final class StressFile {
  private static final int FOLIOS = 1 << 14; // more than states at a time, see SecondOpinionTest
  private static final AtomicLong NEXT = new AtomicLong();

  static final AddressSpace MAPPING =
      Content.mapping(new PageCache((FOLIOS + 1024L) * AddressSpace.FOLIO_SIZE));

  static {
    MAPPING.setSize((long) FOLIOS * AddressSpace.FOLIO_SIZE);
  }

  private StressFile() {}

  /// A folio full of ones, dirty and open for overwriting.
  ///
  /// @return its first byte in the file
  static long next() {
    long index = NEXT.getAndIncrement() % FOLIOS;
    try {
      Folio folio = MAPPING.getOrCreate(index, 0);
      folio.beginChange();
      folio.bytes().fill((byte) 1);
      folio.endChange();
      folio.markUptodate();
      folio.markDirty();
      folio.openForOverwrite();
      folio.unlock();
    } catch (FsException e) {
      throw new IllegalStateException(e);
    }
    return index << AddressSpace.FOLIO_SHIFT;
  }

  static byte[] twos() {
    byte[] bytes = new byte[AddressSpace.FOLIO_SIZE];
    Arrays.fill(bytes, (byte) 2);
    return bytes;
  }

  static Folio folio(long pos) {
    Folio folio = MAPPING.find(AddressSpace.indexOf(pos));
    if (folio == null) {
      throw new IllegalStateException("no folio at " + pos);
    }
    return folio;
  }

  static byte lastByte(Folio folio) {
    return folio.chunk().get(ValueLayout.JAVA_BYTE, folio.chunkOffset() + folio.size() - 1);
  }
}
