/// Which device block holds which block of a file.
///
/// Entry points: [BlockMapper] (one per inode in memory), which reads and changes the mapping that
/// begins in the inode's 60 bytes ([MapRoot]); [Mapping] is the answer to a lookup.
///
/// ```
///  lookup(logical) --> ExtentStatus (sorted, in memory, no I/O, no allocation)
///                        | not known
///                        v
///            ExtentMapper: root in inode -> index blocks -> leaf -> extent
///            IndirectMapper: direct, single, double, triple
/// ```
///
/// May import errno, sync, block, buffer, disk, journal, alloc.
///
/// Rules:
/// - One EXTENT_MAP lock per inode: lookups on the device's structures share it, changes take it
///   alone. What is known in memory has a lock of its own (INODE_STATE), so a hit waits for nobody.
/// - R-C10: each change counts the cookie up before the lock is released. A caller that looked the
///   mapping up before it had the folio's lock asks [BlockMapper#stillValid] with it.
/// - R-C7: a block that is promised and has no place yet (DELALLOC) is in the status map until it
///   is allocated or punched out, and so is the allocator's promise: never one without the other.
/// - Every node and every entry is checked when it is read: magic, depth one less than its parent's
///   (so there is no cycle), entries sorted, apart, inside the device and outside the system zone.
/// - A split is made from the top, one node at a time, and each step leaves a valid tree. So an
///   error in the middle costs a block at worst half empty, and nothing needs undoing.
/// - Long work (punch, truncate, conversions) goes in steps of bounded credits; between steps
///   the lock is dropped and the handle may restart. A crash then leaves part of it done.
///
/// Compare Linux's fs/ext4/extents.c, extents_status.c and indirect.c. Differences: delayed blocks
/// and cached extents in one map as there, but no references to it from anywhere else; splits from
/// the top instead of a recursive insert; the tree shrinks at any depth.
///
/// Not here: zeroing, data I/O, file size. Who allocates beyond the size says so to nobody.
package org.pagewright.fs.ext4.map;
