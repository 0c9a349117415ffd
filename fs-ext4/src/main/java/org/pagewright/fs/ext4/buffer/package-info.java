/// Cached metadata blocks: bitmaps, inode tables, descriptors, extent blocks, directories.
///
/// File data never comes here (it lives in folios); everything that goes through a journal does.
/// Entry points: [BufferCache], and [BufferType], which a structure implements to have its checksum
/// verified once per load and set before each write.
///
/// ```
///   read(blockNr, type) --> Buffer, referenced --> lock, change bytes, unlock
///        |                                            |
///        | not cached: one reader reads and           v
///        | verifies, others wait               handle.dirtyMetadata(buffer)
///        v                                            |
///   LRU of clean, unreferenced buffers  <--  writeback: lock, seal, copy, unlock; write the copy
/// ```
///
/// May import errno, sync, block.
///
/// Rules:
/// - Bytes change only with the buffer's lock held, and [Buffer#markDirty()] comes after the
///   change. So a write-out sees a whole change or none, and a change after it is written again.
/// - What a block means is guarded by its owner (the inode, the group, the extent map), which also
///   orders readers against writers; the buffer's lock only orders change against write-out. It is
///   held for a memory copy, never while another buffer is read, created or locked.
/// - A write goes out from a copy, so nobody waits for the device to change a block.
/// - A buffer whose write failed stays dirty, and a block that was freed is forgotten: its old
///   content is never written over the next owner's data.
///
/// Compare Linux's fs/buffer.c. Differences: no folios below, one type for one purpose, and
/// the checksum is verified by the cache and not by each caller after the fact.
///
/// Not here: when to write (the journal decides), what to flush (the caller of
/// [BufferCache#sync()] flushes the device).
package org.pagewright.fs.ext4.buffer;
