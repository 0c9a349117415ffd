package org.pagewright.nio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// H2's databases on volumes of ours: its file locks, its store of pages that it appends and
/// overwrites and cuts, its own recovery.
final class H2Test {
  private static final int ROWS = 2000;

  @TempDir private Path dir;

  private static Connection connect(String volume) throws SQLException {
    return DriverManager.getConnection(
        "jdbc:h2:volume:/" + volume + "/db/test;FILE_LOCK=FS;WRITE_DELAY=0;DB_CLOSE_ON_EXIT=FALSE");
  }

  private static void fill(Connection connection, int from) throws SQLException {
    connection.setAutoCommit(false);
    try (PreparedStatement insert =
        connection.prepareStatement("insert into t values (?, ?, ?)")) {
      for (int i = from; i < from + ROWS; i++) {
        insert.setInt(1, i);
        insert.setString(2, "row " + i);
        insert.setBytes(3, new byte[i % 300]);
        insert.executeUpdate();
        if (i % 500 == 0) {
          connection.commit();
        }
      }
    }
    connection.commit();
  }

  private static long sum(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery("select sum(id), count(*), count(distinct name) from t")) {
      result.next();
      assertEquals(result.getLong(2), result.getLong(3));
      return result.getLong(1);
    }
  }

  private static void makeTable(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("create table t (id int primary key, name varchar, body varbinary)");
      statement.execute("create index by_name on t (name)");
    }
  }

  @Test
  void aDatabaseOnAnImageKeepsItsRowsAcrossMounts() throws IOException, SQLException {
    Path image = TestImages.make(dir.resolve("disk.img"), 64 << 20);
    Map<String, ?> env = Map.of("cacheBytes", "2M");
    try (FileSystem disk = FileSystems.newFileSystem(image, env)) {
      Files.createDirectory(disk.getPath("/db"));
      H2FilePath.register("disk", disk);
      try (Connection connection = connect("disk")) {
        makeTable(connection);
        fill(connection, 0);
      }
    }
    try (FileSystem disk = FileSystems.newFileSystem(image, env)) {
      H2FilePath.register("disk", disk);
      try (Connection connection = connect("disk")) {
        assertEquals((long) ROWS * (ROWS - 1) / 2, sum(connection));
        fill(connection, ROWS);
        try (Statement statement = connection.createStatement()) {
          statement.execute("delete from t where id < " + ROWS);
          statement.execute("shutdown compact");
        }
      }
      try (Connection connection = connect("disk")) {
        assertEquals((long) ROWS * ROWS + (long) ROWS * (ROWS - 1) / 2, sum(connection));
      }
    }
  }

  /// The image is copied at a moment when every row is committed, and the database still open: what
  /// a power cut would leave of it is recovered by our journal first, by H2 then.
  @Test
  void committedRowsAreInAnImageTakenWhileTheDatabaseIsOpen() throws IOException, SQLException {
    Path image = TestImages.make(dir.resolve("disk.img"), 64 << 20);
    Path copy = dir.resolve("copy.img");
    try (VolumeFileSystem disk = (VolumeFileSystem) FileSystems.newFileSystem(image)) {
      Files.createDirectory(disk.getPath("/db"));
      H2FilePath.register("power", disk);
      try (Connection connection = connect("power")) {
        makeTable(connection);
        fill(connection, 0);
        try (Statement statement = connection.createStatement()) {
          statement.execute("checkpoint sync");
        }
        disk.volume().superBlock().freeze(); // no write is under way while the file is read
        Files.copy(image, copy, StandardCopyOption.REPLACE_EXISTING);
        disk.volume().superBlock().thaw();
        fill(connection, ROWS);
      }
    }
    try (FileSystem disk = FileSystems.newFileSystem(copy)) {
      H2FilePath.register("power", disk);
      try (Connection connection = connect("power")) {
        assertEquals((long) ROWS * (ROWS - 1) / 2, sum(connection));
      }
    }
  }

  @Test
  void aSecondDatabaseEngineFindsTheFileLocked() throws IOException, SQLException {
    try (FileSystem memory = VolumeFileSystem.inMemory("h2", Map.of())) {
      Files.createDirectory(memory.getPath("/db"));
      H2FilePath.register("memory", memory);
      H2FilePath.register("again", memory); // another name, so that H2 sees another database
      try (Connection connection = connect("memory")) {
        makeTable(connection);
        SQLException locked = assertThrows(SQLException.class, () -> connect("again"));
        assertTrue(locked.getMessage().contains("in use"), locked.getMessage());
      }
      connect("again").close();
    }
  }
}
