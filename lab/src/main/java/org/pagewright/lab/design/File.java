package org.pagewright.lab.design;

import static org.pagewright.lab.design.Folio.BLOCKS;
import static org.pagewright.lab.kernel.Kernel.BLOCK;
import static org.pagewright.lab.kernel.Kernel.PAGE;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.FsException;
import org.pagewright.lab.kernel.Kernel.Trait;
import org.pagewright.lab.kernel.UserPage;
import org.pagewright.sim.explore.Stage;
import org.pagewright.sync.SchedulePoint;

/// A file: its inode, its blocks, its pages in memory, and what a file system does with them. The
/// methods that designs call are those of the kernel of their time, in the small.
final class File implements UserPage.Inode {
  private static final int HOLE = -1;
  private static final int PAGES = 2;

  private final String name;
  final Lock inode;
  final @Nullable Lock cluster;
  final @Nullable Lock server;
  final Device device;
  final Mm mm;
  final Stage stage;
  private final Set<Trait> traits;
  private final int[] blocks = new int[PAGES * BLOCKS];
  private final boolean[] unwritten = new boolean[PAGES * BLOCKS];
  private final boolean[] shared = new boolean[PAGES * BLOCKS];
  private final char[] snapshot = new char[PAGE]; // what the old blocks of a page hold
  final @Nullable Folio[] pages = new @Nullable Folio[PAGES];
  int size;
  boolean retries;
  boolean fillsOver; // X15 without its second rule

  File(String name, Device device, Mm mm, Set<Trait> traits) {
    this.name = name;
    this.inode = new Lock(name + ":inode");
    this.cluster = traits.contains(Trait.CLUSTERED) ? new Lock(name + ":cluster") : null;
    this.server = traits.contains(Trait.SERVED) ? new Lock(name + ":server") : null;
    this.device = device;
    this.mm = mm;
    this.stage = mm.stage;
    this.traits = traits.isEmpty() ? Set.of() : EnumSet.copyOf(traits);
    this.retries = traits.contains(Trait.RETRIES);
    Arrays.fill(blocks, HOLE);
    for (Lock outer : new @Nullable Lock[] {cluster, server}) {
      if (outer != null) {
        mm.inner.add(outer);
      }
    }
  }

  @Override
  public String name() {
    return name;
  }

  /// Lays a block out on disk; before the threads run.
  void layOut(int block, @Nullable String content) throws FsException {
    if (content == null && !is(Trait.UNWRITTEN)) {
      return;
    }
    blocks[block] = device.allocate(false);
    unwritten[block] = content == null;
    shared[block] = is(Trait.SHARED);
    if (content != null) {
      device.write(blocks[block], 0, content.toCharArray(), 0, content.length());
    }
  }

  boolean is(Trait trait) {
    return traits.contains(trait);
  }

  boolean isUnwritten(int block) {
    return blocks[block] == HOLE || unwritten[block];
  }

  // ---- Pages ------------------------------------------------------------------------------------

  /// The page at an index, locked and attached, made if there is none: __grab_cache_page().
  Folio grab(int index) {
    while (true) {
      SchedulePoint.touch(this, true);
      Folio folio = pages[index];
      if (folio == null) {
        folio = new Folio(this, index);
        mm.inner.add(folio.lock);
        pages[index] = folio;
      }
      folio.lock.lock();
      if (folio.file != null) {
        return folio;
      }
      folio.lock.unlock(); // it was truncated while we waited (R-G1)
    }
  }

  /// Reads what is not uptodate from the device. The page is locked.
  void fill(Folio folio) {
    if (server != null) {
      server.lock();
    }
    SchedulePoint.reach(SchedulePoint.Kind.FILL_START, folio);
    for (int b = 0; b < BLOCKS; b++) {
      if (!folio.blockUptodate[b]) {
        fillBlock(folio, b);
      }
    }
    folio.markUptodate();
    stage.note("reads " + folio + " from the device");
    SchedulePoint.reach(SchedulePoint.Kind.FILL_END, folio);
    Lock.unlockIfHeld(server);
  }

  void fillBlock(Folio folio, int b) {
    folio.changed();
    int block = folio.index * BLOCKS + b;
    char[] newer = folio.data.clone();
    if (isUnwritten(block)) {
      folio.zero(b * BLOCK, (b + 1) * BLOCK);
    } else {
      device.read(blocks[block], folio.data, b * BLOCK);
      folio.zero(Math.clamp(size - folio.index * PAGE, b * BLOCK, (b + 1) * BLOCK),
          (b + 1) * BLOCK); // R-D3
    }
    int from = fillsOver ? folio.rangeTo : folio.rangeFrom;
    System.arraycopy(newer, from, folio.data, from, folio.rangeTo - from);
    folio.blockUptodate[b] = true;
  }

  /// The fault path: filemap_fault(). The lock of the address range is held.
  boolean fault(Mm.Pte pte) {
    if (is(Trait.UNOWNED)) {
      Folio folio = pages[0];
      if (folio == null) {
        folio = new Folio(this, 0);
        folio.file = null;
        pages[0] = folio;
      }
      pte.resident = true;
      pte.folio = folio;
      return true;
    }
    Lock outer = cluster;
    if (outer != null) {
      outer.lock();
    }
    Folio folio = grab(pte.page.index());
    folio.seen();
    boolean inside = folio.index * PAGE < size;
    if (inside && !folio.uptodate) {
      fill(folio);
    }
    if (inside) {
      SchedulePoint.touch(pte.page, true);
      pte.resident = true;
      pte.folio = folio;
    }
    folio.lock.unlock();
    Lock.unlockIfHeld(outer);
    return inside;
  }

  // ---- What a write path calls ------------------------------------------------------------------

  /// Makes a page ready to take bytes: prepare_write(), write_begin(). Finds or allocates blocks,
  /// brings in blocks that are covered in part, zeroes the rest of new ones (R-B11, R-C3).
  ///
  /// @throws FsException ENOSPC; the page is unlocked
  void prepareWrite(Folio folio, int from, int to) throws FsException {
    folio.changed();
    try {
      for (int b = from / BLOCK; b * BLOCK < to; b++) {
        int first = b * BLOCK;
        int last = first + BLOCK;
        boolean whole = from <= first && to >= last;
        folio.fresh[b] = mapBlock(folio, b);
        if (folio.blockUptodate[b]) {
          if (folio.fresh[b] && !is(Trait.DELAYED)) {
            folio.markDirty(first, last); // the page is right, the new block is not
          }
        } else if (!folio.fresh[b]) {
          if (!whole) {
            fillBlock(folio, b);
          }
        } else if (is(Trait.SHARED)) {
          System.arraycopy(snapshot, first, folio.data, first, whole ? 0 : BLOCK);
        } else {
          folio.zero(first, Math.max(first, from));
          folio.zero(Math.min(to, last), last);
        }
      }
    } catch (FsException e) {
      undoNew(folio); // R-C4
      folio.lock.unlock();
      throw e;
    }
  }

  /// Finds the block under a part of a page, allocating or reserving it: get_block().
  ///
  /// @return whether it is new: nothing of this file's was ever written there
  private boolean mapBlock(Folio folio, int b) throws FsException {
    int block = folio.index * BLOCKS + b;
    if (shared[block]) {
      shared[block] = false;
      if (!folio.blockUptodate[b]) {
        device.read(blocks[block], snapshot, b * BLOCK);
      }
      blocks[block] = device.allocate(false);
      stage.note("allocates a new block for " + folio + ", away from the snapshot");
      return true;
    }
    if (is(Trait.DELAYED)) {
      if (blocks[block] == HOLE && !folio.reserved[b]) {
        device.reserve();
        folio.reserved[b] = true;
        stage.note("reserves a block for " + folio);
        return true;
      }
      return false;
    }
    if (blocks[block] == HOLE) {
      blocks[block] = device.allocate(false);
      stage.note("allocates a block for " + folio);
      return true;
    }
    return unwritten[block] && !folio.blockDirty[b];
  }

  /// Takes bytes: block_commit_write(). Grows the size while the page is locked (R-D1).
  void commitWrite(Folio folio, int from, int to) {
    int pos = folio.index * PAGE;
    stage.note(
        from < to
            ? "commits bytes " + (pos + from) + " to " + (pos + to - 1) + " of " + name
            : "commits nothing");
    if (from < to) {
      folio.markDirty(from, to);
      if (is(Trait.JOURNALLED)) {
        log(folio, from, to);
      }
      growSize(pos + to);
    }
  }

  void growSize(int end) {
    SchedulePoint.touch(this, true);
    size = Math.max(size, end);
  }

  /// Puts blocks into the transaction that is running, so that a crash keeps them (R-C13).
  void log(Folio folio, int from, int to) {
    for (int b = from / BLOCK; b * BLOCK < to; b++) {
      device.log(blocks[folio.index * BLOCKS + b], folio.data, b * BLOCK);
    }
  }

  /// Zeroes the NEW blocks in a range that nobody wrote, and makes them uptodate and dirty (R-C1).
  void zeroNew(Folio folio, int from, int to) {
    for (int b = 0; b < BLOCKS; b++) {
      int first = Math.max(from, b * BLOCK);
      int last = Math.min(to, (b + 1) * BLOCK);
      if (folio.fresh[b] && first < last) {
        folio.zero(first, last);
        folio.markDirty(first, last);
        stage.note("zeroes the new block " + b + " of " + folio);
      }
    }
  }

  /// The end of a write as it has to be: takes the bytes accepted, and cleans up after the rest so
  /// that nothing more is needed (R-B8): new blocks get zeros, or on a copy-on-write file what the
  /// snapshot has (R-C12), through the journal if there is one (R-C13); reservations that nobody
  /// uses go back (R-C8); blocks beyond the end are cut off (R-C5). Unlocks.
  void writeEnd(Folio folio, int from, int to, int accepted) {
    folio.changed();
    commitWrite(folio, from, from + accepted);
    undoNew(folio);
    if (is(Trait.JOURNALLED)) {
      log(folio, from, to);
    }
    if (accepted < to - from) {
      cutBeyondEnd(folio);
    }
    folio.lock.unlock();
  }

  /// Makes what a write has allocated and not written harmless.
  private void undoNew(Folio folio) {
    for (int b = 0; b < BLOCKS; b++) {
      boolean rest = folio.fresh[b];
      if (rest && is(Trait.SHARED)) {
        System.arraycopy(snapshot, b * BLOCK, folio.data, b * BLOCK, BLOCK);
        folio.markDirty(b * BLOCK, (b + 1) * BLOCK);
      } else if (rest && is(Trait.DELAYED)) {
        unreserve(folio, b);
      }
    }
    zeroNew(folio, 0, PAGE);
  }

  /// Gives a reservation back.
  void unreserve(Folio folio, int b) {
    folio.changed();
    if (folio.reserved[b]) {
      folio.reserved[b] = false;
      folio.fresh[b] = false;
      device.unreserve();
      stage.note("gives back the reservation of block " + b + " of " + folio);
    }
  }

  /// Drops a block of a page from the cache, and whoever mapped the page.
  void drop(Folio folio, int b) {
    folio.changed();
    mm.unmap(folio);
    folio.blockDirty[b] = false;
    folio.blockUptodate[b] = false;
    folio.uptodate = false;
    stage.note("drops block " + b + " of " + folio);
  }

  /// Frees blocks of a page that lie beyond the end of the file (R-C5).
  void cutBeyondEnd(Folio folio) {
    for (int b = 0; b < BLOCKS; b++) {
      int block = folio.index * BLOCKS + b;
      if (block * BLOCK >= size && blocks[block] != HOLE) {
        cutBlock(folio, b);
      }
    }
  }

  void cutBlock(Folio folio, int b) {
    folio.changed();
    int block = folio.index * BLOCKS + b;
    device.release(blocks[block]);
    blocks[block] = HOLE;
    folio.blockDirty[b] = false;
    folio.fresh[b] = false;
    stage.note("frees block " + b + " of " + folio);
  }

  // ---- Write-out and removal --------------------------------------------------------------------

  void writeback() throws FsException {
    FsException first = null;
    Lock handle = is(Trait.JOURNALLED) ? device.handle : null;
    if (handle != null) {
      handle.lock(); // a transaction is outside folio locks
    }
    for (Folio folio : pages) {
      SchedulePoint.touch(this, false);
      if (folio != null && folio.dirty) {
        folio.lock.lock();
        folio.seen();
        if (folio.file != null && folio.dirty) {
          try {
            writeOut(folio);
          } catch (FsException e) {
            first = e;
          }
        }
        folio.lock.unlock();
      }
    }
    Lock.unlockIfHeld(handle);
    if (first != null) {
      throw first;
    }
  }

  private void writeOut(Folio folio) throws FsException {
    SchedulePoint.reach(SchedulePoint.Kind.CLEAR_DIRTY, folio);
    folio.changed();
    mm.protect(folio); // R-F14
    folio.dirty = false;
    writeOutRange(folio);
    for (int b = 0; b < BLOCKS; b++) {
      int block = folio.index * BLOCKS + b;
      if (folio.blockDirty[b] && block * BLOCK < size) {
        if (blocks[block] == HOLE) {
          blocks[block] = device.allocate(folio.reserved[b]);
          folio.reserved[b] = false;
        }
        device.write(blocks[block], 0, folio.data, b * BLOCK, BLOCK);
        unwritten[block] = false;
      }
      folio.blockDirty[b] = false;
      unreserve(folio, b); // a promise is for what is dirty, and nothing is any more
    }
    stage.note("writes " + folio + " to the device");
    SchedulePoint.reach(SchedulePoint.Kind.WRITEBACK_END, folio);
  }

  /// Writes out the range of dirty bytes of a page that is not uptodate. The store takes any bytes,
  /// and has zeros where there was no block.
  void writeOutRange(Folio folio) throws FsException {
    for (int i = folio.rangeFrom; i < folio.rangeTo; i++) {
      int block = folio.index * BLOCKS + i / BLOCK;
      if (isUnwritten(block)) {
        blocks[block] = blocks[block] == HOLE ? device.allocate(false) : blocks[block];
        unwritten[block] = false;
        device.write(blocks[block], 0, new char[BLOCK], 0, BLOCK);
      }
      device.write(blocks[block], i % BLOCK, folio.data, i, 1);
    }
    folio.rangeFrom = 0;
    folio.rangeTo = 0;
  }

  void invalidate(int index) {
    SchedulePoint.touch(this, false);
    Folio folio = pages[index];
    if (folio == null) {
      return;
    }
    folio.lock.lock();
    folio.seen();
    if (folio.file != null && !folio.dirty) {
      stage.note("removes " + folio + " from the cache");
      detach(folio);
    }
    folio.lock.unlock();
  }

  private void detach(Folio folio) {
    mm.unmap(folio);
    folio.changed();
    folio.file = null;
    pages[folio.index] = null;
  }

  /// Size first, then the pages, then the blocks (R-D4). The inode's lock is held.
  void truncate(int to) {
    SchedulePoint.touch(this, true);
    size = to;
    stage.note("sets the size of " + name + " to " + to);
    for (int i = to / PAGE; i < PAGES; i++) {
      SchedulePoint.touch(this, false);
      Folio folio = pages[i];
      if (folio != null) {
        SchedulePoint.reach(SchedulePoint.Kind.TRUNCATE, folio);
        mm.unmap(folio);
        folio.lock.lock();
        detach(folio);
        for (int b = 0; b < BLOCKS; b++) {
          unreserve(folio, b);
        }
        folio.lock.unlock();
      }
    }
    SchedulePoint.touch(this, true);
    for (int block = to / BLOCK; block < blocks.length; block++) {
      if (blocks[block] != HOLE) {
        device.release(blocks[block]);
        blocks[block] = HOLE;
      }
    }
  }

  /// Forgets the cache.
  void forget() {
    for (Folio folio : pages) {
      if (folio != null) {
        detach(folio);
      }
    }
  }

  int charged() {
    int n = 0;
    for (int block : blocks) {
      n += block == HOLE ? 0 : 1;
    }
    for (Folio folio : pages) {
      for (int b = 0; folio != null && b < BLOCKS; b++) {
        n += folio.reserved[b] ? 1 : 0;
      }
    }
    return n;
  }

  @Override
  public String toString() {
    return name;
  }
}
