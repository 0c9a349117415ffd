package org.pagewright.reclaim;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/// Room was made for a frame, and somebody waited for that.
@Name("org.pagewright.EvictionPass")
@Label("Eviction pass")
@Description("Reclaim looked for folios to take away, because a frame was wanted and none was free")
@Category({"Pagewright"})
@StackTrace(false)
final class EvictionEvent extends Event {
  @Label("Evicted")
  @Description("Folios that were taken away")
  private int evicted;

  @Label("Waits")
  @Description("How often it waited for write-out, because nothing was clean")
  private int waits;

  @Label("Found")
  @Description("Whether there is a frame now")
  private boolean found;

  @Label("Dirty")
  @Description("Folios that were dirty or under write-out at the end")
  private int dirty;

  /// To be called after `begin`.
  void ended(int evicted, int waits, boolean found, int dirty) {
    end();
    if (shouldCommit()) {
      this.evicted = evicted;
      this.waits = waits;
      this.found = found;
      this.dirty = dirty;
      commit();
    }
  }
}
