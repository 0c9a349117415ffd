/// Files kept in extents of blocks: what lies under a range, and the page cache's operations built
/// once on top of that answer. Named after Linux's fs/iomap.
///
/// ## Entry points
///
/// | type               | Linux                                  | what                             |
/// |--------------------|----------------------------------------|----------------------------------|
/// | [Iomap]            | struct iomap                           | one extent, an answer            |
/// | [ExtentOperations] | struct iomap_ops, iomap_writeback_ops  | what a file system implements    |
///
/// May import everything of core but vfs.
package org.pagewright.iomap;
