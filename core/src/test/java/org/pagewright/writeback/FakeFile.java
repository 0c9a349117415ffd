package org.pagewright.writeback;

import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.AddressSpaceOperations;
import org.pagewright.cache.DirtyAccount;
import org.pagewright.cache.Folio;
import org.pagewright.cache.PageCache;
import org.pagewright.cache.WriteOp;
import org.pagewright.cache.WritebackControl;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// A file whose folios hold one number each, over a store that is a map. Write-outs end when the
/// test says so, or at once.
public final class FakeFile implements AddressSpaceOperations, AddressSpace.Host, FolioWriter {
  private static final ValueLayout.OfLong NUMBER = ValueLayout.JAVA_LONG;

  /// Where write-outs wait for their end, shared by the files of one device.
  public static final class Io {
    private record Pending(FakeFile file, Folio folio, long value) {}

    private final Deque<Pending> queue = new ConcurrentLinkedDeque<>();

    /// Nothing is waiting.
    public Io() {}

    public int size() {
      return queue.size();
    }

    /// Ends the oldest write-outs.
    ///
    /// @return how many there were
    public int complete(int n) {
      int done = 0;
      Pending pending;
      while (done < n && (pending = queue.poll()) != null) {
        pending.file.end(pending.folio, pending.value);
        done++;
      }
      return done;
    }
  }

  public final AddressSpace mapping;
  public final Map<Long, Long> store = new ConcurrentHashMap<>();
  public final List<Long> written = Collections.synchronizedList(new ArrayList<>());
  public final List<String> runs = new ArrayList<>();

  /// Folios whose write-out ends with an error.
  public final Set<Long> failing = ConcurrentHashMap.newKeySet();

  /// Folios that the writer refuses, with the error.
  public final Map<Long, Errno> refused = new HashMap<>();

  /// First folios of runs for which there is no space.
  public final Map<Long, Errno> unallocated = new HashMap<>();

  /// Folios that the writer leaves for later.
  public final Set<Long> later = ConcurrentHashMap.newKeySet();

  /// Called with the index after each folio that was written.
  public @Nullable LongConsumer afterWrite;

  /// Called with the index of each folio that is clean already and not under write-out yet.
  public @Nullable LongConsumer beforeStart;

  public volatile @Nullable Runnable becameDirty;
  public boolean failAll;
  public int flushes;

  private final @Nullable Io io;
  private final boolean holdsBack;
  private final Deque<Io.Pending> heldBack = new ArrayDeque<>();

  /// A file whose write-outs end at once.
  public FakeFile(PageCache cache, @Nullable DirtyAccount account, String name) {
    this(cache, account, name, null, false);
  }

  /// A file whose write-outs end when the test says so.
  ///
  /// @param holdsBack submit only on flush
  public FakeFile(
      PageCache cache, @Nullable DirtyAccount account, String name, @Nullable Io io,
      boolean holdsBack) {
    this.mapping = new AddressSpace(cache, this, this, account, name);
    this.io = io;
    this.holdsBack = holdsBack;
  }

  // ---- What tests do ----------------------------------------------------------------------------

  /// Writes a number to a folio, as a user's write would.
  public void write(long index, long value) throws FsException {
    Folio folio = mapping.getOrCreate(index, 0);
    folio.beginChange();
    folio.chunk().set(NUMBER, folio.chunkOffset(), value);
    folio.endChange();
    folio.markUptodate();
    folio.markDirty();
    mapping.growSize((index + 1) * folio.size());
    folio.unlock();
  }

  /// Reads a folio, from the store if it is not there.
  public long read(long index) throws FsException {
    Folio folio = mapping.find(index);
    if (folio != null) {
      long look = folio.beginLook();
      long value = folio.chunk().get(NUMBER, folio.chunkOffset());
      if (look != 0 && folio.endLook(look)) {
        folio.markAccessed();
        return value;
      }
    }
    folio = mapping.getOrCreate(index, 0);
    if (folio.isUptodate()) {
      folio.markAccessed();
    } else {
      folio.beginChange();
      folio.chunk().set(NUMBER, folio.chunkOffset(), store.getOrDefault(index, 0L));
      folio.endChange();
      folio.markUptodate();
    }
    long value = folio.chunk().get(NUMBER, folio.chunkOffset());
    folio.unlock();
    return value;
  }

  /// The folio at an index, which must be there.
  public Folio folio(long index) {
    Folio folio = mapping.find(index);
    if (folio == null) {
      throw new AssertionError(mapping + " has no folio " + index);
    }
    return folio;
  }

  /// Removes a folio as truncation does.
  public void detach(long index) {
    Folio folio = folio(index);
    folio.lock();
    folio.waitWriteback();
    mapping.detach(folio);
    folio.unlock();
  }

  /// Removes everything.
  public void drop() {
    @Nullable Folio[] all = new @Nullable Folio[1 << 16];
    int n = mapping.gather(0, Long.MAX_VALUE >>> 12, all);
    for (int i = 0; i < n; i++) {
      Folio folio = all[i];
      if (folio != null) {
        detach(folio.index());
      }
    }
  }

  /// Gives a folio under write-out to the device.
  void submit(Folio folio) {
    if (io != null) {
      io.queue.add(new Io.Pending(this, folio, folio.chunk().get(NUMBER, folio.chunkOffset())));
    }
  }

  /// What the store holds, in order.
  public Map<Long, Long> stored() {
    return new TreeMap<>(store);
  }

  // ---- What the cache calls ---------------------------------------------------------------------

  @Override
  public void becameDirty(AddressSpace which) {
    Runnable r = becameDirty;
    if (r != null) {
      r.run();
    }
  }

  @Override
  public void writepages(AddressSpace which, WritebackControl control) throws FsException {
    Writeback.writeCachePages(which, control, this);
  }

  @Override
  public void beginRun(AddressSpace which, long first, long last) throws FsException {
    runs.add(first + ".." + last);
    Errno errno = unallocated.get(first);
    if (errno != null) {
      throw new FsException(errno, which + ": allocate");
    }
  }

  @Override
  public boolean writeFolio(Folio folio, WritebackControl control) throws FsException {
    long index = folio.index();
    Errno errno = refused.get(index);
    if (errno != null) {
      folio.unlock();
      throw new FsException(errno, folio + ": write");
    }
    if (!folio.clearDirtyForIo()) {
      throw new AssertionError(folio + " was clean");
    }
    if (later.contains(index)) {
      folio.markDirty();
      folio.unlock();
      return false;
    }
    LongConsumer between = beforeStart;
    if (between != null) {
      between.accept(index);
    }
    folio.startWriteback();
    long value = folio.chunk().get(NUMBER, folio.chunkOffset());
    folio.unlock();
    written.add(index);
    Io.Pending pending = new Io.Pending(this, folio, value);
    if (io == null) {
      end(folio, value);
    } else if (holdsBack) {
      heldBack.add(pending);
    } else {
      io.queue.add(pending);
    }
    LongConsumer hook = afterWrite;
    if (hook != null) {
      hook.accept(index);
    }
    return true;
  }

  @Override
  public void flush() {
    flushes++;
    if (io != null) {
      io.queue.addAll(heldBack);
      heldBack.clear();
    }
  }

  private void end(Folio folio, long value) {
    if (failAll || failing.contains(folio.index())) {
      mapping.writebackErrors().set(Errno.EIO);
      folio.endWriteback(false);
    } else {
      store.put(folio.index(), value);
      folio.endWriteback(true);
    }
  }

  @Override
  public FillResult readFolio(AddressSpace which, Folio folio) {
    throw new AssertionError("not used here");
  }

  @Override
  public @Nullable Folio writeBegin(AddressSpace which, long pos, int length, WriteOp op) {
    throw new AssertionError("not used here");
  }

  @Override
  public int writeEnd(
      AddressSpace which, long pos, int length, int copied, Folio folio, WriteOp op) {
    throw new AssertionError("not used here");
  }
}
