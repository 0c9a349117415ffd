package org.pagewright.bench.measure;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import org.pagewright.bench.door.Doors;
import org.pagewright.bench.door.Image;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Many files of 1 KiB in one folder: made, looked at, and deleted. Only the one step that is asked
/// about is timed; nothing is synced.
final class SmallFiles {
  /// What is done to each file.
  enum Step {
    /// Created, written, closed.
    CREATE,
    /// Its attributes read.
    STAT,
    /// Deleted.
    UNLINK
  }

  private static final int COUNT = 3000;
  private static final int BYTES = 1024;
  private static final long IMAGE_BYTES = 1L << 30;

  private SmallFiles() {}

  /// The calls that differ.
  private interface Names extends AutoCloseable {
    void makeFolder(String name) throws IOException;

    void create(String name) throws IOException;

    long stat(String name) throws IOException;

    void unlink(String name) throws IOException;

    void removeFolder(String name) throws IOException;

    @Override
    void close() throws IOException;
  }

  /// Makes them ready.
  private interface Maker {
    Names make() throws IOException, InterruptedException;
  }

  static TimedContest contest(Step step) {
    return new TimedContest()
        .peer("ours, ext4 image", opener(step, COUNT, Ours::new))
        .peer("kernel ext4, loop", opener(step, COUNT, SmallFiles::loop))
        .more("kernel ext4", opener(step, COUNT, () -> nio(Doors.disk())))
        .more("kernel tmpfs", opener(step, COUNT, () -> nio(Doors.tmpfs())))
        .more("jimfs", opener(step, COUNT, SmallFiles::jimfs));
  }

  /// The same through mounts.
  static TimedContest mounted(Step step) {
    return MountedPeers.contestOfNames(
        (mounted, deadline) -> subject(step, COUNT, new Nio(mounted.folder(), mounted)));
  }

  /// More and more files in a folder.
  static TimedContest growth(Step step) {
    return new TimedContest()
        .peer("50,000 files", opener(step, 50_000, Ours::new))
        .peer("5,000 files", opener(step, 5000, Ours::new))
        .peer("500 files", opener(step, 500, Ours::new));
  }

  private static TimedContest.Opener opener(Step step, int count, Maker maker) {
    return (effort, open) -> subject(step, count, maker.make());
  }

  private static TimedContest.Subject subject(Step step, int count, Names names) {
    String[] paths = new String[count];
    return new TimedContest.Subject() {
      private int folders;

      @Override
      public double measure(int round, Deadline deadline) throws IOException {
        String folder = "folder" + folders++;
        for (int i = 0; i < count; i++) {
          paths[i] = folder + "/file" + i;
        }
        names.makeFolder(folder);
        long begin = System.nanoTime();
        for (String path : paths) {
          names.create(path);
        }
        long created = System.nanoTime();
        long sizes = 0;
        for (String path : paths) {
          sizes += names.stat(path);
        }
        long looked = System.nanoTime();
        if (sizes != (long) count * BYTES) {
          throw new IOException("files are not as long as they were written");
        }
        long last = System.nanoTime();
        for (String path : paths) {
          names.unlink(path);
        }
        long end = System.nanoTime();
        names.removeFolder(folder);
        long nanos =
            switch (step) {
              case CREATE -> created - begin;
              case STAT -> looked - created;
              case UNLINK -> end - last;
            };
        return nanos / 1e3 / count;
      }

      @Override
      public void close() throws IOException {
        names.close();
      }
    };
  }

  private static final class Ours implements Names {
    private final MemorySegment content = MemorySegment.ofArray(new byte[BYTES]);
    private final Image image = Image.create(IMAGE_BYTES, 512L << 20);
    private final Volume volume = image.volume();

    Ours() throws IOException {}

    @Override
    public void makeFolder(String name) throws IOException {
      volume.mkdir("/" + name, 0755);
    }

    @Override
    public void create(String name) throws IOException {
      try (OpenFile file =
          volume.open("/" + name, OpenFlags.CREAT | OpenFlags.EXCL | OpenFlags.WRONLY, 0644)) {
        file.write(0, content);
      }
    }

    @Override
    public long stat(String name) throws IOException {
      return volume.stat("/" + name).size();
    }

    @Override
    public void unlink(String name) throws IOException {
      volume.unlink("/" + name);
    }

    @Override
    public void removeFolder(String name) throws IOException {
      volume.rmdir("/" + name);
    }

    @Override
    public void close() throws IOException {
      image.close();
    }
  }

  private static final class Nio implements Names {
    private final ByteBuffer content = ByteBuffer.allocateDirect(BYTES);
    private final Path top;
    private final AutoCloseable below;

    Nio(Path top, AutoCloseable below) {
      this.top = top;
      this.below = below;
    }

    @Override
    public void makeFolder(String name) throws IOException {
      Files.createDirectory(top.resolve(name));
    }

    @Override
    public void create(String name) throws IOException {
      try (FileChannel file =
          FileChannel.open(
              top.resolve(name), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        file.write(content.clear(), 0);
      }
    }

    @Override
    public long stat(String name) throws IOException {
      return Files.readAttributes(top.resolve(name), BasicFileAttributes.class).size();
    }

    @Override
    public void unlink(String name) throws IOException {
      Files.delete(top.resolve(name));
    }

    @Override
    public void removeFolder(String name) throws IOException {
      Files.delete(top.resolve(name));
    }

    @Override
    public void close() throws IOException {
      try {
        below.close();
      } catch (IOException | RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new IOException(e);
      }
    }
  }

  private static Names loop() throws IOException, InterruptedException {
    LoopMount mount = LoopMount.create(IMAGE_BYTES);
    return new Nio(mount.folder(), mount);
  }

  private static Names nio(Path parent) throws IOException {
    Path folder = Files.createTempDirectory(parent, "pagewright-bench");
    return new Nio(folder, () -> SourceTree.delete(folder));
  }

  private static Names jimfs() throws IOException {
    FileSystem fs = Jimfs.newFileSystem(Configuration.unix());
    return new Nio(fs.getPath("/work"), fs);
  }
}
