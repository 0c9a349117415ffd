package org.pagewright.sim.crash;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.pagewright.block.Bio;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sim.contract.StoreDevice;
import org.pagewright.sim.device.FaultyBlockDevice;
import org.pagewright.sim.device.FaultyBlockDevice.Kind;

/// What is certain, and what is in doubt, at each moment of a recording.
final class MediumTest {
  private final OverlayDevice start;

  MediumTest() throws FsException {
    RamBlockDevice ram = RamBlockDevice.of("ram", 64 << 10);
    start = OverlayDevice.copyOf(ram);
    ram.close();
  }

  private static MemorySegment sectors(int count, int fill) {
    return MemorySegment.ofArray(new byte[512 * count]).fill((byte) fill);
  }

  private static int at(OverlayDevice image, long pos) throws FsException {
    byte[] sector = new byte[512];
    image.read(pos / 512 * 512, MemorySegment.ofArray(sector));
    return sector[(int) (pos % 512)];
  }

  private Medium atTheEnd(RecordingDevice device) throws FsException {
    Recording recording = device.recording();
    return Medium.before(recording, start, recording.events());
  }

  private static List<Integer> inDoubt(Medium medium) {
    return medium.pending().stream().map(p -> p.request.id()).toList();
  }

  @Test
  void aWriteIsInDoubtUntilAFlushThatWasSentAfterItHadEnded() throws FsException {
    RecordingDevice device = new RecordingDevice(start.fork());
    device.write(0, sectors(1, 1));
    assertEquals(List.of(0), inDoubt(atTheEnd(device)));
    device.flush();
    device.write(512, sectors(1, 2));
    Medium medium = atTheEnd(device);
    assertEquals(List.of(2), inDoubt(medium));
    OverlayDevice all = medium.image(Cut.at(0));
    assertEquals(1, at(all, 0));
    assertEquals(2, at(all, 512));
    Cut lost = new Cut(0, new TreeSet<>(List.of(2)), new java.util.TreeMap<>(), null);
    assertEquals(1, at(medium.image(lost), 0));
    assertEquals(0, at(medium.image(lost), 512));
  }

  @Test
  void aFlushThatOvertakesAWriteCoversNothingOfIt() throws FsException {
    StoreDevice slow = new StoreDevice(start.fork());
    RecordingDevice device = new RecordingDevice(slow);
    slow.holdWrites();
    device.submit(Bio.write(0, sectors(1, 1)));
    device.flush();
    slow.releaseWrites();
    assertEquals(List.of(0), inDoubt(atTheEnd(device)));
    device.flush();
    assertEquals(List.of(), inDoubt(atTheEnd(device)));
  }

  @Test
  void aWriteWithFuaIsCertainByItselfAndOneWithPreflushMakesOthersSo() throws FsException {
    RecordingDevice device = new RecordingDevice(start.fork());
    device.write(0, sectors(1, 1));
    Bio.of(Bio.Op.WRITE, 512, Bio.FUA).add(sectors(1, 2)).submitAndWait(device);
    assertEquals(List.of(0), inDoubt(atTheEnd(device)));
    Bio.of(Bio.Op.WRITE, 1024, Bio.PREFLUSH).add(sectors(1, 3)).submitAndWait(device);
    assertEquals(1, inDoubt(atTheEnd(device)).size());
    assertEquals(1, device.recording().flushes());
  }

  @Test
  void whatFailedIsInDoubtForEverAndAFlushThatFailedDidNothing() throws FsException {
    FaultyBlockDevice faulty = new FaultyBlockDevice(start.fork());
    RecordingDevice device = new RecordingDevice(faulty);
    faulty.failNth(Kind.WRITE, 1, Errno.EIO);
    faulty.failNth(Kind.FLUSH, 1, Errno.EIO);
    assertThrows(FsException.class, () -> device.write(0, sectors(1, 1)));
    device.write(512, sectors(1, 2));
    assertThrows(FsException.class, device::flush);
    assertEquals(List.of(0, 1), inDoubt(atTheEnd(device)));
    device.flush();
    assertEquals(List.of(0), inDoubt(atTheEnd(device)));
    // Written anew and flushed, it matters no more.
    device.write(0, sectors(1, 3));
    device.flush();
    assertEquals(List.of(), inDoubt(atTheEnd(device)));
  }

  @Test
  void aCertainWriteHidesWhatWasInDoubtBelowItSectorBySector() throws FsException {
    FaultyBlockDevice faulty = new FaultyBlockDevice(start.fork());
    RecordingDevice device = new RecordingDevice(faulty);
    faulty.failNth(Kind.WRITE, 1, Errno.EIO);
    assertThrows(FsException.class, () -> device.write(0, sectors(4, 1)));
    Bio.of(Bio.Op.WRITE, 512, Bio.FUA).add(sectors(2, 2)).submitAndWait(device);
    OverlayDevice image = atTheEnd(device).image(Cut.at(0));
    assertEquals(List.of(1, 2, 2, 1),
        List.of(at(image, 0), at(image, 512), at(image, 1024), at(image, 1536)));
  }

  @Test
  void equalContentHasOneHashWhateverTheWayToIt() throws FsException {
    OverlayDevice one = start.fork();
    one.write(0, sectors(1, 1));
    one.write(8192, sectors(1, 2));
    OverlayDevice other = start.fork();
    other.write(8192, sectors(1, 2));
    OverlayDevice child = other.fork();
    child.write(0, sectors(1, 1));
    assertEquals(one.contentHash(), child.contentHash());
    assertNotEquals(other.contentHash(), child.contentHash());
    child.write(0, sectors(1, 0));
    assertEquals(other.contentHash(), child.contentHash());
    other.write(8192, sectors(1, 0));
    assertEquals(0, other.contentHash());
  }
}
