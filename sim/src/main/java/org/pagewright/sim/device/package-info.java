/// Block devices that count, fail on purpose, or betray bytes that were never written.
///
/// May import errno and block of core. Each device wraps another one
/// ([org.pagewright.block.StackedBlockDevice]) or is one in memory, so they stack:
///
/// ```
///   file system under test
///     CountingBlockDevice    how many reads, writes, flushes did that take?
///       FaultyBlockDevice    the n-th write fails, or sectors 8 to 15 do
///         PoisonedDevice     a RamBlockDevice: what was never written reads as 'S'
/// ```
///
/// How they are meant to be used:
///
/// 1. Fail the n-th request for n = 1, 2, 3 ... until the operation passes, then look at the image:
///    an error path that nobody ran is an error path that does not work.
///    [org.pagewright.sim.device.FaultyBlockDevice#failNth]
/// 2. Put poison under every file system test: a block that is handed out without being zeroed or
///    overwritten shows up as a run of 'S'. [org.pagewright.sim.device.PoisonedDevice]
/// 3. Count requests where a rule forbids some: a write that covers a block needs no read.
///    [org.pagewright.sim.device.CountingBlockDevice]
/// 4. Let writes end late and out of order: who flushes must have waited.
///    [org.pagewright.sim.device.LateBlockDevice]
/// 5. Put a device that lies about its flushes above a recording one: a test of power cuts that
///    still passes is none. [org.pagewright.sim.device.LyingBlockDevice]
///
/// Not here: power cuts and reordering of writes that are in flight, which are in `crash`.
package org.pagewright.sim.device;
