/// The generic file paths over the page cache: read, buffered write, readahead, truncation. Named
/// after Linux's mm/filemap.c, whose rules it keeps.
///
/// ## Entry points
///
/// | type           | Linux                                   | called by                         |
/// |----------------|-----------------------------------------|-----------------------------------|
/// | [GenericWrite] | generic_perform_write()                 | an open file's write              |
/// | [GenericRead]  | filemap_read()                          | an open file's read               |
/// | [Readahead]    | struct file_ra_state, mm/readahead.c    | GenericRead; advice of the reader |
/// | [Truncate]     | mm/truncate.c                           | file systems, direct I/O          |
///
/// May import errno, sync, mem, iov, cache, writeback, reclaim, mm. Never vfs, iomap, block or a
/// file system: those are reached through [org.pagewright.cache.AddressSpaceOperations] only.
package org.pagewright.filemap;
