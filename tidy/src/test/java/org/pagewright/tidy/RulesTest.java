package org.pagewright.tidy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The rules of docs/RULES.md against those who cite them: main code that claims to keep a rule has
/// a test that cites it too, nobody cites a rule that does not exist, and a rule that nobody cites
/// says in the document why.
final class RulesTest {
  private static final int RULES_TOTAL = 118;
  private static final Pattern DEFINITION = Pattern.compile("(?m)^\\| ([A-J]\\d{1,2}) \\|");
  private static final String EXCUSES = "Without code so far";
  private static final Pattern EXCUSED_ROW =
      Pattern.compile("(?m)^\\| ([A-J]\\d{1,2}(?: [A-J]\\d{1,2})*) \\|");
  private static final Pattern CITATION = Pattern.compile("\\bR-([A-J]\\d{1,2})\\b");

  private final Tree tree = Tree.get();

  @Test
  void allRulesAreWrittenDown() {
    assertEquals(RULES_TOTAL, rules().size(), "rules in docs/RULES.md");
  }

  @Test
  void onlyRulesThatExistAreCited() {
    Findings found = new Findings("rule-numbers");
    Set<String> rules = rules();
    Stream.concat(tree.java().filter(f -> !f.module().equals("tidy")), tree.markdown())
        .forEach(
            f -> {
              Matcher m = CITATION.matcher(f.text());
              while (m.find()) {
                if (!rules.contains(m.group(1))) {
                  found.add(
                      f, f.lineAt(m.start()), m.group(), "docs/RULES.md has no such rule");
                }
              }
            });
    found.assertNone();
  }

  @Test
  void everyRuleThatMainCodeCitesIsProvenByATest() throws IOException {
    Map<String, SourceFile> firstInMain = new TreeMap<>();
    Map<String, Integer> inMain = count(tree.mainJava(), firstInMain);
    Map<String, Integer> inTests = count(tree.testJava(), new TreeMap<>());
    report(inMain, inTests);

    Findings found = new Findings("proof");
    firstInMain.forEach(
        (rule, file) -> {
          if (!inTests.containsKey(rule)) {
            found.add(
                file,
                file.lineAt(file.text().indexOf("R-" + rule)),
                "R-" + rule + " is cited here and in no test",
                "write the test that fails without it, and cite the rule there");
          }
        });
    found.assertNone();
  }

  @Test
  void everyRuleIsKeptOrSaysWhyNot() {
    Map<String, Integer> inMain = count(tree.mainJava(), new TreeMap<>());
    SourceFile document = tree.file("docs/RULES.md");
    Map<String, Integer> excused = excused(document);
    Findings found = new Findings("kept");
    for (String rule : rules()) {
      Integer line = excused.remove(rule);
      if (line == null && !inMain.containsKey(rule)) {
        int defined = document.lineAt(document.text().indexOf("\n| " + rule + " |") + 1);
        found.add(
            document,
            defined,
            "R-" + rule + " is cited nowhere in main code",
            "cite it where it is kept, or say under '" + EXCUSES + "' why it is not");
      } else if (line != null && inMain.containsKey(rule)) {
        found.add(document, line, rule + " is cited in main code", "take it off this list");
      }
    }
    excused.forEach((rule, line) -> found.add(document, line, rule, "there is no such rule"));
    found.assertNone();
  }

  /// The rules that the document says are not kept yet, with their line.
  private static Map<String, Integer> excused(SourceFile document) {
    int start = document.text().indexOf("\n## " + EXCUSES + "\n");
    Map<String, Integer> excused = new TreeMap<>();
    Matcher row = EXCUSED_ROW.matcher(document.text());
    if (start >= 0 && row.find(start)) {
      do {
        for (String rule : row.group(1).split(" ")) {
          excused.put(rule, document.lineAt(row.start()));
        }
      } while (row.find());
    }
    return excused;
  }

  /// The rule numbers in the order of the document, without the leading `R-`.
  private Set<String> rules() {
    Set<String> rules = new LinkedHashSet<>();
    String text = tree.file("docs/RULES.md").text();
    Matcher m = DEFINITION.matcher(text).region(0, text.indexOf("\n## Where we differ"));
    while (m.find()) {
      rules.add(m.group(1));
    }
    return rules;
  }

  private static Map<String, Integer> count(
      Stream<SourceFile> files, Map<String, SourceFile> firstFile) {
    Map<String, Integer> counts = new TreeMap<>();
    files.forEach(
        f -> {
          Matcher m = CITATION.matcher(f.text());
          while (m.find()) {
            counts.merge(m.group(1), 1, Integer::sum);
            firstFile.putIfAbsent(m.group(1), f);
          }
        });
    return counts;
  }

  /// Prints the table and leaves it in target/rules.txt: citations in main code and in tests.
  private void report(Map<String, Integer> inMain, Map<String, Integer> inTests)
      throws IOException {
    StringBuilder table = new StringBuilder();
    StringBuilder open = new StringBuilder();
    int kept = 0;
    int column = 0;
    for (String rule : rules()) {
      int main = inMain.getOrDefault(rule, 0);
      int tests = inTests.getOrDefault(rule, 0);
      if (main > 0 && tests > 0) {
        kept++;
      }
      if (main == 0) {
        open.append(' ').append(rule);
      }
      table.append(String.format("%-4s %3d %3d   ", rule, main, tests));
      if (++column % 7 == 0) {
        table.append('\n');
      }
    }
    String report =
        "rules: number, citations in main code, citations in tests\n"
            + table.toString().stripTrailing()
            + "\nkept and proven: "
            + kept
            + " of "
            + RULES_TOTAL
            + "; not cited in main code:"
            + (open.isEmpty() ? " none" : open)
            + "\n";
    System.out.print(report);
    Path target = tree.root().resolve("tidy/target");
    Files.createDirectories(target);
    Files.writeString(target.resolve("rules.txt"), report);
  }
}
