package org.pagewright.sim.device;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.errno.FsException;

/// A device in memory whose never written bytes read as a secret, and the search for that secret.
public final class PoisonedDevice {
  /// The byte that stands for somebody else's deleted secret.
  public static final byte POISON = 'S';

  private PoisonedDevice() {}

  /// A device full of poison, with sectors of 512 bytes. It takes no memory until written to.
  ///
  /// @param name what messages call it
  /// @param sizeBytes a multiple of 512
  /// @return a device that its owner closes
  /// @throws FsException EINVAL
  public static RamBlockDevice of(String name, long sizeBytes) throws FsException {
    return RamBlockDevice.filled(name, sizeBytes, 512, POISON);
  }

  /// Looks for a run of poison.
  ///
  /// @param memory what was read through a file
  /// @param runLength number of bytes in a row that cannot be chance
  /// @return offset of the first such run, -1 if there is none
  public static long findPoison(MemorySegment memory, int runLength) {
    long run = 0;
    for (long offset = 0; offset < memory.byteSize(); offset++) {
      run = memory.get(ValueLayout.JAVA_BYTE, offset) == POISON ? run + 1 : 0;
      if (run == runLength) {
        return offset + 1 - runLength;
      }
    }
    return -1;
  }

  /// Throws if there is a run of 8 bytes of poison or more.
  ///
  /// @param memory what was read through a file
  /// @param what for the message
  /// @throws AssertionError naming the offset
  public static void assertNoPoison(MemorySegment memory, String what) {
    long offset = findPoison(memory, 8);
    if (offset >= 0) {
      throw new AssertionError(what + ": bytes that were never written, from offset " + offset);
    }
  }
}
