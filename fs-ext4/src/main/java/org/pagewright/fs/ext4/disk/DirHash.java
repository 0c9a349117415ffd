package org.pagewright.fs.ext4.disk;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// The hash of a name in an indexed directory, in all the versions that an index can carry.
///
/// A result is one long: the major hash in the high 32 bits, the minor hash in the low 32. The
/// major hash has its lowest bit clear: an index entry uses that bit to say "continued from the
/// block before". The largest value is reserved for the end of a directory's iteration, and is
/// lowered to the one before.
///
/// Instances are immutable: one per superblock and version. Hashing allocates nothing.
public final class DirHash {
  /// The oldest version, and the `char` type was signed.
  public static final int LEGACY = 0;

  /// Four rounds less than MD4; the default.
  public static final int HALF_MD4 = 1;

  /// Tiny encryption algorithm.
  public static final int TEA = 2;

  /// Added to the version where bytes count as unsigned.
  public static final int UNSIGNED = 3;

  /// The major hash that no name has: the end of the directory.
  public static final int EOF = 0x7fff_ffff << 1;

  private final int version;
  private final boolean signed;
  private final int seed0;
  private final int seed1;
  private final int seed2;
  private final int seed3;

  private DirHash(int version, boolean signed, int s0, int s1, int s2, int s3) {
    this.version = version;
    this.signed = signed;
    boolean none = (s0 | s1 | s2 | s3) == 0;
    this.seed0 = none ? 0x67452301 : s0;
    this.seed1 = none ? 0xefcdab89 : s1;
    this.seed2 = none ? 0x98badcfe : s2;
    this.seed3 = none ? 0x10325476 : s3;
  }

  /// {@return a hash function, or null if the version is none that we know}
  ///
  /// @param version LEGACY, HALF_MD4, TEA, each with or without UNSIGNED added
  /// @param seed memory that holds the four 32-bit numbers of the superblock's seed
  /// @param at first byte of the seed
  public static @Nullable DirHash of(int version, MemorySegment seed, long at) {
    if (version < LEGACY || version > TEA + UNSIGNED) {
      return null;
    }
    return new DirHash(
        version % UNSIGNED,
        version < UNSIGNED,
        LittleEndian.i32(seed, at),
        LittleEndian.i32(seed, at + 4),
        LittleEndian.i32(seed, at + 8),
        LittleEndian.i32(seed, at + 12));
  }

  /// {@return the version without signedness: LEGACY, HALF_MD4 or TEA}
  public int version() {
    return version;
  }

  /// {@return the major hash of a result}
  ///
  /// @param hash what [#hash] returned
  public static int major(long hash) {
    return (int) (hash >>> 32);
  }

  /// {@return the minor hash of a result}
  ///
  /// @param hash what [#hash] returned
  public static int minor(long hash) {
    return (int) hash;
  }

  /// {@return major and minor hash of a name}
  ///
  /// @param name the bytes of the name, all of the array
  public long hash(byte[] name) {
    return hash(MemorySegment.ofArray(name), 0, name.length);
  }

  /// {@return major and minor hash of a name}
  ///
  /// @param s memory
  /// @param at first byte of the name
  /// @param length bytes of the name
  public long hash(MemorySegment s, long at, int length) {
    long hash =
        switch (version) {
          case LEGACY -> (long) legacy(s, at, length) << 32;
          case HALF_MD4 -> halfMd4(s, at, length);
          default -> tea(s, at, length);
        };
    int major = major(hash) & ~1;
    if (major == EOF) {
      major = (0x7fff_ffff - 1) << 1;
    }
    return (long) major << 32 | (hash & 0xffff_ffffL);
  }

  private int legacy(MemorySegment s, long at, int length) {
    int hash0 = 0x12a3fe2d;
    int hash1 = 0x37abe8f9;
    for (int i = 0; i < length; i++) {
      int hash = hash1 + (hash0 ^ (byteAt(s, at + i) * 7152373));
      if (hash < 0) {
        hash -= 0x7fff_ffff;
      }
      hash1 = hash0;
      hash0 = hash;
    }
    return hash0 << 1;
  }

  private long tea(MemorySegment s, long at, int length) {
    int a = seed0;
    int b = seed1;
    long p = at;
    for (int left = length; left > 0; left -= 16, p += 16) {
      int k0 = word(s, p, left, 0);
      int k1 = word(s, p, left, 1);
      int k2 = word(s, p, left, 2);
      int k3 = word(s, p, left, 3);
      int x = a;
      int y = b;
      int sum = 0;
      for (int n = 0; n < 16; n++) {
        sum += 0x9e3779b9;
        x += ((y << 4) + k0) ^ (y + sum) ^ ((y >>> 5) + k1);
        y += ((x << 4) + k2) ^ (x + sum) ^ ((x >>> 5) + k3);
      }
      a += x;
      b += y;
    }
    return (long) a << 32 | (b & 0xffff_ffffL);
  }

  private long halfMd4(MemorySegment s, long at, int length) {
    int h0 = seed0;
    int h1 = seed1;
    int h2 = seed2;
    int h3 = seed3;
    long p = at;
    for (int left = length; left > 0; left -= 32, p += 32) {
      int w0 = word(s, p, left, 0);
      int w1 = word(s, p, left, 1);
      int w2 = word(s, p, left, 2);
      int w3 = word(s, p, left, 3);
      int w4 = word(s, p, left, 4);
      int w5 = word(s, p, left, 5);
      int w6 = word(s, p, left, 6);
      int w7 = word(s, p, left, 7);
      int a = h0;
      int b = h1;
      int c = h2;
      int d = h3;

      a = Integer.rotateLeft(a + choose(b, c, d) + w0, 3);
      d = Integer.rotateLeft(d + choose(a, b, c) + w1, 7);
      c = Integer.rotateLeft(c + choose(d, a, b) + w2, 11);
      b = Integer.rotateLeft(b + choose(c, d, a) + w3, 19);
      a = Integer.rotateLeft(a + choose(b, c, d) + w4, 3);
      d = Integer.rotateLeft(d + choose(a, b, c) + w5, 7);
      c = Integer.rotateLeft(c + choose(d, a, b) + w6, 11);
      b = Integer.rotateLeft(b + choose(c, d, a) + w7, 19);

      int k2 = 0x5a827999;
      a = Integer.rotateLeft(a + majority(b, c, d) + w1 + k2, 3);
      d = Integer.rotateLeft(d + majority(a, b, c) + w3 + k2, 5);
      c = Integer.rotateLeft(c + majority(d, a, b) + w5 + k2, 9);
      b = Integer.rotateLeft(b + majority(c, d, a) + w7 + k2, 13);
      a = Integer.rotateLeft(a + majority(b, c, d) + w0 + k2, 3);
      d = Integer.rotateLeft(d + majority(a, b, c) + w2 + k2, 5);
      c = Integer.rotateLeft(c + majority(d, a, b) + w4 + k2, 9);
      b = Integer.rotateLeft(b + majority(c, d, a) + w6 + k2, 13);

      int k3 = 0x6ed9eba1;
      a = Integer.rotateLeft(a + (b ^ c ^ d) + w3 + k3, 3);
      d = Integer.rotateLeft(d + (a ^ b ^ c) + w7 + k3, 9);
      c = Integer.rotateLeft(c + (d ^ a ^ b) + w2 + k3, 11);
      b = Integer.rotateLeft(b + (c ^ d ^ a) + w6 + k3, 15);
      a = Integer.rotateLeft(a + (b ^ c ^ d) + w1 + k3, 3);
      d = Integer.rotateLeft(d + (a ^ b ^ c) + w5 + k3, 9);
      c = Integer.rotateLeft(c + (d ^ a ^ b) + w0 + k3, 11);
      b = Integer.rotateLeft(b + (c ^ d ^ a) + w4 + k3, 15);

      h0 += a;
      h1 += b;
      h2 += c;
      h3 += d;
    }
    return (long) h1 << 32 | (h2 & 0xffff_ffffL);
  }

  private static int choose(int x, int y, int z) {
    return z ^ (x & (y ^ z));
  }

  private static int majority(int x, int y, int z) {
    return (x & y) + ((x ^ y) & z);
  }

  /// The n-th 32-bit word of what is left of the name: four bytes, the first one highest, on top of
  /// a pad made of the length; just the pad beyond the end.
  private int word(MemorySegment s, long at, int left, int n) {
    int pad = left | (left << 8);
    pad |= pad << 16;
    int end = Math.min(left, n * 4 + 4);
    int value = pad;
    for (int i = n * 4; i < end; i++) {
      value = byteAt(s, at + i) + (value << 8);
    }
    return value;
  }

  private int byteAt(MemorySegment s, long at) {
    int unsigned = LittleEndian.u8(s, at);
    return signed ? (byte) unsigned : unsigned;
  }
}
