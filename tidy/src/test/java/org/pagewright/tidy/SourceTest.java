package org.pagewright.tidy;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// What no source may hold. Each check says why in what it tells to do instead.
final class SourceTest {
  private static final int COLUMNS_MAX = 100;
  /// A row of a table and an import cannot be broken.
  private static final int TABLE_COLUMNS_MAX = 130;
  private static final int LINES_TO_LOOK_AT = 900;
  private static final int LINES_MAX = 2000;

  private static final String CATCH_ALL =
      "\\bcatch\\s*\\(\\s*(?:final\\s+)?(?:[\\w.]+\\s*\\|\\s*)*"
          + "(?:java\\.lang\\.)?(?:Exception|RuntimeException|Throwable|Error)\\b";

  private final Tree tree = Tree.get();

  @Test
  void locksInMainCodeAreOurOwn() {
    Findings found = new Findings("locks");
    Pattern banned = Pattern.compile("\\bsynchronized\\b|java\\.util\\.concurrent\\.locks\\.\\w+");
    tree.mainJava()
        .forEach(
            f -> {
              Matcher m = banned.matcher(f.code());
              while (m.find()) {
                boolean parking = m.group().endsWith(".LockSupport") && f.isInRoom("sync");
                if (!parking) {
                  found.add(
                      f,
                      f.lineAt(m.start()),
                      "`" + m.group() + "`",
                      "take a lock of org.pagewright.sync: lockdep sees only those");
                }
              }
            });
    found.assertNone();
  }

  @Test
  void mainCodeDoesNotSleep() {
    banInMain("sleep", "\\bThread\\s*\\.\\s*sleep\\b", "wait on a WaitQueue, with a bound");
  }

  @Test
  void theJvmIsEndedOnlyByTheCommandLine() {
    banInMain(
        "exit",
        "\\bSystem\\s*\\.\\s*exit\\b|\\bRuntime\\b.*\\bhalt\\b",
        "throw FsException; only the Main of front-cli ends the JVM");
  }

  @Test
  void noUnsafe() {
    banInMain(
        "unsafe", "\\b(?:sun\\.misc|jdk\\.internal)\\.\\w+", "use MemorySegment and VarHandle");
  }

  @Test
  void librariesPrintNothing() {
    Findings found = new Findings("print");
    Pattern banned = Pattern.compile("\\bSystem\\s*\\.\\s*(?:out|err)\\b");
    tree.mainJava()
        .filter(f -> !f.module().startsWith("front-cli"))
        .forEach(
            f -> found.addMatches(f, f.code(), banned, "throw, or report through an interface"));
    found.assertNone();
  }

  @Test
  void hotRoomsHaveNoStreamsAndNoOptional() {
    Findings found = new Findings("streams");
    Pattern banned =
        Pattern.compile("\\bOptional\\w*|\\bjava\\.util\\.stream\\b|\\.(?:stream|boxed)\\(\\)");
    tree.mainJava()
        .filter(f -> f.isInRoom("iov", "cache", "filemap", "iomap"))
        .forEach(f -> found.addMatches(f, f.code(), banned, "loop, and return null or a number"));
    found.assertNone();
  }

  @Test
  void noStackTraceIsPrinted() {
    banInMain("stacktrace", "\\.\\s*printStackTrace\\b", "throw it on, with its cause");
  }

  @Test
  void nothingCatchesEverything() {
    banInMain(
        "catch-all",
        CATCH_ALL,
        "catch what can be handled; at a thread's top allow it in allowed.txt with the reason");
  }

  @Test
  void testsTakeNoTimeFromTheWall() {
    Findings found = new Findings("clock");
    Pattern banned =
        Pattern.compile(
            "\\bThread\\s*\\.\\s*sleep\\b|\\bSystem\\s*\\.\\s*currentTimeMillis\\b"
                + "|\\bTimeUnit\\.\\w+\\.sleep\\b|\\bInstant\\.now\\(\\)");
    tree.testJava()
        .forEach(f -> found.addMatches(f, f.code(), banned, "wait for the event, or fix the time"));
    found.assertNone();
  }

  @Test
  void noTestIsSwitchedOffOrMocked() {
    Findings found = new Findings("disabled");
    Pattern banned =
        Pattern.compile("@Disabled\\b|@Ignore\\b|\\bassumeTrue\\(\\s*false\\b|\\borg\\.mockito\\b");
    tree.testJava()
        .forEach(f -> found.addMatches(f, f.code(), banned, "mend it or delete it; write a fake"));
    found.assertNone();
  }

  @Test
  void nothingIsLeftForLater() {
    Findings found = new Findings("to-do");
    Pattern marks = Pattern.compile("\\b(?:TO" + "DO|FIX" + "ME|XX" + "X|HA" + "CK)\\b");
    tree.files().stream()
        .filter(f -> !f.name().equals("LICENSE"))
        .forEach(f -> found.addMatches(f, f.text(), marks, "do it now, or say what is so"));
    found.assertNone();
  }

  @Test
  void sourcesAreAscii() {
    Findings found = new Findings("ascii");
    Pattern foreign = Pattern.compile("[^\\x00-\\x7f]+");
    Stream.concat(tree.java(), tree.scripts())
        .forEach(f -> found.addMatches(f, f.text(), foreign, "write it as an escape or in words"));
    found.assertNone();
  }

  @Test
  void linesFitAndEndClean() {
    Findings found = new Findings("layout");
    Stream.concat(tree.java(), tree.scripts())
        .forEach(
            f -> {
              int number = 0;
              for (String line : f.lines()) {
                number++;
                boolean unbreakable =
                    line.startsWith("import ") || line.strip().startsWith("/// |");
                int columnsMax = unbreakable ? TABLE_COLUMNS_MAX : COLUMNS_MAX;
                if (line.length() > columnsMax) {
                  found.add(f, number, line.length() + " columns", "break it at " + columnsMax);
                }
                if (!line.equals(line.stripTrailing())) {
                  found.add(f, number, "spaces at the end of the line", "delete them");
                }
                if (line.indexOf('\t') >= 0 || line.indexOf('\r') >= 0) {
                  found.add(f, number, "a tab or a carriage return", "spaces and LF only");
                }
              }
              if (!f.text().endsWith("\n")) {
                found.add(f, number, "no newline at the end", "add one");
              }
            });
    found.assertNone();
  }

  @Test
  void filesAreOfReadableLength() {
    Findings found = new Findings("length");
    tree.java()
        .forEach(
            f -> {
              int lines = f.lines().size();
              if (lines > LINES_MAX) {
                found.add(f, lines, lines + " lines", "find the second noun and move it out");
              } else if (lines > LINES_TO_LOOK_AT) {
                System.out.println("long: " + f.path() + " has " + lines + " lines");
              }
            });
    found.assertNone();
  }

  @Test
  void everyPackageSaysWhatItIs() {
    Set<String> described = new HashSet<>();
    Set<String> packages = new HashSet<>();
    tree.mainJava()
        .filter(f -> !f.name().equals("module-info.java"))
        .forEach(
            f -> {
              String dir = f.path().substring(0, f.path().lastIndexOf('/'));
              packages.add(dir);
              if (f.name().equals("package-info.java") && f.text().contains("///")) {
                described.add(dir);
              }
            });
    List<String> missing = new ArrayList<>();
    for (String dir : packages) {
      if (!described.contains(dir)) {
        missing.add(dir + "/package-info.java");
      }
    }
    missing.sort(null);
    assertTrue(
        missing.isEmpty(),
        () ->
            "packages without a word about themselves; write what it is, its entry points, what it"
                + " may import:\n  "
                + String.join("\n  ", missing));
  }

  @Test
  void everyModuleHasTheNullContract() {
    Findings found = new Findings("null-marked");
    tree.java()
        .filter(f -> f.name().equals("module-info.java"))
        .filter(f -> !f.code().contains("@org.jspecify.annotations.NullMarked"))
        .filter(f -> !f.code().contains("@NullMarked"))
        .forEach(f -> found.add(f, 1, "no @NullMarked", "mark the module"));
    found.assertNone();
  }

  @Test
  void typesAreNamedAfterWhatTheyAre() {
    Findings found = new Findings("names");
    Pattern vague =
        Pattern.compile("(?:Abstract|Base)[A-Z].*|.*(?:Impl|Manager|Helpers?|Utils?|Misc)");
    tree.mainJava()
        .filter(f -> vague.matcher(f.name().replace(".java", "")).matches())
        .forEach(f -> found.add(f, 1, f.name(), "name the noun it is"));
    found.assertNone();
  }

  @Test
  void scriptsCanBeRun() {
    Findings found = new Findings("executable");
    tree.scripts()
        .filter(f -> f.text().startsWith("#!"))
        .filter(f -> !Files.isExecutable(tree.root().resolve(f.path())))
        .forEach(f -> found.add(f, 1, "not executable", "chmod +x"));
    found.assertNone();
  }

  @Test
  void everyAllowanceNamesACheckAndAFileThatExist() {
    Set<String> checks =
        Set.of(
            "locks", "sleep", "exit", "unsafe", "print", "streams", "stacktrace", "catch-all",
            "clock", "disabled", "to-do", "ascii", "layout", "length", "null-marked", "names",
            "executable", "machine-paths", "links");
    List<String> wrong = new ArrayList<>();
    for (String[] allowance : Findings.allowances()) {
      if (!checks.contains(allowance[0])) {
        wrong.add("no check is called " + allowance[0]);
      }
      if (!Files.exists(tree.root().resolve(allowance[1]))) {
        wrong.add("no file is called " + allowance[1]);
      }
    }
    assertTrue(wrong.isEmpty(), () -> "allowed.txt:\n  " + String.join("\n  ", wrong));
  }

  @Test
  void catchingEverythingIsToldFromCatchingSomething() {
    Pattern banned = Pattern.compile(CATCH_ALL);
    for (String all :
        List.of(
            "} catch (Exception e) {",
            "catch (final Throwable t)",
            "catch (IOException | RuntimeException | Error e)",
            "catch (java.lang.Error e)")) {
      assertTrue(banned.matcher(all).find(), all);
    }
    for (String some :
        List.of("catch (FsException e)", "catch (IOException | CorruptedException e)")) {
      assertFalse(banned.matcher(some).find(), some);
    }
  }

  private void banInMain(String check, String pattern, String todo) {
    Findings found = new Findings(check);
    Pattern banned = Pattern.compile(pattern);
    tree.mainJava().forEach(f -> found.addMatches(f, f.code(), banned, todo));
    found.assertNone();
  }
}
