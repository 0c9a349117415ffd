/// Numbers about what happens: counts, durations, and whether events are recorded.
///
/// ## Entry points
///
/// | type          | what                                                                   |
/// |---------------|------------------------------------------------------------------------|
/// | [Counters]    | the counts of one volume; [Count] says which                           |
/// | [DeviceStats] | how long the requests of one device took: three of [Histogram]         |
/// | [Trace]       | whether to make events for the Flight Recorder                         |
///
/// May import nothing of ours. `observe` makes reports of all this.
///
/// ## What counting costs
///
/// A cached read of 64 bytes takes some 10 ns when its lines are in the processor's cache; one
/// atomic addition would make that half as slow again. So hits are not counted, they are derived:
/// what is counted is lookups, of which misses are taken away, and a read that finds all it wants
/// adds its lookups to a plain field of its open file, on the line that the read has just used.
/// That field replaces one that was there before, to look at the clock for the access time once in
/// a while; every 256 lookups, with each read that goes the long way, and at close it is added to
/// the counts of the volume. Two threads that read through one open file at the same moment may
/// lose lookups to one another, or add some twice, and reports may be late by 256 for each open
/// file: hit rates are good to about a percent, not exact. Overwrites of open folios count nothing
/// at all. Everything else is counted where it waits for a device, a lock or a batch anyway.
///
/// docs/observe.md has what was measured.
///
/// ## What we do differently
///
/// There is no switch: what costs nothing need not be switched off.
package org.pagewright.stats;
