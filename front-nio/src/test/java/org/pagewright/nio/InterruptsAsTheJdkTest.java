package org.pagewright.nio;

import static java.nio.file.StandardCopyOption.COPY_ATTRIBUTES;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.SYNC;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchService;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// Threads that are interrupted: channels close, and nothing else minds. The interrupt stays.
final class InterruptsAsTheJdkTest extends AsTheJdk {
  private static final int SIZE = 300_000;

  /// A row whose thread is interrupted before it begins, in a directory with a file and a tree.
  private void interrupted(String name, Program program) {
    row(
        name,
        dir -> {
          write(dir.resolve("f"), "0123456789".repeat(SIZE / 10));
          Files.createDirectories(dir.resolve("a/b"));
          write(dir.resolve("a/b/c"), "c");
          Thread.currentThread().interrupt();
          return program.run(dir);
        });
  }

  @Override
  void rows() {
    wholeFiles();
    streams();
    names();
    channels();
    inTheMiddle();
  }

  private void wholeFiles() {
    interrupted("copy", dir -> Files.copy(dir.resolve("f"), dir.resolve("g")));
    interrupted(
        "copy with attributes",
        dir ->
            Files.copy(
                dir.resolve("f"), dir.resolve("a/b/c"), REPLACE_EXISTING, COPY_ATTRIBUTES));
    interrupted(
        "copy to a stream", dir -> Files.copy(dir.resolve("f"), new ByteArrayOutputStream()));
    interrupted(
        "copy of a stream",
        dir -> Files.copy(new ByteArrayInputStream(new byte[SIZE]), dir.resolve("g")));
    interrupted("write bytes", dir -> Files.write(dir.resolve("g"), new byte[SIZE]));
    interrupted("write lines", dir -> Files.write(dir.resolve("f"), List.of("a", "b"), APPEND));
    interrupted("write a string", dir -> Files.writeString(dir.resolve("g"), "text"));
    interrupted("read bytes", dir -> Files.readAllBytes(dir.resolve("f")).length);
    interrupted("read a string", dir -> Files.readString(dir.resolve("f")).length());
    interrupted("read lines", dir -> Files.readAllLines(dir.resolve("f")).size());
    interrupted("mismatch", dir -> Files.mismatch(dir.resolve("f"), dir.resolve("a/b/c")));
  }

  private void streams() {
    interrupted(
        "input stream",
        dir -> {
          try (InputStream in = Files.newInputStream(dir.resolve("f"))) {
            return List.of(
                in.read(), in.available(), in.skip(5), in.readNBytes(7).length,
                in.readAllBytes().length);
          }
        });
    interrupted(
        "output streams",
        dir -> {
          try (OutputStream out = Files.newOutputStream(dir.resolve("g"))) {
            out.write(1);
            out.write(new byte[SIZE]);
          }
          try (OutputStream out = Files.newOutputStream(dir.resolve("g"), APPEND, SYNC)) {
            out.write(new byte[SIZE]);
          }
          return null;
        });
    interrupted(
        "reader and writer",
        dir -> {
          try (BufferedReader reader = Files.newBufferedReader(dir.resolve("f"));
              BufferedWriter writer = Files.newBufferedWriter(dir.resolve("g"))) {
            return reader.transferTo(writer);
          }
        });
    interrupted(
        "stream to stream",
        dir -> {
          try (InputStream in = Files.newInputStream(dir.resolve("f"));
              OutputStream out = Files.newOutputStream(dir.resolve("g"))) {
            return in.transferTo(out);
          }
        });
    interrupted(
        "stream to channel",
        dir -> {
          try (InputStream in = Files.newInputStream(dir.resolve("f"));
              FileChannel out = FileChannel.open(dir.resolve("g"), CREATE, WRITE)) {
            return in.transferTo(Channels.newOutputStream(out));
          }
        });
    interrupted(
        "channel to stream",
        dir -> {
          try (FileChannel in = FileChannel.open(dir.resolve("f"));
              OutputStream out = Files.newOutputStream(dir.resolve("g"))) {
            return Channels.newInputStream(in).transferTo(out);
          }
        });
  }

  private void names() {
    interrupted("move", dir -> Files.move(dir.resolve("f"), dir.resolve("g")));
    interrupted(
        "move over", dir -> Files.move(dir.resolve("f"), dir.resolve("a/b/c"), REPLACE_EXISTING));
    interrupted("move a directory", dir -> Files.move(dir.resolve("a"), dir.resolve("g")));
    interrupted("delete", dir -> Files.deleteIfExists(dir.resolve("f")));
    interrupted("make directories", dir -> Files.createDirectories(dir.resolve("q/r/s")));
    interrupted("make a link", dir -> Files.createLink(dir.resolve("l"), dir.resolve("f")));
    interrupted(
        "make a long symbolic link",
        dir ->
            Files.createSymbolicLink(
                dir.resolve("l"), dir.getFileSystem().getPath("long/".repeat(60) + "path")));
    interrupted(
        "walk",
        dir -> {
          try (Stream<Path> all = Files.walk(dir)) {
            return all.count();
          }
        });
    interrupted("real path", dir -> dir.relativize(dir.resolve("a/../f").toRealPath()));
    interrupted(
        "attributes",
        dir -> {
          Files.setAttribute(dir.resolve("f"), "user:a", bytes("value"));
          Files.setLastModifiedTime(dir.resolve("f"), FileTime.fromMillis(0));
          return Files.getAttribute(dir.resolve("f"), "size");
        });
    interrupted(
        "a directory held open",
        dir -> {
          try (DirectoryStream<Path> in = Files.newDirectoryStream(dir)) {
            ((SecureDirectoryStream<Path>) in).deleteFile(dir.getFileSystem().getPath("f"));
          }
          return null;
        });
    interrupted(
        "watch",
        dir -> {
          try (WatchService watches = dir.getFileSystem().newWatchService()) {
            return dir.register(watches, StandardWatchEventKinds.ENTRY_CREATE).isValid()
                + " " + watches.poll();
          }
        });
  }

  /// What is done with a channel.
  private interface Use {
    Object of(FileChannel channel) throws IOException;
  }

  private void channel(String name, Use use) {
    interrupted(
        "channel: " + name,
        dir -> {
          try (FileChannel c = FileChannel.open(dir.resolve("f"), READ, WRITE)) {
            String outcome = outcome(() -> use.of(c));
            return outcome + " " + c.isOpen() + " " + outcome(() -> use.of(c));
          }
        });
  }

  private void channels() {
    channel("read", c -> c.read(ByteBuffer.allocate(1)));
    channel("read nothing", c -> c.read(ByteBuffer.allocate(0)));
    channel("read at", c -> c.read(ByteBuffer.allocateDirect(1), 1));
    channel("scatter", c -> c.read(new ByteBuffer[] {ByteBuffer.allocate(1)}));
    channel("write", c -> c.write(bytes("x")));
    channel("write at", c -> c.write(bytes("x"), 1));
    channel("gather", c -> c.write(new ByteBuffer[] {bytes("x")}));
    channel("position", FileChannel::position);
    channel("set position", c -> c.position(1));
    channel("size", FileChannel::size);
    channel("truncate", c -> c.truncate(1));
    channel(
        "force",
        c -> {
          c.force(true);
          return null;
        });
    channel("lock", FileChannel::lock);
    channel("try lock", FileChannel::tryLock);
    for (boolean to : new boolean[] {true, false}) {
      interrupted(
          "channel: transfer " + to,
          dir -> {
            try (FileChannel in = FileChannel.open(dir.resolve("f"));
                FileChannel out = FileChannel.open(dir.resolve("g"), CREATE, WRITE)) {
              String outcome =
                  outcome(
                      () -> {
                        if (to) {
                          in.transferTo(0, SIZE, out);
                        } else {
                          out.transferFrom(in, 0, SIZE);
                        }
                      });
              return outcome + " " + in.isOpen() + " " + out.isOpen();
            }
          });
    }
    interrupted(
        "channel without options",
        dir -> {
          try (SeekableByteChannel c = Files.newByteChannel(dir.resolve("f"))) {
            return c instanceof FileChannel
                ? outcome(() -> c.read(ByteBuffer.allocate(1)))
                : "another type";
          }
        });
    interrupted(
        "channel of a directory held open",
        dir -> {
          try (DirectoryStream<Path> in = Files.newDirectoryStream(dir);
              SeekableByteChannel c =
                  ((SecureDirectoryStream<Path>) in)
                      .newByteChannel(dir.getFileSystem().getPath("f"), Set.of(READ))) {
            return outcome(() -> c.read(ByteBuffer.allocate(1)));
          }
        });
    interrupted(
        "asynchronous channel",
        dir -> {
          try (AsynchronousFileChannel c =
              AsynchronousFileChannel.open(dir.resolve("f"), READ, WRITE)) {
            c.truncate(5).force(true);
            return c.size() + " " + c.tryLock().isValid();
          }
        });
  }

  private void inTheMiddle() {
    row(
        "an interrupt between two writes to a stream",
        dir -> {
          try (OutputStream out = Files.newOutputStream(dir.resolve("g"))) {
            out.write(new byte[SIZE]);
            Thread.currentThread().interrupt();
            out.write(new byte[SIZE]);
          }
          return null;
        });
    row(
        "an interrupt by the source of a copy",
        dir -> {
          InputStream in =
              new ByteArrayInputStream(new byte[SIZE]) {
                @Override
                public synchronized int read(byte[] b, int off, int len) {
                  Thread.currentThread().interrupt();
                  return super.read(b, off, len);
                }
              };
          return Files.copy(in, dir.resolve("g"));
        });
    row(
        "an interrupt by the target of a transfer",
        dir -> {
          write(dir.resolve("f"), "0123456789".repeat(SIZE / 10));
          try (FileChannel in = FileChannel.open(dir.resolve("f"));
              WritableByteChannel out = new Interrupting()) {
            return outcome(() -> in.transferTo(0, SIZE, out)) + outcome(() -> in.size());
          }
        });
    row(
        "interrupts again and again",
        dir -> {
          byte[] content = new byte[4 << 20];
          Arrays.fill(content, (byte) 7);
          Pest pest = new Pest();
          try {
            Path file = Files.write(dir.resolve("f"), content);
            Files.copy(file, dir.resolve("g"));
            try (InputStream in = Files.newInputStream(file);
                OutputStream out = Files.newOutputStream(dir.resolve("h"))) {
              in.transferTo(out);
            }
            return Arrays.equals(content, Files.readAllBytes(dir.resolve("h")));
          } finally {
            pest.stop();
          }
        });
  }

  /// A channel whose writer is interrupted by what it writes.
  private static final class Interrupting implements WritableByteChannel {
    @Override
    public int write(ByteBuffer src) {
      Thread.currentThread().interrupt();
      int n = src.remaining();
      src.position(src.limit());
      return n;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  /// Interrupts the thread that made it until it is stopped, at least once.
  private static final class Pest {
    private final Thread thread;
    private volatile boolean stopped;

    Pest() {
      Thread target = Thread.currentThread();
      thread =
          Thread.ofPlatform()
              .start(
                  () -> {
                    do {
                      target.interrupt();
                      Thread.onSpinWait();
                    } while (!stopped);
                  });
      while (!target.isInterrupted()) {
        Thread.onSpinWait();
      }
    }

    void stop() {
      stopped = true;
      boolean interrupted = false;
      while (thread.isAlive()) {
        interrupted |= Thread.interrupted();
        Thread.onSpinWait();
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
