package org.pagewright.fs.ext4.alloc;

/// Blocks that were given out together.
///
/// @param blockNr first block on the device
/// @param count how many, at least 1
public record BlockRun(long blockNr, int count) {

  /// {@return the block behind the last one}
  public long end() {
    return blockNr + count;
  }
}
