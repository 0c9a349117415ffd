package org.pagewright.fs.ext4.buffer;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.block.Bio;
import org.pagewright.block.BlockDevice;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.FsException;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.sync.WaitQueue;

/// The metadata blocks of one device that are in memory, at most a budget of clean ones.
///
/// Referenced and dirty buffers do not count as evictable, so the budget is overshot by what the
/// running operations hold and by [#dirtyBytesMax()]; [#balanceDirty()], which every journal calls
/// before an operation begins, keeps the latter.
///
/// Locks: callers may hold anything above BUFFER. A pass of write-out takes BUFFER locks one at a
/// time and BUFFER_TABLE for moments; I/O is waited for with neither.
public final class BufferCache {
  /// Longest write, in bytes: neighbours are merged up to here.
  private static final int RUN_BYTES_MAX = 1 << 20;

  /// Bytes of copies that one pass has under way at a time.
  private static final int PASS_BYTES_MAX = 4 << 20;

  private static final Comparator<Buffer> BY_BLOCK = Comparator.comparingLong(b -> b.blockNr);

  private final BlockDevice device;
  private final int blockSize;
  private final long blockCount;
  private final long budgetBytes;
  private final long dirtyBytesMax;
  private final Mutex table;
  private final WaitQueue passEnded = new WaitQueue();

  // Guarded by the table lock.
  private Buffer[] buckets = new Buffer[256];
  private int count;
  private final Chain clean = new Chain();
  private final Chain dirty = new Chain();
  private long lastDirtySeq;
  private long lastPass;
  private final List<Long> passes = new ArrayList<>();
  private long writeErrors;
  private @Nullable FsException lastWriteError;
  private long reads;
  private long writes;

  /// An empty cache.
  ///
  /// @param device where the blocks live
  /// @param blockSize bytes of a block, a power of two and whole sectors
  /// @param budgetBytes memory for blocks; a quarter of it may be dirty before callers write back
  public BufferCache(BlockDevice device, int blockSize, long budgetBytes) {
    assert Integer.bitCount(blockSize) == 1 && blockSize >= device.sectorSize() : blockSize;
    this.device = device;
    this.blockSize = blockSize;
    this.blockCount = device.sizeBytes() / blockSize;
    this.budgetBytes = Math.max(budgetBytes, 64L * blockSize);
    this.dirtyBytesMax = this.budgetBytes / 4;
    this.table = new Mutex(LockClass.BUFFER_TABLE, device.name());
  }

  /// {@return the device below}
  public BlockDevice device() {
    return device;
  }

  /// {@return bytes of a block}
  public int blockSize() {
    return blockSize;
  }

  /// {@return number of whole blocks on the device}
  public long blockCount() {
    return blockCount;
  }

  // ---- lookup -----------------------------------------------------------------------------

  /// A block with its content, read and verified if it was not. May sleep for the device.
  ///
  /// @param blockNr block on the device
  /// @param type what the caller expects there
  /// @return the buffer, with a reference for the caller
  /// @throws CorruptedException if the block fails the type's check, or lies beyond the device
  /// @throws FsException EIO
  public Buffer read(long blockNr, BufferType type) throws FsException {
    Buffer buffer = getOrInsert(blockNr);
    if (type.equals(buffer.type)) {
      return buffer;
    }
    boolean good = false;
    buffer.lock(); // one reader reads, the others wait here
    try {
      if (!buffer.loaded) {
        device.read(blockNr * blockSize, buffer.segment());
        buffer.loaded = true;
        countRead();
      }
      BufferType known = buffer.type;
      if (!type.equals(known)) {
        if (known != null && isAhead(buffer)) {
          known.seal(buffer);
        }
        try {
          type.verify(buffer);
        } catch (CorruptedException e) {
          // Nobody has trusted these bytes yet: let the next caller ask the device again.
          buffer.loaded = known != null;
          throw e;
        }
        buffer.type = type;
      }
      good = true;
      return buffer;
    } finally {
      buffer.unlock();
      if (!good) {
        put(buffer);
      }
    }
  }

  /// A block whose old content does not matter, such as one just allocated: zeroed, not read, not
  /// yet dirty.
  ///
  /// @param blockNr block on the device
  /// @param type what it will hold
  /// @return the buffer, with a reference for the caller
  /// @throws CorruptedException if the block lies beyond the device
  public Buffer create(long blockNr, BufferType type) throws CorruptedException {
    Buffer buffer = getOrInsert(blockNr);
    buffer.lock();
    try {
      buffer.segment().fill((byte) 0);
      buffer.loaded = true;
      buffer.type = type;
      return buffer;
    } finally {
      buffer.unlock();
    }
  }

  /// A block whose content will be replaced as a whole by [#replace]: not read, and what is cached
  /// stays as it is until then.
  ///
  /// @param blockNr block on the device
  /// @return the buffer, with a reference for the caller
  /// @throws CorruptedException if the block lies beyond the device
  public Buffer claim(long blockNr) throws CorruptedException {
    return getOrInsert(blockNr);
  }

  /// Replaces the content of a claimed block, which its handle was told of.
  ///
  /// @param buffer the block
  /// @param source at least a block of bytes
  /// @param offset first byte there
  /// @param type what they are
  public void replace(Buffer buffer, MemorySegment source, long offset, BufferType type) {
    buffer.lock();
    try {
      MemorySegment.copy(source, offset, buffer.segment(), 0, blockSize);
      buffer.loaded = true;
      buffer.type = type;
    } finally {
      buffer.unlock();
    }
  }

  /// A block that is cached and newer than on the device, or on its way there.
  ///
  /// @param blockNr block on the device
  /// @return the buffer, with a reference for the caller; null if the device has the newest bytes
  public @Nullable Buffer findAhead(long blockNr) {
    table.lock();
    try {
      Buffer buffer = find(blockNr);
      if (buffer == null || !buffer.dirty && buffer.pins == 0 && buffer.writebackPass == 0) {
        return null;
      }
      if (buffer.refs == 0 && !buffer.dirty) {
        clean.remove(buffer);
      }
      buffer.refs++;
      return buffer;
    } finally {
      table.unlock();
    }
  }

  /// Brings neighbouring blocks in with one request, unverified as yet; blocks that are cached are
  /// not read again. Makes reading a range of an inode table or of bitmaps cheap. Errors are left
  /// for [#read] to find.
  ///
  /// @param blockNr first block; what lies beyond the device is left out
  /// @param blocks how many, at most a megabyte's worth is read
  public void prefetch(long blockNr, int blocks) {
    int n = (int) Math.min(Math.min(blocks, RUN_BYTES_MAX / blockSize), blockCount - blockNr);
    if (blockNr < 0 || n <= 0) {
      return;
    }
    List<Buffer> wanted = new ArrayList<>(n);
    try {
      int first = 0;
      while (first < n && isCached(blockNr + first)) {
        first++;
      }
      while (n > first && isCached(blockNr + n - 1)) {
        n--;
      }
      if (n == first) {
        return;
      }
      // Taken before the read and only if absent: a block dirtied meanwhile cannot be overwritten.
      for (int i = first; i < n; i++) {
        Buffer buffer = getOrInsert(blockNr + i);
        wanted.add(buffer);
      }
      MemorySegment staging = MemorySegment.ofArray(new byte[(n - first) * blockSize]);
      device.read((blockNr + first) * blockSize, staging);
      for (int i = 0; i < wanted.size(); i++) {
        Buffer buffer = wanted.get(i);
        buffer.lock();
        try {
          if (!buffer.loaded) {
            MemorySegment.copy(staging, (long) i * blockSize, buffer.segment(), 0, blockSize);
            buffer.loaded = true;
          }
        } finally {
          buffer.unlock();
        }
      }
      countRead();
    } catch (FsException e) {
      return; // only a hint: whoever needs the block reads it alone and hears of the error
    } finally {
      for (Buffer buffer : wanted) {
        put(buffer);
      }
    }
  }

  private void countRead() {
    table.lock();
    reads++;
    table.unlock();
  }

  private boolean isCached(long blockNr) {
    table.lock();
    try {
      return find(blockNr) != null;
    } finally {
      table.unlock();
    }
  }

  private Buffer getOrInsert(long blockNr) throws CorruptedException {
    if (blockNr < 0 || blockNr >= blockCount) {
      throw new CorruptedException(
          device.name(), blockNr, "beyond the end of the device of " + blockCount + " blocks");
    }
    table.lock();
    try {
      Buffer buffer = find(blockNr);
      if (buffer == null) {
        buffer = new Buffer(this, blockNr);
        insert(buffer);
        evict();
      } else if (buffer.refs == 0 && !buffer.dirty) {
        clean.remove(buffer);
      }
      buffer.refs++;
      return buffer;
    } finally {
      table.unlock();
    }
  }

  void get(Buffer buffer) {
    table.lock();
    assert buffer.refs > 0 : buffer + " has no reference to copy";
    buffer.refs++;
    table.unlock();
  }

  void put(Buffer buffer) {
    table.lock();
    try {
      putLocked(buffer);
    } finally {
      table.unlock();
    }
  }

  private void putLocked(Buffer buffer) {
    assert buffer.refs > 0 : buffer + " put more often than got";
    if (--buffer.refs == 0 && !buffer.dirty && !buffer.detached) {
      clean.addLast(buffer);
      evict();
    }
  }

  /// Drops clean, unreferenced buffers, least recently used first, down to the budget.
  private void evict() {
    while ((long) count * blockSize > budgetBytes) {
      Buffer victim = clean.first;
      if (victim == null) {
        return; // all dirty or in use; balanceDirty and the last put bring the count down
      }
      clean.remove(victim);
      removeFromIndex(victim);
      victim.detached = true;
    }
  }

  // ---- dirty ------------------------------------------------------------------------------

  void markDirty(Buffer buffer) {
    table.lock();
    try {
      assert buffer.refs > 0 : buffer + " dirtied without a reference";
      assert !buffer.detached : buffer + " dirtied after it was forgotten";
      if (!buffer.dirty) {
        buffer.dirty = true;
        listDirty(buffer);
      }
    } finally {
      table.unlock();
    }
  }

  /// A dirty buffer becomes one that write-out finds, unless it is pinned.
  private void listDirty(Buffer buffer) {
    if (buffer.pins == 0) {
      buffer.dirtySeq = ++lastDirtySeq;
      dirty.addLast(buffer);
    }
  }

  private void unlistDirty(Buffer buffer) {
    if (buffer.pins == 0) {
      dirty.remove(buffer);
    }
  }

  boolean join(Buffer buffer, long tid) {
    table.lock();
    try {
      if (buffer.transaction == tid) {
        return false; // another handle of the same transaction was faster
      }
      assert buffer.refs > 0 && !buffer.detached : buffer + " declared without a reference";
      assert tid > buffer.transaction : buffer + " declared by an old transaction";
      if (buffer.dirty) {
        unlistDirty(buffer);
      }
      buffer.pins++;
      buffer.refs++;
      buffer.transaction = tid;
      return true;
    } finally {
      table.unlock();
    }
  }

  void leave(Buffer buffer, @Nullable Checkpoint logged) {
    table.lock();
    try {
      assert buffer.pins > 0 : buffer + " left more often than joined";
      buffer.pins--;
      if (logged != null) {
        reached(buffer, buffer.checkpoint);
        buffer.checkpoint = logged;
        logged.left++;
        buffer.dirty = true;
      }
      if (buffer.dirty) {
        listDirty(buffer);
      }
      putLocked(buffer);
    } finally {
      table.unlock();
    }
  }

  /// A block is in its place, or a newer copy of it is in the log, or nobody wants it any more.
  private static void reached(Buffer buffer, @Nullable Checkpoint checkpoint) {
    if (checkpoint != null && buffer.checkpoint == checkpoint) {
      checkpoint.left--;
      buffer.checkpoint = null;
    }
  }

  /// How many blocks of a transaction are not in their places.
  ///
  /// @param checkpoint the transaction's
  /// @return 0 if the log need not keep it, once the device has been flushed
  public int left(Checkpoint checkpoint) {
    table.lock();
    try {
      return checkpoint.left;
    } finally {
      table.unlock();
    }
  }

  private boolean isAhead(Buffer buffer) {
    table.lock();
    try {
      return buffer.dirty || buffer.pins > 0;
    } finally {
      table.unlock();
    }
  }

  boolean isDirty(Buffer buffer) {
    table.lock();
    try {
      return buffer.dirty;
    } finally {
      table.unlock();
    }
  }

  /// {@return bytes of buffers that differ from the device}
  public long dirtyBytes() {
    table.lock();
    try {
      return (long) dirty.size * blockSize;
    } finally {
      table.unlock();
    }
  }

  /// {@return bytes of dirty buffers from which on [#balanceDirty()] writes some back}
  public long dirtyBytesMax() {
    return dirtyBytesMax;
  }

  /// {@return bytes of all buffers}
  public long bytes() {
    table.lock();
    try {
      return (long) count * blockSize;
    } finally {
      table.unlock();
    }
  }

  /// {@return read requests sent to the device so far}
  public long readRequests() {
    table.lock();
    try {
      return reads;
    } finally {
      table.unlock();
    }
  }

  /// {@return write requests sent to the device so far}
  public long writeRequests() {
    table.lock();
    try {
      return writes;
    } finally {
      table.unlock();
    }
  }

  /// Writes the oldest dirty buffers back if there are too many. Hold no lock from BUFFER on; best
  /// none at all, since it waits for the device.
  ///
  /// @throws FsException EIO, the buffers concerned stay dirty
  public void balanceDirty() throws FsException {
    long over = dirtyBytes() - dirtyBytesMax;
    if (over > 0) {
      // Down to half, so that one caller in many does the work, in long writes.
      writeback((int) ((over + dirtyBytesMax / 2) / blockSize) + 1);
    }
  }

  /// Writes back the buffers that have been dirty longest, and waits. No flush of the device.
  ///
  /// @param max number of buffers
  /// @return how many were written
  /// @throws FsException EIO if some could not be written; they stay dirty
  public int writeback(int max) throws FsException {
    int written = 0;
    while (written < max) {
      Pass pass = beginPass(Math.min(max - written, PASS_BYTES_MAX / blockSize), Long.MAX_VALUE);
      if (pass.buffers.length == 0) {
        break;
      }
      written += pass.buffers.length;
      FsException error = run(pass);
      if (error != null) {
        throw error;
      }
    }
    return written;
  }

  /// Writes every buffer that is dirty now, and waits, also for writes that others have under way.
  /// Buffers dirtied meanwhile are not waited for, so it ends. No flush of the device.
  ///
  /// @throws FsException EIO if some could not be written; all others were tried, these stay dirty
  public void sync() throws FsException {
    table.lock();
    long limit = lastDirtySeq;
    long errorsBefore = writeErrors;
    table.unlock();
    while (true) {
      Pass pass = beginPass(PASS_BYTES_MAX / blockSize, limit);
      if (pass.buffers.length > 0) {
        run(pass); // its error is counted, and told below
      } else if (!awaitOlderPasses(pass.number, limit)) {
        break;
      }
    }
    table.lock();
    FsException error = writeErrors == errorsBefore ? null : lastWriteError;
    table.unlock();
    if (error != null) {
      throw new FsException(error.errno(), device.name() + ": write metadata back", error);
    }
  }

  /// Waits for every pass that began before.
  ///
  /// @return whether buffers of the time up to `limit` are dirty: then there is more to do
  private boolean awaitOlderPasses(long number, long limit) {
    WaitQueue.Waiter waiter = passEnded.enter(this);
    try {
      while (true) {
        table.lock();
        try {
          boolean running = false;
          for (Long pass : passes) {
            running |= pass < number;
          }
          if (!running) {
            return dirty.first != null && dirty.first.dirtySeq <= limit;
          }
        } finally {
          table.unlock();
        }
        waiter.park();
      }
    } finally {
      passEnded.leave(waiter);
    }
  }

  /// Some dirty buffers that one thread writes: nobody else writes them meanwhile, so two writes of
  /// one block are never under way together.
  private record Pass(long number, Buffer[] buffers) {}

  private Pass beginPass(int max, long limit) {
    table.lock();
    try {
      long number = ++lastPass;
      Buffer[] taken = new Buffer[Math.min(max, dirty.size)];
      int n = 0;
      for (Buffer b = dirty.first; b != null && n < max && b.dirtySeq <= limit; b = b.next) {
        if (b.writebackPass == 0) {
          b.writebackPass = number;
          b.refs++;
          taken[n++] = b;
        }
      }
      if (n > 0) {
        passes.add(number);
      }
      return new Pass(number, Arrays.copyOf(taken, n));
    } finally {
      table.unlock();
    }
  }

  /// Copies, writes, waits, and settles. Never throws: what failed is dirty again and counted.
  private @Nullable FsException run(Pass pass) {
    Buffer[] buffers = pass.buffers;
    Arrays.sort(buffers, BY_BLOCK);
    List<Run> runs = new ArrayList<>();
    for (int i = 0; i < buffers.length; ) {
      int end = i + 1;
      while (end < buffers.length
          && buffers[end].blockNr == buffers[end - 1].blockNr + 1
          && (end - i) * blockSize < RUN_BYTES_MAX) {
        end++;
      }
      MemorySegment copy = MemorySegment.ofArray(new byte[(end - i) * blockSize]);
      int k = i;
      while (k < end && copyOut(buffers[k], copy, (long) (k - i) * blockSize)) {
        k++;
      }
      if (k > i) {
        Run run = new Run(Arrays.copyOfRange(buffers, i, k));
        runs.add(run);
        MemorySegment written = copy.asSlice(0, (long) (k - i) * blockSize);
        device.submit(Bio.write(buffers[i].blockNr * blockSize, written).whenEnded(run, null));
      }
      if (k < end) {
        passOver(buffers[k++]);
      }
      i = k;
    }
    FsException error = null;
    for (Run run : runs) {
      run.await();
      settle(run);
      error = error == null ? run.error : error;
    }
    table.lock();
    passes.remove(pass.number);
    table.unlock();
    passEnded.wakeAll(this);
    return error;
  }

  /// @return false if the buffer was declared to a transaction or forgotten since it was chosen
  private boolean copyOut(Buffer buffer, MemorySegment target, long offset) {
    buffer.lock();
    try {
      if (!isToBeWritten(buffer)) {
        return false;
      }
      // Who declares it from here on changes it after us: bytes change with the buffer's lock held.
      BufferType type = buffer.type;
      if (type != null) {
        type.seal(buffer);
      }
      MemorySegment.copy(buffer.segment(), 0, target, offset, blockSize);
      // Clean from here on: a change that comes after the copy makes it dirty again.
      table.lock();
      try {
        if (buffer.dirty) { // not forgotten meanwhile
          buffer.dirty = false;
          unlistDirty(buffer);
          buffer.writing = buffer.checkpoint;
        }
      } finally {
        table.unlock();
      }
      return true;
    } finally {
      buffer.unlock();
    }
  }

  private boolean isToBeWritten(Buffer buffer) {
    table.lock();
    try {
      return buffer.dirty && buffer.pins == 0;
    } finally {
      table.unlock();
    }
  }

  private void passOver(Buffer buffer) {
    table.lock();
    try {
      buffer.writebackPass = 0;
      putLocked(buffer);
    } finally {
      table.unlock();
    }
    passEnded.wakeAll(this);
  }

  private void settle(Run run) {
    table.lock();
    try {
      writes++;
      if (run.error != null) {
        writeErrors++;
        lastWriteError = run.error;
      }
      for (Buffer buffer : run.buffers) {
        buffer.writebackPass = 0;
        if (run.error == null) {
          reached(buffer, buffer.writing);
        } else if (!buffer.dirty && !buffer.detached) {
          buffer.dirty = true;
          listDirty(buffer);
        }
        buffer.writing = null;
        putLocked(buffer);
      }
    } finally {
      table.unlock();
    }
    passEnded.wakeAll(this);
  }

  /// Drops blocks that were freed: their content is not written any more, and writes under way have
  /// ended when this returns. References that others still hold stay usable for reading.
  ///
  /// @param blockNr first block
  /// @param blocks how many
  public void forget(long blockNr, long blocks) {
    WaitQueue.Waiter waiter = null;
    try {
      while (!tryForget(blockNr, blocks)) {
        if (waiter == null) {
          waiter = passEnded.enter(this); // and test once more before the first park
        } else {
          waiter.park();
        }
      }
    } finally {
      if (waiter != null) {
        passEnded.leave(waiter);
      }
    }
  }

  /// @return false if a buffer is being written: it is clean now, but still to be dropped
  private boolean tryForget(long blockNr, long blocks) {
    boolean all = true;
    table.lock();
    try {
      if (blocks <= buckets.length) {
        for (long nr = blockNr; nr < blockNr + blocks; nr++) {
          Buffer buffer = find(nr);
          all &= buffer == null || forgetLocked(buffer);
        }
      } else { // a long range of data: cheaper to look at what is cached
        for (Buffer head : buckets.clone()) {
          for (Buffer b = head; b != null; ) {
            Buffer following = b.hashNext;
            if (b.blockNr >= blockNr && b.blockNr - blockNr < blocks) {
              all &= forgetLocked(b);
            }
            b = following;
          }
        }
      }
    } finally {
      table.unlock();
    }
    return all;
  }

  private boolean forgetLocked(Buffer buffer) {
    assert buffer.pins == 0 : buffer + " forgotten before its transaction was committed";
    reached(buffer, buffer.checkpoint);
    if (buffer.dirty) {
      buffer.dirty = false;
      dirty.remove(buffer);
      if (buffer.refs == 0) {
        clean.addLast(buffer);
      }
    }
    if (buffer.writebackPass != 0) {
      return false;
    }
    if (buffer.refs == 0) {
      clean.remove(buffer);
    }
    removeFromIndex(buffer);
    buffer.detached = true;
    return true;
  }

  // ---- index and lists, all with the table lock held ----------------------------------------

  private static int bucketOf(long blockNr, int buckets) {
    return (int) ((blockNr * 0x9e37_79b9_7f4a_7c15L) >>> 40) & (buckets - 1);
  }

  private @Nullable Buffer find(long blockNr) {
    Buffer b = buckets[bucketOf(blockNr, buckets.length)];
    while (b != null && b.blockNr != blockNr) {
      b = b.hashNext;
    }
    return b;
  }

  private void insert(Buffer buffer) {
    if (count >= buckets.length && buckets.length < 1 << 22) {
      Buffer[] larger = new Buffer[buckets.length * 2];
      for (Buffer head : buckets) {
        for (Buffer b = head; b != null; ) {
          Buffer following = b.hashNext;
          int i = bucketOf(b.blockNr, larger.length);
          b.hashNext = larger[i];
          larger[i] = b;
          b = following;
        }
      }
      buckets = larger;
    }
    int i = bucketOf(buffer.blockNr, buckets.length);
    buffer.hashNext = buckets[i];
    buckets[i] = buffer;
    count++;
  }

  private void removeFromIndex(Buffer buffer) {
    int i = bucketOf(buffer.blockNr, buckets.length);
    Buffer b = buckets[i];
    if (b == buffer) {
      buckets[i] = buffer.hashNext;
    } else {
      while (b != null && b.hashNext != buffer) {
        b = b.hashNext;
      }
      assert b != null : buffer + " is not in the index";
      b.hashNext = buffer.hashNext;
    }
    buffer.hashNext = null;
    count--;
  }

  /// Throws if the linked state is wrong. For tests and assertions.
  ///
  /// @return true
  public boolean checkInvariants() {
    table.lock();
    try {
      int seen = 0;
      int dirtySeen = 0;
      int idle = 0;
      for (Buffer head : buckets) {
        for (Buffer b = head; b != null; b = b.hashNext) {
          seen++;
          dirtySeen += b.dirty && b.pins == 0 ? 1 : 0;
          assert b.refs >= b.pins : b + " is pinned without a reference";
          idle += !b.dirty && b.refs == 0 ? 1 : 0;
          assert !b.detached : b + " is detached but found";
          assert b.writebackPass == 0 || passes.contains(b.writebackPass) : b + " of no pass";
        }
      }
      assert seen == count : seen + " buffers, counted " + count;
      assert dirtySeen == dirty.size : dirtySeen + " dirty, listed " + dirty.size;
      assert idle == clean.size : idle + " idle, listed " + clean.size;
      assert clean.check() && dirty.check();
      return true;
    } finally {
      table.unlock();
    }
  }

  /// A list through [Buffer#prev] and [Buffer#next].
  private static final class Chain {
    @Nullable Buffer first;
    @Nullable Buffer last;
    int size;

    void addLast(Buffer b) {
      assert b.prev == null && b.next == null && first != b : b + " is in a list";
      b.prev = last;
      if (last == null) {
        first = b;
      } else {
        last.next = b;
      }
      last = b;
      size++;
    }

    void remove(Buffer b) {
      assert b.prev != null || first == b : b + " is not in this list";
      if (b.prev == null) {
        first = b.next;
      } else {
        b.prev.next = b.next;
      }
      if (b.next == null) {
        last = b.prev;
      } else {
        b.next.prev = b.prev;
      }
      b.prev = null;
      b.next = null;
      size--;
    }

    boolean check() {
      int n = 0;
      for (Buffer b = first; b != null; b = b.next) {
        assert b.next == null ? last == b : b.next.prev == b : "broken list at " + b;
        n++;
      }
      assert n == size : n + " listed, counted " + size;
      return true;
    }
  }

  /// Neighbouring blocks under one write.
  private static final class Run implements Bio.Completion {
    final Buffer[] buffers;
    private final WaitQueue ended = new WaitQueue();
    private volatile boolean done;

    /// Written once before `done`.
    @Nullable FsException error;

    Run(Buffer[] buffers) {
      this.buffers = buffers;
    }

    @Override
    public void ended(Bio bio, @Nullable FsException error) {
      this.error = error;
      done = true;
      ended.wakeAll(this);
    }

    void await() {
      WaitQueue.Waiter waiter = ended.enter(this);
      try {
        while (!done) { // the device still owns the copy: it ends when the device answers
          waiter.park();
        }
      } finally {
        ended.leave(waiter);
      }
    }
  }
}
