package org.pagewright.writeback;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Timespan;
import org.pagewright.cache.AddressSpace;

/// A writer was made to wait, with every term of the decision: [ThrottlePause] as an event (R-I2).
/// The event's own duration is how long the writer slept, which is less than the pause if the
/// device was faster than believed.
@Name("org.pagewright.ThrottlePause")
@Label("Throttle pause")
@Description(
    "A writer waited, to keep dirty memory within its limits:"
        + " pause = min(200 ms, booked + owed / (bandwidth x positionRatio x deviceRatio))")
@Category({"Pagewright"})
final class ThrottleEvent extends Event {
  @Label("File")
  private String file = "";

  @Label("Device")
  private String device = "";

  @Label("At the limit")
  @Description("There was no room below the limit: the writer waited for room, not for a pause")
  private boolean atLimit;

  @Label("Pause")
  @Description("What the formula gave")
  @Timespan(Timespan.NANOSECONDS)
  private long pause;

  @Label("Dirty")
  @Description("Folios of all devices, dirty or under write-out")
  private int dirty;

  @Label("Free run")
  @Description("Up to here nobody is slowed")
  private int freeRun;

  @Label("Setpoint")
  @Description("Where that sum is wanted")
  private int setpoint;

  @Label("Limit")
  @Description("Where that sum must stop")
  private int limit;

  @Label("Device dirty")
  @Description("The part of this device")
  private int deviceDirty;

  @Label("Device threshold")
  @Description("Its share of the limit")
  private int deviceThreshold;

  @Label("Position ratio")
  @Description("1 + ((setpoint - dirty) / (limit - setpoint))^3, within 0..2")
  private double positionRatio;

  @Label("Device ratio")
  @Description(
      "(deviceThreshold x (1 + setpoint / limit) - deviceDirty) / deviceThreshold, within 0..1")
  private double deviceRatio;

  @Label("Bandwidth")
  @Description("Folios a second that the device writes")
  private double bandwidth;

  @Label("Owed")
  @Description("Folios dirtied since the last writer paid")
  private int owed;

  @Label("Owed bytes")
  @DataAmount
  private long owedBytes;

  @Label("Booked")
  @Description(
      "How far the writers before had booked the device already; below 0: what a sleeper who woke"
          + " late may make good")
  @Timespan(Timespan.NANOSECONDS)
  private long booked;

  /// To be called after `begin`, with the decision.
  void ended(AddressSpace mapping, ThrottlePause why) {
    end();
    if (shouldCommit()) {
      file = mapping.toString();
      device = why.device();
      atLimit = why.nanos() == 0;
      pause = why.nanos();
      dirty = why.dirty();
      freeRun = why.freeRun();
      setpoint = why.setpoint();
      limit = why.limit();
      deviceDirty = why.deviceDirty();
      deviceThreshold = why.deviceThreshold();
      positionRatio = why.positionRatio();
      deviceRatio = why.deviceRatio();
      bandwidth = why.bandwidth();
      owed = why.owed();
      owedBytes = (long) why.owed() * AddressSpace.FOLIO_SIZE;
      booked = why.bookedNanos();
      commit();
    }
  }
}
