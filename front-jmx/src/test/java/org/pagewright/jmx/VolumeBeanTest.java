package org.pagewright.jmx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanServer;
import javax.management.MBeanServerFactory;
import javax.management.openmbean.CompositeData;
import javax.management.openmbean.TabularData;
import org.junit.jupiter.api.Test;
import org.pagewright.ramfs.Ramfs;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// A volume as a console sees it.
final class VolumeBeanTest {
  private final MBeanServer server = MBeanServerFactory.newMBeanServer();

  @Test
  void aConsoleSeesWhatTheVolumeDidAsOpenData() throws Exception {
    try (CacheMemory memory = CacheMemory.ofBytes(1 << 20);
        Volume volume = Ramfs.mount(memory.cache(), MountOptions.DEFAULTS)) {
      VolumeBean bean = VolumeBean.register(server, volume.superBlock(), "disk \"1\",x=*?.img");
      try (OpenFile file = volume.open("/f", OpenFlags.CREAT | OpenFlags.RDWR, 0644)) {
        file.write(0, MemorySegment.ofArray(new byte[8192]));
        for (int i = 0; i < 100; i++) {
          file.read(0, new byte[64], 0, 64);
        }
      }
      for (MBeanAttributeInfo attribute : server.getMBeanInfo(bean.name()).getAttributes()) {
        assertNotNull(server.getAttribute(bean.name(), attribute.getName()), attribute.getName());
      }
      assertEquals(1L << 20, server.getAttribute(bean.name(), "CacheBytes"));
      assertEquals(100.0, server.getAttribute(bean.name(), "HitPercent"));
      TabularData counts = (TabularData) server.getAttribute(bean.name(), "Counts");
      CompositeData lookups = counts.get(new Object[] {"lookups"});
      assertEquals(100L, lookups.get("value"));
      assertTrue(counts.containsKey(new Object[] {"throttledNanos"}));
      assertThrows(
          IllegalStateException.class,
          () -> VolumeBean.register(server, volume.superBlock(), "disk \"1\",x=*?.img"));
      bean.close();
      bean.close();
      assertFalse(server.isRegistered(bean.name()));
    }
  }
}
