package org.pagewright.fs.ext4.fuzz;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;
import org.pagewright.block.Bio;
import org.pagewright.block.BlockDevice;
import org.pagewright.errno.FsException;

/// An image in memory whose copies share what they have not changed: a copy of 4 MiB costs the
/// pointers to its pages.
final class CowImage implements BlockDevice {
  static final int PAGE = 1024;

  private final byte[][] pages;
  private final boolean[] mine;
  private final ReentrantLock lock = new ReentrantLock();
  private long written;

  private CowImage(byte[][] pages) {
    this.pages = pages;
    this.mine = new boolean[pages.length];
  }

  static CowImage of(byte[] bytes) {
    byte[][] pages = new byte[bytes.length / PAGE][];
    for (int i = 0; i < pages.length; i++) {
      pages[i] = Arrays.copyOfRange(bytes, i * PAGE, (i + 1) * PAGE);
    }
    return new CowImage(pages);
  }

  CowImage copy() {
    return new CowImage(pages.clone());
  }

  private byte[] pageForWrite(int i) {
    if (!mine[i]) {
      pages[i] = pages[i].clone();
      mine[i] = true;
    }
    return pages[i];
  }

  void put(long pos, byte[] bytes) {
    for (int i = 0; i < bytes.length; i++) {
      pageForWrite((int) ((pos + i) / PAGE))[(int) ((pos + i) % PAGE)] = bytes[i];
    }
  }

  byte[] get(long pos, int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = pages[(int) ((pos + i) / PAGE)][(int) ((pos + i) % PAGE)];
    }
    return bytes;
  }

  void save(Path file) throws IOException {
    byte[] all = new byte[pages.length * PAGE];
    for (int i = 0; i < pages.length; i++) {
      System.arraycopy(pages[i], 0, all, i * PAGE, PAGE);
    }
    Files.write(file, all);
  }

  @Override
  public String name() {
    return "fuzz.img";
  }

  @Override
  public long sizeBytes() {
    return (long) pages.length * PAGE;
  }

  @Override
  public int sectorSize() {
    return 512;
  }

  @Override
  public boolean readOnly() {
    return false;
  }

  @Override
  public long bytesWritten() {
    return written;
  }

  @Override
  public void submit(Bio bio) {
    FsException error = null;
    try {
      checkBio(bio);
      lock.lock();
      try {
        transfer(bio);
      } finally {
        lock.unlock();
      }
    } catch (FsException e) {
      error = e;
    }
    bio.end(error);
  }

  private void transfer(Bio bio) {
    long pos = bio.pos();
    for (MemorySegment s : bio.segments()) {
      long size = s.byteSize();
      for (long done = 0; done < size; ) {
        int page = (int) (pos / PAGE);
        int offset = (int) (pos % PAGE);
        int part = (int) Math.min(PAGE - offset, size - done);
        if (bio.op() == Bio.Op.READ) {
          MemorySegment.copy(pages[page], offset, s, ValueLayout.JAVA_BYTE, done, part);
        } else {
          MemorySegment.copy(
              s, ValueLayout.JAVA_BYTE, done, pageForWrite(page), offset, part);
          written += part;
        }
        pos += part;
        done += part;
      }
    }
  }

  @Override
  public void close() {}
}
