package org.pagewright.cli;

import java.util.List;
import org.pagewright.cli.report.Json;
import org.pagewright.observe.ProcessReport;
import org.pagewright.observe.VolumeReport;
import org.pagewright.stats.Count;
import org.pagewright.stats.DeviceStats;
import org.pagewright.stats.Histogram;

/// Writes reports for programs: all numbers as they are, counts since the volume was opened.
final class TopJson {
  private TopJson() {}

  /// One line.
  static String of(List<ProcessReport> reports) {
    Json json = new Json().array();
    for (ProcessReport report : reports) {
      json.object().member("pid", report.pid()).member("nanos", report.nanos());
      json.name("volumes").array();
      for (VolumeReport volume : report.volumes()) {
        volume(json, volume);
      }
      json.endArray().endObject();
    }
    return json.endArray().take();
  }

  private static void volume(Json json, VolumeReport v) {
    json.object().member("name", v.name()).member("mountPoint", v.mountPoint());
    json.member("frames", v.frames()).member("framesUsed", v.framesUsed());
    json.member("cacheDirty", v.cacheDirty()).member("dirtyBackground", v.dirtyBackground());
    json.member("dirtyLimit", v.dirtyLimit()).member("dirty", v.dirty());
    json.member("writeback", v.writeback()).member("written", v.written());
    json.member("bandwidth", v.bandwidth()).member("hits", v.hits());
    for (Count count : Count.values()) {
      json.member(count.key(), v.count(count));
    }
    DeviceStats.Snapshot device = v.device();
    json.name("device").object();
    latency(json, "reads", device.reads());
    latency(json, "writes", device.writes());
    latency(json, "flushes", device.flushes());
    json.member("bytesRead", device.bytesRead()).member("bytesWritten", device.bytesWritten());
    json.member("failures", device.failures()).endObject().endObject();
  }

  private static void latency(Json json, String name, Histogram.Snapshot latency) {
    json.name(name).object().member("count", latency.count());
    json.member("p50Nanos", latency.percentile(50)).member("p99Nanos", latency.percentile(99));
    json.member("maxNanos", latency.percentile(100)).endObject();
  }
}
