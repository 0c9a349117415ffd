/// The seam between those who change metadata and the journal that makes a change whole.
///
/// Entry points: [Journal] and [Handle]. Every change of a metadata block happens between
/// [Journal#start] and [Handle#stop()], on a [buffer](org.pagewright.fs.ext4.buffer.Buffer) that
/// the handle was told of first:
///
/// ```java
/// try (Handle handle = journal.start(CREDITS)) {
///   handle.getWriteAccess(buffer);
///   buffer.lock();
///   ... change bytes ...
///   buffer.unlock();
///   handle.dirtyMetadata(buffer);
/// }
/// ```
///
/// Before a file system that was not closed is used, [Recovery] replays what its journal holds:
/// [JournalBlocks] says where the journal lies, [JournalSuperblock] what state it is in.
///
/// ```
/// Superblock sb = Superblock.read(device);
/// sb = Recovery.recover(device, sb).superblock(); // durable; anything read before may be stale
/// ```
///
/// [Jbd2] writes it. One commit, from a thread that wants to see something durable:
///
/// ```
/// JOURNAL_COMMIT       one at a time; who comes later and wants the same finds it done
///   LOCKED             new handles wait, open ones end               JOURNAL_HANDLE exclusive
///     snapshot         each changed block is copied and sealed; handles go on with the next
///                      transaction, and may change the same blocks at once
///   LOG                revoked blocks, then descriptors with their blocks; wait for all
///   FLUSH              the log, and the content of files written before, are durable
///   COMMIT             one block, with FUA: from here on it has happened
///   FINISH             its blocks may go to their places; revoked ones leave the cache; freed ones
///                      may be given out again
/// later, CHECKPOINT    blocks are in their places; flush; the log begins behind the transaction
/// ```
///
/// May import errno, sync, stats, block, writeback's clock, buffer, disk.
///
/// Rules:
/// - A handle is started before any folio is locked and before any lock from FOLIO down is taken: a
///   commit waits for open handles, so a handle that waits for a commit may hold nothing that
///   another open handle wants (class JOURNAL_HANDLE).
/// - Under a handle nobody waits for a folio or for a write-out, and a commit waits for no content:
///   that is why the end of a write-out may start a handle like everybody else. Ordered data need
///   no waiting: blocks are unwritten, and the size on disk stays, until the content has been
///   written (R-C9), under a handle of its own; the flush of its commit makes both durable.
/// - Credits are the number of different blocks that a handle may declare: room that is kept for it
///   in the transaction and in the log, so that a commit always fits.
/// - A long operation goes in steps, each consistent by itself: before a step it asks
///   [Handle#ensure], with no lock below JOURNAL_HANDLE held.
/// - A block that a transaction has declared is pinned: it is not written to its place before the
///   commit. A block that was logged keeps its transaction in the log until it is in its place.
/// - What a handle frees it [revokes](Handle#revoke): old content must not come back over the next
///   owner's data, neither from the cache nor from a replay. And nobody owns it before the commit
///   (see [Handle#freed]): the old owner may come back.
/// - A replay changes nothing before every checksum of every block that will be replayed was right;
///   then blocks are durable before the log is emptied, and that before the superblock says so.
/// - After an error of the log nothing is committed any more; what was stays for the next recovery.
///
/// Compare Linux's fs/jbd2/transaction.c, commit.c, checkpoint.c, recovery.c and
/// fs/ext4/ext4_jbd2.c. Differences: every changed block is copied at the commit, not only those
/// that somebody changes meanwhile, so nobody ever waits for a block that is being logged; the
/// thread that wants a commit does it; a flush that failed stops the journal.
///
/// Not here: which blocks to change, and fast commits, which are neither written nor replayed.
/// [NoJournal] hands dirty buffers to the cache, and a crash leaves what e2fsck repairs.
package org.pagewright.fs.ext4.journal;
