/// The production engine in the place of the model: the same scenarios, the real write path.
///
/// Entry point: [EngineKernel]. `EngineFile` is the least file system that allocates blocks, reads
/// them and writes them; `UserMemory` and `UserIter` are a user whose pages come and go: those of
/// files are regions, [org.pagewright.mm.MappedRegion], with their own faults, as sources of writes
/// and for stores.
///
/// May import core, the explorer, and `lab.kernel`.
package org.pagewright.lab.engine;
