package org.pagewright.sim.posix;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.pagewright.errno.FsException;

/// All tables, and how they are run.
public final class PosixTable {
  private PosixTable() {}

  /// What came of a case.
  ///
  /// @param row the case
  /// @param actual what was seen
  public record Outcome(Row row, String actual) {
    /// Whether it is what was expected.
    ///
    /// @return true if so
    public boolean isRight() {
      return row.expected().equals(actual);
    }

    @Override
    public String toString() {
      return row + ": expected " + row.expected() + ", was " + actual;
    }
  }

  /// Every row, by table, in a fixed order.
  ///
  /// @return a new map
  public static Map<String, List<Row>> all() {
    Map<String, List<Row>> tables = new LinkedHashMap<>();
    for (List<Row> rows :
        List.of(
            RightsTable.files(),
            RightsTable.directories(),
            RightsTable.sticky(),
            ModesTable.chmod(),
            ModesTable.chown(),
            ModesTable.content(),
            ModesTable.capabilities(),
            ModesTable.created(),
            PathTable.all(),
            OpenTable.all(),
            RenameTable.all(),
            TimesTable.all(),
            FlagsTable.all(),
            XattrTable.all(),
            SpaceTable.fallocate(),
            SpaceTable.copies(),
            LinksTable.all(),
            AclTable.rights(),
            AclTable.changes(),
            AclTable.inheritance())) {
      tables.put(rows.getFirst().table(), rows);
    }
    return tables;
  }

  /// Runs rows one after the other, each in a directory of its own that is removed again.
  ///
  /// @param door the way in; its root directory is root's
  /// @param rows cases
  /// @param lacks what the file system does not have: cases that need it are left out
  /// @return what came of each that was run
  /// @throws FsException if a directory cannot be made or removed
  public static List<Outcome> run(Door door, List<Row> rows, Set<Row.Need> lacks)
      throws FsException {
    List<Outcome> outcomes = new ArrayList<>();
    int number = 0;
    for (Row row : rows) {
      if (row.needs().stream().anyMatch(lacks::contains)) {
        continue;
      }
      String base = "c" + number++;
      door.as(User.ROOT, 0);
      door.mkdir(base, 0755);
      Scene scene = new Scene(door, base);
      try {
        outcomes.add(new Outcome(row, run(row, scene)));
      } catch (UnsupportedOperationException e) {
        // The door cannot make a call of this case.
      } finally {
        door.as(User.ROOT, 0);
        remove(door, base);
      }
    }
    return outcomes;
  }

  private static String run(Row row, Scene scene) {
    try {
      return row.script().run(scene);
    } catch (FsException e) {
      return "before the point: " + e.errno() + " " + e.getMessage();
    }
  }

  private static void remove(Door door, String path) throws FsException {
    for (Door.Entry entry : door.list(path)) {
      String inside = path + "/" + entry.name();
      if (door.stat(inside, false).isDirectory()) {
        remove(door, inside);
      } else {
        removeFlagged(door, inside, () -> door.unlink(inside));
      }
    }
    removeFlagged(door, path, () -> door.rmdir(path));
  }

  /// A case that failed may have left its files immutable.
  private static void removeFlagged(Door door, String path, Scene.Action remove)
      throws FsException {
    try {
      remove.run();
    } catch (FsException e) {
      FlagsTable.set(door, path, 0);
      remove.run();
    }
  }
}
