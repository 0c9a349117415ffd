/// Benchmarks: each number beside its peers in one run. Run them with `bench/run`; see there.
///
/// | class       | question                                                       |
/// |-------------|----------------------------------------------------------------|
/// | [CachedIo]  | what does a read or a write cost when the bytes are in memory  |
/// | [SyncedIo]  | what does a promise of durability cost                         |
/// | [ChannelIo] | what does a channel of `java.nio` add to that                  |
/// | [Schedules] | how many schedules a second does the explorer run              |
package org.pagewright.bench;
