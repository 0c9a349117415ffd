package org.pagewright.fs.ext4.alloc;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class BitsTest {
  @Test
  void itIsWhatABitSetIs() {
    int size = 1024;
    long seed = 99;
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    byte[] bytes = new byte[size / 8];
    Bits bits = new Bits(MemorySegment.ofArray(bytes));
    BitSet model = new BitSet(size);
    for (int round = 0; round < 20_000; round++) {
      int from = random.nextInt(size);
      int end = from + random.nextInt(Math.min(150, size - from + 1));
      if (random.nextBoolean()) {
        bits.set(from, end - from);
        model.set(from, end);
      } else {
        bits.clear(from, end - from);
        model.clear(from, end);
      }
      int at = random.nextInt(size);
      int limit = at + random.nextInt(size - at + 1);
      assertEquals(model.get(at), bits.get(at));
      assertEquals(Math.min(limit, model.nextClearBit(at)), bits.nextClear(at, limit));
      int set = model.nextSetBit(at);
      assertEquals(set < 0 ? limit : Math.min(limit, set), bits.nextSet(at, limit));
      assertEquals(model.get(at, limit).cardinality(), bits.countSet(at, limit - at));
    }
    assertEquals(BitSet.valueOf(bytes), model, "bit n is bit n%8 of byte n/8");
  }
}
