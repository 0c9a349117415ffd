package org.pagewright.bench.policy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.filemap.Readahead;
import org.pagewright.fs.ext4.Ext4;
import org.pagewright.fs.ext4.Ext4Options;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Ours, the real one: a file on an ext4 image in memory, read 64 bytes at a time, with as many
/// frames as the others have pages. What the cache needs beside (a reserve, ghosts) comes out of
/// it.
///
/// Without readahead, which would make hits of what no policy kept.
public final class PageCachePolicy implements Policy {
  private static final int PAGE = 4096;
  private static final int FILL = 1 << 20;
  private static final long METADATA_BYTES = 64L << 20;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment buffer = arena.allocate(64);
  private final CacheMemory memory;
  private final Volume volume;
  private final OpenFile file;
  private long misses;

  /// An empty memory over a file.
  ///
  /// @param capacity in pages
  /// @param pages of the file
  /// @throws IOException if the image cannot be made
  public PageCachePolicy(int capacity, int pages) throws IOException {
    long bytes = (long) pages * PAGE;
    RamBlockDevice device = RamBlockDevice.of("policy", bytes * 17 / 16 + METADATA_BYTES);
    Mkfs.make(device, new MkfsOptions());
    memory = CacheMemory.ofBytes((long) capacity * PAGE);
    volume = Ext4.mount(device, memory, Ext4Options.DEFAULTS);
    file = volume.open("/file", OpenFlags.CREAT | OpenFlags.RDWR, 0600);
    MemorySegment ones = arena.allocate(FILL).fill((byte) 1);
    for (long pos = 0; pos < bytes; pos += FILL) {
      file.write(pos, ones);
    }
    file.fsync(false);
    file.advise(Readahead.Advice.RANDOM);
    misses = memory.cache().statistics().misses();
  }

  @Override
  public boolean access(int page) throws IOException {
    file.read((long) page * PAGE, buffer);
    long now = memory.cache().statistics().misses();
    boolean hit = now == misses;
    misses = now;
    return hit;
  }

  @Override
  public void close() throws IOException {
    file.close();
    volume.close();
    memory.close();
    arena.close();
  }
}
