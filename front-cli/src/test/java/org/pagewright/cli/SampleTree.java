package org.pagewright.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Random;
import java.util.Set;
import org.pagewright.cli.os.HostCalls;
import org.pagewright.cli.os.HostNames;
import org.pagewright.vfs.DeviceNumber;
import org.pagewright.vfs.FileType;

/// A tree of the host with one of everything.
final class SampleTree {
  private static final boolean ROOT = System.getProperty("user.name").equals("root");

  private SampleTree() {}

  static Path make(Path base) throws IOException {
    Random random = new Random(7);
    Files.createDirectories(base.resolve("a/b/c"));
    write(base.resolve("a/small"), random, 10);
    write(base.resolve("a/b/mid"), random, 123_456);
    write(base.resolve("big"), random, 9 << 20);
    write(base.resolve("empty"), random, 0);
    write(base.resolve("n".repeat(255)), random, 5);
    write(base.resolve("name with spaces & \\ \"quotes\""), random, 5);
    write(HostNames.resolve(base, "bytes-\udcff\udcfe"), random, 7);
    write(HostNames.resolve(base, "umlaut-\u00e4\u4e2d"), random, 3);
    Files.createLink(base.resolve("a/big-link"), base.resolve("big"));
    Files.createSymbolicLink(base.resolve("a/link"), Path.of("small"));
    Files.createSymbolicLink(base.resolve("long-link"), Path.of("x".repeat(200)));
    Files.createSymbolicLink(base.resolve("dangling"), Path.of("../nowhere"));
    Files.createDirectory(base.resolve("many"));
    for (int i = 0; i < 1500; i++) {
      write(base.resolve("many/a-file-with-a-rather-long-name-" + i), random, i % 50);
    }
    sparse(base.resolve("sparse"));
    try (FileChannel hole = channel(base.resolve("only-hole"))) {
      hole.write(ByteBuffer.allocate(1), 0);
    }
    try (HostCalls calls = HostCalls.open()) {
      if (calls != null) {
        calls.truncate(base.resolve("only-hole"), 0);
        calls.truncate(base.resolve("only-hole"), 3 << 20);
        decorate(base, calls);
      }
    }
    return base;
  }

  private static FileChannel channel(Path path) throws IOException {
    return FileChannel.open(
        path, Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE));
  }

  private static void write(Path path, Random random, int length) throws IOException {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    Files.write(path, bytes);
  }

  private static void sparse(Path path) throws IOException {
    try (FileChannel file = channel(path)) {
      file.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 5 << 20);
      file.write(ByteBuffer.wrap(new byte[] {4, 5, 6}), 40 << 20);
    }
  }

  private static void decorate(Path base, HostCalls calls) throws IOException {
    byte[] all = new byte[700];
    for (int i = 0; i < all.length; i++) {
      all[i] = (byte) i;
    }
    calls.setXattr(base.resolve("big"), "user.comment", "hello".getBytes());
    calls.setXattr(base.resolve("big"), "user.bytes", all);
    calls.setXattr(base.resolve("a"), "user.of-a-directory", new byte[] {'x'});
    if (ROOT) {
      calls.setXattr(base.resolve("a/small"), "trusted.t", new byte[] {0, -1});
      calls.mknod(base.resolve("pipe"), FileType.FIFO.modeBits() | 0640, 0);
      calls.mknod(
          base.resolve("null"),
          FileType.CHARACTER_DEVICE.modeBits() | 0600,
          DeviceNumber.of(1, 3));
      calls.mknod(
          base.resolve("disk"),
          FileType.BLOCK_DEVICE.modeBits() | 0640,
          DeviceNumber.of(259, 70_000));
      own(base.resolve("a/small"), 1000, 70_000);
      own(base.resolve("a/link"), 5, 6);
      own(base.resolve("many"), 65_534, 3);
      mode(base.resolve("a/small"), 04755);
      mode(base.resolve("a"), 02775);
      mode(base.resolve("many"), 01777);
      // A capability: cap_net_raw.
      byte[] capability = new byte[20];
      capability[0] = 1;
      capability[3] = 2;
      capability[5] = 0x20;
      calls.setXattr(base.resolve("a/b/mid"), "security.capability", capability);
    }
    long seconds = 1_000_000_000;
    for (String name :
        new String[] {"a/b/c", "a/b/mid", "a/small", "a/b", "a", "long-link", "big", "many"}) {
      seconds += 86_400;
      calls.setTimes(
          base.resolve(name),
          Instant.ofEpochSecond(seconds, 123_456_789),
          Instant.ofEpochSecond(seconds, 987_654_321));
    }
    Instant late = Instant.ofEpochSecond(4_000_000_000L, 5);
    calls.setTimes(base.resolve("empty"), late, late);
    Instant early = Instant.ofEpochSecond(-1000, 5);
    calls.setTimes(base.resolve("only-hole"), early, early);
  }

  private static void own(Path path, int uid, int gid) throws IOException {
    Files.setAttribute(path, "unix:uid", uid, LinkOption.NOFOLLOW_LINKS);
    Files.setAttribute(path, "unix:gid", gid, LinkOption.NOFOLLOW_LINKS);
  }

  private static void mode(Path path, int mode) throws IOException {
    Files.setAttribute(path, "unix:mode", mode);
  }
}
