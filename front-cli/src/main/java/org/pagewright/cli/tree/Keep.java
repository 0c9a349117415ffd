package org.pagewright.cli.tree;

/// What of a file its copy keeps.
///
/// @param attributes mode, owner, times and extended attributes
/// @param links files with several names
/// @param sparse what becomes a hole
public record Keep(boolean attributes, boolean links, Sparse sparse) {
  /// What becomes a hole.
  public enum Sparse {
    /// What is one in the source; blocks of zeros, where the source cannot tell.
    AUTO,
    /// Every block of zeros.
    ALWAYS,
    /// Nothing.
    NEVER
  }

  /// All of it.
  public static final Keep ALL = new Keep(true, true, Sparse.AUTO);
}
