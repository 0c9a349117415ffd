package org.pagewright.fuse.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.fuse.os.Sys;

/// A descriptor's number is given out again as soon as it was closed: whoever comes late to a
/// channel must not read from, or write to, what somebody else has opened meanwhile.
final class DeviceChannelTest {
  @TempDir Path folder;

  @Test
  void aLateAnswerReachesNobodyElsesFile() throws Exception {
    assumeTrue(Sys.whyNot() == null);
    Sys sys = new Sys();
    Path device = Files.createFile(folder.resolve("device"));
    Path others = Files.writeString(folder.resolve("others"), "theirs");
    DeviceChannel channel = new DeviceChannel(sys.open(device.toString(), Sys.O_RDWR));
    channel.close();
    int fd = sys.open(others.toString(), Sys.O_RDWR); // the number that is free now
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment message = arena.allocate(16);
      assertFalse(channel.send(message, 16));
      assertEquals(Channel.END, channel.receive(message));
      channel.close();
      assertEquals(6, sys.read(fd, message, 16), "still open, and nobody has read from it");
    } finally {
      sys.close(fd);
    }
    assertEquals("theirs", Files.readString(others));
  }
}
