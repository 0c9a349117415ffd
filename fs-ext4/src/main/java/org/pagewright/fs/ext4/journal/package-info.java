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
/// May import errno, sync, block, buffer, disk.
///
/// Rules:
/// - A handle is started before any folio is locked and before any lock from FOLIO down is taken: a
///   commit waits for open handles, so a handle that waits for a commit may hold nothing that
///   another open handle wants (class JOURNAL_HANDLE).
/// - Credits are the number of different blocks that a handle may declare. They are asserted today,
///   because a journal of fixed size is a promise about them.
/// - A long operation goes in steps, each consistent by itself: before a step it asks
///   [Handle#ensure], with no lock below JOURNAL_HANDLE held.
/// - A replay changes nothing before every checksum of every block that will be replayed was right;
///   then blocks are durable before the log is emptied, and that before the superblock says so.
/// - What a handle frees it [revokes](Handle#revoke): old content must not come back over the next
///   owner's data, neither from the cache nor from a replay.
///
/// Compare Linux's fs/jbd2/transaction.c, fs/jbd2/recovery.c and fs/ext4/ext4_jbd2.c.
///
/// Not here: which blocks to change, the replay of fast commits, and the writing side of JBD2.
/// Without it, [NoJournal] hands dirty buffers to the cache, and a crash leaves what e2fsck
/// repairs.
package org.pagewright.fs.ext4.journal;
