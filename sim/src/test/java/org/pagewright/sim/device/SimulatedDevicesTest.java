package org.pagewright.sim.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.pagewright.block.Bio;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sim.device.FaultyBlockDevice.Kind;

class SimulatedDevicesTest {
  private static MemorySegment sector(int content) {
    return MemorySegment.ofArray(new byte[512]).fill((byte) content);
  }

  @Test
  void theNthWriteFailsAndLeavesTheOldContent() throws FsException {
    try (FaultyBlockDevice device = new FaultyBlockDevice(PoisonedDevice.of("ram0", 1 << 20))) {
      device.failNth(Kind.WRITE, 2);
      List<Integer> failed = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        try {
          device.write(i * 512L, sector('a' + i));
        } catch (FsException e) {
          assertEquals(Errno.EIO, e.errno());
          failed.add(i);
        }
      }
      assertEquals(List.of(1), failed);
      assertEquals(1, device.faults());
      assertEquals(4, device.requests(Kind.WRITE));
      MemorySegment read = sector(0);
      device.read(512, read);
      assertEquals(0, PoisonedDevice.findPoison(read, 512));
      device.read(1024, read);
      assertEquals(-1, PoisonedDevice.findPoison(read, 1));
    }
  }

  @Test
  void flushesAndFuaWritesShareOneCount() throws FsException {
    try (FaultyBlockDevice device = new FaultyBlockDevice(PoisonedDevice.of("ram0", 1 << 20))) {
      device.failFrom(Kind.FLUSH, 2, Errno.EIO);
      device.flush();
      Bio write = Bio.of(Bio.Op.WRITE, 0, Bio.FUA).add(sector(1));
      assertThrows(FsException.class, () -> write.submitAndWait(device));
      assertThrows(FsException.class, device::flush);
      device.heal();
      device.flush();
      assertEquals(4, device.requests(Kind.FLUSH));
      assertEquals(2, device.faults());
      device.reset();
      assertEquals(0, device.requests(Kind.FLUSH));
    }
  }

  @Test
  void badSectorsFailOnlyRequestsThatTouchThem() throws FsException {
    try (FaultyBlockDevice device = new FaultyBlockDevice(PoisonedDevice.of("ram0", 1 << 20))) {
      device.failRange(Kind.READ, 1024, 512, Errno.EBADMSG);
      device.read(512, sector(0));
      device.read(1536, sector(0));
      FsException e = assertThrows(FsException.class, () -> device.read(1024, sector(0)));
      assertEquals(Errno.EBADMSG, e.errno());
      device.write(1024, sector(0));
    }
  }

  @Test
  void requestsAndBytesAreCountedByKind() throws FsException {
    try (CountingBlockDevice device = new CountingBlockDevice(PoisonedDevice.of("ram0", 1 << 20))) {
      device.write(0, sector(1));
      Bio.of(Bio.Op.WRITE, 512, Bio.FUA | Bio.PREFLUSH).add(sector(2)).submitAndWait(device);
      device.read(0, MemorySegment.ofArray(new byte[1024]));
      device.flush();
      device.discard(0, 512);
      assertEquals(1, device.reads());
      assertEquals(1024, device.bytesReadSubmitted());
      assertEquals(2, device.writes());
      assertEquals(1024, device.bytesWriteSubmitted());
      assertEquals(3, device.flushes());
      assertEquals(1, device.discards());
      device.reset();
      assertEquals(0, device.reads() + device.writes() + device.flushes() + device.discards());
    }
  }

  @Test
  void writesThatEndLateEndOnceEachAndBeforeTheDeviceIsClosed() throws FsException {
    int count = 200;
    AtomicIntegerArray ended = new AtomicIntegerArray(count);
    List<Integer> order = new CopyOnWriteArrayList<>();
    try (Arena arena = Arena.ofShared();
        LateBlockDevice device = new LateBlockDevice(PoisonedDevice.of("ram0", 1 << 20), 5)) {
      MemorySegment bytes = arena.allocate(512).fill((byte) 1);
      device.write(0, bytes);
      for (int i = 0; i < count; i++) {
        int number = i;
        Bio bio = Bio.write(512L * i, bytes);
        bio.whenEnded(
            (b, error) -> {
              order.add(number);
              ended.incrementAndGet(number);
            },
            null);
        device.submit(bio);
        device.flush();
      }
    }
    assertEquals(count, order.size());
    for (int i = 0; i < count; i++) {
      assertEquals(1, ended.get(i), "write " + i);
    }
  }

  @Test
  void poisonShowsWhereNothingWasWrittenAndComesBackOnDiscard() throws FsException {
    try (var device = PoisonedDevice.of("ram0", 1 << 20)) {
      MemorySegment read = MemorySegment.ofArray(new byte[1024]);
      device.write(0, sector(0));
      device.read(0, read);
      assertEquals(512, PoisonedDevice.findPoison(read, 8));
      assertThrows(
          AssertionError.class, () -> PoisonedDevice.assertNoPoison(read, "two sectors"));
      PoisonedDevice.assertNoPoison(read.asSlice(0, 512), "the written sector");
      device.discard(0, 512);
      device.read(0, read);
      assertEquals(0, PoisonedDevice.findPoison(read, 8));
    }
  }
}
