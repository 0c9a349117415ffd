package org.pagewright.fs.ext4.disk;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class Crc32cTest {
  @Test
  void theStandardCheckValueComesOut() {
    MemorySegment s = MemorySegment.ofArray("123456789".getBytes(StandardCharsets.US_ASCII));
    assertEquals(0xe3069283, ~Crc32c.update(Crc32c.SEED, s, 0, 9));
    assertEquals(0x4b37, Crc16.update(Crc16.SEED, s, 0, 9));
  }

  @Test
  void anySeedAndLengthAgreesWithTheJdkFedByteByByteAndWithChaining() {
    long seed = 4711;
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment s = arena.allocate(9000);
      byte[] bytes = new byte[9000];
      random.nextBytes(bytes);
      s.copyFrom(MemorySegment.ofArray(bytes));
      for (int i = 0; i < 2000; i++) {
        int at = random.nextInt(600);
        int length = random.nextInt(random.nextBoolean() ? 40 : 8000);
        CRC32C jdk = new CRC32C();
        jdk.update(bytes, at, length);
        assertEquals(~(int) jdk.getValue(), Crc32c.update(Crc32c.SEED, s, at, length));

        int crc = random.nextInt();
        int slow = crc;
        for (int k = 0; k < length; k++) {
          slow = Crc32c.update8(slow, bytes[at + k]);
        }
        assertEquals(slow, Crc32c.update(crc, s, at, length));
        int split = length == 0 ? 0 : random.nextInt(length);
        int part = Crc32c.update(crc, s, at, split);
        assertEquals(slow, Crc32c.update(part, s, at + split, length - split));
      }
    }
  }

  @Test
  void numbersCountAsTheirLittleEndianBytes() {
    MemorySegment s = MemorySegment.ofArray(new byte[8]);
    LittleEndian.put64(s, 0, 0x1122_3344_5566_7788L);
    assertEquals(
        Crc32c.update(77, s, 0, 8), Crc32c.update64(77, 0x1122_3344_5566_7788L));
    assertEquals(Crc32c.update(77, s, 0, 4), Crc32c.update32(77, 0x5566_7788));
    assertEquals(Crc16.update(77, s, 0, 4), Crc16.update32(77, 0x5566_7788));
  }
}
