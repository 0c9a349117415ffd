package org.pagewright.lab.kernel;

/// What writes cost, counted.
///
/// @param bytesCopied letters copied between user memory, buffers and cache
/// @param blockReads blocks read from the device
/// @param pageWalks walks of the page table under the lock of the address range
public record Cost(int bytesCopied, int blockReads, int pageWalks) {
  /// What was added since.
  ///
  /// @param before an earlier count
  /// @return the difference
  public Cost minus(Cost before) {
    return new Cost(
        bytesCopied - before.bytesCopied,
        blockReads - before.blockReads,
        pageWalks - before.pageWalks);
  }
}
