/// Block devices: fixed-size stores of sectors with asynchronous requests, flush and FUA.
///
/// Entry points: [BlockDevice], the interface that everything above uses; [Bio], one request;
/// [FileBlockDevice#open] for an image or `/dev/sda`, [RamBlockDevice#of] for memory,
/// [PartitionTable#open] for a partition of either; [StackedBlockDevice] for one that is another
/// but for some requests.
///
/// May import errno, os, sync, stats and mem. It has no lock of ours, and needs none on the way of
/// a request: a count of requests, a bounded queue and compare-and-set do.
///
/// ```
///   submit(bio) ----> PartitionBlockDevice: check, clone with the position moved
///                       |
///                       v
///                     FileBlockDevice: check, bounded queue, worker, pread/pwrite, fdatasync
///                       |              (read and write: the caller's own thread, if it can)
///                       v
///   bio.end(error) <-- completion, on the worker: the partition's, which ends the bio above it
/// ```
///
/// Rules:
///
/// 1. A bio that was submitted ends, exactly once, whatever happens: bad arguments, a closed device
///    and a dead one included. Somebody holds a folio for it.
/// 2. Nothing is known to be durable before the end of a flush that was submitted after the write
///    had ended, or of a write with [Bio#FUA]. Writes in flight may become durable in any order.
/// 3. A completion runs on any thread, maybe inside submit. It must not block; it may submit.
/// 4. Close waits for the completions, so a closed device's memory and file are in use by nobody.
/// 5. An image is open for writing in one process at a time: two caches over one device would each
///    overwrite what the other knows. The second to come gets EBUSY.
/// 6. An interrupt of a thread never ends a request, and is never lost: see LockedFile for what it
///    does to a channel.
/// 7. What a partition table says is checked before it is used; see [PartitionTable].
///
/// What we do differently from Linux: no merging and no reordering of requests (the cache above
/// issues large ones, the kernel below has a scheduler); a partition is a device like any other
/// instead of an offset that every request carries.
///
/// Not here: devices that fail, count or lose power on purpose, which are in the module
/// `org.pagewright.sim`; tables of any other kind than MBR and GPT.
package org.pagewright.block;
