package org.pagewright.nio;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.SPARSE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Channels: positions, buffers, appending, locks, holes, and what is refused.
final class ChannelsAsTheJdkTest extends AsTheJdk {
  @Override
  void rows() {
    row(
        "channel positions",
        dir -> {
          List<Object> seen = new ArrayList<>();
          Path file = dir.resolve("f");
          try (FileChannel c = FileChannel.open(file, CREATE_NEW, READ, WRITE)) {
            seen.add(c.write(bytes("hello world")));
            seen.add(c.position());
            seen.add(c.position(3).position());
            ByteBuffer five = ByteBuffer.allocate(5);
            seen.add(c.read(five));
            seen.add(new String(five.array(), UTF_8));
            seen.add(c.position());
            seen.add(c.read(five, 0));
            five.clear();
            seen.add(c.read(five, 9));
            seen.add(five.position());
            seen.add(c.read(ByteBuffer.allocate(3), 11));
            seen.add(c.read(ByteBuffer.allocate(3), 1000));
            seen.add(c.read(ByteBuffer.allocate(0), 1000));
            seen.add(c.position(1000).read(ByteBuffer.allocate(3)));
            seen.add(c.write(bytes("x")));
            seen.add(c.size());
            seen.add(c.write(bytes("yz"), 2000));
            seen.add(c.position());
            seen.add(c.size());
            seen.add(c.truncate(500).position());
            seen.add(c.truncate(5000).size());
            seen.add(outcome(() -> c.position(-1)));
            seen.add(outcome(() -> c.truncate(-1)));
            seen.add(outcome(() -> c.read(ByteBuffer.allocate(1), -1)));
            seen.add(outcome(() -> c.write(ByteBuffer.allocate(1), -1)));
            seen.add(outcome(() -> c.read(ByteBuffer.allocate(1).asReadOnlyBuffer())));
            seen.add(outcome(() -> c.read((ByteBuffer) null)));
            c.force(true);
            c.force(false);
          }
          return seen;
        });
    row(
        "closed channels",
        dir -> {
          FileChannel c = FileChannel.open(dir.resolve("f"), CREATE_NEW, WRITE, READ);
          c.close();
          c.close();
          return List.of(
              outcome(() -> c.read(ByteBuffer.allocate(1))),
              outcome(() -> c.read(ByteBuffer.allocate(1), 0)),
              outcome(() -> c.write(ByteBuffer.allocate(1))),
              outcome(c::position),
              outcome(() -> c.position(1)),
              outcome(c::size),
              outcome(() -> c.truncate(0)),
              outcome(() -> c.force(true)),
              outcome(c::lock),
              outcome(c::tryLock),
              outcome(() -> c.transferTo(0, 1, c)),
              outcome(() -> c.transferFrom(c, 0, 1)));
        });
    row(
        "channels that may not",
        dir -> {
          Path file = write(dir.resolve("f"), "0123456789");
          List<Object> seen = new ArrayList<>();
          try (FileChannel r = FileChannel.open(file, READ);
              FileChannel w = FileChannel.open(file, WRITE)) {
            seen.add(outcome(() -> r.write(bytes("x"))));
            seen.add(outcome(() -> r.write(bytes("x"), 0)));
            seen.add(outcome(() -> r.write(new ByteBuffer[] {bytes("x")})));
            seen.add(outcome(() -> r.truncate(0)));
            seen.add(outcome(() -> w.read(ByteBuffer.allocate(1))));
            seen.add(outcome(() -> w.read(ByteBuffer.allocate(1), 0)));
            seen.add(outcome(() -> w.read(new ByteBuffer[] {ByteBuffer.allocate(1)})));
            seen.add(outcome(() -> w.transferTo(0, 1, w)));
            seen.add(outcome(() -> r.transferFrom(r, 0, 1)));
            seen.add(outcome(() -> r.lock()));
            seen.add(outcome(() -> w.lock(0, 1, true)));
            seen.add(outcome(() -> r.lock(-1, 1, true)));
            seen.add(outcome(() -> r.transferTo(-1, 1, w)));
            seen.add(outcome(() -> r.transferTo(0, -1, w)));
            r.force(true);
          }
          return seen;
        });
    row(
        "scatter and gather",
        dir -> {
          List<Object> seen = new ArrayList<>();
          try (FileChannel c = FileChannel.open(dir.resolve("f"), CREATE_NEW, WRITE, READ)) {
            ByteBuffer direct = ByteBuffer.allocateDirect(3).put(bytes("def")).flip();
            ByteBuffer[] parts = {bytes("x"), bytes("abc"), bytes(""), direct, bytes("y")};
            seen.add(c.write(parts, 1, 3));
            seen.add(direct.remaining());
            seen.add(parts[4].remaining());
            seen.add(c.position());
            c.position(1);
            ByteBuffer[] into = {
              ByteBuffer.allocate(2), ByteBuffer.allocateDirect(0), ByteBuffer.allocate(10)
            };
            seen.add(c.read(into));
            seen.add(into[2].position());
            seen.add(c.read(into));
            seen.add(c.read(new ByteBuffer[0]));
            seen.add(outcome(() -> c.read(into, 2, 2)));
          }
          return seen;
        });
    row(
        "buffers that cannot be used",
        dir -> {
          Path file = write(dir.resolve("f"), "0123456789");
          ByteBuffer gone;
          try (Arena arena = Arena.ofConfined()) {
            gone = arena.allocate(4).asByteBuffer();
          }
          ByteBuffer first = ByteBuffer.allocate(2);
          List<Object> seen = new ArrayList<>();
          try (FileChannel c = FileChannel.open(file, READ, WRITE)) {
            seen.add(outcome(() -> c.read(gone)));
            seen.add(outcome(() -> c.read(gone, 1)));
            seen.add(outcome(() -> c.write(gone)));
            seen.add(outcome(() -> c.write(gone, 1)));
            seen.add(outcome(() -> c.write(new ByteBuffer[] {gone, bytes("x")})));
            ByteBuffer[] into = {first, ByteBuffer.allocate(2).asReadOnlyBuffer()};
            seen.add(outcome(() -> c.read(into)));
            seen.add(first.position());
            seen.add(c.position());
          }
          return seen + text(file);
        });
    row(
        "appending",
        dir -> {
          Path file = write(dir.resolve("f"), "0123");
          List<Object> seen = new ArrayList<>();
          try (FileChannel a = FileChannel.open(file, APPEND);
              FileChannel b = FileChannel.open(file, APPEND)) {
            seen.add(a.position());
            seen.add(a.write(bytes("ab")));
            seen.add(b.write(bytes("cd")));
            seen.add(a.position());
            a.position(0);
            seen.add(a.write(bytes("ef")));
            seen.add(b.position());
            seen.add(b.write(bytes("gh"), 1));
            seen.add(a.size());
            seen.add(a.truncate(3).position());
            seen.add(a.write(bytes("Z")));
          }
          return seen + text(file);
        });
    row(
        "locks",
        dir -> {
          Path file = write(dir.resolve("f"), "0123456789");
          List<Object> seen = new ArrayList<>();
          try (FileChannel a = FileChannel.open(file, READ, WRITE);
              FileChannel b = FileChannel.open(file, READ, WRITE)) {
            FileLock lock = a.lock(0, 5, false);
            seen.add(lock.isValid());
            seen.add(outcome(() -> b.tryLock(4, 1, true)));
            seen.add(outcome(() -> a.lock(0, 1, true)));
            FileLock rest = b.tryLock(5, 0, true);
            seen.add(rest.isShared());
            seen.add(outcome(() -> a.tryLock(1000, 1, true)));
            lock.release();
            lock.release();
            seen.add(lock.isValid());
            seen.add(b.tryLock(0, 5, false).overlaps(3, 1));
            closeEarly(b);
            seen.add(rest.isValid());
            seen.add(outcome(rest::release));
            seen.add(a.lock().isValid());
          }
          return seen;
        });
    row(
        "sparse files",
        dir -> {
          Path file = dir.resolve("f");
          try (FileChannel c = FileChannel.open(file, CREATE_NEW, SPARSE, WRITE)) {
            c.write(bytes("end"), 1 << 20);
          }
          return Files.size(file);
        });
  }
}
