package org.pagewright.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pagewright.cli.Shell.ok;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A project that lives on a mount: cloned, built, changed and packed there. Skipped where nothing
/// can be mounted, or without git.
@Timeout(400)
final class MountedProjectTest {
  @TempDir Path dir;
  private Path image;

  @BeforeEach
  void makeImage() {
    MountedImage.assume();
    Shell.assume(Shell.has("git"), "no git");
    image = dir.resolve("disk.img");
    ok("mkfs", "--size", "128M", image);
  }

  @Test
  void gitWorksThere() throws IOException {
    try (MountedImage mounted = MountedImage.mount(image, dir, "-o", "writeback_cache")) {
      mounted.sh(
          """
          export HOME=$PWD GIT_CONFIG_NOSYSTEM=1
          git init -q one; cd one
          git config user.name N; git config user.email n@example.org
          for i in $(seq 120); do mkdir -p d$((i % 9)); seq $i 400 > d$((i % 9))/f$i; done
          git add -A; git commit -qm first
          seq 7 > d1/new; git add -A; git commit -qm second
          git repack -adq; git gc -q; git fsck --strict
          test -z "$(git status --porcelain)"
          cd ..; git clone -q one two; cd two; git checkout -q HEAD~1; git fsck
          cd ..; diff -r one/d2 two/d2
          """);
      mounted.unmount();
    }
  }

  /// The sources of core: some hundred files, and as real as they come.
  private static Path sources() {
    Path core = Path.of("core/src/main/java");
    return (Files.exists(core) ? core : Path.of("..").resolve(core)).toAbsolutePath();
  }

  @Test
  void aProjectIsClonedBuiltAndPackedAsOnAnyDisk() throws IOException {
    String build =
        """
        PATH=%s/bin:$PATH; unset CLASSPATH JAVA_TOOL_OPTIONS
        javac -nowarn -proc:none -XDrawDiagnostics -d classes -cp "$LIBRARIES" \
          $(find project -name '*.java' ! -name module-info.java | LC_ALL=C sort)
        cd classes; find . -type f | LC_ALL=C sort >../list
        jar --create --date 2026-01-01T00:00:00Z --file ../core.jar @../list; cd ..
        """
            .formatted(System.getProperty("java.home"))
            .replace("$LIBRARIES", System.getProperty("java.class.path"));
    Path host = Files.createDirectory(dir.resolve("host"));
    MountedImage.sh(
        """
        export HOME=$PWD GIT_CONFIG_NOSYSTEM=1
        cp -r %s origin; cd origin; git init -q
        git config user.name N; git config user.email n@example.org
        git add -A; git commit -qm all
        cd ..; git clone -q origin project
        """
                .formatted(sources())
            + build,
        host);
    try (MountedImage mounted = MountedImage.mount(image, dir)) {
      mounted.sh(
          "export HOME=$PWD GIT_CONFIG_NOSYSTEM=1; git config --global safe.directory '*';"
              + " git clone -q " + host.resolve("origin") + " project\n" + build);
      mounted.sh("diff -r classes " + host.resolve("classes"));
      assertEquals("", mounted.sh("cd project; HOME=.. git status --porcelain").strip());
      assertEquals(
          -1, Files.mismatch(mounted.point().resolve("core.jar"), host.resolve("core.jar")));
      String classes = mounted.sh("find classes -name '*.class' | wc -l").strip();
      assertTrue(Integer.parseInt(classes) > 100, classes);
      mounted.sh("rm -r classes; rm -rf project; rm core.jar list");
      mounted.unmount();
    }
  }
}
