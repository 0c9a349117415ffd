package org.pagewright.nio;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardCopyOption.COPY_ATTRIBUTES;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;

import java.io.IOException;
import java.nio.file.CopyOption;
import java.nio.file.FileSystem;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/// Each kind of file copied and moved to each kind of place, with each set of options.
final class CopiesAsTheJdkTest extends AsTheJdk {
  private static final List<String> SOURCES =
      List.of("file", "empty", "full", "link", "broken", "none");
  private static final List<String> TARGETS =
      List.of("new", "file", "other", "hard", "empty2", "full", "link", "broken", "none/x");

  @Override
  void rows() {
    copies();
    moves();
    names();
  }

  private void copies() {
    List<CopyOption[]> options =
        List.of(
            new CopyOption[] {},
            new CopyOption[] {REPLACE_EXISTING},
            new CopyOption[] {NOFOLLOW_LINKS},
            new CopyOption[] {REPLACE_EXISTING, COPY_ATTRIBUTES, NOFOLLOW_LINKS},
            new CopyOption[] {ATOMIC_MOVE});
    for (CopyOption[] set : options) {
      for (String source : SOURCES) {
        for (String target : TARGETS) {
          row(
              "copy " + Arrays.toString(set) + " " + source + " to " + target,
              dir -> {
                fill(dir);
                Files.copy(dir.resolve(source), dir.resolve(target), set);
                return null;
              });
        }
      }
    }
    row(
        "copies keep attributes that are asked for",
        dir -> {
          Path file = write(dir.resolve("f"), "x");
          FileTime time = FileTime.from(Instant.ofEpochSecond(1000000000L, 123456789));
          Files.setLastModifiedTime(file, time);
          Files.copy(file, dir.resolve("g"), COPY_ATTRIBUTES);
          return Files.getLastModifiedTime(dir.resolve("g"));
        });
  }

  private void moves() {
    List<CopyOption[]> options =
        List.of(
            new CopyOption[] {},
            new CopyOption[] {REPLACE_EXISTING},
            new CopyOption[] {ATOMIC_MOVE},
            new CopyOption[] {COPY_ATTRIBUTES});
    Set<String> special = Set.of("empty to full"); // ours is DirectoryNotEmptyException
    for (CopyOption[] set : options) {
      for (String source : SOURCES) {
        for (String target : TARGETS) {
          if (set.length == 1
              && set[0] == ATOMIC_MOVE
              && special.contains(source + " to " + target)) {
            continue;
          }
          row(
              "move " + Arrays.toString(set) + " " + source + " to " + target,
              dir -> {
                fill(dir);
                Files.move(dir.resolve(source), dir.resolve(target), set);
                return null;
              });
        }
      }
    }
    row(
        "move below itself",
        dir -> {
          Path a = Files.createDirectory(dir.resolve("a"));
          Files.move(a, a.resolve("b"));
          return null;
        });
  }

  /// Which files an exception names.
  private static String named(Path dir, Action action) throws IOException {
    try {
      action.run();
      return "fine";
    } catch (FileSystemException e) {
      FileSystem fs = dir.getFileSystem();
      String other = e.getOtherFile();
      return dir.relativize(fs.getPath(e.getFile()))
          + (other == null ? "" : " " + dir.relativize(fs.getPath(other)));
    }
  }

  private void names() {
    row(
        "the files that exceptions name",
        dir -> {
          fill(dir);
          Path file = dir.resolve("file");
          Path none = dir.resolve("none");
          Path below = dir.resolve("none/x");
          Path full = dir.resolve("full");
          return List.of(
              named(dir, () -> Files.copy(none, below)),
              named(dir, () -> Files.copy(file, below)),
              named(dir, () -> Files.copy(file, dir.resolve("other"))),
              named(dir, () -> Files.copy(file, full, REPLACE_EXISTING)),
              named(dir, () -> Files.copy(full, below)),
              named(dir, () -> Files.copy(dir.resolve("broken"), below, NOFOLLOW_LINKS)),
              named(dir, () -> Files.move(none, below)),
              named(dir, () -> Files.move(file, below)),
              named(dir, () -> Files.move(file, dir.resolve("other"))),
              named(dir, () -> Files.move(file, full, REPLACE_EXISTING)),
              named(dir, () -> Files.move(none, below, ATOMIC_MOVE)),
              named(dir, () -> Files.move(file, below, ATOMIC_MOVE)),
              named(dir, () -> Files.createLink(none, below)),
              named(dir, () -> Files.delete(full)),
              named(dir, () -> Files.getLastModifiedTime(none)));
        });
  }
}
