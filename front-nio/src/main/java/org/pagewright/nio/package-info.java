/// Volumes through `java.nio.file`: a provider that the JDK finds by itself, so that every program
/// that takes a [java.nio.file.Path] works on an ext4 image, a volume in memory or a host's
/// directory.
///
/// ## Entry points
///
/// | type                           | who uses it                                               |
/// |--------------------------------|-----------------------------------------------------------|
/// | [PagewrightFileSystemProvider] | the JDK, through FileSystems and Files                    |
/// | [VolumeFileSystem]             | programs that have a volume open already, or want one     |
/// | [VolumeOptions]                | programs: the keys of the map a file system is made with  |
///
/// May import core's `vfs` and what its types are made of, and `org.pagewright.fs.ext4`.
///
/// ## How a read goes
///
///     Files.newByteChannel --> provider --> OpenRequest: options to flags
///                                       --> Volume.open --> OpenFile
///     FileChannel.read     --> VolumeFileChannel: open? readable? interrupted?
///                                       --> OpenFile.read: a copy out of the page cache
///
/// ## Rules
///
/// - Errors are the JDK's own types, with ours as their cause. A change of what was opened for
///   reading is a ReadOnlyFileSystemException; of a volume that became so by damage, an
///   IOException.
/// - R-H7: each channel hears of each error of write-out once, from `force` or from `close`.
/// - A file system is closed when every call in it has ended; its channels, streams and watches are
///   closed before the volume is.
/// - No lock of ours is held while the volume is called, but the position of a channel.
///
/// ## What we do differently from the JDK's own provider
///
/// - Users and groups are numbers: a volume has no list of names. Permissions are checked for the
///   user of [VolumeOptions#USER], root without it.
/// - A watch service is told by the volume, not by a kernel, and hears of changes by every door of
///   this process, also of those to a file through a name in another directory.
/// - Mapped buffers are refused: see `VolumeFileChannel`.
/// - ELOOP is a FileSystemLoopException, where the JDK has only its parent.
///
/// ## Not here
///
/// Formatting images (`mkfs` of fs-ext4), access control lists.
package org.pagewright.nio;
