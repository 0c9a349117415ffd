package org.pagewright.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pagewright.cli.Shell.ok;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.fuse.Mounts;

/// Databases on a mount whose server is killed: what they had committed is there afterwards.
/// Skipped where nothing can be mounted.
@Timeout(400)
final class MountedDatabaseTest {
  private static final int ROUNDS = Integer.getInteger("pagewright.kill.rounds", 3);

  @TempDir Path dir;
  private Path image;
  private Random random;

  @BeforeEach
  void makeImage() {
    MountedImage.assume();
    image = dir.resolve("disk.img");
    ok("mkfs", "--size", "64M", image);
    long seed = Long.getLong("pagewright.seed", System.nanoTime());
    System.out.println("-Dpagewright.seed=" + seed);
    random = new Random(seed);
  }

  @Test
  void committedRowsSurviveTheKillOfTheServer() throws IOException {
    Shell.assume(Shell.has("sqlite3"), "no sqlite3");
    int committed = 0;
    for (int round = 0; round < ROUNDS; round++) {
      try (MountedImage mounted = MountedImage.mount(image, dir)) {
        String count =
            mounted.sh(
                "sqlite3 db 'PRAGMA integrity_check;"
                    + " CREATE TABLE IF NOT EXISTS t(a INTEGER PRIMARY KEY, b);"
                    + " SELECT count(*) FROM t;'");
        assertEquals("ok", count.lines().findFirst().orElse(""));
        int rows = Integer.parseInt(count.lines().skip(1).findFirst().orElse(""));
        assertTrue(rows >= committed, rows + " rows, " + committed + " were committed");
        committed = insertUntilKilled(mounted, rows, 20 + random.nextInt(60));
        Shell.ok("umount", mounted.point());
        assertNull(Mounts.at(mounted.point()));
      }
    }
    try (MountedImage mounted = MountedImage.mount(image, dir)) {
      mounted.unmount();
    }
  }

  /// Rows one by one, each a transaction; the server is killed after some of them.
  ///
  /// @return rows that sqlite3 said were committed
  private static int insertUntilKilled(MountedImage mounted, int rows, int more)
      throws IOException {
    Process sqlite =
        new ProcessBuilder("sqlite3", "-batch", mounted.point().resolve("db").toString())
            .redirectErrorStream(true)
            .start();
    int committed = rows;
    try (var in = sqlite.outputWriter(StandardCharsets.UTF_8);
        BufferedReader out =
            new BufferedReader(
                new InputStreamReader(sqlite.getInputStream(), StandardCharsets.UTF_8))) {
      // By default a commit is a removal of the journal that need not be durable yet: EXTRA syncs
      // the directory, too.
      in.write("PRAGMA synchronous=EXTRA;\n");
      for (int i = 0; i < more; i++) {
        in.write("INSERT INTO t(b) VALUES(hex(randomblob(400))); SELECT 'done';\n");
        in.flush();
        assertEquals("done", out.readLine());
        committed++;
      }
      in.write(
          "BEGIN; INSERT INTO t(b) VALUES('never'); INSERT INTO t(b) VALUES(zeroblob(90000));\n");
      in.flush();
      mounted.server().destroyForcibly();
      mounted.await();
    } catch (java.io.IOException e) {
      assertFalse(mounted.server().isAlive(), e.toString()); // the pipe broke at the end
    } finally {
      sqlite.destroyForcibly();
    }
    return committed;
  }

  /// As PostgreSQL does it: a log in segments that are made beforehand and used again, one
  /// fdatasync for each commit, checkpoints that write pages and then the place to begin from.
  @Test
  void committedTransactionsOfALogSurviveTheKillOfTheServer() throws Exception {
    LogDatabase.Committed committed = new LogDatabase.Committed();
    for (int round = 0; round < ROUNDS; round++) {
      try (MountedImage mounted = MountedImage.mount(image, dir)) {
        int more = 100 + random.nextInt(600);
        long last = committed.last() + more;
        Thread killer =
            Thread.ofPlatform()
                .start(
                    () -> {
                      committed.await(last);
                      mounted.server().destroyForcibly();
                    });
        try (LogDatabase database = LogDatabase.open(mounted.point(), committed)) {
          database.commitUntilItFails(random, more + 100_000);
          throw new AssertionError("the server was not killed");
        } catch (IOException e) {
          assertTrue(committed.last() >= last, () -> "before the kill: " + e);
        } finally {
          committed.end();
          killer.join();
        }
        mounted.await();
        Shell.ok("umount", mounted.point());
      }
    }
    try (MountedImage mounted = MountedImage.mount(image, dir)) {
      LogDatabase.open(mounted.point(), committed).close();
      mounted.unmount();
    }
    Shell.assertSound(image);
  }
}
