/// Benchmarks: each number beside its peers in one run.
///
/// `./pagewright bench` measures all rows of [org.pagewright.bench.measure.Rows], and
/// `./pagewright bench report` makes the page about them; `bench/run` runs one benchmark alone,
/// with the options of JMH.
///
/// | class          | question                                                       |
/// |----------------|----------------------------------------------------------------|
/// | [CachedIo]     | what does a read or a write cost when the bytes are in memory  |
/// | [MappedAccess] | what does a load or a store cost through a mapping             |
/// | [MappedUpkeep] | what does it cost to take mapped folios away from many threads  |
/// | [SyncedIo]     | what does a promise of durability cost                         |
/// | [Schedules]    | how many schedules a second does the explorer run              |
/// | [Turn]         | how do peers in processes of their own take turns              |
package org.pagewright.bench;
