package org.pagewright.nio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.junit.jupiter.api.Test;

/// Paths and patterns, compared with those of the JDK's own provider on a Unix host.
final class PathsAsTheJdkTest {
  private static final FileSystem HOST = FileSystems.getDefault();
  private static FileSystem ours;

  @BeforeContainer
  static void open() throws IOException {
    ours = VolumeFileSystem.inMemory("paths", Map.of("cacheBytes", "1M"));
  }

  @AfterContainer
  static void close() throws IOException {
    ours.close();
  }

  @Provide
  Arbitrary<String> paths() {
    Arbitrary<String> part =
        Arbitraries.of("a", "b", "ab", ".", "..", "/", "//", "", "a.b", "...", ".a", "\u00e4");
    return part.list().ofMaxSize(6).map(parts -> String.join("/", parts));
  }

  @Provide
  Arbitrary<String> rawPaths() {
    return Arbitraries.strings().withChars("ab./").ofMaxLength(9);
  }

  @Provide
  Arbitrary<String> globs() {
    return Arbitraries.strings().withChars("ab*?[]{}!-^,\\/.$+&").ofMaxLength(8);
  }

  /// What a function of a path gives, or throws, as text.
  private static String told(Function<FileSystem, ?> function, FileSystem fileSystem) {
    try {
      return String.valueOf(function.apply(fileSystem));
    } catch (RuntimeException e) {
      return e.getClass().getName();
    }
  }

  private static void same(Function<FileSystem, ?> function) {
    assertEquals(told(function, HOST), told(function, ours));
  }

  @Property(tries = 400)
  void onePathHasTheSameParts(@ForAll("paths") String text) {
    checkOne(text);
  }

  @Property(tries = 400)
  void anyStringOfSlashesAndDotsHasTheSameParts(@ForAll("rawPaths") String text) {
    checkOne(text);
  }

  private static void checkOne(String text) {
    same(fs -> fs.getPath(text));
    same(fs -> fs.getPath(text).isAbsolute());
    same(fs -> fs.getPath(text).getRoot());
    same(fs -> fs.getPath(text).getParent());
    same(fs -> fs.getPath(text).getFileName());
    same(fs -> fs.getPath(text).getNameCount());
    same(fs -> fs.getPath(text).normalize());
    same(fs -> fs.getPath(text).startsWith((Path) null));
    same(fs -> fs.getPath(text).endsWith((Path) null));
    same(
        fs -> {
          List<String> names = new ArrayList<>();
          fs.getPath(text).forEach(name -> names.add(name.toString()));
          return names;
        });
    for (int i = -1; i < 5; i++) {
      int from = i;
      same(fs -> fs.getPath(text).getName(from));
      for (int k = i; k < 6; k++) {
        int to = k;
        same(fs -> fs.getPath(text).subpath(from, to));
      }
    }
  }

  @Property(tries = 600)
  void twoPathsRelateTheSame(@ForAll("paths") String a, @ForAll("paths") String b) {
    checkTwo(a, b);
  }

  @Property(tries = 600)
  void twoStringsRelateTheSame(@ForAll("rawPaths") String a, @ForAll("rawPaths") String b) {
    checkTwo(a, b);
  }

  private static void checkTwo(String a, String b) {
    same(fs -> fs.getPath(a).resolve(b));
    same(fs -> fs.getPath(a).resolve(fs.getPath(b)));
    same(fs -> fs.getPath(a).resolveSibling(b));
    same(fs -> fs.getPath(a).relativize(fs.getPath(b)));
    same(fs -> fs.getPath(a).startsWith(b));
    same(fs -> fs.getPath(a).endsWith(b));
    same(fs -> fs.getPath(a).equals(fs.getPath(b)));
    same(fs -> Integer.signum(fs.getPath(a).compareTo(fs.getPath(b))));
    same(fs -> fs.getPath(a, b));
    same(fs -> fs.getPath(a, b, "", a));
  }

  @Property(tries = 2000)
  void globsMatchTheSame(@ForAll("globs") String glob) {
    for (String text : List.of("", "a", "ab", "a/b", "b.a", "-", "a-b", "^", "a&b", "{a}", "!")) {
      same(fs -> fs.getPathMatcher("glob:" + glob).matches(fs.getPath(text)));
    }
  }

  @Test
  void otherSyntaxesAreTreatedTheSame() throws IOException {
    open();
    try {
      for (String pattern : List.of("a", ":a", "glob", "GLOB:a", "regex:a|b", "REGEX:(", "sql:a")) {
        same(fs -> fs.getPathMatcher(pattern).matches(fs.getPath("a")));
      }
      same(fs -> fs.getPath("a\0b"));
      same(fs -> fs.getPath("a").resolve((Path) null));
    } finally {
      close();
    }
  }

  @Test
  void bytesThatAreNoTextSurviveInAName() throws IOException {
    try (FileSystem fs = VolumeFileSystem.inMemory("bytes", Map.of())) {
      Path odd = fs.getPath("/\udcff\udc80x");
      java.nio.file.Files.createFile(odd);
      assertEquals(odd, Path.of(odd.toUri()));
      assertThrows(InvalidPathException.class, () -> fs.getPath("\ud800"));
      assertThrows(ProviderMismatchException.class, () -> odd.resolve(Path.of("a")));
      assertThrows(UnsupportedOperationException.class, odd::toFile);
    }
  }
}
