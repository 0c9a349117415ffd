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
/// | [RingChannel]   | mounts with `io_uring`: an entry of the queue of one processor         |
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
/// ## Through io_uring
///
/// Where both sides agree on it, the kernel has a queue for each processor, and requests of the
/// programs there come into the entries that our threads have registered with it:
///
///     INIT by the device --> rings are made --> agreed --> answered --> entries are registered
///                                 |                                          |
///                          none: as without                    refused: as without, with more
///                                                              threads at the device
///
/// - Rings are made before they are agreed on: a kernel that has agreed lets every request wait
///   until each queue has an entry.
/// - A thread has one ring, a ring one entry. The kernel puts a request into any free entry of the
///   queue, and it is the entry's thread that has to come for it: were it busy with another, the
///   request would wait for that, and perhaps for ever.
/// - So no request is put aside, which would tie its thread up: the kernel keeps locks for itself,
///   see [RingChannel].
/// - A thread runs on the processor of its queue: who asks sleeps there meanwhile. A thread that a
///   request starts, as the volume's clock, runs anywhere, or whoever keeps that processor busy
///   would make the clock late: the starter leaves its processor before, see [ProcessorPin].
/// - FORGET and INTERRUPT come by the device always, which is why threads stay there.
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
/// has in its caches. Its threads for io_uring have one queue each and several entries, and work
/// on one request at a time; ours have several threads for each queue, so that one that waits for
/// the disk does not hold up its processor.
///
/// ## Not here
///
/// Mounting and unmounting, which are in the package above.
package org.pagewright.fuse.server;
