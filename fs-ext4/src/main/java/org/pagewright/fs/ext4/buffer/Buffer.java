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
public final class Buffer implements AutoCloseable {
  final BufferCache cache;
  final long blockNr;
  private final MemorySegment segment;
  private final Mutex lock = new Mutex(LockClass.BUFFER, this);

  /// What the bytes were last verified as, or null: not verified, or not even read. Written with
  /// the lock held; read without it by [BufferCache#read], for which a stale null costs one lock.
  volatile @Nullable BufferType type;

  /// The bytes were read or created. Guarded by the lock.
  boolean loaded;

  // The rest is guarded by the cache's table lock.
  int refs;
  boolean dirty;

  /// Age of the change: grows from clean to dirty, kept while dirty.
  long dirtySeq;

  /// The pass that is writing a copy, or 0.
  long writebackPass;

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
