/// Answers the kernel's requests: threads that receive, tables of what the kernel knows, and one
/// method for each thing that may be asked.
///
/// ## Entry points
///
/// | type            | who uses it                                                            |
/// |-----------------|------------------------------------------------------------------------|
/// | [FuseServer]    | whoever has a volume and a channel                                     |
/// | [Channel]       | tests, which play the kernel                                           |
/// | [DeviceChannel] | mounts: a descriptor of `/dev/fuse`                                    |
///
/// May import `os` and `protocol` of this module, and the core.
///
/// ## One request
///
///     Worker: receive --> Request --> NameOps, FileOps, DirOps, AttrOps --> Reply --> send
///                                          |                                  |
///                                     NodeTable, HandleTable            nobody waits any more:
///                                          |                            take back what was given
///                                     Namespace, OpenFile
///
/// The bytes of a read are not copied here if all of them are in memory: the file lends its frames
/// ([org.pagewright.vfs.OpenFile#pin]), the kernel copies from them, and then they are given back.
/// What an answer has is one moment's content of each folio nevertheless (R-B13): writers wait.
///
/// ## Rules
///
/// - A request that is to be answered is answered once, on the channel it came from, whatever goes
///   wrong.
/// - What an answer gives to the kernel is counted, and taken back if the answer finds nobody.
/// - No request waits for another request, but through the locks of the volume. FLUSH waits for
///   nothing.
/// - The kernel has checked the caller's rights: it knows groups and capabilities, we do not.
///
/// ## What we do differently
///
/// A node's number is its inode number, so that file handles work without a table of their own; and
/// nodes do not pin inodes without a bound: libfuse's servers hold one for whatever the kernel
/// has in its caches.
///
/// ## Not here
///
/// Mounting and unmounting, which are in the package above.
package org.pagewright.fuse.server;
