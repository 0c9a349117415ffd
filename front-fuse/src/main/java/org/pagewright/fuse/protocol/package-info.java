/// The words of the FUSE protocol: opcodes, structures, what both sides may agree on. No state, no
/// input or output.
///
/// ## Entry points
///
/// | type      | what it is                                                           |
/// |-----------|----------------------------------------------------------------------|
/// | [Request] | one request in a buffer, read within its bounds                      |
/// | [Reply]   | one answer being put together                                        |
/// | [Opcode]  | what may be asked                                                    |
/// | [Wire]    | where the fields of the structures lie                               |
/// | [Feature] | what kernel and server agree on                                      |
///
/// May import `errno` and `vfs` of core.
///
/// ## A request and its answer
///
///     | len opcode unique nodeid uid gid pid | structure of the opcode | names, bytes |
///     | len -errno unique | structure | names, bytes |
///
/// ## Rules
///
/// - Numbers have the byte order of the host: kernel and server are one machine.
/// - Each structure says the size that the kernel's header gives it, and does not load otherwise.
/// - A request is not trusted: a field that it does not have is EINVAL, never the next request's.
///
/// ## Not here
///
/// Character devices in user space (CUSE), shared memory (DAX), `io_uring` queues.
package org.pagewright.fuse.protocol;
