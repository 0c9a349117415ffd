/// A directory of the host as a volume, its content in our cache: for embedders, and to measure the
/// cache over a real file system.
///
///     try (Volume volume = Hostfs.mount(Path.of("/srv/data"), memory, options, true)) ...
///
/// | type          | what                                                                      |
/// |---------------|---------------------------------------------------------------------------|
/// | [Hostfs]      | names and attributes, done by the host at once through `java.nio.file`     |
/// | `HostContent` | the low-level interface of the cache, in stages of many folios             |
/// | `HostFile`    | the channels of one file, one of them past the host's cache                |
/// | `HostIo`      | threads that nobody interrupts, and the stages                             |
///
/// May import everything of core. Nothing imports it.
///
/// ## Rules
///
/// - R-B11: only folios that a write covers in part are read before it.
/// - R-D3: beyond the end of the file a folio holds zeros, and write-out ends at the end.
/// - A file that is open when its last name goes keeps its channel, and with it its bytes.
/// - R-H7, R-H8: what the host refuses to take stays dirty here, and is told at the next sync.
///
/// ## Not here
///
/// Reserving space on the host (ENOSPC comes with the sync), device nodes, holes, swapping names:
/// `java.nio.file` has no words for them.
package org.pagewright.hostfs;
