package org.pagewright.bench.measure;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Peers that are measured as a whole, by a clock or by counting: a program from its start to its
/// end, a stream, the hits of a trace.
public final class TimedContest implements Contest {
  /// What is measured once a round. What is not to be timed, it does outside of the times it takes.
  public interface Subject extends AutoCloseable {
    /// Measures once.
    ///
    /// @param round its number, from 0; the same for all peers, e.g. as a seed
    /// @param deadline when to be done
    /// @return the figure
    /// @throws IOException if it fails
    /// @throws InterruptedException if the runner gave up
    double measure(int round, Deadline deadline) throws IOException, InterruptedException;

    @Override
    default void close() throws IOException {}
  }

  /// Makes a subject ready.
  public interface Opener {
    /// Makes it ready.
    ///
    /// @param effort how much is measured
    /// @param deadline when to be done
    /// @return the subject
    /// @throws SkippedException if it is not to be had here
    /// @throws IOException if it fails
    /// @throws InterruptedException if the runner gave up
    Subject open(Effort effort, Deadline deadline) throws IOException, InterruptedException;
  }

  /// What is said of a peer whose row the deadline cut: a part of its rounds tells nothing.
  static final String CUT = "there was no time for all rounds";

  private record Entry(String name, Opener opener, boolean inQuick) {}

  private final List<Entry> entries = new ArrayList<>();
  private int warmups = 1;

  TimedContest peer(String name, Opener opener) {
    entries.add(new Entry(name, opener, true));
    return this;
  }

  /// A peer that `--quick` leaves out.
  TimedContest more(String name, Opener opener) {
    entries.add(new Entry(name, opener, false));
    return this;
  }

  /// Counts, rather than times: no round is for warming up.
  TimedContest counted() {
    warmups = 0;
    return this;
  }

  private List<Entry> entries(Effort effort) {
    return entries.stream().filter(e -> e.inQuick || !effort.quick()).toList();
  }

  @Override
  public List<String> peers(Effort effort) {
    return entries(effort).stream().map(Entry::name).toList();
  }

  @Override
  public List<Results.Peer> run(Effort effort, Deadline deadline)
      throws IOException, InterruptedException {
    List<Entry> peers = entries(effort);
    List<@Nullable Subject> subjects = new ArrayList<>();
    List<List<Double>> figures = new ArrayList<>();
    Results.@Nullable Peer[] without = new Results.Peer[peers.size()];
    try {
      for (int i = 0; i < peers.size(); i++) {
        figures.add(new ArrayList<>());
        Subject subject = null;
        try {
          subject = peers.get(i).opener.open(effort, deadline);
        } catch (IOException | RuntimeException e) {
          without[i] = without(peers.get(i).name, e);
        }
        subjects.add(subject);
      }
      for (int round = -warmups; round < effort.rounds(); round++) {
        for (int i = 0; i < peers.size(); i++) {
          int at = round % 2 == 0 ? i : peers.size() - 1 - i;
          Subject subject = subjects.get(at);
          if (subject != null && without[at] == null) {
            try {
              if (deadline.isOver()) {
                throw new SkippedException(CUT);
              }
              double figure = subject.measure(Math.max(0, round), deadline);
              if (round >= 0) {
                figures.get(at).add(JmhContest.rounded(figure));
              }
            } catch (IOException | RuntimeException e) {
              without[at] = without(peers.get(at).name, e);
            }
          }
        }
      }
    } finally {
      for (int i = subjects.size() - 1; i >= 0; i--) {
        Subject subject = subjects.get(i);
        if (subject != null) {
          try {
            subject.close();
          } catch (IOException | RuntimeException e) {
            without[i] = without[i] == null ? without(peers.get(i).name, e) : without[i];
          }
        }
      }
    }
    List<Results.Peer> results = new ArrayList<>();
    for (int i = 0; i < peers.size(); i++) {
      Results.Peer none = without[i];
      results.add(
          none != null
              ? none
              : Results.Peer.with(peers.get(i).name, figures.get(i), List.of()));
    }
    return results;
  }

  private static Results.Peer without(String name, Exception e) {
    return e instanceof SkippedException
        ? Results.Peer.skipped(name, words(e))
        : Results.Peer.failed(name, words(e));
  }

  static String words(Exception e) {
    String message = e.getMessage();
    return Program.tail(
        e instanceof SkippedException && message != null ? message : e.toString());
  }
}
