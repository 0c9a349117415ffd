package org.pagewright.nio;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Symbolic and hard links, and the paths that lead through them.
final class LinksAsTheJdkTest extends AsTheJdk {
  @Override
  void rows() {
    row(
        "links",
        dir -> {
          FileSystem fs = dir.getFileSystem();
          fill(dir);
          Files.createSymbolicLink(dir.resolve("todir"), fs.getPath("full"));
          return List.of(
              outcome(() -> Files.createSymbolicLink(dir.resolve("link"), fs.getPath("x"))),
              outcome(() -> Files.createSymbolicLink(dir.resolve("e"), fs.getPath(""))),
              outcome(() -> Files.createLink(dir.resolve("h2"), dir.resolve("link"))),
              outcome(() -> Files.createLink(dir.resolve("h3"), dir.resolve("full"))),
              outcome(() -> Files.createLink(dir.resolve("file"), dir.resolve("other"))),
              outcome(() -> Files.createLink(dir.resolve("h4"), dir.resolve("none"))),
              outcome(() -> Files.readSymbolicLink(dir.resolve("file"))),
              outcome(() -> Files.readSymbolicLink(dir.resolve("none"))),
              Files.readSymbolicLink(dir.resolve("link")),
              text(dir.resolve("todir/x")),
              Files.isSameFile(dir.resolve("file"), dir.resolve("hard")),
              Files.isSameFile(dir.resolve("file"), dir.resolve("other")),
              Files.isSameFile(dir.resolve("link"), dir.resolve("file")),
              outcome(() -> Files.isSameFile(dir.resolve("file"), dir.resolve("none"))),
              Files.isSameFile(dir.resolve("none"), dir.resolve("none")),
              Files.isSymbolicLink(dir.resolve("link")),
              Files.exists(dir.resolve("broken")),
              Files.exists(dir.resolve("broken"), NOFOLLOW_LINKS),
              Files.notExists(dir.resolve("broken")));
        });
    row(
        "real paths",
        dir -> {
          FileSystem fs = dir.getFileSystem();
          Path real = dir.toRealPath();
          Files.createDirectories(dir.resolve("a/b"));
          Files.createSymbolicLink(dir.resolve("l"), fs.getPath("a/b"));
          Files.createSymbolicLink(dir.resolve("loop"), fs.getPath("loop"));
          write(dir.resolve("f"), "");
          List<Object> seen = new ArrayList<>();
          for (String text :
              List.of("l/../b", "a/./b/..", "l", "l/..", "loop", "none", "f/..", "f/x", "a/../l")) {
            for (LinkOption[] o : new LinkOption[][] {{}, {NOFOLLOW_LINKS}}) {
              seen.add(
                  outcome(
                      () -> seen.add(real.relativize(real.resolve(text).toRealPath(o)))));
            }
          }
          return seen;
        });
  }
}
