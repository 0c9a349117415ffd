package org.pagewright.fs.ext4.buffer;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;

/// One cached block of metadata. Linux's `struct buffer_head`, without the folio.
///
/// Got from [BufferCache#read] or [BufferCache#create] with a reference, given back with [#put()]
/// or try-with-resources. See the package comment for what guards the bytes.
///
/// ```
///             read, create                  markDirty                writeback copies
///   (absent) -------------> clean, in use <----------> dirty <-----------------------+
///       ^                     |      ^                   |                           |
///       | evict, forget   put |      | get               | forget          I/O failed|
///       |                     v      |                   v                           |
///       +------------------- clean, on the LRU list    detached        under write --+
/// ```
///
/// Under a journal it is besides *pinned* by each transaction that declares it ([#join]) until that
/// is committed ([#leave]): pinned, it is never written, dirty or not.
public final class Buffer implements AutoCloseable {
  final BufferCache cache;
  final long blockNr;
  private final MemorySegment segment;
  private final Mutex lock = new Mutex(LockClass.BUFFER, this);

  /// What the bytes were last verified as, or null: not verified, or not even read. Written with
  /// the lock held; read without it by [BufferCache#read], for which a stale null costs one lock.
  volatile @Nullable BufferType type;

  /// What the bytes were verified as when their user looked at all of them.
  private volatile @Nullable BufferType checked;

  /// The bytes were read or created. Guarded by the lock.
  boolean loaded;

  // The rest is guarded by the cache's table lock.
  int refs;
  boolean dirty;

  /// Age of the change: grows from clean to dirty, kept while dirty.
  long dirtySeq;

  /// The pass that is writing a copy, or 0.
  long writebackPass;

  /// Transactions that have declared it and are not committed yet: as long as there is one, the
  /// bytes may be ahead of the log, so they are not written to their place.
  int pins;

  /// What waits for the bytes to reach their place, or null. A transaction's commit sets it.
  @Nullable Checkpoint checkpoint;

  /// What the write that is under way will satisfy, or null.
  @Nullable Checkpoint writing;

  /// Number of the last transaction that declared it, 0 for none. Written with the table lock held,
  /// read without by those who would only find their own number.
  volatile long transaction;

  /// Number of the last transaction that changed it, 0 for none. Written by holders of a handle.
  volatile long changed;

  /// Forgotten: in no list and in no index, gone with its last reference.
  boolean detached;

  /// Neighbours on the LRU list (clean, no references) or on the dirty list (dirty), else null.
  @Nullable Buffer prev;

  @Nullable Buffer next;

  /// Chain of the index.
  @Nullable Buffer hashNext;

  Buffer(BufferCache cache, long blockNr) {
    this.cache = cache;
    this.blockNr = blockNr;
    this.segment = MemorySegment.ofArray(new byte[cache.blockSize()]);
  }

  /// {@return the block's number on the device}
  public long blockNr() {
    return blockNr;
  }

  /// {@return the name of the device, for messages}
  public String deviceName() {
    return cache.device().name();
  }

  /// The block's bytes: valid while the caller has a reference.
  ///
  /// @return as many bytes as a block has
  public MemorySegment segment() {
    return segment;
  }

  /// Whether their user has looked at all of the bytes since they were verified: what we change
  /// ourselves stays good, so once is enough.
  ///
  /// @return false after each load
  public boolean isChecked() {
    BufferType verified = type;
    return verified != null && checked == verified;
  }

  /// Their user has looked at all of the bytes, and found them good.
  public void setChecked() {
    checked = type;
  }

  /// Keeps write-out away while bytes change; may sleep for the time of a memory copy. Innermost
  /// but for the cache's own lock: hold it only around the change.
  public void lock() {
    lock.lock();
  }

  /// Lets write-out see the change.
  public void unlock() {
    lock.unlock();
  }

  /// Marks the bytes as changed, to be written in the cache's own time. Called by a journal after
  /// the change; everybody else tells the handle.
  public void markDirty() {
    cache.markDirty(this);
  }

  /// Pins it for a transaction, with a reference. Called by a journal before the first change.
  ///
  /// @param tid number of the transaction, greater than that of any before
  /// @return false if this transaction has pinned it already
  public boolean join(long tid) {
    return transaction != tid && cache.join(this, tid);
  }

  /// Remembers which transaction changed it. Called by a journal after a change, whose transaction
  /// has pinned it.
  ///
  /// @param tid number of the transaction
  public void changedBy(long tid) {
    assert transaction == tid : this + " changed by a transaction that has not declared it";
    changed = tid;
  }

  /// {@return number of the last transaction that changed it, 0 for none}
  public long changedBy() {
    return changed;
  }

  /// Ends what [#join] began. Called by a journal at the end of a commit.
  ///
  /// @param logged what waits for the committed bytes to reach their place: the buffer is dirty
  /// from
  ///     now on. Null if the transaction did not log it
  public void leave(@Nullable Checkpoint logged) {
    cache.leave(this, logged);
  }

  /// Copies the bytes as a transaction commits them, sealed. The lock must not be held.
  ///
  /// @param target memory
  /// @param offset first byte there
  public void copySealed(MemorySegment target, long offset) {
    lock.lock();
    try {
      BufferType known = type;
      if (known != null) {
        known.seal(this);
      }
      MemorySegment.copy(segment, 0, target, offset, segment.byteSize());
    } finally {
      lock.unlock();
    }
  }

  /// {@return whether the bytes differ from the device's}
  public boolean dirty() {
    return cache.isDirty(this);
  }

  /// One more reference, for a second owner.
  ///
  /// @return this
  public Buffer get() {
    cache.get(this);
    return this;
  }

  /// Gives one reference back.
  public void put() {
    cache.put(this);
  }

  /// The same as [#put()].
  @Override
  public void close() {
    put();
  }

  @Override
  public String toString() {
    return cache.device().name() + ", block " + blockNr + " (" + type + ")";
  }
}
