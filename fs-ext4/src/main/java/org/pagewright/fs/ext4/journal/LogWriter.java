package org.pagewright.fs.ext4.journal;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.pagewright.block.Bio;
import org.pagewright.block.BlockDevice;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.disk.Crc32c;

/// Writes transactions into the log, in the format that [Recovery] reads.
///
/// ```
/// head --> revoke | revoke | descriptor | data ... data | descriptor | data ... | commit --> head
///          [------------------ Snapshot, written in long requests ------------]   flush, FUA
/// ```
///
/// Used with JOURNAL_COMMIT held.
final class LogWriter {
  /// Longest write, in bytes.
  private static final int CHUNK_BYTES = 1 << 20;

  private final BlockDevice device;
  private final JournalBlocks blocks;
  private final JournalSuperblock superblock;
  private final int blockSize;
  private final int seed;
  private final int tagBytes;
  private final int tagsPerBlock;
  private final int revokesPerBlock;

  LogWriter(BlockDevice device, JournalBlocks blocks, JournalSuperblock superblock) {
    this.device = device;
    this.blocks = blocks;
    this.superblock = superblock;
    this.blockSize = superblock.blockSize();
    this.seed = superblock.checksumSeed();
    this.tagBytes = superblock.tagBytes();
    int end = tagsEnd();
    this.tagsPerBlock = (end - Recovery.HEADER_BYTES - Recovery.UUID_BYTES) / tagBytes;
    this.revokesPerBlock = (end - Recovery.REVOKE_FIRST) / revokeBytes();
  }

  private int tagsEnd() {
    return blockSize - (superblock.hasBlockChecksums() ? Recovery.TAIL_BYTES : 0);
  }

  private int revokeBytes() {
    return superblock.has(JournalSuperblock.INCOMPAT_64BIT) ? 8 : 4;
  }

  /// Blocks that so many revoked ones take in the log.
  int revokeBlocks(long revokes) {
    return Math.toIntExact((revokes + revokesPerBlock - 1) / revokesPerBlock);
  }

  /// Blocks of log that a transaction takes, its commit included.
  ///
  /// @param blocks what is logged, revoke blocks included
  int logBlocks(int blocks) {
    return blocks + (blocks + tagsPerBlock - 1) / tagsPerBlock + 1;
  }

  /// A transaction as it will stand in the log, without its commit.
  final class Snapshot {
    final Transaction transaction;

    /// Blocks that are logged: changed and not freed since.
    final List<Buffer> logged = new ArrayList<>();

    private final int revokeBlocks;
    private final int count;
    private final MemorySegment[] chunks;

    private Snapshot(Transaction t) {
      this.transaction = t;
      t.revokes.sort();
      for (Buffer buffer : t.buffers) {
        if (buffer.changedBy() == t.tid && !t.revokes.contains(buffer.blockNr())) {
          logged.add(buffer);
        }
      }
      this.revokeBlocks = LogWriter.this.revokeBlocks(t.revokes.blocks());
      int data = logged.size();
      this.count = revokeBlocks + data + (data + tagsPerBlock - 1) / tagsPerBlock;
      int perChunk = CHUNK_BYTES / blockSize;
      this.chunks = new MemorySegment[(count + perChunk - 1) / perChunk];
      for (int i = 0; i < chunks.length; i++) {
        int n = Math.min(perChunk, count - i * perChunk);
        chunks[i] = MemorySegment.ofArray(new byte[n * blockSize]);
      }
    }

    /// Blocks of log that it takes, its commit included.
    int logBlocks() {
      return count + 1;
    }

    private MemorySegment block(int i) {
      int perChunk = CHUNK_BYTES / blockSize;
      return chunks[i / perChunk].asSlice((long) (i % perChunk) * blockSize, blockSize);
    }

    private int indexOfDescriptor(int n) {
      return revokeBlocks + n * (tagsPerBlock + 1);
    }

    private int indexOfData(int n) {
      return indexOfDescriptor(n / tagsPerBlock) + 1 + n % tagsPerBlock;
    }
  }

  /// Copies what a transaction has changed. No handle is open: this is the moment at which the
  /// transaction is whole and nobody changes its blocks for the next one yet.
  Snapshot snapshot(Transaction t) {
    Snapshot snapshot = new Snapshot(t);
    for (int i = 0; i < snapshot.logged.size(); i++) {
      snapshot.logged.get(i).copySealed(snapshot.block(snapshot.indexOfData(i)), 0);
    }
    return snapshot;
  }

  /// Writes a snapshot, and waits. Not durable yet, and not committed.
  ///
  /// @param head block of the journal where it begins
  /// @throws FsException what the device said, twice
  void write(Snapshot s, long head) throws FsException {
    fillRevokes(s);
    fillDescriptors(s);
    List<Request> requests = new ArrayList<>();
    long at = head;
    for (MemorySegment chunk : s.chunks) {
      for (long done = 0; done < chunk.byteSize(); ) {
        long run = Math.min(blocks.contiguous(at), superblock.end() - at);
        long length = Math.min(chunk.byteSize() - done, run * blockSize);
        requests.add(
            new Request(blocks.deviceBlock(at) * blockSize, chunk.asSlice(done, length), 0));
        done += length;
        at = after(at, length / blockSize);
      }
    }
    run(requests);
  }

  /// Writes the commit of a snapshot: durable, with all of the log before it, when this returns.
  ///
  /// @param seconds since 1970
  /// @throws FsException what the device said
  void writeCommit(Snapshot s, long head, long seconds, int nanos) throws FsException {
    MemorySegment block = MemorySegment.ofArray(new byte[blockSize]);
    header(block, Recovery.TYPE_COMMIT, s.transaction);
    BigEndian.put32(block, Recovery.COMMIT_SECONDS, (int) (seconds >>> 32));
    BigEndian.put32(block, Recovery.COMMIT_SECONDS + 4L, (int) seconds);
    BigEndian.put32(block, Recovery.COMMIT_SECONDS + 8L, nanos);
    if (superblock.hasBlockChecksums()) {
      int crc = Crc32c.update(seed, block, 0, blockSize);
      BigEndian.put32(block, Recovery.COMMIT_CHECKSUM, crc);
    } else if ((superblock.compat() & JournalSuperblock.COMPAT_CHECKSUM) != 0) {
      int crc = Crc32Forward.SEED;
      for (int i = s.revokeBlocks; i < s.count; i++) {
        crc = Crc32Forward.update(crc, s.block(i));
      }
      block.asByteBuffer()
          .put(Recovery.COMMIT_CHECKSUM_TYPE, (byte) Recovery.CHECKSUM_CRC32)
          .put(Recovery.COMMIT_CHECKSUM_SIZE, (byte) 4);
      BigEndian.put32(block, Recovery.COMMIT_CHECKSUM, crc);
    }
    long at = after(head, s.count);
    run(List.of(new Request(blocks.deviceBlock(at) * blockSize, block, Bio.FUA)));
  }

  /// Writes the superblock of the journal, durable when this returns.
  void writeSuperblock(MemorySegment block) throws FsException {
    run(List.of(new Request(blocks.deviceBlock(0) * blockSize, block, Bio.FUA)));
  }

  /// The block of the log so many behind another, around the end.
  long after(long at, long count) {
    long sum = at + count;
    return sum < superblock.end() ? sum : sum - superblock.end() + superblock.first();
  }

  // ---- format -----------------------------------------------------------------------------------

  private static void header(MemorySegment block, int type, Transaction t) {
    BigEndian.put32(block, 0, JournalSuperblock.MAGIC);
    BigEndian.put32(block, 4, type);
    BigEndian.put32(block, 8, t.sequence());
  }

  private void tail(MemorySegment block) {
    if (superblock.hasBlockChecksums()) {
      int at = blockSize - Recovery.TAIL_BYTES;
      BigEndian.put32(block, at, Crc32c.update(seed, block, 0, blockSize)); // over zeros there
    }
  }

  private void fillRevokes(Snapshot s) {
    Runs revokes = s.transaction.revokes;
    int size = revokeBytes();
    int run = 0;
    long offset = 0;
    for (int i = 0; i < s.revokeBlocks; i++) {
      MemorySegment block = s.block(i);
      header(block, Recovery.TYPE_REVOKE, s.transaction);
      int at = Recovery.REVOKE_FIRST;
      while (at + size <= tagsEnd() && run < revokes.size()) {
        long place = revokes.first(run) + offset;
        if (size == 8) {
          BigEndian.put32(block, at, (int) (place >>> 32));
        }
        BigEndian.put32(block, at + size - 4L, (int) place);
        at += size;
        if (++offset == revokes.count(run)) {
          run++;
          offset = 0;
        }
      }
      BigEndian.put32(block, Recovery.REVOKE_COUNT, at);
      tail(block);
    }
  }

  private void fillDescriptors(Snapshot s) {
    int total = s.logged.size();
    for (int n = 0; n * tagsPerBlock < total; n++) {
      MemorySegment descriptor = s.block(s.indexOfDescriptor(n));
      header(descriptor, Recovery.TYPE_DESCRIPTOR, s.transaction);
      int at = Recovery.HEADER_BYTES;
      int first = n * tagsPerBlock;
      int end = Math.min(total, first + tagsPerBlock);
      for (int i = first; i < end; i++) {
        MemorySegment data = s.block(s.indexOfData(i));
        int flags = i > first ? Recovery.FLAG_SAME_UUID : 0;
        flags |= i == end - 1 ? Recovery.FLAG_LAST_TAG : 0;
        if (BigEndian.i32(data, 0) == JournalSuperblock.MAGIC) {
          BigEndian.put32(data, 0, 0); // or a scan would take it for a block of the journal
          flags |= Recovery.FLAG_ESCAPE;
        }
        putTag(descriptor, at, s.logged.get(i).blockNr(), flags, data, s.transaction);
        at += tagBytes;
        if (i == first) {
          superblock.copyUuidTo(descriptor, at);
          at += Recovery.UUID_BYTES;
        }
      }
      tail(descriptor);
    }
  }

  private void putTag(
      MemorySegment s, int at, long place, int flags, MemorySegment data, Transaction t) {
    int crc = 0;
    if (superblock.hasBlockChecksums()) {
      crc = Crc32c.update32(seed, Integer.reverseBytes(t.sequence()));
      crc = Crc32c.update(crc, data, 0, blockSize);
    }
    BigEndian.put32(s, at, (int) place);
    if (superblock.has(JournalSuperblock.INCOMPAT_CSUM_V3)) {
      BigEndian.put32(s, at + 4L, flags);
      BigEndian.put32(s, at + 8L, (int) (place >>> 32));
      BigEndian.put32(s, at + 12L, crc);
      return;
    }
    BigEndian.put16(s, at + 4L, crc);
    BigEndian.put16(s, at + 6L, flags);
    if (superblock.has(JournalSuperblock.INCOMPAT_64BIT)) {
      BigEndian.put32(s, at + 8L, (int) (place >>> 32));
    }
  }

  // ---- requests ---------------------------------------------------------------------------------

  /// A write under way.
  private static final class Request implements Bio.Completion {
    private final long pos;
    private final MemorySegment source;
    private final int flags;
    private CountDownLatch ended = new CountDownLatch(1);
    private @Nullable FsException error; // written before the latch opens

    Request(long pos, MemorySegment source, int flags) {
      this.pos = pos;
      this.source = source;
      this.flags = flags;
    }

    void submit(BlockDevice device) {
      ended = new CountDownLatch(1);
      device.submit(Bio.of(Bio.Op.WRITE, pos, flags).add(source).whenEnded(this, null));
    }

    @Override
    public void ended(Bio bio, @Nullable FsException error) {
      this.error = error;
      ended.countDown();
    }

    @Nullable FsException await() {
      boolean interrupted = false;
      while (true) {
        try {
          ended.await();
          break;
        } catch (InterruptedException e) {
          interrupted = true; // the device still owns the memory
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      return error;
    }
  }

  /// Writes, and waits. What failed is written once more: in the log nothing has been said of it
  /// yet, so a second attempt is as good as the first.
  private void run(List<Request> requests) throws FsException {
    List<Request> left = requests;
    FsException first = null;
    for (int attempt = 0; attempt < 2 && !left.isEmpty(); attempt++) {
      for (Request request : left) {
        request.submit(device);
      }
      List<Request> failed = new ArrayList<>();
      for (Request request : left) {
        FsException error = request.await();
        if (error != null) {
          failed.add(request);
          first = first == null ? error : first;
        }
      }
      left = failed;
    }
    if (!left.isEmpty() && first != null) {
      throw first;
    }
  }
}
