package org.pagewright.lab.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.PageCache;
import org.pagewright.cache.WriteOp;
import org.pagewright.cache.WritebackControl;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.GenericRead;
import org.pagewright.filemap.GenericWrite;
import org.pagewright.filemap.Truncate;
import org.pagewright.lab.kernel.Cost;
import org.pagewright.lab.kernel.Kernel;
import org.pagewright.lab.kernel.Source;
import org.pagewright.lab.kernel.UserPage;
import org.pagewright.lab.kernel.UserPage.Inode;
import org.pagewright.mm.MappedRegion;
import org.pagewright.mm.VmSpace;
import org.pagewright.sim.explore.Failure;
import org.pagewright.sim.explore.Stage;
import org.pagewright.sim.explore.Verdict;

/// The production engine as a system under test: [GenericWrite] and [GenericRead] over its page
/// cache, with its own locks, on a small file system in memory. A letter of a scenario stands for
/// [#UNIT] bytes.
///
/// Memory of users that shows a file is a region of it. What it cannot do here it says in [#KNOWS]:
/// it has no journal for data, no shared blocks, no cluster. Delayed allocation and unwritten
/// extents it has, in its iomap room, whose own tests prove them.
public final class EngineKernel implements Kernel {
  /// What it knows beyond the plain.
  public static final Set<Trait> KNOWS = Set.of(Trait.RETRIES, Trait.STORES);

  /// Bytes for a letter.
  static final int UNIT = AddressSpace.FOLIO_SIZE / PAGE;

  static final int BLOCK_SIZE = BLOCK * UNIT;

  private static final long CACHE_BYTES = 1 << 16;

  private final PageCache cache;
  private final EngineFile.Device device = new EngineFile.Device();
  private final UserMemory memory;
  private final List<EngineFile> files = new ArrayList<>();
  private int bytesCopied;

  /// An engine without files.
  ///
  /// @param stage of the schedule
  public EngineKernel(Stage stage) {
    cache = new PageCache(CACHE_BYTES);
    stage.close(cache);
    memory = new UserMemory(stage, new VmSpace(cache));
  }

  @Override
  public Inode create(String name, String content, int size, Trait... traits) {
    EngineFile file = new EngineFile(cache, device, name);
    file.mapping.setSize((long) size * UNIT);
    file.retries = List.of(traits).contains(Trait.RETRIES);
    for (int at = 0; at < content.length(); at += BLOCK) {
      String block = content.substring(at, at + BLOCK);
      try {
        if (!block.equals("..")) {
          file.layOut(at / BLOCK, block);
        }
      } catch (FsException e) {
        throw new AssertionError("the device is too small for " + name, e);
      }
    }
    files.add(file);
    memory.stage.name(file.inode, name + ":inode");
    memory.stage.name(file.mapping.invalidateLock(), name + ":invalidate");
    return file;
  }

  @Override
  public void free(int blocks) {
    device.free = blocks;
  }

  @Override
  public void frames(int frames) {
    throw new UnsupportedOperationException("the engine counts no frames of users");
  }

  @Override
  public void evictSources() {
    memory.evicts = true;
  }

  @Override
  public int write(Inode inode, int pos, Source source) throws FsException {
    EngineFile file = (EngineFile) inode;
    for (Source.Piece piece : source.pieces()) {
      memory.entry(piece.page()); // mapped before anything is locked
    }
    UserIter iter = new UserIter(memory, source);
    file.inode.lock();
    try {
      long n = GenericWrite.perform(file.mapping, (long) pos * UNIT, iter, new WriteOp());
      if (n > 0) {
        memory.stage.progress();
      }
      if (n % UNIT != 0) {
        throw new Failure(Verdict.WRONG_COUNT, n + " bytes are no whole letters");
      }
      return (int) (n / UNIT);
    } finally {
      bytesCopied += iter.copied;
      file.inode.unlock();
    }
  }

  @Override
  public String read(Inode inode, int pos, int length) throws FsException {
    EngineFile file = (EngineFile) inode;
    byte[] bytes = new byte[length * UNIT];
    int n = GenericRead.read(file.mapping, (long) pos * UNIT, bytes, 0, bytes.length, 0, null);
    StringBuilder letters = new StringBuilder();
    for (int at = 0; at < n; at += UNIT) {
      boolean torn = false;
      for (int i = at; i < at + UNIT; i++) {
        torn |= bytes[i] != bytes[at];
      }
      letters.append(torn ? '?' : (char) (bytes[at] & 0xff));
    }
    return letters.toString();
  }

  @Override
  public int size(Inode file) {
    return (int) (((EngineFile) file).mapping.size() / UNIT);
  }

  @Override
  public void truncate(Inode file, int size) {
    ((EngineFile) file).truncate((long) size * UNIT);
  }

  @Override
  public void invalidate(Inode file, int index) {
    Truncate.invalidatePages(((EngineFile) file).mapping, index, index);
  }

  @Override
  public void writeback(Inode file) {
    AddressSpace mapping = ((EngineFile) file).mapping;
    ((EngineFile) file).writepages(mapping, WritebackControl.integrity(0, PAGE));
  }

  @Override
  public void drop(UserPage page) {
    memory.drop(page);
  }

  @Override
  public void touch(UserPage page) {
    memory.touch(page);
  }

  @Override
  public void mlock(UserPage page) {
    memory.mlock(page);
  }

  @Override
  public void munmap(UserPage page) {
    memory.munmap(page);
  }

  @Override
  public void serve(Inode file, Runnable work) {
    throw new UnsupportedOperationException("the engine's reads are not served here");
  }

  @Override
  public boolean store(UserPage page, int offset, char letter) {
    MappedRegion region = memory.entry(page).region;
    if (region == null) {
      throw new IllegalArgumentException(page + " maps no file");
    }
    boolean stored =
        memory.isServed(
            page, () -> region.fill((long) offset * UNIT, UNIT, (byte) letter));
    if (stored) {
      memory.stage.note("stores '" + letter + "' at " + page + "+" + offset);
    }
    return stored;
  }

  @Override
  public void fillDevice() {
    device.free = 0;
  }

  @Override
  public void remount() {
    memory.exit();
    for (EngineFile file : files) {
      writeback(file);
      Truncate.invalidatePages(file.mapping, 0, PAGE);
      if (file.mapping.folios() != 0) {
        throw new Failure(Verdict.LEAK, "folios of " + file + " cannot be removed");
      }
    }
  }

  @Override
  public void crash() {
    throw new UnsupportedOperationException("the engine's files have no journal here");
  }

  @Override
  public void quiesce() {
    for (EngineFile file : files) {
      assert file.mapping.checkInvariants();
      int covered = (size(file) + BLOCK - 1) / BLOCK;
      if (file.open != 0 || file.charged() > covered) {
        throw new Failure(
            Verdict.LEAK,
            file.open + " writes are begun and not ended, " + file.charged() + " blocks are taken"
                + " for " + file + ", which has room for " + covered);
      }
    }
  }

  @Override
  public String heldAtFaults() {
    return memory.heldAtFaults;
  }

  @Override
  public int charged(Inode file) {
    return ((EngineFile) file).charged();
  }

  @Override
  public Cost cost() {
    return new Cost(bytesCopied / UNIT, device.reads, memory.walks);
  }
}
