package org.pagewright.fs.ext4.check;

import java.util.List;

/// What a check found in all.
///
/// @param findings the first ones, in the order of the phases; at most as many as were asked for
/// @param damages number of findings that are damage, with those that are not listed
/// @param notes number of findings that are none, likewise
/// @param inodes inodes in use, the reserved ones included
/// @param directories those of them that are directories
/// @param blocks blocks in use
/// @param complete whether all phases ran
public record Report(
    List<Finding> findings,
    long damages,
    long notes,
    long inodes,
    long directories,
    long blocks,
    boolean complete) {

  /// {@return whether the file system is consistent}
  public boolean isClean() {
    return damages == 0 && complete;
  }
}
