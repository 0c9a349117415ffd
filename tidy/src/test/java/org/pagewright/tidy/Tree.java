package org.pagewright.tidy;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The project's files as they lie in the working tree, without what builds and tools leave there.
final class Tree {
  private static final Pattern MODULE = Pattern.compile("<module>([^<]+)</module>");
  private static final Set<String> SKIPPED_DIRS = Set.of("target", ".git", ".idea", ".vscode");
  private static final Set<String> TEXT_SUFFIXES =
      Set.of("java", "md", "xml", "sh", "txt", "properties", "yml", "yaml", "json");
  private static final int SCRIPT_BYTES_MAX = 1 << 20;

  private static final Tree INSTANCE = new Tree(findRoot());

  private final Path root;
  private final List<SourceFile> files;

  private Tree(Path root) {
    this.root = root;
    this.files = read(root);
  }

  static Tree get() {
    return INSTANCE;
  }

  Path root() {
    return root;
  }

  /// All text files, sorted by path.
  List<SourceFile> files() {
    return files;
  }

  Stream<SourceFile> java() {
    return files.stream().filter(f -> f.path().endsWith(".java"));
  }

  /// What ships: the sources of the engine, of file systems and of front ends.
  Stream<SourceFile> mainJava() {
    return java().filter(SourceFile::isMain);
  }

  /// What proves: all tests, the simulator and the lab.
  Stream<SourceFile> testJava() {
    return java().filter(SourceFile::isTest);
  }

  Stream<SourceFile> scripts() {
    return files.stream().filter(SourceFile::isScript);
  }

  Stream<SourceFile> markdown() {
    return files.stream().filter(f -> f.path().endsWith(".md"));
  }

  /// The modules of the reactor in build order.
  List<String> modules() {
    Matcher m = MODULE.matcher(file("pom.xml").text());
    List<String> modules = new ArrayList<>();
    while (m.find()) {
      modules.add(m.group(1));
    }
    return modules;
  }

  SourceFile file(String path) {
    for (SourceFile f : files) {
      if (f.path().equals(path)) {
        return f;
      }
    }
    throw new AssertionError(path + " is missing in " + root);
  }

  private static Path findRoot() {
    Path start = Path.of("").toAbsolutePath();
    for (Path dir = start; dir != null; dir = dir.getParent()) {
      if (Files.exists(dir.resolve(".editorconfig")) && Files.exists(dir.resolve("pom.xml"))) {
        return dir;
      }
    }
    throw new AssertionError("no project root (.editorconfig beside pom.xml) above " + start);
  }

  private static List<SourceFile> read(Path root) {
    List<SourceFile> files = new ArrayList<>();
    try {
      Files.walkFileTree(
          root,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attrs) {
              return SKIPPED_DIRS.contains(name(dir))
                  ? FileVisitResult.SKIP_SUBTREE
                  : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attrs)
                throws IOException {
              if (attrs.isRegularFile() && isText(file, attrs.size())) {
                String path = root.relativize(file).toString();
                files.add(new SourceFile(path, Files.readString(file)));
              }
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new AssertionError("cannot read the tree under " + root, e);
    }
    files.sort(Comparator.comparing(SourceFile::path));
    return List.copyOf(files);
  }

  private static boolean isText(Path file, long size) throws IOException {
    String name = name(file);
    int dot = name.lastIndexOf('.');
    if (dot > 0) {
      return TEXT_SUFFIXES.contains(name.substring(dot + 1));
    }
    if (name.equals("LICENSE") || name.equals("NOTICE") || dot == 0) {
      return !name.startsWith(".jqwik") && !name.equals(".git");
    }
    if (size < 2 || size > SCRIPT_BYTES_MAX) {
      return false;
    }
    try (var in = Files.newInputStream(file)) {
      return in.read() == '#' && in.read() == '!';
    }
  }

  private static String name(Path path) {
    Path name = path.getFileName();
    return name == null ? "" : name.toString();
  }
}
