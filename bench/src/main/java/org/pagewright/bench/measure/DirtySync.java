package org.pagewright.bench.measure;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.pagewright.bench.door.Image;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;

/// A file written anew and synced, for more and more that is dirty when the sync comes. Only the
/// sync is timed.
final class DirtySync {
  private static final int PIECE = 1 << 20;
  private static final long BUDGET = 4L << 30;

  private DirtySync() {}

  static TimedContest growth() {
    return new TimedContest()
        .peer("200 MiB dirty", (effort, open) -> new Ours(200))
        .peer("20 MiB dirty", (effort, open) -> new Ours(20))
        .peer("2 MiB dirty", (effort, open) -> new Ours(2));
  }

  private static final class Ours implements TimedContest.Subject {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment piece = arena.allocate(PIECE, 4096).fill((byte) 1);
    private final int mebibytes;
    private final Image image;
    private final OpenFile file;

    Ours(int mebibytes) throws IOException {
      this.mebibytes = mebibytes;
      image = Image.create(((long) mebibytes << 20) + (64 << 20), BUDGET);
      file = image.volume().open("/file", OpenFlags.CREAT | OpenFlags.RDWR, 0600);
    }

    @Override
    public double measure(int round, Deadline deadline) throws IOException {
      for (long pos = 0; pos < (long) mebibytes << 20; pos += PIECE) {
        file.write(pos, piece);
      }
      long begin = System.nanoTime();
      file.fsync(true);
      return mebibytes * 1e9 / (System.nanoTime() - begin);
    }

    @Override
    public void close() throws IOException {
      file.close();
      image.close();
      arena.close();
    }
  }
}
