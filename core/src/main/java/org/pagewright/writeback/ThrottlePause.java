package org.pagewright.writeback;

/// Why a writer was made to wait: every term of the decision, for whoever asks (R-I2).
///
/// @param device whose writer it was
/// @param dirty folios of all devices, dirty or under write-out
/// @param freeRun up to here nobody is slowed
/// @param setpoint where that sum is wanted
/// @param limit where that sum must stop
/// @param deviceDirty the part of this device
/// @param deviceThreshold its share of the limit
/// @param positionRatio 0 to 2, from the distance to the setpoint
/// @param deviceRatio 0 to 1, from the distance of the device to its own setpoint
/// @param bandwidth folios a second that the device writes
/// @param owed folios dirtied since the last writer paid
/// @param bookedNanos how far the writers before had booked the device already; below 0: what a
///     sleeper who woke late may make good
/// @param nanos the pause in nanoseconds; 0 if the writer waited at the limit instead
public record ThrottlePause(
    String device,
    int dirty,
    int freeRun,
    int setpoint,
    int limit,
    int deviceDirty,
    int deviceThreshold,
    double positionRatio,
    double deviceRatio,
    double bandwidth,
    int owed,
    long bookedNanos,
    long nanos) {

  /// The decision in words.
  ///
  /// @return one line
  public String explain() {
    String why =
        nanos == 0
            ? "waited at the limit"
            : String.format(
                "%.1f ms = %.1f ms booked before + %d folios / (%.0f folios/s x %.2f x %.2f)",
                nanos / 1e6, bookedNanos / 1e6, owed, bandwidth, positionRatio, deviceRatio);
    return device + ": " + why + "; dirty " + dirty + ", wanted " + setpoint + ", limit " + limit
        + "; of the device " + deviceDirty + " of " + deviceThreshold;
  }
}
