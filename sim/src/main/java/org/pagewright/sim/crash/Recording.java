package org.pagewright.sim.crash;

import java.util.List;

/// Every write and flush of a run, in the order in which they were submitted and ended.
public final class Recording {
  /// What happened.
  enum Kind {
    /// A request reached the device.
    SUBMIT,
    /// A request ended without error.
    END,
    /// A request ended with an error: a write may have reached the medium nevertheless.
    FAIL,
    /// The run passed a point that its oracle knows.
    MARK
  }

  /// One thing that happened.
  ///
  /// @param kind what
  /// @param id of the request, counted from 0; of a mark: how many there are with this one
  record Event(Kind kind, int id) {}

  /// A write or a flush.
  ///
  /// @param id its place among the requests
  /// @param flush whether it is a flush, without content
  /// @param fua whether the write is durable when it has ended
  /// @param pos first byte on the device
  /// @param bytes what was written
  record Request(int id, boolean flush, boolean fua, long pos, byte[] bytes) {
    static final int SECTOR_SIZE = 512;

    int sectors() {
      return bytes.length / SECTOR_SIZE;
    }

    long end() {
      return pos + bytes.length;
    }

    @Override
    public String toString() {
      return flush
          ? "#" + id + " flush"
          : "#" + id + " write of " + bytes.length + " at " + pos + (fua ? " FUA" : "");
    }
  }

  private static final int EVENTS_TOLD = 60;

  private final List<Event> events;
  private final List<Request> requests;

  Recording(List<Event> events, List<Request> requests) {
    this.events = List.copyOf(events);
    this.requests = List.copyOf(requests);
  }

  /// Number of things that happened: a cut lies between two of them.
  ///
  /// @return requests submitted, requests ended, and marks
  public int events() {
    return events.size();
  }

  /// Number of writes.
  ///
  /// @return writes submitted
  public int writes() {
    return (int) requests.stream().filter(r -> !r.flush()).count();
  }

  /// Number of flushes, those of writes that flush first included.
  ///
  /// @return flushes submitted
  public int flushes() {
    return (int) requests.stream().filter(Request::flush).count();
  }

  Event event(int index) {
    return events.get(index);
  }

  Request request(int id) {
    return requests.get(id);
  }

  /// The last things that happened before a cut, in words, one line for each, for people.
  ///
  /// @param end how many events
  /// @return lines
  public String describe(int end) {
    StringBuilder text = new StringBuilder();
    for (int i = Math.max(0, end - EVENTS_TOLD); i < Math.min(end, events.size()); i++) {
      Event e = events.get(i);
      text.append(i).append(": ");
      switch (e.kind()) {
        case SUBMIT -> text.append(requests.get(e.id()));
        case END -> text.append("#").append(e.id()).append(" ended");
        case FAIL -> text.append("#").append(e.id()).append(" failed");
        case MARK -> text.append("mark ").append(e.id());
      }
      text.append('\n');
    }
    return text.toString();
  }
}
