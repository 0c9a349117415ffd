package org.pagewright.bench.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/// Why rows miss their targets, by the ids of the rows: `why.md`, written by hand.
final class Reasons {
  private Reasons() {}

  static Map<String, String> read() {
    try (InputStream in = Reasons.class.getResourceAsStream("why.md")) {
      if (in == null) {
        throw new AssertionError("why.md is not on the class path");
      }
      return parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// A heading `## ID`, or several ids with commas, then what is said of them, in one line.
  static Map<String, String> parse(String text) {
    Map<String, String> reasons = new TreeMap<>();
    for (String part : text.split("(?m)^## ")) {
      int end = part.indexOf('\n');
      if (end > 0 && !part.startsWith("#")) {
        String words = part.substring(end).strip().replaceAll("\\s+", " ");
        for (String id : part.substring(0, end).split(",")) {
          reasons.put(id.strip(), words);
        }
      }
    }
    return reasons;
  }
}
