package org.pagewright.cli.tree;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/// Watches a tar go by: sees to its being one, whole, and keeps the pax records of the entry that
/// comes next, as bytes.
///
/// The library that reads the tar gives record values as text, in which an attribute that is no
/// valid UTF-8 (a capability, an ACL) is lost. And it takes a header with a wrong checksum for the
/// end, so that a zip, or a tar with one flipped bit, would be a short tar without a word. So its
/// input passes through here first.
///
/// ```
///   header 'x' | records, padded | header 'L' | long name | header '0' | content | ...
///   pending = records -----------------------------------> current      (counted off)
/// ```
final class PaxTap extends FilterInputStream {
  private static final int BLOCK = 512;
  private static final int SIZE_AT = 124;
  private static final int SIZE_LENGTH = 12;
  private static final int CHECKSUM_AT = 148;
  private static final int CHECKSUM_LENGTH = 8;
  private static final int TYPE_AT = 156;
  private static final int SPARSE_MORE_AT = 482;
  private static final int SPARSE_MORE_AGAIN_AT = 504;

  /// Attributes of one file are 64 KiB at most, each; nobody has more of them than this.
  private static final int RECORDS_MAX = 8 << 20;

  private final byte[] block = new byte[BLOCK];
  private final ByteArrayOutputStream collected = new ByteArrayOutputStream();
  private int filled;
  private long dataLeft;
  private long collectLeft;
  private boolean collecting;
  private boolean sparseMore;
  private boolean ended;
  private long position;
  private Map<String, byte[]> pending = new HashMap<>();
  private Map<String, byte[]> current = Map.of();

  PaxTap(InputStream in) {
    super(in);
  }

  /// The records of the entry whose header was read last.
  Map<String, byte[]> records() {
    return current;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int from, int length) throws IOException {
    int n = in.read(target, from, length);
    if (n > 0) {
      watch(target, from, n);
      position += n;
    } else if (n < 0 && (filled > 0 || dataLeft > 0) && !ended) {
      throw new EOFException("it ends at byte " + position + ", in the middle of an entry");
    }
    return n;
  }

  @Override
  public long skip(long count) throws IOException {
    if (dataLeft > 0 && !collecting && !sparseMore) {
      long n = in.skip(Math.min(count, dataLeft));
      dataLeft -= n;
      position += n;
      return n;
    }
    byte[] some = new byte[Math.clamp(count, 0, BLOCK)];
    return Math.max(0, read(some, 0, some.length));
  }

  @Override
  public boolean markSupported() {
    return false; // what goes by twice would be counted twice
  }

  private void watch(byte[] bytes, int from, int length) throws IOException {
    int at = from;
    int end = from + length;
    while (at < end) {
      if (dataLeft > 0 && !sparseMore) {
        int n = (int) Math.min(dataLeft, end - at);
        if (collecting) {
          int keep = (int) Math.min(n, collectLeft);
          collected.write(bytes, at, keep);
          collectLeft -= keep;
        }
        dataLeft -= n;
        at += n;
        if (dataLeft == 0 && collecting) {
          collecting = false;
          parse(collected.toByteArray());
          collected.reset();
        }
      } else {
        int n = Math.min(BLOCK - filled, end - at);
        System.arraycopy(bytes, at, block, filled, n);
        filled += n;
        at += n;
        if (filled == BLOCK) {
          filled = 0;
          header();
        }
      }
    }
  }

  private void header() throws IOException {
    if (sparseMore) {
      sparseMore = block[SPARSE_MORE_AGAIN_AT] != 0;
      return;
    }
    if (ended || isZero()) {
      ended = true; // whatever comes behind the end is nobody's
      return;
    }
    checkSum();
    int type = block[TYPE_AT];
    long size = number(SIZE_AT, SIZE_LENGTH);
    switch (type) {
      case 'x', 'X' -> {
        if (size > RECORDS_MAX) {
          throw new IOException("a pax header of " + size + " bytes");
        }
        pending = new HashMap<>();
        collecting = size > 0;
        collectLeft = size;
        dataLeft = padded(size);
      }
      case 'g', 'L', 'K' -> dataLeft = padded(size);
      case 'S' -> {
        entry(size);
        sparseMore = block[SPARSE_MORE_AT] != 0;
      }
      default -> entry(size);
    }
  }

  private void entry(long headerSize) throws IOException {
    current = pending;
    pending = new HashMap<>();
    long size = headerSize;
    byte[] record = current.get("size");
    if (record != null) {
      try {
        size = Long.parseLong(new String(record, StandardCharsets.US_ASCII));
      } catch (NumberFormatException e) {
        throw new IOException("a pax header with a size that is no number", e);
      }
    }
    dataLeft = padded(size);
  }

  private static long padded(long size) throws IOException {
    if (size < 0 || size > Long.MAX_VALUE - BLOCK) {
      throw new IOException("a size of " + size);
    }
    return size + BLOCK - 1 & -(long) BLOCK;
  }

  private boolean isZero() {
    for (byte b : block) {
      if (b != 0) {
        return false;
      }
    }
    return true;
  }

  /// The sum of a header's bytes, its own field taken for blanks. Old programs summed signed bytes.
  private void checkSum() throws IOException {
    long signed = 0;
    long unsigned = 0;
    for (int i = 0; i < BLOCK; i++) {
      boolean own = i >= CHECKSUM_AT && i < CHECKSUM_AT + CHECKSUM_LENGTH;
      byte b = own ? (byte) ' ' : block[i];
      signed += b;
      unsigned += b & 0xff;
    }
    long stored = number(CHECKSUM_AT, CHECKSUM_LENGTH);
    if (stored != unsigned && stored != signed) {
      throw new IOException("a header has a wrong checksum");
    }
  }

  /// A field of numbers: octal digits, or with its first bit set a binary number.
  private long number(int from, int length) {
    long value = 0;
    if ((block[from] & 0x80) != 0) {
      for (int i = from + length - 8; i < from + length; i++) {
        value = value << 8 | block[i] & 0xff;
      }
      return value;
    }
    for (int i = from; i < from + length; i++) {
      if (block[i] >= '0' && block[i] <= '7') {
        value = value << 3 | block[i] - '0';
      } else if (block[i] != ' ') {
        break;
      }
    }
    return value;
  }

  /// Records are `LENGTH KEY=VALUE\n`, the length counting all of it.
  private void parse(byte[] bytes) throws IOException {
    int at = 0;
    while (at < bytes.length && bytes[at] != 0) {
      int length = 0;
      int i = at;
      while (i < bytes.length && bytes[i] >= '0' && bytes[i] <= '9' && length < RECORDS_MAX) {
        length = length * 10 + bytes[i++] - '0';
      }
      int end = at + length;
      int equals = i + 1;
      while (equals < end && equals < bytes.length && bytes[equals] != '=') {
        equals++;
      }
      if (i >= bytes.length || bytes[i] != ' ' || end > bytes.length || equals >= end) {
        throw new IOException("a pax header that cannot be read");
      }
      String key = new String(bytes, i + 1, equals - i - 1, StandardCharsets.UTF_8);
      pending.put(key, Arrays.copyOfRange(bytes, equals + 1, end - 1));
      at = end;
    }
  }
}
