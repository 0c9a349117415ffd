package org.pagewright.sim.posix;

import java.util.Set;
import org.pagewright.errno.FsException;

/// One case: what is done in an empty directory, and what must come of it.
///
/// @param table which table it belongs to
/// @param name what is done, unique within the table
/// @param expected what POSIX and Linux make of it: `ok`, the name of an error number, or what is
///     seen afterwards, as the script tells it
/// @param needs what the file system must have
/// @param script does it
public record Row(
    String table, String name, String expected, Set<Need> needs, Script script) {

  /// What a file system may lack.
  public enum Need {
    /// Files without a name.
    TMPFILE,
    /// Extended attributes.
    XATTRS,
    /// Access control lists.
    ACLS,
    /// Flags such as immutable.
    FLAGS,
    /// Those that ext4 has besides.
    EXT_FLAGS,
    /// Making and removing space.
    FALLOCATE,
    /// Taking a range out of a file, or putting one in.
    SHIFT,
    /// Swapping two names.
    EXCHANGE,
    /// Special files.
    NODES,
    /// Access times.
    ATIME
  }

  /// What is done.
  @FunctionalInterface
  public interface Script {
    /// Does it and tells what came of it.
    ///
    /// @param scene the place and the door
    /// @return to be compared with what is expected
    /// @throws FsException of a call whose failure is not the point
    String run(Scene scene) throws FsException;
  }

  @Override
  public String toString() {
    return table + ": " + name;
  }
}
