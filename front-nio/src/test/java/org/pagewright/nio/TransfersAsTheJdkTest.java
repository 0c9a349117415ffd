package org.pagewright.nio;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Bytes from one channel to another, and streams.
final class TransfersAsTheJdkTest extends AsTheJdk {
  @Override
  void rows() {
    row(
        "transfers",
        dir -> {
          Path from = write(dir.resolve("from"), "0123456789".repeat(30000));
          Path to = dir.resolve("to");
          List<Object> seen = new ArrayList<>();
          try (FileChannel in = FileChannel.open(from, READ, WRITE);
              FileChannel out = FileChannel.open(to, CREATE, WRITE, READ)) {
            seen.add(in.transferTo(5, 200000, out));
            seen.add(out.position());
            seen.add(in.position());
            seen.add(in.transferTo(299999, 10, out));
            seen.add(in.transferTo(300000, 10, out));
            seen.add(in.transferTo(400000, 10, out));
            seen.add(in.transferTo(0, 0, out));
            in.position(299000);
            seen.add(out.transferFrom(in, 7, 5000));
            seen.add(in.position());
            seen.add(out.position());
            seen.add(out.transferFrom(in, 0, 10));
            in.position(10);
            seen.add(out.transferFrom(in, out.size() + 1, 10));
            seen.add(out.transferFrom(in, out.size(), 10));
          }
          return seen;
        });
    row(
        "transfers to a file open to append",
        dir -> {
          Path from = write(dir.resolve("from"), "0123456789");
          Path to = write(dir.resolve("to"), "ab");
          List<Object> seen = new ArrayList<>();
          try (FileChannel in = FileChannel.open(from, READ);
              FileChannel out = FileChannel.open(to, APPEND)) {
            seen.add(in.transferTo(2, 5, out));
            seen.add(out.position());
            seen.add(out.transferFrom(in, 0, 3));
            seen.add(in.position());
          }
          try (InputStream in = Files.newInputStream(from);
              OutputStream out = Files.newOutputStream(to, APPEND)) {
            seen.add(in.transferTo(out));
          }
          return seen + text(to);
        });
    row(
        "transfers with streams",
        dir -> {
          Path from = write(dir.resolve("from"), "0123456789".repeat(30000));
          List<Object> seen = new ArrayList<>();
          try (FileChannel in = FileChannel.open(from, READ);
              FileChannel out = FileChannel.open(dir.resolve("to"), CREATE_NEW, WRITE);
              InputStream stream = Files.newInputStream(from);
              java.nio.channels.ReadableByteChannel source =
                  java.nio.channels.Channels.newChannel(stream)) {
            seen.add(out.transferFrom(source, 0, 250000));
            java.io.ByteArrayOutputStream bytes = new java.io.ByteArrayOutputStream();
            WritableByteChannel sink = java.nio.channels.Channels.newChannel(bytes);
            seen.add(in.transferTo(100000, 1000000, sink));
            seen.add(bytes.size());
          }
          return seen;
        });
    row(
        "transfers that fail in the middle",
        dir -> {
          Path from = write(dir.resolve("from"), "0123456789".repeat(30000));
          List<Object> seen = new ArrayList<>();
          try (FileChannel in = FileChannel.open(from, READ);
              FileChannel out = FileChannel.open(dir.resolve("to"), CREATE_NEW, WRITE)) {
            for (int good = 0; good < 2; good++) {
              Failing other = new Failing(good);
              seen.add(outcome(() -> seen.add(in.transferTo(0, 300000, other) > 0)));
              Failing another = new Failing(good);
              seen.add(outcome(() -> seen.add(out.transferFrom(another, 0, 300000))));
              seen.add(out.size());
            }
          }
          return seen;
        });
    row(
        "reading and writing whole files",
        dir -> {
          Path file = dir.resolve("f");
          Files.write(file, List.of("one", "two"));
          Files.write(file, List.of("three"), APPEND);
          List<Object> seen = new ArrayList<>(Files.readAllLines(file));
          try (OutputStream out = Files.newOutputStream(file, APPEND)) {
            out.write(new byte[100000]);
          }
          try (InputStream in = Files.newInputStream(file)) {
            seen.add(in.skip(10));
            seen.add(in.available());
            seen.add(in.readAllBytes().length);
            seen.add(in.read());
          }
          try (BufferedReader reader = Files.newBufferedReader(file)) {
            seen.add(reader.readLine());
          }
          seen.add(outcome(() -> Files.newInputStream(dir.resolve("none"))));
          seen.add(outcome(() -> Files.newInputStream(file, WRITE)));
          seen.add(outcome(() -> Files.newOutputStream(file, READ)));
          seen.add(outcome(() -> Files.newOutputStream(dir)));
          seen.add(outcome(() -> Files.readAllBytes(dir)));
          seen.add(outcome(() -> Files.createFile(file)));
          seen.add(Files.copy(file, OutputStream.nullOutputStream()));
          seen.add(Files.copy(InputStream.nullInputStream(), dir.resolve("e")));
          seen.add(outcome(() -> Files.copy(InputStream.nullInputStream(), dir.resolve("e"))));
          return seen;
        });
  }

  /// A channel that ends with an error after some calls.
  private static final class Failing
      implements WritableByteChannel, java.nio.channels.ReadableByteChannel {
    private int good;

    Failing(int good) {
      this.good = good;
    }

    private void step() throws IOException {
      if (good-- <= 0) {
        throw new java.net.SocketException("gone");
      }
    }

    @Override
    public int write(ByteBuffer src) throws IOException {
      step();
      int n = src.remaining();
      src.position(src.limit());
      return n;
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
      step();
      dst.put(bytes("some"));
      return 4;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }
}
