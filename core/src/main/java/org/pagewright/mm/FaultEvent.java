package org.pagewright.mm;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Threshold;
import org.jspecify.annotations.Nullable;
import org.pagewright.stats.Trace;

/// A fault of a mapped region was served, or could not be. The pause of a store that is throttled
/// for it is an event of its own.
@Name("org.pagewright.PageFault")
@Label("Page fault")
@Description("An access to a mapped region found no entry that allows it; slow ones by default")
@Category({"Pagewright"})
@Threshold("1 ms")
final class FaultEvent extends Event {
  @Label("Region")
  private String region = "";

  @Label("Page")
  @Description("Number of the page in the region")
  private long page;

  @Label("Store")
  private boolean store;

  @Label("Rounds")
  @Description("How often it was tried: more than once if the folio went away or the volume froze")
  private int rounds;

  /// Null if nobody records.
  static @Nullable FaultEvent started() {
    if (!Trace.isOn()) {
      return null;
    }
    FaultEvent event = new FaultEvent();
    event.begin();
    return event;
  }

  void ended(VmArea area, long page, boolean store, int rounds) {
    end();
    if (shouldCommit()) {
      region = area.toString();
      this.page = page;
      this.store = store;
      this.rounds = rounds;
      commit();
    }
  }
}
