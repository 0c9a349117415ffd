package org.pagewright.fuse;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.FilePin;
import org.pagewright.fuse.os.Sys;
import org.pagewright.fuse.protocol.Opcode;
import org.pagewright.fuse.protocol.Wire;
import org.pagewright.fuse.server.Channel;
import org.pagewright.fuse.server.DeviceChannel;
import org.pagewright.fuse.server.FuseServer;
import org.pagewright.fuse.server.Log;
import org.pagewright.fuse.server.ServerOptions;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// A mount without a kernel: the requests that programs cause most, one after the other, played to
/// a server.
///
/// A JVM that starts with what this taught another one (an ahead-of-time cache with its profiles)
/// compiles the right code at once, instead of after seconds of a mount's life. What a round does:
///
///     a file is made, written, closed, looked at, given times and an owner as `tar` does, opened,
///     read, closed, renamed, and removed, in a folder that is large enough for an index;
///     a large one is written and read in pieces; now and then a directory is listed and a file
///     synced
///
/// Answers go the way that they go to a kernel, but to `/dev/null`.
final class Rehearsal implements Channel {
  private static final int FILES_KEPT = 1024;
  private static final int LIST_EVERY = 64;
  private static final int SYNC_EVERY = 256;
  private static final int PIECE = 128 << 10;
  private static final int PIECES = 64;
  private static final int SMALL = 5000;
  private static final int PAGE = 4096;
  private static final int LISTED = 16 << 10;
  private static final int RDWR_CREAT = 0102;

  // Steps of a round.
  private static final int LIST = 21;
  private static final int SYNC = 24;
  private static final int END_OF_ROUND = 26;

  private static final int UMASK = 022;
  private static final int FATTR_MODE = 1;
  private static final int FATTR_OWNER = 6;
  private static final int FATTR_TIMES = 48;
  private static final long ROOT = 1;
  private static final long FEATURES = -1L >>> 1;
  private static final long END_NANOS = 120_000_000_000L;

  private final int rounds;
  private final Channel nowhere;
  private MemorySegment out = MemorySegment.NULL; // the request that is put together
  private int length;
  private long unique;
  private int round = -1;
  private int step;

  // What answers told.
  private long node;
  private long handle;
  private long largeNode;
  private long largeHandle;

  private Rehearsal(int rounds, Channel nowhere) {
    this.rounds = rounds;
    this.nowhere = nowhere;
  }

  /// Plays to a server on a volume.
  ///
  /// @param volume some 64 MiB of it are written
  /// @param rounds how many files are made
  /// @return requests that were answered
  /// @throws FsException if this host has no native calls, or no `/dev/null`
  static long play(Volume volume, int rounds) throws FsException {
    ServerOptions d = ServerOptions.DEFAULTS;
    ServerOptions options =
        new ServerOptions(
            1, false, false, false, -1, -1, d.timeoutMillis(), d.maxWriteBytes(),
            d.patienceMillis(), d.pinnedNodesMax(), false);
    int fd = Sys.checked(new Sys().open("/dev/null", Sys.O_RDWR | Sys.O_CLOEXEC), "/dev/null");
    Rehearsal kernel = new Rehearsal(rounds, new DeviceChannel(fd));
    try (FuseServer server = new FuseServer(volume, options, Log.NONE)) {
      server.start(kernel);
      server.awaitEnd(END_NANOS);
    }
    return kernel.unique;
  }

  @Override
  public int receive(MemorySegment buffer) {
    out = buffer;
    if (round < 0) {
      begin();
    } else if (!next()) {
      return END;
    }
    out.set(ValueLayout.JAVA_INT, Wire.InHeader.LEN, length);
    return length;
  }

  /// What comes before the first file.
  private void begin() {
    switch (step++) {
      case 0 -> {
        ask(Opcode.INIT, 0).u32(7).u32(45).u32(1 << 20).u32((int) FEATURES);
        u32((int) (FEATURES >>> 32)).zeros(44);
      }
      default -> {
        ask(Opcode.CREATE, ROOT).u32(RDWR_CREAT).u32(0644).u32(UMASK).u32(0).text("large");
        round = 0;
        step = 0;
      }
    }
  }

  /// The next request of a round.
  ///
  /// @return false after the last round
  private boolean next() {
    if (round == rounds) {
      return false;
    }
    int slot = round % FILES_KEPT;
    String name = "file-" + round;
    long piece = round * 7919L % PIECES * PIECE;
    switch (step++) {
      case 0 -> {
        if (round == 0) {
          largeNode = node;
          largeHandle = handle;
        }
        ask(Opcode.LOOKUP, ROOT).text(name);
      }
      case 1 -> ask(Opcode.CREATE, ROOT).u32(RDWR_CREAT).u32(0644).u32(UMASK).u32(0).text(name);
      case 2 ->
          ask(Opcode.GETXATTR, node).zeros(Wire.GetxattrIn.BYTES).text("security.capability");
      case 3 -> write(node, handle, 0, SMALL);
      case 4 -> ask(Opcode.FLUSH, node).u64(handle).zeros(16);
      case 5 -> ask(Opcode.RELEASE, node).u64(handle).zeros(16);
      case 6 -> ask(Opcode.GETATTR, node).zeros(Wire.GetattrIn.BYTES);
      case 7 -> set(FATTR_MODE, 0600);
      case 8 -> set(FATTR_TIMES, 0);
      case 9 -> set(FATTR_OWNER, 0);
      case 10 -> ask(Opcode.LOOKUP, ROOT).text(name);
      case 11 -> ask(Opcode.OPEN, node).u32(OpenFlags.RDONLY).u32(0);
      case 12 -> read(Opcode.READ, node, handle, 0, 2 * PAGE);
      case 13 -> ask(Opcode.FLUSH, node).u64(handle).zeros(16);
      case 14 -> ask(Opcode.RELEASE, node).u64(handle).zeros(16);
      case 15 -> ask(Opcode.RENAME2, ROOT).u64(ROOT).u64(0).text(name).text("kept-" + slot);
      case 16 -> write(largeNode, largeHandle, piece, PIECE);
      case 17 -> read(Opcode.READ, largeNode, largeHandle, piece, PIECE);
      case 18 -> write(largeNode, largeHandle, piece, PAGE);
      case 19 -> read(Opcode.READ, largeNode, largeHandle, piece, PAGE);
      case 20 -> ask(Opcode.FORGET, node).u64(2);
      case 21 -> ask(Opcode.OPENDIR, ROOT).zeros(Wire.OpenIn.BYTES);
      case 22 -> read(Opcode.READDIRPLUS, ROOT, handle, 0, LISTED);
      case 23 -> ask(Opcode.RELEASEDIR, ROOT).u64(handle).zeros(16);
      case 24 -> ask(Opcode.FSYNC, largeNode).u64(largeHandle).zeros(8);
      case END_OF_ROUND - 1 -> ask(Opcode.UNLINK, ROOT).text("kept-" + slot);
      default -> throw new AssertionError(step);
    }
    endOfStep(slot);
    return true;
  }

  /// Passes over what is not done in each round.
  private void endOfStep(int slot) {
    if (step == LIST && slot % LIST_EVERY != LIST_EVERY - 1) {
      step = END_OF_ROUND - 1; // no list
    } else if (step == SYNC && round % SYNC_EVERY != SYNC_EVERY - 1) {
      step = END_OF_ROUND - 1;
    }
    if (step == END_OF_ROUND - 1 && slot % 2 == 0) {
      step = END_OF_ROUND; // stays, until a later one takes its name
    }
    if (step == END_OF_ROUND) {
      step = 0;
      round++;
    }
  }

  private void set(int what, int mode) {
    int at = length(Opcode.SETATTR, node) + Wire.SetattrIn.MODE;
    zeros(Wire.SetattrIn.BYTES);
    out.set(ValueLayout.JAVA_INT_UNALIGNED, Wire.InHeader.BYTES, what);
    out.set(ValueLayout.JAVA_INT_UNALIGNED, at, mode);
  }

  private void write(long of, long by, long pos, int size) {
    ask(Opcode.WRITE, of).u64(by).u64(pos).u32(size).zeros(20).zeros(size);
  }

  private void read(Opcode opcode, long of, long by, long pos, int size) {
    ask(opcode, of).u64(by).u64(pos).u32(size).zeros(20);
  }

  // ---- A request --------------------------------------------------------------------------------

  private Rehearsal ask(Opcode opcode, long of) {
    length(opcode, of);
    return this;
  }

  private int length(Opcode opcode, long of) {
    length = 0;
    u32(0).u32(opcode.number()).u64(++unique).u64(of).zeros(16);
    return length;
  }

  private Rehearsal u32(int value) {
    out.set(ValueLayout.JAVA_INT_UNALIGNED, length, value);
    length += 4;
    return this;
  }

  private Rehearsal u64(long value) {
    out.set(ValueLayout.JAVA_LONG_UNALIGNED, length, value);
    length += 8;
    return this;
  }

  private Rehearsal zeros(int count) {
    out.asSlice(length, count).fill((byte) 0);
    length += count;
    return this;
  }

  private Rehearsal text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    MemorySegment.copy(bytes, 0, out, ValueLayout.JAVA_BYTE, length, bytes.length);
    length += bytes.length;
    return zeros(1);
  }

  // ---- Its answer -------------------------------------------------------------------------------

  /// Some answers are copied together, as those are of which not all is in memory.
  @Override
  public boolean sendsPins() {
    return round % 4 != 0;
  }

  @Override
  public boolean send(MemorySegment head, int size, FilePin body) throws FsException {
    return nowhere.send(head, size, body);
  }

  @Override
  public boolean send(MemorySegment message, int size) throws FsException {
    int body = Wire.OutHeader.BYTES;
    int entry = body + Wire.EntryOut.BYTES + Wire.Attr.BYTES;
    if (size == entry + Wire.OpenOut.BYTES) { // of CREATE
      node = message.get(ValueLayout.JAVA_LONG_UNALIGNED, body + (long) Wire.EntryOut.NODEID);
      handle = message.get(ValueLayout.JAVA_LONG_UNALIGNED, entry + (long) Wire.OpenOut.FH);
    } else if (size == body + Wire.OpenOut.BYTES && isOpen()) {
      handle = message.get(ValueLayout.JAVA_LONG_UNALIGNED, body + (long) Wire.OpenOut.FH);
    }
    return nowhere.send(message, size);
  }

  private boolean isOpen() {
    int opcode = out.get(ValueLayout.JAVA_INT, Wire.InHeader.OPCODE);
    return opcode == Opcode.OPEN.number() || opcode == Opcode.OPENDIR.number();
  }

  @Override
  public Channel another() throws FsException {
    return this;
  }

  @Override
  public void close() {
    nowhere.close();
  }
}
