package org.pagewright.fuse;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.Ext4;
import org.pagewright.fs.ext4.Ext4Options;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fuse.server.FuseServer;
import org.pagewright.fuse.server.Log;
import org.pagewright.fuse.server.ServerOptions;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.Volume;

/// What is told of requests that are not answered.
final class WatchdogTest {
  private final List<String> heard = new ArrayList<>();

  private final class Ear implements Log {
    @Override
    public void trouble(String text) {
      heard.add(text);
    }

    @Override
    public boolean traces() {
      return false;
    }

    @Override
    public void trace(String line) {}
  }

  @Test
  void requestIsToldOfOnceAndForgottenWhenItIsAnswered() throws FsException {
    RamBlockDevice device = RamBlockDevice.of("image", 16 << 20);
    Mkfs.make(device, new MkfsOptions());
    try (CacheMemory memory = CacheMemory.ofBytes(8 << 20);
        Volume volume = Ext4.mount(device, memory, Ext4Options.DEFAULTS);
        FuseServer server = new FuseServer(volume, ServerOptions.DEFAULTS, new Ear())) {
      Watchdog watchdog = new Watchdog(server, Path.of("/mnt"), 30, new Ear());
      String forever = "FSYNC #2 node 5 pid 7: since 30 s";
      for (int i = 0; i < 1000; i++) { // one stays, others come and go
        watchdog.tell(List.of(forever, "READ #" + (4 + 2 * i) + " node 5 pid 7: since 31 s"));
        assertEquals(2, watchdog.told());
      }
      assertEquals(1001, heard.size());
      assertEquals("/mnt: no answer yet to " + forever, heard.getFirst());
      watchdog.tell(List.of("FSYNC #2 node 5 pid 7: since 90 s"));
      assertEquals(1001, heard.size());
      watchdog.tell(List.of());
      assertEquals(0, watchdog.told());
    }
  }
}
