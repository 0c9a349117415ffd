package org.pagewright.sim.device;

import org.pagewright.block.Bio;
import org.pagewright.block.BlockDevice;
import org.pagewright.block.StackedBlockDevice;

/// A device that claims to flush and does not: flushes end at once, and PREFLUSH and FUA are taken
/// off writes before the device below sees them.
///
/// With a recording device below, nothing ever becomes durable, so the first promise that a power
/// cut can break is broken. No protocol survives such a device.
public final class LyingBlockDevice extends StackedBlockDevice {
  /// Lies from now on.
  ///
  /// @param below closed with this one
  public LyingBlockDevice(BlockDevice below) {
    super(below);
  }

  @Override
  public void submit(Bio bio) {
    if (bio.op() == Bio.Op.FLUSH) {
      bio.end(null);
    } else if (bio.flags() == 0) {
      below().submit(bio);
    } else {
      Bio plain = Bio.of(bio.op(), bio.pos(), 0);
      bio.segments().forEach(plain::add);
      plain.whenEnded((b, error) -> bio.end(error), null);
      below().submit(plain);
    }
  }
}
