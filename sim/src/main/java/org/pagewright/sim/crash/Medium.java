package org.pagewright.sim.crash;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sim.crash.Recording.Event;
import org.pagewright.sim.crash.Recording.Request;

/// What is on the medium for certain, and what may be, as a recording goes on.
///
/// A write becomes certain when a flush ends that was submitted after the write had ended, or when
/// it ends itself and was FUA. Until then it may be there, be missing, or be there in part, sector
/// by sector, whatever became of the others: a device reorders what lies in its cache. Of two
/// writes to one sector the later one counts. A write that failed may be there and is never
/// certain.
final class Medium {
  /// A write that may be there.
  static final class Pending {
    final Request request;

    /// Sectors that no later certain write covers.
    private final BitSet sectors;

    boolean ended;

    Pending(Request request) {
      this.request = request;
      this.sectors = new BitSet(request.sectors());
      this.sectors.set(0, request.sectors());
    }
  }

  private final Recording recording;
  private final OverlayDevice certain;
  private final LinkedHashMap<Integer, Pending> pending = new LinkedHashMap<>();
  private final Map<Integer, List<Integer>> coveredByFlush = new HashMap<>();
  private int marks;

  Medium(Recording recording, OverlayDevice start) {
    this.recording = recording;
    this.certain = start.fork();
  }

  /// {@return the writes that may be there, in order}
  Collection<Pending> pending() {
    return pending.values();
  }

  int marks() {
    return marks;
  }

  /// Goes on by one event.
  ///
  /// @return the writes that became certain by it
  List<Integer> step(Event event) {
    int id = event.id();
    switch (event.kind()) {
      case SUBMIT -> {
        Request request = recording.request(id);
        if (request.flush()) {
          List<Integer> covered = new ArrayList<>();
          pending.forEach((write, p) -> {
            if (p.ended) {
              covered.add(write);
            }
          });
          coveredByFlush.put(id, covered);
        } else {
          pending.put(id, new Pending(request));
        }
      }
      case END -> {
        Request request = recording.request(id);
        if (request.flush()) {
          return settle(coveredByFlush.remove(id));
        }
        if (request.fua()) {
          return settle(List.of(id));
        }
        Pending p = pending.get(id);
        if (p != null) {
          p.ended = true;
        }
      }
      case FAIL -> coveredByFlush.remove(id);
      case MARK -> marks = id;
    }
    return List.of();
  }

  private List<Integer> settle(@Nullable List<Integer> ids) {
    List<Integer> settled = new ArrayList<>();
    if (ids == null) {
      return settled;
    }
    for (int id : ids) {
      Pending p = pending.remove(id);
      if (p != null) {
        apply(certain, p, null);
        hideBelow(p.request);
        settled.add(id);
      }
    }
    return settled;
  }

  /// Of writes submitted before a certain one, what it covers does not matter any more.
  private void hideBelow(Request over) {
    for (Iterator<Pending> it = pending.values().iterator(); it.hasNext(); ) {
      Pending p = it.next();
      Request r = p.request;
      if (r.id() < over.id() && r.pos() < over.end() && over.pos() < r.end()) {
        long from = Math.max(0, over.pos() - r.pos()) / Request.SECTOR_SIZE;
        long to = (Math.min(over.end(), r.end()) - r.pos()) / Request.SECTOR_SIZE;
        p.sectors.clear((int) from, (int) to);
        if (p.sectors.isEmpty()) {
          it.remove();
        }
      }
    }
  }

  /// The image with some of the pending writes.
  ///
  /// @param there which of them, whole or in part
  /// @param torn of these only some sectors
  /// @return a new overlay, good until the next step
  OverlayDevice image(BitSet there, Map<Integer, BigInteger> torn) {
    OverlayDevice image = certain.fork();
    for (Pending p : pending.values()) {
      if (there.get(p.request.id())) {
        apply(image, p, torn.get(p.request.id()));
      }
    }
    return image;
  }

  private static void apply(OverlayDevice image, Pending p, @Nullable BigInteger mask) {
    Request r = p.request;
    for (int from = p.sectors.nextSetBit(0); from >= 0; ) {
      int to = from;
      while (p.sectors.get(to) && (mask == null || mask.testBit(to))) {
        to++;
      }
      if (to > from) {
        int first = from * Request.SECTOR_SIZE;
        image.put(r.pos() + first, r.bytes(), first, (to - from) * Request.SECTOR_SIZE);
      }
      from = p.sectors.nextSetBit(Math.max(to, from + 1));
    }
  }

  /// The image that a cut leaves; of a cut of recovery only the outer half.
  ///
  /// @throws FsException EINVAL if there is no such event
  static Medium before(Recording recording, OverlayDevice start, int at) throws FsException {
    if (at < 0 || at > recording.events()) {
      throw new FsException(
          Errno.EINVAL, "a cut after " + at + " of " + recording.events() + " events");
    }
    Medium medium = new Medium(recording, start);
    for (int i = 0; i < at; i++) {
      medium.step(recording.event(i));
    }
    return medium;
  }

  /// The image of a cut at this moment.
  OverlayDevice image(Cut cut) {
    BitSet there = new BitSet();
    for (int id : pending.keySet()) {
      if (!cut.lost().contains(id)) {
        there.set(id);
      }
    }
    return image(there, cut.torn());
  }
}
