package org.pagewright.lab;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.pagewright.lab.Lab.Finding;
import org.pagewright.sim.explore.Counterexample;
import org.pagewright.sim.explore.Step;
import org.pagewright.sim.explore.Wait;
import org.pagewright.sync.SchedulePoint.Kind;

/// A failure drawn: time runs down, each thread has a lane, each lock a bar from where it is taken
/// to where it is given back, and a circle of waiting is red.
final class Picture {
  private static final int LANE = 330;
  private static final int ROW = 30;
  private static final int TOP = 74;
  private static final int LEFT = 44;
  private static final int BAR = 11;
  private static final int CHARACTERS = 36;

  /// A lock while a thread has it.
  private record Bar(String thread, String lock, int from, int to, int slot) {}

  private final Story story;
  private final Counterexample failure;
  private final String title;
  private final StringBuilder out = new StringBuilder();
  private final Map<Integer, Integer> rowOfStep = new HashMap<>();
  private final List<Bar> bars = new ArrayList<>();
  private final int[] heights;
  private final int bottom;

  private Picture(Finding finding, Story story, Counterexample failure) {
    this.story = story;
    this.failure = failure;
    this.title = finding.claim().id() + ": " + finding.claim().design().title();
    List<Story.Line> lines = story.lines();
    heights = new int[lines.size() + 1];
    int y = TOP;
    for (int i = 0; i < lines.size(); i++) {
      heights[i] = y;
      rowOfStep.put(lines.get(i).number(), i);
      int parts = Story.wrapped(lines.get(i).words(), CHARACTERS).size();
      y += Math.max(ROW, 14 * parts + 12);
    }
    heights[lines.size()] = y;
    bottom = y + (failure.cycle().isEmpty() ? 6 : ROW);
    findBars();
    placeBars();
  }

  /// Draws a failure as SVG.
  static String svg(Finding finding, Story story, Counterexample failure) {
    return new Picture(finding, story, failure).draw();
  }

  /// From the points of the schedule: who had which lock from where to where.
  private void findBars() {
    Map<String, Map<String, Integer>> open = new HashMap<>();
    List<Step> steps = failure.steps();
    for (Step step : steps) {
      String lock = Words.plain(step.subject());
      Map<String, Integer> held = open.computeIfAbsent(step.thread(), t -> new HashMap<>());
      Kind kind = step.kind();
      if (kind == Kind.LOCK || kind == Kind.LOCK_SHARED || kind == Kind.WAIT) {
        held.put(lock, step.number());
        boolean parks = false;
        for (Step next : steps) {
          if (next.number() > step.number() && next.thread().equals(step.thread())) {
            parks = next.kind() == Kind.WAIT && next.subject().equals(step.subject());
            break;
          }
        }
        boolean last = isLastOf(step);
        if (parks || kind == Kind.WAIT && last) {
          held.remove(lock);
        }
      } else if (kind == Kind.UNLOCK) {
        Integer from = held.remove(lock);
        if (from != null) {
          addBar(step.thread(), lock, row(from), row(step.number()));
        }
      }
    }
    for (String thread : story.threads()) {
      Map<String, Integer> held = open.getOrDefault(thread, Map.of());
      for (Map.Entry<String, Integer> entry :
          held.entrySet().stream().sorted(Map.Entry.comparingByValue()).toList()) {
        addBar(thread, entry.getKey(), row(entry.getValue()), heights.length - 1);
      }
    }
  }

  private boolean isLastOf(Step step) {
    for (Step next : failure.steps()) {
      if (next.number() > step.number() && next.thread().equals(step.thread())) {
        return false;
      }
    }
    return true;
  }

  private int row(int step) {
    for (int number = step; number >= 0; number--) {
      Integer row = rowOfStep.get(number);
      if (row != null) {
        return row;
      }
    }
    return 0;
  }

  private void addBar(String thread, String lock, int from, int to) {
    bars.add(new Bar(thread, lock, from, Math.max(to, from + 1), 0));
  }

  /// Puts bars side by side, what was taken first to the left.
  private void placeBars() {
    List<Bar> all = new ArrayList<>(bars);
    all.sort(Comparator.comparingInt(Bar::from));
    bars.clear();
    for (Bar bar : all) {
      int slot = 0;
      for (Bar other : bars) {
        boolean meets = other.to >= bar.from && other.thread.equals(bar.thread);
        slot = meets ? Math.max(slot, other.slot + 1) : slot;
      }
      bars.add(new Bar(bar.thread, bar.lock, bar.from, bar.to, slot));
    }
  }

  private int lane(String thread) {
    return LEFT + Math.max(0, story.threads().indexOf(thread)) * LANE;
  }

  private int barX(Bar bar) {
    return lane(bar.thread) + bar.slot * (BAR + 3);
  }

  private String draw() {
    int slots = 1;
    for (Bar bar : bars) {
      slots = Math.max(slots, bar.slot + 1);
    }
    int words = slots * (BAR + 3) + 8;
    List<String> end = ending();
    int width = Math.max(LEFT + story.threads().size() * LANE, 24 + title.length() * 9);
    int height = bottom + 24 + 18 * end.size();
    out.append("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"").append(width);
    out.append("\" height=\"").append(height).append("\" viewBox=\"0 0 ").append(width);
    out.append(' ').append(height).append("\" font-family=\"sans-serif\" font-size=\"12\">\n");
    out.append("<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" ");
    out.append("markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\">");
    out.append("<path d=\"M0 0 L8 4 L0 8 z\" fill=\"#c0392b\"/></marker></defs>\n");
    out.append("<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
    text(12, 24, "font-size=\"16\" font-weight=\"bold\"", title);
    for (String thread : story.threads()) {
      text(lane(thread), 50, "font-weight=\"bold\"", thread);
      out.append("<line x1=\"").append(lane(thread) - 6).append("\" y1=\"58\" x2=\"");
      out.append(lane(thread) - 6).append("\" y2=\"").append(bottom);
      out.append("\" stroke=\"#cccccc\"/>\n");
    }
    for (Bar bar : bars) {
      bar(bar);
    }
    List<Story.Line> lines = story.lines();
    for (int i = 0; i < lines.size(); i++) {
      Story.Line line = lines.get(i);
      text(12, heights[i] + 14, "fill=\"#888888\"", String.valueOf(line.number()));
      int y = heights[i] + 14;
      for (String part : Story.wrapped(line.words(), CHARACTERS)) {
        text(lane(line.thread()) + words, y, "", part);
        y += 14;
      }
    }
    circle(words);
    int y = bottom + 26;
    for (String line : end) {
      text(12, y, y == bottom + 26 ? "font-weight=\"bold\" fill=\"#c0392b\"" : "", line);
      y += 18;
    }
    out.append("</svg>\n");
    return out.toString();
  }

  private List<String> ending() {
    List<String> end = new ArrayList<>();
    end.add(Words.of(failure.verdict()));
    int characters = story.threads().size() * 52;
    if (failure.cycle().isEmpty()) {
      end.addAll(Story.wrapped(Words.plain(failure.words()), characters));
    }
    for (Wait wait : failure.cycle()) {
      end.addAll(Story.wrapped(Words.plain(wait.toString()), characters));
    }
    return end;
  }

  private void bar(Bar bar) {
    boolean circle = false;
    for (Wait wait : failure.cycle()) {
      circle |= Words.plain(wait.wants()).equals(bar.lock) && bar.to == heights.length - 1;
    }
    int x = barX(bar);
    int y = heights[bar.from];
    int length = heights[bar.to] - y;
    out.append("<rect x=\"").append(x).append("\" y=\"").append(y).append("\" width=\"");
    out.append(BAR).append("\" height=\"").append(length).append("\" rx=\"3\" fill=\"");
    out.append(circle ? "#e67e73" : "#9bb7d4").append("\"/>\n");
    out.append("<text transform=\"translate(").append(x + 3).append(' ').append(y + 3);
    out.append(") rotate(90)\" font-size=\"9\">");
    escape(length > 6 * bar.lock.length() ? bar.lock : "").append("</text>\n");
  }

  /// Arrows from each that waits to the lock that it waits for.
  private void circle(int words) {
    for (Wait wait : failure.cycle()) {
      for (Bar bar : bars) {
        if (bar.lock.equals(Words.plain(wait.wants()))
            && bar.thread.equals(wait.holder())
            && bar.to == heights.length - 1) {
          int x = lane(wait.thread()) + words;
          int y = bottom - 6;
          boolean toTheRight = barX(bar) > x;
          int toX = barX(bar) + (toTheRight ? 0 : BAR);
          int toY = heights[bar.from] + (heights[bar.to] - heights[bar.from]) * 2 / 3;
          int bend = wait.thread().equals(bar.thread) ? 90 : Math.abs(toX - x) / 2;
          int near = toTheRight ? toX - 90 : toX + 90;
          out.append("<path d=\"M").append(x).append(' ').append(y).append(" C");
          out.append(toTheRight || wait.thread().equals(bar.thread) ? x + bend : x - bend);
          out.append(' ').append(y).append(' ').append(near).append(' ').append(toY);
          out.append(' ').append(toX).append(' ').append(toY);
          out.append("\" fill=\"none\" stroke=\"#c0392b\" stroke-width=\"2\" ");
          out.append("stroke-dasharray=\"5 3\" marker-end=\"url(#tip)\"/>\n");
          text(x, y - 7, "fill=\"#c0392b\"", "wants " + bar.lock);
          break;
        }
      }
    }
  }

  private void text(int x, int y, String style, String words) {
    out.append("<text x=\"").append(x).append("\" y=\"").append(y).append('"');
    out.append(style.isEmpty() ? "" : " ").append(style).append('>');
    escape(words).append("</text>\n");
  }

  private StringBuilder escape(String words) {
    return out.append(
        words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"));
  }
}
