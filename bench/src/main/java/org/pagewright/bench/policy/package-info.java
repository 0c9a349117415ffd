/// Traces of accesses, and known policies of what stays in memory, to hold ours against: each a
/// [Policy], which is told of accesses and says whether they hit.
///
/// | class               | policy                                                              |
/// |---------------------|---------------------------------------------------------------------|
/// | [Lru]               | the one not used for the longest time leaves                        |
/// | [Clock]             | the next one round that was not used since the last round leaves    |
/// | [S3Fifo]            | three queues: newcomers, residents, and a memory of who left        |
/// | [TinyLfu]           | Caffeine: W-TinyLFU, an estimate of frequency decides who gets in   |
/// | [PageCachePolicy]   | ours: the real cache over an image in memory, read through a file   |
///
/// May import the engine and Caffeine; nothing of bench.
package org.pagewright.bench.policy;
