package org.pagewright.sim.crash;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.pagewright.block.Bio;
import org.pagewright.block.BlockDevice;
import org.pagewright.errno.FsException;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;

/// A device in memory that shows another one as it was, and keeps what is written to itself: a copy
/// that costs what differs.
///
/// ```
///   root        every page, never changed; with the hash of each
///    |
///   overlay     pages written since: what is durable at some moment
///    |
///   overlay     pages written since: one state that a power cut could leave
///    |
///   overlay     what recovery writes to it
/// ```
///
/// One that has children must not be written to while they are in use: they look through it.
/// Closing does nothing, so that the same image is opened again and again; memory goes with the
/// last reference. Requests end on the thread that submits them.
public final class OverlayDevice implements BlockDevice {
  /// Unit of copying, in bytes.
  public static final int PAGE_SIZE = 4096;

  private static final int SECTOR_SIZE = 512;

  /// What all that descend from one image share.
  private record Root(String name, long sizeBytes, byte[][] pages, long[] hashes) {}

  private static final class Page {
    final byte[] bytes;
    long hash;
    boolean hashed;

    Page(byte[] bytes) {
      this.bytes = bytes;
    }
  }

  /// Is given the pages in which two images differ.
  public interface PageSink {
    /// One page.
    ///
    /// @param pos its place on the device
    /// @param bytes its content; not to be changed
    /// @throws java.io.IOException what the sink cannot do
    void page(long pos, byte[] bytes) throws java.io.IOException;
  }

  private final Root root;
  private final @Nullable OverlayDevice parent;
  private final Mutex lock;

  // Guarded by lock as long as anybody writes.
  private final Map<Integer, Page> own = new HashMap<>();

  private long bytesWritten; // guarded by lock

  private OverlayDevice(Root root, @Nullable OverlayDevice parent) {
    this.root = root;
    this.parent = parent;
    this.lock = new Mutex(LockClass.QUEUE, root.name);
  }

  /// Copies a device as it lies.
  ///
  /// @param device may be written to or closed afterwards
  /// @return the first of its family
  /// @throws FsException EIO
  public static OverlayDevice copyOf(BlockDevice device) throws FsException {
    int count = Math.toIntExact((device.sizeBytes() + PAGE_SIZE - 1) / PAGE_SIZE);
    byte[][] pages = new byte[count][];
    long[] hashes = new long[count];
    byte[] last = new byte[PAGE_SIZE];
    for (int i = 0; i < count; i++) {
      long pos = (long) i * PAGE_SIZE;
      int length = (int) Math.min(PAGE_SIZE, device.sizeBytes() - pos);
      byte[] page = new byte[PAGE_SIZE];
      device.read(pos, MemorySegment.ofArray(page).asSlice(0, length));
      pages[i] = Arrays.equals(page, last) ? last : page; // one array serves a run of equals
      last = pages[i];
      hashes[i] = hash(i, pages[i]);
    }
    return new OverlayDevice(new Root(device.name(), device.sizeBytes(), pages, hashes), null);
  }

  /// A device that shows this one and keeps its own changes.
  ///
  /// @return a new overlay without pages of its own
  public OverlayDevice fork() {
    return new OverlayDevice(root, this);
  }

  /// A number that is the same for equal content, and hardly ever for unequal content: 64 bits over
  /// what differs from the root. Costs what was written since the last call. Nobody may write
  /// meanwhile, nor ask an overlay of the same family.
  ///
  /// @return 0 if the content is that of the root
  public long contentHash() {
    long sum = parent == null ? 0 : parent.contentHash();
    for (int number : own.keySet()) {
      sum += pageHash(number) - (parent == null ? root.hashes[number] : parent.pageHash(number));
    }
    return sum;
  }

  private long pageHash(int number) {
    for (OverlayDevice d = this; d != null; d = d.parent) {
      Page page = d.own.get(number);
      if (page != null) {
        if (!page.hashed) {
          page.hash = hash(number, page.bytes);
          page.hashed = true;
        }
        return page.hash;
      }
    }
    return root.hashes[number];
  }

  private static long hash(int number, byte[] page) {
    CRC32C c = new CRC32C();
    c.update(page);
    CRC32 d = new CRC32();
    d.update(page);
    long h = c.getValue() << 32 ^ d.getValue() ^ number * 0x9e37_79b9_7f4a_7c15L;
    h = (h ^ h >>> 30) * 0xbf58_476d_1ce4_e5b9L;
    h = (h ^ h >>> 27) * 0x94d0_49bb_1331_11ebL;
    return h ^ h >>> 31;
  }

  /// Gives out every page that was written since the root, with its content as seen from here.
  ///
  /// @param sink takes them in order of place
  /// @throws java.io.IOException what the sink throws
  public void forEachChange(PageSink sink) throws java.io.IOException {
    TreeMap<Integer, byte[]> changed = new TreeMap<>();
    for (OverlayDevice d = this; d != null; d = d.parent) {
      for (Map.Entry<Integer, Page> e : d.own.entrySet()) {
        changed.putIfAbsent(e.getKey(), e.getValue().bytes);
      }
    }
    for (Map.Entry<Integer, byte[]> e : changed.entrySet()) {
      sink.page((long) e.getKey() * PAGE_SIZE, e.getValue());
    }
  }

  /// Gives out every page of the root that is not all zero.
  ///
  /// @param sink takes them in order of place
  /// @throws java.io.IOException what the sink throws
  public void forEachRootPage(PageSink sink) throws java.io.IOException {
    byte[] zeros = new byte[PAGE_SIZE];
    for (int i = 0; i < root.pages.length; i++) {
      if (!Arrays.equals(root.pages[i], zeros)) {
        sink.page((long) i * PAGE_SIZE, root.pages[i]);
      }
    }
  }

  /// The root's content of a place.
  ///
  /// @param pos place of a page
  /// @return its bytes; not to be changed
  public byte[] rootPage(long pos) {
    return root.pages[Math.toIntExact(pos / PAGE_SIZE)];
  }

  /// Changes bytes, whatever their alignment.
  ///
  /// @param pos byte on the device
  /// @param bytes from here
  /// @param from first of them
  /// @param length how many
  void put(long pos, byte[] bytes, int from, int length) {
    lock.lock();
    try {
      for (int done = 0; done < length; ) {
        int offset = (int) ((pos + done) % PAGE_SIZE);
        int n = Math.min(length - done, PAGE_SIZE - offset);
        Page page = pageForWriteLocked((int) ((pos + done) / PAGE_SIZE));
        System.arraycopy(bytes, from + done, page.bytes, offset, n);
        done += n;
      }
    } finally {
      lock.unlock();
    }
  }

  private Page pageForWriteLocked(int number) {
    Page page = own.get(number);
    if (page == null) {
      page = new Page(page(number).clone());
      own.put(number, page);
    }
    page.hashed = false;
    return page;
  }

  /// The content of a page as seen from here. Parents are looked through without their locks: they
  /// do not change while they have children in use.
  private byte[] page(int number) {
    for (OverlayDevice d = this; d != null; d = d.parent) {
      Page page = d.own.get(number);
      if (page != null) {
        return page.bytes;
      }
    }
    return root.pages[number];
  }

  @Override
  public void submit(Bio bio) {
    FsException error = null;
    try {
      checkBio(bio);
      bio.checkMemory(this, Thread.currentThread());
      transfer(bio);
    } catch (FsException e) {
      error = e;
    }
    bio.end(error);
  }

  private void transfer(Bio bio) {
    long pos = bio.pos();
    lock.lock();
    try {
      for (MemorySegment segment : bio.segments()) {
        long size = segment.byteSize();
        for (long done = 0; done < size; ) {
          int offset = (int) (pos % PAGE_SIZE);
          int number = (int) (pos / PAGE_SIZE);
          int n = (int) Math.min(size - done, PAGE_SIZE - offset);
          if (bio.op() == Bio.Op.WRITE) {
            MemorySegment.copy(
                segment, ValueLayout.JAVA_BYTE, done, pageForWriteLocked(number).bytes, offset, n);
          } else {
            MemorySegment.copy(
                page(number), offset, segment, ValueLayout.JAVA_BYTE, done, n);
          }
          done += n;
          pos += n;
        }
      }
      if (bio.op() == Bio.Op.WRITE) {
        bytesWritten += bio.length();
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public String name() {
    return root.name;
  }

  @Override
  public long sizeBytes() {
    return root.sizeBytes;
  }

  @Override
  public int sectorSize() {
    return SECTOR_SIZE;
  }

  @Override
  public boolean readOnly() {
    return false;
  }

  @Override
  public long bytesWritten() {
    lock.lock();
    long n = bytesWritten;
    lock.unlock();
    return n;
  }

  @Override
  public void close() {}
}
