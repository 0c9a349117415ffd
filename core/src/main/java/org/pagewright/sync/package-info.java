/// Locks, waiting, the order of locks, and the points at which an explorer may switch threads.
///
/// Nobody else in Pagewright parks a thread or uses a lock of the JDK: so [Lockdep] sees every wait
/// and a schedule explorer owns every choice.
///
/// | type            | what                                                                  |
/// |-----------------|-----------------------------------------------------------------------|
/// | [LockClass]     | the one order of all locks                                            |
/// | [Lockdep]       | checks it in every run with assertions                                |
/// | [Mutex]         | one holder                                                            |
/// | [RwSem]         | many sharers or one holder, a waiting writer goes first               |
/// | [WaitQueue]     | waiting for a condition that is no lock, e.g. the end of a write-out  |
/// | [SchedulePoint] | where threads may be switched, and the only place that parks          |
///
/// Imports nothing of ours. What we do differently from Linux: the order is one enum that is
/// checked at run time, not learnt from what was seen.
package org.pagewright.sync;
