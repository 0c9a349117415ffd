package org.pagewright.tidy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// What readers of the documents rely on: links that lead somewhere, no paths of one machine.
final class DocsTest {
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)(?:\\s+\"[^\"]*\")?\\)");
  private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} +(.*?) *#*$");
  private static final Pattern CODE_BLOCK = Pattern.compile("(?ms)^```.*?^```");

  private final Tree tree = Tree.get();

  @Test
  void linksLeadSomewhere() {
    Findings found = new Findings("links");
    tree.markdown()
        .forEach(
            f -> {
              Matcher m = LINK.matcher(f.text());
              while (m.find()) {
                String problem = problem(f, m.group(1));
                if (problem != null) {
                  found.add(f, f.lineAt(m.start()), "link to " + m.group(1), problem);
                }
              }
            });
    found.assertNone();
  }

  @Test
  void nothingNamesOneMachineOrARegistry() {
    Findings found = new Findings("machine-paths");
    // In pieces, so that this file does not hold what it looks for.
    Pattern paths =
        Pattern.compile(
            "(?<![\\w.])/(?:wo" + "rk|fa" + "rm|ro" + "ot|ho" + "me|Us" + "ers)/[\\w.]");
    Pattern hosts =
        Pattern.compile(
            "(?i)https?://(?!maven\\.apache\\.org/(?:POM|xsd))[^\\s\"'<>)]*"
                + "(?:mav" + "en|np" + "mjs|deb" + "ian|pyp" + "i|sona" + "type)[^\\s\"'<>)]*");
    tree.files()
        .forEach(
            f -> {
              found.addMatches(f, f.text(), paths, "say it without a path of one machine");
              found.addMatches(f, f.text(), hosts, "leave the registry to the reader's settings");
            });
    found.assertNone();
  }

  @Test
  void testsThatDocumentsNameExist() {
    Findings found = new Findings("named-tests");
    Pattern named = Pattern.compile("`(\\w+Test)\\.(\\w+)`");
    tree.markdown()
        .forEach(
            f -> {
              Matcher m = named.matcher(f.text());
              while (m.find()) {
                String file = m.group(1) + ".java";
                String method = " void " + m.group(2) + "(";
                if (tree.java().noneMatch(
                    j -> j.name().equals(file) && j.text().contains(method))) {
                  found.add(f, f.lineAt(m.start()), m.group(), "there is no such test");
                }
              }
            });
    found.assertNone();
  }

  @Test
  void theLicenceLiesBesideTheSources() {
    assertTrue(tree.file("LICENSE").text().contains("Apache License"), "LICENSE: not Apache-2.0");
    assertTrue(tree.file("NOTICE").text().startsWith("Pagewright"), "NOTICE: no name in it");
  }

  @Test
  void theReadmeNamesItsTwoCommands() {
    String readme = tree.file("README.md").text();
    assertTrue(readme.contains("./pagewright build --from"), "README.md: the main job is missing");
    assertTrue(readme.contains("\n./test"), "README.md: the test command is missing");
  }

  @Test
  void theLockOrderInTheArchitectureIsTheOneInTheCode() {
    Pattern constant = Pattern.compile("(?m)^  ([A-Z_]+)(?:\\(true\\))?[,;]");
    String code = tree.file("core/src/main/java/org/pagewright/sync/LockClass.java").text();
    List<String> inCode = new ArrayList<>();
    Matcher m = constant.matcher(code);
    while (m.find()) {
      inCode.add(m.group(1));
    }
    String page = tree.file("docs/ARCHITECTURE.md").text();
    Matcher block =
        Pattern.compile("(?s)\\n## Lock order\\n.*?```\\n(.*?)```").matcher(page);
    assertTrue(block.find(), "docs/ARCHITECTURE.md: no block under Lock order");
    List<String> onPage = List.of(block.group(1).strip().split("[\\s<]+"));
    assertEquals(inCode, onPage, "docs/ARCHITECTURE.md: copy the order of LockClass");
  }

  /// @return what is wrong with the link, or null
  private @org.jspecify.annotations.Nullable String problem(SourceFile from, String link) {
    if (link.matches("[a-z]+:.*")) {
      return null;
    }
    int hash = link.indexOf('#');
    String path = hash < 0 ? link : link.substring(0, hash);
    Path folder = Path.of("/", from.path()).getParent();
    Path target =
        path.isEmpty() ? Path.of("/", from.path()) : folder.resolve(path).normalize();
    String relative = target.toString().substring(1);
    if (!Files.exists(tree.root().resolve(relative))) {
      return "there is no " + relative;
    }
    if (hash >= 0 && relative.endsWith(".md")) {
      String anchor = link.substring(hash + 1);
      if (!anchors(tree.file(relative)).contains(anchor)) {
        return relative + " has no heading #" + anchor;
      }
    }
    return null;
  }

  /// The anchors of a document's headings, made as code hosts make them.
  private static Set<String> anchors(SourceFile document) {
    Set<String> anchors = new HashSet<>();
    Matcher m = HEADING.matcher(CODE_BLOCK.matcher(document.text()).replaceAll(""));
    while (m.find()) {
      String words = m.group(1).toLowerCase(Locale.ROOT).replaceAll("[^\\w\\- ]", "");
      anchors.add(words.replace(' ', '-'));
    }
    return anchors;
  }
}
