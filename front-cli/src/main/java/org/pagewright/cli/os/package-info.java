/// Calls of the host's C library that the JDK has no door to: attributes of every namespace, holes,
/// device nodes, times of symbolic links to the nanosecond.
///
/// Entry points: [HostCalls], [HostNames]. May import: `errno`, and `Name` of `vfs`. This is the
/// only room of the module that uses restricted methods of `java.lang.foreign`.
///
/// Where the library cannot be called (another system, native access denied) [HostCalls#open()]
/// gives null, and the callers do with what `java.nio.file` offers: attributes of the `user.`
/// namespace, zeros for holes, no devices.
package org.pagewright.cli.os;
