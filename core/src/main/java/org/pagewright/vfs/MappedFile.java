package org.pagewright.vfs;

import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.ErrSeq;
import org.pagewright.cache.Folio;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.FilemapFault;
import org.pagewright.filemap.Readahead;
import org.pagewright.filemap.Truncate;
import org.pagewright.mm.Advice;
import org.pagewright.mm.VmOperations;
import org.pagewright.writeback.Writeback;

/// An open file behind a mapped region. Counts as a call under way of the file, so that closing the
/// file leaves the region usable, and the inode stays until the region is closed, too.
///
/// Hears of each error of write-out once, apart from what its file hears (R-H7).
final class MappedFile implements VmOperations {
  private final OpenFile file;
  private final FileWrites writes;
  private final Inode inode;
  private final SuperBlock superBlock;
  private final AddressSpace mapping;
  private final boolean writable;
  private final Readahead readahead = new Readahead();
  private final AtomicInteger errorsSeen;

  MappedFile(OpenFile file, FileWrites writes, boolean writable) {
    this.file = file;
    this.writes = writes;
    this.inode = file.inode();
    this.superBlock = inode.superBlock();
    this.mapping = inode.mapping();
    this.writable = writable;
    this.errorsSeen = new AtomicInteger(mapping.writebackErrors().sample());
  }

  @Override
  public @Nullable Folio fault(long index) throws FsException {
    superBlock.checkAlive();
    return FilemapFault.fault(mapping, index, readahead);
  }

  // ---- Before a store ---------------------------------------------------------------------------

  @Override
  public boolean tryStartPagefault() throws FsException {
    superBlock.checkWritable();
    return superBlock.pagefaultLevel().tryStart();
  }

  @Override
  public void awaitThaw() {
    superBlock.pagefaultLevel().start();
    superBlock.pagefaultLevel().end();
  }

  @Override
  public void updateTimes() throws FsException {
    writes.touchTimes();
    superBlock.tellStored(inode);
  }

  @Override
  public void endPagefault() {
    superBlock.pagefaultLevel().end();
  }

  @Override
  public boolean isWritable() {
    return writable;
  }

  // ---- The rest ---------------------------------------------------------------------------------

  @Override
  public void sync(long from, long to) throws FsException {
    inode.operations().fsync(inode, from, to, true);
    ErrSeq errors = mapping.writebackErrors();
    int seen;
    int now;
    do { // never back to an older value: what was told would be told again
      seen = errorsSeen.get();
      now = errors.advance();
    } while (!errorsSeen.compareAndSet(seen, now));
    Errno errno = ErrSeq.between(now, seen);
    if (errno != null) {
      throw new FsException(errno, inode + ": write-out of what was stored to a region");
    }
  }

  @Override
  public void advise(long from, long to, Advice advice) {
    switch (advice) {
      case NORMAL -> readahead.advise(Readahead.Advice.NORMAL);
      case SEQUENTIAL -> readahead.advise(Readahead.Advice.SEQUENTIAL);
      case RANDOM -> readahead.advise(Readahead.Advice.RANDOM);
      case WILL_NEED -> Readahead.willNeed(mapping, from, to - from);
      case DONT_NEED -> {
        Writeback.startRange(mapping, from, to - 1);
        Truncate.invalidatePages(
            mapping, AddressSpace.indexOf(from), AddressSpace.indexOf(to - 1));
      }
    }
  }

  @Override
  public void released() {
    file.regionClosed();
  }

  @Override
  public String toString() {
    return file.toString();
  }
}
