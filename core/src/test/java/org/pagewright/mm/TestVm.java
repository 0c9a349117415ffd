package org.pagewright.mm;

import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.FilemapFault;
import org.pagewright.filemap.Readahead;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Lockdep;
import org.pagewright.sync.RwSem;
import org.pagewright.writeback.Writeback;

/// What stands behind a region in tests without a volume: a freeze that is a lock, times that are a
/// count, and places where a test may come in between.
public final class TestVm implements VmOperations {
  private final AddressSpace mapping;
  private final Readahead readahead = new Readahead(0);
  private final RwSem frozen = new RwSem(LockClass.SB_PAGEFAULT, "test volume");

  /// Runs once, while the times are set before the next store: between the look at the entry and
  /// the file system.
  public volatile Runnable beforeMkwrite = () -> {};

  /// How often times were set.
  public volatile int timesSet;

  /// How often a folio was asked for.
  public volatile int fills;

  public volatile boolean released;

  /// Behind a file.
  public TestVm(AddressSpace mapping) {
    this.mapping = mapping;
  }

  /// Maps a file.
  public MappedRegion map(long pos, long length, Sharing sharing) throws FsException {
    return new VmSpace(mapping.cache())
        .map(mapping, this, pos, length, Protection.READ_WRITE, sharing);
  }

  /// Shuts the door for faults.
  public void freeze() {
    frozen.lock();
  }

  /// Opens the door for faults.
  public void thaw() {
    frozen.unlock();
  }

  @Override
  public @Nullable Folio fault(long index) throws FsException {
    assert Lockdep.holdsNoneFrom(LockClass.MMAP) : Lockdep.describe(); // R-A4
    fills++;
    return FilemapFault.fault(mapping, index, readahead);
  }

  @Override
  public boolean tryStartPagefault() {
    assert Lockdep.holds(LockClass.MMAP) && Lockdep.holdsNoneFrom(LockClass.SB_PAGEFAULT);
    return frozen.tryLockShared();
  }

  @Override
  public void awaitThaw() {
    assert Lockdep.holdsNoneFrom(LockClass.MMAP) : Lockdep.describe(); // R-F16
    frozen.lockShared();
    frozen.unlockShared();
  }

  @Override
  public void updateTimes() {
    // R-F9: a journal handle may be started here, so no folio is locked.
    assert Lockdep.holdsNoneFrom(LockClass.CLUSTER) : Lockdep.describe();
    timesSet++;
    Runnable hook = beforeMkwrite;
    beforeMkwrite = () -> {};
    hook.run();
  }

  @Override
  public void endPagefault() {
    assert Lockdep.holdsNoneFrom(LockClass.CLUSTER) : Lockdep.describe();
    frozen.unlockShared();
  }

  @Override
  public void sync(long from, long to) throws FsException {
    Errno errno = Writeback.syncRange(mapping, from, to - 1);
    if (errno != null) {
      throw new FsException(errno, mapping + ": sync");
    }
  }

  @Override
  public void advise(long from, long to, Advice advice) {}

  @Override
  public boolean isWritable() {
    return true;
  }

  @Override
  public void released() {
    assert !released;
    released = true;
  }
}
