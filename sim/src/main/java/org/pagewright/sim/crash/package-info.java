/// Power cuts: every state that one could leave of a run, and whether recovery keeps what was
/// promised.
///
/// Entry points: [CrashExplorer] explores what a [CrashSubject] does on a [RecordingDevice] and
/// what its [CrashOracle] says of the sights. May import errno, block and sync of core, and
/// `device` beside it. Knows no file system.
///
/// ```
///   run          operations on a recording device; marks say how far they are
///     sweep      event by event: which writes are certain, which are in doubt
///       state    the certain ones, and some of those in doubt, some of these torn
///         open   recovery, and a look at everything              once for each content
///           cut  recovery in turn, at each write it made: the same must be seen after it
///         judge  by the oracle, at each moment the state could be left
/// ```
///
/// What the medium does, the worst that a disk with a volatile cache may do:
/// 1. A write is certain once a flush has ended that was submitted after the write had ended. A
///    flush does nothing for a write that is still under way.
/// 2. A write with FUA is certain once it has ended.
/// 3. Writes that are not certain may each be there or not, in any combination: nothing orders them
///    but a flush.
/// 4. A sector of 512 bytes is written whole or not at all; a request of several may be torn in any
///    way.
/// 5. A write that ended with an error may be there. A flush that ended with an error did nothing.
///
/// A device that only claims to flush is a [org.pagewright.sim.device.LyingBlockDevice] above the
/// recording one: then nothing ever is certain, and the first promise that was relied on is a
/// finding. No protocol survives that, and none can.
///
/// A case that should not be is one line: `SEED;OPERATIONS;CUT`, see [Cut]. It is found again by
/// [CrashExplorer#replay].
///
/// What we do differently: CrashMonkey and ALICE find states of a kernel or of an application below
/// a real file system; here the device, the file system and its recovery are in one process, so a
/// state costs what differs from the last, and recovery is cut as well.
///
/// Not here: what a file system promises; that is its oracle's to say.
package org.pagewright.sim.crash;
