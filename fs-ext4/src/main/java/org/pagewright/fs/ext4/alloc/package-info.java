/// Which blocks and inodes are free, who gets which, and how much may be promised.
///
/// Entry points: [GroupTable] (descriptors, locks, the [SystemZone]), [BlockAllocator],
/// [InodeAllocator]. An inode keeps an [AllocationStream], so that its blocks lie together.
///
/// ```
/// write()      reserve(1)         ENOSPC is told here, R-C7
///   |
/// writeback    allocate(RESERVED) --> own reserve of the stream, if it has one
///   |            claims               else the goal, its group, the other groups:
///   |                                 bitmap AND not reserved in memory by another stream
///   v
/// truncate     free               bits, descriptor, counts; content forgotten by the cache
/// ```
///
/// May import errno, sync, block, buffer, disk, journal.
///
/// Rules:
/// - R-C7: space is promised with [BlockAllocator#reserve] when bytes are accepted, never found
///   missing when they are written back. What is promised is not given to anybody else.
/// - available = free - promised, never below zero. Blocks for the super user, and a pool for the
///   extent blocks that write-out needs, stay out of reach of ordinary promises.
/// - A block of the system zone is never given out and never freed, whatever an image says.
/// - A bit that is freed must be set, one that is allocated must be clear; a bitmap must have its
///   checksum, its group's free count and its group's own metadata right. Else the image lies and
///   the operation ends with a CorruptedException before anything is changed.
/// - One group at a time is locked. Credits: two blocks for each group touched (bitmap,
///   descriptors), one more for an inode's table block.
///
/// Compare Linux's fs/ext4/mballoc.c, ialloc.c and balloc.c. Differences: no buddy bitmaps (a word
/// scan of 4 KiB costs less than keeping them right), reserves are bits in memory of the group, one
/// mutex where Linux has per-CPU counters.
///
/// Not here: which file block a device block is for (package map), clusters (bigalloc is
/// read-only).
package org.pagewright.fs.ext4.alloc;
