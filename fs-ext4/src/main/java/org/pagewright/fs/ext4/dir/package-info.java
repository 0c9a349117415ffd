/// Directories of ext4: blocks of entries, linear or under a hash tree.
///
/// | type                  | what                                                             |
/// |-----------------------|------------------------------------------------------------------|
/// | [Directory]           | find, add, remove, iterate                                       |
/// | [DirBlocks]           | upward call: what a directory needs of its inode                 |
/// | [DirBlockType]        | checks a block when it is loaded, sets its checksum when written |
///
/// May import errno, sync, and of this module `disk`, `buffer`, `journal`.
///
/// ## From a name to an entry
///
///     hash(name) -> root (block 0) -> node ... -> leaf -> entry
///                   largest hash not above ours, at each level
///
/// An index block looks like an empty leaf to a driver that knows no index. A block is walked whole
/// when it is loaded; from then on lengths in it are trusted, because only this package changes it.
///
/// What we do differently from Linux: a directory that is full while its index is at its deepest is
/// ENOSPC with a reason; iteration sorts one leaf at a time and keeps no tree of names per open
/// directory.
///
/// Not here: link counts, times, types of inodes (the file system's root package).
package org.pagewright.fs.ext4.dir;
