package org.pagewright.fs.ext4;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.pagewright.block.Bio;
import org.pagewright.block.BlockDevice;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.buffer.BufferCache;
import org.pagewright.fs.ext4.buffer.BufferType;
import org.pagewright.fs.ext4.journal.Handle;

/// The device as content of files sees it in data=journal: what is written becomes blocks of a
/// transaction, which reach their places after its commit; what is read comes from the cache of
/// blocks as long as that is newer.
///
/// ```
/// write-out --> write --> handle, blocks of the cache --> log --> place
///                            |
/// fill      --> read  <------+-- the device, where the cache has nothing newer
/// ```
///
/// A write ends when its blocks are in the transaction: what follows, the conversion of unwritten
/// blocks and the size, is in the same transaction or a later one (R-C13). Writes wait for handles,
/// so they run on a thread of their own; that exists only while there is something to do.
final class JournalledContent implements BlockDevice {
  /// Blocks of one handle, at most; fewer where the journal is small.
  private static final int BLOCKS_MAX = 64;

  private static final long IDLE_SECONDS = 2;

  private final BlockDevice device;
  private final Ext4FileSystem fs;
  private final BufferCache cache;
  private final int blockSize;
  private final AtomicLong written = new AtomicLong();
  private final ThreadPoolExecutor writer;

  JournalledContent(Ext4FileSystem fs) {
    this.fs = fs;
    this.device = fs.device();
    this.cache = fs.cache();
    this.blockSize = fs.geometry().blockSize();
    this.writer =
        new ThreadPoolExecutor(
            1,
            1,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(), // bounded by the requests that may be in flight
            task -> {
              Thread thread = new Thread(task, "pagewright-content-" + fs.name());
              thread.setDaemon(true);
              return thread;
            });
    writer.allowCoreThreadTimeOut(true);
  }

  @Override
  public void submit(Bio bio) {
    switch (bio.op()) {
      case FLUSH -> pass(bio);
      case READ -> read(bio);
      case WRITE -> writer.execute(() -> write(bio));
    }
  }

  private void pass(Bio bio) {
    device.submit(bio.cloneAt(bio.pos()).whenEnded((below, error) -> bio.end(error), null));
  }

  // ---- read -------------------------------------------------------------------------------------

  private void read(Bio bio) {
    // Before the device is asked: a block that reaches its place meanwhile is no longer found.
    List<Buffer> newer = new ArrayList<>();
    long end = (bio.pos() + bio.length() + blockSize - 1) / blockSize;
    for (long blockNr = bio.pos() / blockSize; blockNr < end; blockNr++) {
      Buffer buffer = cache.findAhead(blockNr);
      if (buffer != null) {
        newer.add(buffer);
      }
    }
    if (newer.isEmpty()) {
      pass(bio);
      return;
    }
    device.submit(
        bio.cloneAt(bio.pos())
            .whenEnded(
                (below, error) -> {
                  for (Buffer buffer : newer) {
                    if (error == null) {
                      overlay(bio, buffer);
                    }
                    buffer.put();
                  }
                  bio.end(error);
                },
                null));
  }

  /// Copies what a block and a request have in common.
  private void overlay(Bio bio, Buffer buffer) {
    long blockPos = buffer.blockNr() * blockSize;
    long at = bio.pos();
    buffer.lock();
    for (MemorySegment segment : bio.segments()) {
      long from = Math.max(at, blockPos);
      long to = Math.min(at + segment.byteSize(), blockPos + blockSize);
      if (from < to) {
        MemorySegment.copy(
            buffer.segment(), from - blockPos, segment, from - at, to - from);
      }
      at += segment.byteSize();
    }
    buffer.unlock();
  }

  // ---- write ------------------------------------------------------------------------------------

  private void write(Bio bio) {
    FsException failed = null;
    try {
      checkBio(bio);
      MemorySegment bytes = MemorySegment.ofArray(new byte[Math.toIntExact(bio.length())]);
      long at = 0;
      for (MemorySegment segment : bio.segments()) {
        MemorySegment.copy(segment, 0, bytes, at, segment.byteSize());
        at += segment.byteSize();
      }
      write(bio.pos(), bytes);
      written.addAndGet(bio.length());
    } catch (FsException e) {
      failed = e;
    }
    bio.end(failed);
  }

  @Override
  public void write(long pos, MemorySegment source) throws FsException {
    long end = pos + source.byteSize();
    for (long at = pos; at < end; ) {
      long first = at / blockSize;
      int count = (int) Math.min(BLOCKS_MAX, (end - 1) / blockSize - first + 1);
      try (Handle handle = fs.journal().start(count)) {
        for (int i = 0; i < count; i++) {
          at = writeBlock(handle, first + i, at, source, pos);
        }
      }
    }
  }

  /// Writes what lies in one block.
  ///
  /// @return byte of the device behind it
  private long writeBlock(Handle handle, long blockNr, long at, MemorySegment source, long pos)
      throws FsException {
    long blockPos = blockNr * blockSize;
    long to = Math.min(pos + source.byteSize(), blockPos + blockSize);
    if (at == blockPos && to == blockPos + blockSize) {
      try (Buffer buffer = cache.claim(blockNr)) {
        handle.getCreateAccess(buffer);
        cache.replace(buffer, source, at - pos, BufferType.PLAIN);
        handle.dirtyMetadata(buffer);
      }
      return to;
    }
    try (Buffer buffer = cache.read(blockNr, BufferType.PLAIN)) {
      handle.getWriteAccess(buffer);
      buffer.lock();
      MemorySegment.copy(source, at - pos, buffer.segment(), at - blockPos, to - at);
      buffer.unlock();
      handle.dirtyMetadata(buffer);
    }
    return to;
  }

  // ---- the same as below ------------------------------------------------------------------------

  @Override
  public String name() {
    return device.name();
  }

  @Override
  public long sizeBytes() {
    return device.sizeBytes();
  }

  @Override
  public int sectorSize() {
    return device.sectorSize();
  }

  @Override
  public boolean readOnly() {
    return device.readOnly();
  }

  @Override
  public long bytesWritten() {
    return written.get();
  }

  /// Waits for the writes that it has taken. The device below stays open.
  @Override
  public void close() {
    writer.shutdown();
    boolean interrupted = false;
    boolean ended = false;
    while (!ended) { // each task ends with an answer of the journal or the device
      try {
        ended = writer.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
