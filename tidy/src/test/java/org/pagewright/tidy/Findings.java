package org.pagewright.tidy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Collects what one check finds, less what `allowed.txt` excuses; fails with all of it at once.
final class Findings {
  private static final String LIST = "allowed.txt";

  private final String check;
  private final Set<String> allowedPaths = new HashSet<>();
  private final Set<String> unusedAllowances;
  private final List<String> lines = new ArrayList<>();

  /// @param check the name under which `allowed.txt` excuses files
  Findings(String check) {
    this.check = check;
    for (String[] allowance : allowances()) {
      if (allowance[0].equals(check)) {
        allowedPaths.add(allowance[1]);
      }
    }
    this.unusedAllowances = new HashSet<>(allowedPaths);
  }

  /// The lines of the list as check, path, reason.
  static List<String[]> allowances() {
    List<String[]> all = new ArrayList<>();
    try (InputStream in = Findings.class.getResourceAsStream(LIST)) {
      if (in == null) {
        throw new AssertionError(LIST + " is missing");
      }
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      for (String line : text.lines().toList()) {
        if (line.isBlank() || line.startsWith("#")) {
          continue;
        }
        String[] parts = line.split("\\|", 3);
        if (parts.length < 3 || parts[2].isBlank()) {
          throw new AssertionError(LIST + ": expected `check | path | reason`: " + line);
        }
        all.add(new String[] {parts[0].strip(), parts[1].strip(), parts[2].strip()});
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return all;
  }

  void add(SourceFile file, int line, String what, String todo) {
    if (allowedPaths.contains(file.path())) {
      unusedAllowances.remove(file.path());
    } else {
      lines.add(file.path() + ":" + line + ": " + what + "; " + todo);
    }
  }

  /// One finding for each match of the pattern in the text, which has the positions of the file.
  void addMatches(SourceFile file, String text, Pattern pattern, String todo) {
    Matcher m = pattern.matcher(text);
    while (m.find()) {
      add(file, file.lineAt(m.start()), "`" + m.group().strip() + "`", todo);
    }
  }

  /// Fails if anything was found, or if an allowance of this check excuses nothing.
  void assertNone() {
    for (String path : unusedAllowances) {
      lines.add(LIST + ": `" + check + " | " + path + "` excuses nothing; delete the line");
    }
    if (!lines.isEmpty()) {
      throw new AssertionError(
          lines.size() + " to mend (" + check + "):\n  " + String.join("\n  ", lines));
    }
  }
}
