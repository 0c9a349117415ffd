/// Error numbers and the exceptions that carry them. The lowest room: it imports nothing of ours.
///
/// | type                 | when                                                            |
/// |----------------------|-----------------------------------------------------------------|
/// | [Errno]              | the reason, with Linux's number and a few words                 |
/// | [FsException]        | every operating error that leaves the library                   |
/// | [CorruptedException] | a caller branches on it: bytes from a device that cannot be     |
///
/// A programmer's error is an `AssertionError`; an expected outcome is a return value.
package org.pagewright.errno;
