package org.pagewright.stats;

import jdk.jfr.FlightRecorder;

/// Whether anybody may be recording our events with the JDK's Flight Recorder.
///
/// Each event type lies in the room whose events it tells. Where an event may happen, that room
/// asks here first: so, until a recording was started in this process, an event costs the load of
/// one flag, and its class is not even loaded. From then on it costs what the Flight Recorder
/// costs.
public final class Trace {
  private Trace() {}

  /// Whether to make events.
  ///
  /// @return false if no recording was ever started in this process
  public static boolean isOn() {
    return FlightRecorder.isInitialized();
  }
}
