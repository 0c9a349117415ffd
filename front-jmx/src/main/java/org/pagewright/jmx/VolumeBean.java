package org.pagewright.jmx;

import java.util.Map;
import java.util.TreeMap;
import javax.management.InstanceAlreadyExistsException;
import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.MBeanRegistrationException;
import javax.management.MBeanServer;
import javax.management.MalformedObjectNameException;
import javax.management.NotCompliantMBeanException;
import javax.management.ObjectName;
import org.pagewright.cache.AddressSpace;
import org.pagewright.observe.VolumeReport;
import org.pagewright.stats.Count;
import org.pagewright.stats.Histogram;
import org.pagewright.vfs.SuperBlock;
import org.pagewright.writeback.BackingDevice;
import org.pagewright.writeback.ThrottlePause;

/// A volume as a management bean, under the name `org.pagewright:type=Volume,name="..."`.
public final class VolumeBean implements AutoCloseable {
  private final MBeanServer server;
  private final ObjectName name;

  private VolumeBean(MBeanServer server, ObjectName name) {
    this.server = server;
    this.name = name;
  }

  /// Makes the bean of a volume.
  ///
  /// @param server where consoles look: that of the platform, usually
  /// @param superBlock the volume
  /// @param name what people call it: an image's path
  /// @return close it before the volume
  /// @throws IllegalStateException if the server has a bean of that name already
  public static VolumeBean register(MBeanServer server, SuperBlock superBlock, String name) {
    try {
      ObjectName objectName =
          new ObjectName("org.pagewright:type=Volume,name=" + ObjectName.quote(name));
      server.registerMBean(new Numbers(superBlock, name), objectName);
      return new VolumeBean(server, objectName);
    } catch (MalformedObjectNameException
        | InstanceAlreadyExistsException
        | NotCompliantMBeanException
        | MBeanRegistrationException e) {
      throw new IllegalStateException("no bean for the volume " + name, e);
    }
  }

  /// What the server calls it.
  ///
  /// @return never null
  public ObjectName name() {
    return name;
  }

  /// Takes the bean away. Idempotent.
  @Override
  public void close() {
    try {
      server.unregisterMBean(name);
    } catch (InstanceNotFoundException e) {
      return; // taken away before
    } catch (JMException e) {
      throw new IllegalStateException("bean " + name + " stays", e);
    }
  }

  /// Looks at the volume each time it is asked.
  private record Numbers(SuperBlock superBlock, String name) implements VolumeMXBean {
    private VolumeReport report() {
      return VolumeReport.of(superBlock, name, "");
    }

    private static long bytes(long folios) {
      return folios * AddressSpace.FOLIO_SIZE;
    }

    @Override
    public String getName() {
      return name;
    }

    @Override
    public double getHitPercent() {
      return report().hitPercent();
    }

    @Override
    public long getCacheBytes() {
      return bytes(report().frames());
    }

    @Override
    public long getCacheUsedBytes() {
      return bytes(report().framesUsed());
    }

    @Override
    public long getDirtyBytes() {
      return bytes(report().dirty());
    }

    @Override
    public long getWritebackBytes() {
      return bytes(report().writeback());
    }

    @Override
    public long getDirtyLimitBytes() {
      return bytes(report().dirtyLimit());
    }

    @Override
    public long getWrittenBytes() {
      return bytes(report().written());
    }

    @Override
    public long getBandwidthBytes() {
      return bytes(report().bandwidth());
    }

    @Override
    public Map<String, Long> getCounts() {
      VolumeReport report = report();
      Map<String, Long> counts = new TreeMap<>();
      for (Count count : Count.values()) {
        counts.put(count.key(), report.count(count));
      }
      return counts;
    }

    @Override
    public Map<String, Long> getDevice() {
      VolumeReport report = report();
      Map<String, Long> device = new TreeMap<>();
      latency(device, "reads", report.device().reads());
      latency(device, "writes", report.device().writes());
      latency(device, "flushes", report.device().flushes());
      device.put("failures", report.device().failures());
      return device;
    }

    private static void latency(Map<String, Long> device, String what, Histogram.Snapshot s) {
      device.put(what + "Count", s.count());
      device.put(what + "P50Nanos", s.percentile(50));
      device.put(what + "P99Nanos", s.percentile(99));
    }

    @Override
    public String getLastPause() {
      BackingDevice device = superBlock.device();
      ThrottlePause pause = device == null ? null : device.lastPause();
      return pause == null ? "" : pause.explain();
    }
  }
}
