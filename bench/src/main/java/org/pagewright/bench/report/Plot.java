package org.pagewright.bench.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.pagewright.bench.measure.Row;
import org.pagewright.bench.measure.Target;

/// A picture of a group: for each row and peer how ours stands, a dot with its spread, right of the
/// line is better. Readable on light and on dark ground.
final class Plot {
  private static final int WIDTH = 760;
  private static final int LEFT = 250;
  private static final int RIGHT = 650;
  private static final int LINE = 20;
  private static final int TOP = 78;

  private final StringBuilder svg = new StringBuilder();
  private final boolean difference;
  private double low;
  private double high;

  private Plot(boolean difference) {
    this.difference = difference;
  }

  /// Draws comparisons, all of which have figures, and are by difference or are not.
  static String draw(String title, List<Comparison> all) {
    return new Plot(Comparison.isDifference(all.get(0).row())).paint(title, all);
  }

  private String paint(String title, List<Comparison> all) {
    range(all);
    List<String> ids = new ArrayList<>();
    for (Comparison each : all) {
      if (!ids.contains(each.row().id())) {
        ids.add(each.row().id());
      }
    }
    int height = TOP + LINE * (all.size() + ids.size()) + 16;
    svg.append(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\""
                + " viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\""
                + " role=\"img\">%n",
            WIDTH, height, WIDTH, height).replace("\r", ""));
    svg.append("<title>").append(escape(title)).append("</title>\n");
    svg.append(
        """
        <style>
        .ground { fill: #ffffff } .text { fill: #1f2328 } .faint { fill: #656d76 }
        .grid { stroke: #d0d7de } .one { stroke: #656d76; stroke-width: 1.5 }
        .win { fill: #0969da; stroke: #0969da } .loss { fill: #bc4c00; stroke: #bc4c00 }
        .aim { fill: none; stroke: #1a7f37; stroke-width: 2 }
        @media (prefers-color-scheme: dark) {
          .ground { fill: #0d1117 } .text { fill: #e6edf3 } .faint { fill: #8d96a0 }
          .grid { stroke: #30363d } .one { stroke: #8d96a0 }
          .win { fill: #4493f8; stroke: #4493f8 } .loss { fill: #f0883e; stroke: #f0883e }
          .aim { stroke: #3fb950 }
        }
        </style>
        <rect class="ground" width="100%" height="100%"/>
        """);
    text(12, 22, "text", "start", "font-size=\"15\" font-weight=\"bold\"", title);
    text(
        12, 40, "faint", "start", "",
        "dot and line: median and extremes over the rounds; right is better; green: the target");
    grid(height);
    int y = TOP;
    String last = "";
    for (Comparison each : all) {
      if (!each.row().id().equals(last)) {
        last = each.row().id();
        y += LINE;
        text(12, y, "text", "start", "font-weight=\"bold\"", last);
      }
      y += LINE;
      line(each, y);
    }
    return svg.append("</svg>\n").toString();
  }

  /// What the axis must hold: every spread and target, and the line of equality.
  private void range(List<Comparison> all) {
    low = difference ? -1 : 0.9;
    high = difference ? 1 : 1.1;
    for (Comparison each : all) {
      Spread spread = each.advantage();
      low = Math.min(low, spread.min());
      high = Math.max(high, spread.max());
      for (Target target : each.row().targets()) {
        double bound = Comparison.bound(each.row(), target);
        if (!Double.isNaN(bound)) {
          low = Math.min(low, bound);
          high = Math.max(high, bound);
        }
      }
    }
    if (!difference) {
      low = Math.max(low, 1.0 / 64);
      high = Math.min(high, 1024);
    }
    double margin = difference ? (high - low) * 0.05 : 0;
    low = difference ? low - margin : low / 1.08;
    high = difference ? high + margin : high * 1.08;
  }

  private double x(double value) {
    double part =
        difference
            ? (value - low) / (high - low)
            : Math.log(Math.max(low, Math.min(high, value)) / low) / Math.log(high / low);
    return LEFT + part * (RIGHT - LEFT);
  }

  private void grid(int height) {
    List<Double> marks = new ArrayList<>();
    if (difference) {
      double step = 1;
      while ((high - low) / step > 9) {
        step *= step == 2 || step == 20 ? 2.5 : 2;
      }
      for (double mark = Math.ceil(low / step) * step; mark <= high; mark += step) {
        marks.add(mark == 0 ? 0 : mark);
      }
    } else {
      double step = high / low > 600 ? 4 : 2;
      for (double mark = 1; mark >= low; mark /= step) {
        marks.add(0, mark);
      }
      for (double mark = step; mark <= high; mark *= step) {
        marks.add(mark);
      }
    }
    double equal = difference ? 0 : 1;
    for (double mark : marks) {
      String name =
          difference
              ? String.format(Locale.ROOT, "%+.0f", mark)
              : mark < 1 ? "1/" + Math.round(1 / mark) : Math.round(mark) + "x";
      vertical(x(mark), TOP, height - 12, mark == equal ? "one" : "grid");
      text((int) x(mark), TOP - 8, "faint", "middle", "", name);
    }
  }

  private void line(Comparison each, int y) {
    Row row = each.row();
    Spread spread = each.advantage();
    text(24, y, "faint", "start", "", "beside " + each.peer().name());
    int middle = y - 4;
    for (Target target : row.targets()) {
      double bound = Comparison.bound(row, target);
      if (target.peers().contains(each.peer().name()) && !Double.isNaN(bound)) {
        vertical(x(bound), middle - 7, middle + 7, "aim");
      }
    }
    String color = spread.median() >= (difference ? 0 : 1) ? "win" : "loss";
    svg.append(
        String.format(
            Locale.ROOT,
            "<line class=\"%s\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke-width=\"2\"/>\n",
            color, x(spread.min()), middle, x(spread.max()), middle));
    svg.append(
        String.format(
            Locale.ROOT, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%d\" r=\"4\"/>\n", color,
            x(spread.median()), middle));
    text(
        RIGHT + 12, y, "text", "start", "",
        (difference && spread.median() > 0 ? "+" : "")
            + Spread.number(spread.median())
            + (difference ? "" : "x"));
  }

  private void vertical(double x, int top, int bottom, String style) {
    svg.append(
        String.format(
            Locale.ROOT, "<line class=\"%s\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>\n",
            style, x, top, x, bottom));
  }

  private void text(int x, int y, String style, String anchor, String more, String words) {
    svg.append(
        String.format(
            Locale.ROOT, "<text class=\"%s\" x=\"%d\" y=\"%d\" text-anchor=\"%s\"%s>%s</text>\n",
            style, x, y, anchor, more.isEmpty() ? "" : " " + more, escape(words)));
  }

  private static String escape(String words) {
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
