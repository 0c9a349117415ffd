/// Every native call of this module: the C library of Linux through `java.lang.foreign`, and
/// by its `syscall` what it has no names for.
///
/// ## Entry points
///
/// | type       | who uses it                                                               |
/// |------------|---------------------------------------------------------------------------|
/// | [Sys]      | the device channel, mounting and unmounting: one instance for each thread |
/// | [IoVector] | the device channel: pieces that one call writes                           |
/// | [IoUring]  | channels of queues: one instance for each, used by its thread             |
/// | [Fusectl]  | whoever ends a connection: the kernel's control files                     |
///
/// May import `errno` of core. Imported by the rest of this module only: it is not exported.
///
/// ## Rules
///
/// - A call gives its result or the negated error number; whoever wants an exception says so.
/// - Layouts of structures say their size, and the class does not load where it differs.
/// - Memory that is mapped goes when nobody can reach it any more: a late call finds it there.
/// - File descriptors are closed at exec, but for the one that `fusermount3` is to have.
///
/// ## Not here
///
/// Structures of the protocol, which are in `protocol`.
package org.pagewright.fuse.os;
