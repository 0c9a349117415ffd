package org.pagewright.fuse.server;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.os.Sys;
import org.pagewright.fuse.protocol.Opcode;
import org.pagewright.fuse.protocol.Wire;

/// A thread's entry of a queue that the kernel has for a processor: a request comes into the entry,
/// its answer goes out of it, and with the same call the entry is there for the next.
///
///     REGISTER --> the kernel's --> request: ours --> answered --+
///                       ^                                        |
///                       +------------ COMMIT_AND_FETCH ----------+
///
/// A thread has one entry, so that no request waits behind one that takes long while other threads
/// have nothing to do: into a second entry of a busy thread the kernel would still put one.
///
/// The bytes of a write stay in the entry while it is worked on; everything else is copied out of
/// it, since answers are put together there.
///
/// No request is put aside here to be answered later by another thread: it would keep its entry. A
/// new entry in its place would not do, because what came while a queue had none left stays there
/// until an entry comes with an answer: the kernel does not look for it when one is registered. So
/// locks are the kernel's own on such a mount; nothing else is put aside.
public final class RingChannel implements Channel {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final int PAGE = 4096;
  private static final int ECONNABORTED = 103;
  private static final int ENOTCONN = 107;
  private static final int ECANCELED = 125;
  private static final int ENODEV = Errno.ENODEV.number();

  private final RingEntry entry;
  private final Channel device;
  private final MemorySegment header;
  private final MemorySegment payload;
  private final MemorySegment requestRoom;
  private final MemorySegment answerRoom;

  // Of the thread that receives.
  private long commitId;
  private boolean registered;
  private @Nullable MemorySegment content;

  /// Of the request in the entry. Written before it becomes unanswered.
  private long unique;

  /// Whether the entry holds no request. Whoever answers writes the entry before.
  private volatile boolean answered = true;

  private volatile boolean used;
  private volatile boolean closed;

  /// A channel that is not with the kernel yet.
  ///
  /// @param entry its own from now on
  /// @param device where notifications go
  public RingChannel(RingEntry entry, Channel device) {
    this.entry = entry;
    this.device = device;
    this.header = entry.header();
    MemorySegment padded = entry.paddedPayload();
    this.payload = padded.asSlice(PAGE);
    this.requestRoom = entry.scratch().asSlice(PAGE - Worker.BEFORE_CONTENT);
    this.answerRoom = padded.asSlice(PAGE - Wire.OutHeader.BYTES);
  }

  @Override
  public MemorySegment requestRoom() {
    return requestRoom;
  }

  @Override
  public MemorySegment answerRoom() {
    return answerRoom;
  }

  @Override
  public int receive(MemorySegment buffer) throws FsException {
    used = true;
    assert answered : "put aside";
    boolean done = false;
    try {
      int n;
      do { // ends: each turn takes a request, and the kernel makes none that is malformed
        if (closed || !exchange()) {
          return END;
        }
        n = take(buffer);
      } while (n < 0);
      done = true;
      return n;
    } finally {
      if (!done) {
        entry.close();
      }
    }
  }

  /// Hands the entry over, and gets it back with a request.
  ///
  /// @return false if the mount is gone
  private boolean exchange() throws FsException {
    int operation =
        registered ? Wire.RingCommand.COMMIT_AND_FETCH : Wire.RingCommand.REGISTER;
    int result = entry.exchange(operation, commitId);
    if (result == -ENOTCONN
        || result == -ECONNABORTED
        || result == -ENODEV
        || result == -ECANCELED) {
      return false;
    }
    if (result < 0) {
      throw Sys.failure(-result, registered ? "commit to /dev/fuse" : "register with /dev/fuse");
    }
    registered = true;
    return true;
  }

  /// Puts the parts of a request together.
  ///
  /// @return its bytes; -1 if they make no sense, and it was answered with EIO
  private int take(MemorySegment buffer) {
    commitId = header.get(LONG, Wire.RingHeader.COMMIT_ID);
    unique = header.get(LONG, Wire.RingHeader.IN_OUT + Wire.InHeader.UNIQUE);
    long length =
        Integer.toUnsignedLong(header.get(INT, Wire.RingHeader.IN_OUT + Wire.InHeader.LEN));
    long rest = Integer.toUnsignedLong(header.get(INT, Wire.RingHeader.PAYLOAD_SZ));
    long op = length - Wire.InHeader.BYTES - rest;
    if (op < 0
        || op > Wire.RingHeader.OP_IN_BYTES
        || rest > payload.byteSize()
        || length > buffer.byteSize()) {
      header.set(INT, Wire.RingHeader.IN_OUT + Wire.OutHeader.LEN, Wire.OutHeader.BYTES);
      header.set(INT, Wire.RingHeader.IN_OUT + Wire.OutHeader.ERROR, -Errno.EIO.number());
      header.set(LONG, Wire.RingHeader.IN_OUT + Wire.OutHeader.UNIQUE, unique);
      header.set(INT, Wire.RingHeader.PAYLOAD_SZ, 0);
      return -1;
    }
    MemorySegment.copy(header, Wire.RingHeader.IN_OUT, buffer, 0, Wire.InHeader.BYTES);
    MemorySegment.copy(header, Wire.RingHeader.OP_IN, buffer, Wire.InHeader.BYTES, op);
    int opcode = header.get(INT, Wire.RingHeader.IN_OUT + Wire.InHeader.OPCODE);
    if (opcode == Opcode.WRITE.number() && op == Wire.WriteIn.BYTES) {
      content = payload.asSlice(0, rest); // its answer comes when nobody needs them any more
    } else {
      content = null;
      MemorySegment.copy(payload, 0, buffer, Wire.InHeader.BYTES + op, rest);
    }
    answered = false;
    return (int) length;
  }

  @Override
  public @Nullable MemorySegment content() {
    return content;
  }

  /// An answer goes with the next [#receive], which is the kernel's first look at it: that it is
  /// wanted is all that is known here.
  @Override
  public boolean send(MemorySegment message, int length) throws FsException {
    long id = message.get(LONG, Wire.OutHeader.UNIQUE);
    if (id == 0) {
      return device.send(message, length);
    }
    if (answered || closed || id != unique) {
      return false;
    }
    int body = length - Wire.OutHeader.BYTES;
    MemorySegment.copy(message, 0, header, Wire.RingHeader.IN_OUT, Wire.OutHeader.BYTES);
    if (message.address() != answerRoom.address()) {
      MemorySegment.copy(message, Wire.OutHeader.BYTES, payload, 0, body);
    }
    header.set(INT, Wire.RingHeader.PAYLOAD_SZ, body);
    answered = true;
    return true;
  }

  @Override
  public Channel another() throws FsException {
    return device.another();
  }

  @Override
  public boolean isOwnThread(int pid) {
    return device.isOwnThread(pid);
  }

  @Override
  public void close() {
    closed = true;
    if (!used) {
      entry.close();
    }
  }
}
