/// What POSIX and Linux have files do, as tables of some thousand cases that run over any door.
///
/// A case is a script in an empty directory and the line that must come of it. The line is not
/// written down by hand but follows from a rule that the table states in a few lines, from what
/// varies: who asks, mode bits, what a name leads to, flags. The kernel's own ext4 is the judge of
/// the rules, where a test may mount it.
///
///     PosixTable.all() ----> Row: name, expected, Script
///                                              |
///     Scene: an empty directory, short words --+--> Door --> VolumeDoor   core
///                                                       --> os.HostDoor  the kernel, as anybody
///
/// | type          | what                                                                        |
/// |---------------|-----------------------------------------------------------------------------|
/// | [Door]        | the calls that cases make, with credentials; to be had over any way in      |
/// | [VolumeDoor]  | over [org.pagewright.vfs.Volume]                                            |
/// | [PosixTable]  | all rows, and the loop that runs them                                       |
/// | [Row]         | one case                                                                    |
///
/// The contract suites beside it tell what a file system does behind the VFS, with power cuts and
/// errors; here it is breadth: every kind of thing against every call.
///
/// Imports core only.
package org.pagewright.sim.posix;
