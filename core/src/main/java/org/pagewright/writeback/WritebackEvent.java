package org.pagewright.writeback;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.WritebackControl;
import org.pagewright.errno.FsException;

/// The dirty folios of a file were walked over and given to the device.
@Name("org.pagewright.WritebackPass")
@Label("Writeback pass")
@Description("Dirty folios of one file were given to the device; its answers are not waited for")
@Category({"Pagewright"})
@StackTrace(false)
@Threshold("1 ms")
final class WritebackEvent extends Event {
  @Label("File")
  private String file = "";

  @Label("Integrity")
  @Description("For a sync: everything; else what is not busy, up to an amount")
  private boolean integrity;

  @Label("Written")
  @Description("Folios given to the device")
  private long written;

  @Label("Skipped")
  @Description("Folios that were passed over")
  private long skipped;

  @Label("Error")
  @Description("The first error of starting a write; empty if there was none")
  private String error = "";

  /// To be called after `begin`.
  void ended(AddressSpace mapping, WritebackControl control, @Nullable FsException failed) {
    end();
    if (shouldCommit()) {
      file = mapping.toString();
      integrity = control.mode() == WritebackControl.SyncMode.ALL;
      written = control.written();
      skipped = control.skipped();
      error = failed == null ? "" : failed.errno().name();
      commit();
    }
  }
}
