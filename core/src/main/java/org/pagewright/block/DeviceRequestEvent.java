package org.pagewright.block;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.FsException;

/// A request of a device took long: from submit to its end, the wait in the queue included.
@Name("org.pagewright.DeviceRequest")
@Label("Device request")
@Description("A request of a block device, from its submit to its end; by default only slow ones")
@Category({"Pagewright"})
@StackTrace(false)
@Threshold("10 ms")
final class DeviceRequestEvent extends Event {
  @Label("Device")
  private String device = "";

  @Label("Operation")
  private String operation = "";

  @Label("Position")
  @Description("First byte on the device")
  private long position;

  @Label("Length")
  @DataAmount
  private long length;

  @Label("Error")
  @Description("Empty if it ended well")
  private String error = "";

  /// To be called after `begin`.
  void ended(BlockDevice on, Bio bio, @Nullable FsException failed) {
    end();
    if (shouldCommit()) {
      device = on.name();
      operation = bio.op().name();
      position = bio.pos();
      length = bio.length();
      error = failed == null ? "" : failed.errno().name();
      commit();
    }
  }
}
