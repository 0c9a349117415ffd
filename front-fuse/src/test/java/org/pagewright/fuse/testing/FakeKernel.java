package org.pagewright.fuse.testing;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.FilePin;
import org.pagewright.fuse.protocol.Feature;
import org.pagewright.fuse.protocol.Opcode;
import org.pagewright.fuse.protocol.Wire;
import org.pagewright.fuse.server.Channel;

/// A kernel that a test plays: it puts requests into the queue of a device that is not there, and
/// looks at the answers as the real one does: a length that is true, an error in its range, a
/// request that is waiting for it.
public final class FakeKernel {
  private static final byte[] STOP = {};
  private static final long TIMEOUT_SECONDS = 30;

  private final BlockingQueue<byte[]> requests = new LinkedBlockingQueue<>();
  private final Map<Long, BlockingQueue<Answer>> waiting = new HashMap<>(); // guarded by this lock
  private final BlockingQueue<byte[]> notifications = new LinkedBlockingQueue<>();
  private final org.pagewright.sync.Mutex lock =
      new org.pagewright.sync.Mutex(org.pagewright.sync.LockClass.QUEUE, "fake kernel");
  private final List<String> complaints = new ArrayList<>();
  private final AtomicLong unique = new AtomicLong();
  private volatile int uid;
  private volatile int pid = 1;
  private volatile boolean refusesAnswers;
  private final AtomicInteger pinnedAnswers = new AtomicInteger();
  private final AtomicInteger breaksAnswers = new AtomicInteger();

  /// One answer.
  ///
  /// @param errno 0 or a positive error number
  /// @param body what follows the header
  public record Answer(int errno, byte[] body) {
    /// The body with the byte order of the host.
    public ByteBuffer buffer() {
      return ByteBuffer.wrap(body).order(ByteOrder.nativeOrder());
    }

    public int intAt(int at) {
      return buffer().getInt(at);
    }

    public long longAt(int at) {
      return buffer().getLong(at);
    }
  }

  /// The device, as a server opens it.
  public Channel channel() {
    return new Fake();
  }

  private final class Fake implements Channel {
    @Override
    public int receive(MemorySegment buffer) throws FsException {
      try {
        byte[] request = requests.take();
        if (request == STOP) {
          requests.add(STOP); // for the other threads
          return Channel.END;
        }
        MemorySegment.copy(request, 0, buffer, ValueLayout.JAVA_BYTE, 0, request.length);
        return request.length;
      } catch (InterruptedException e) {
        throw new FsException(Errno.EINTR, "receive", e);
      }
    }

    @Override
    public boolean send(MemorySegment message, int length) throws FsException {
      boolean wanted = answered(message.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE));
      if (breaksAnswers.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
        throw new FsException(Errno.EINVAL, "an answer that makes no sense");
      }
      return wanted;
    }

    @Override
    public boolean sendsPins() {
      return true;
    }

    @Override
    public boolean send(MemorySegment head, int length, FilePin body) throws FsException {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      all.writeBytes(head.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE));
      for (int i = 0; i < body.pieces(); i++) {
        MemorySegment piece = body.chunk(i).asSlice(body.offset(i), body.length(i));
        all.writeBytes(piece.toArray(ValueLayout.JAVA_BYTE));
      }
      pinnedAnswers.incrementAndGet();
      return send(MemorySegment.ofArray(all.toByteArray()), all.size());
    }

    @Override
    public Channel another() {
      return new Fake();
    }

    @Override
    public boolean isOwnThread(int thread) {
      return thread == 4711;
    }

    @Override
    public void close() {}
  }

  private boolean answered(byte[] message) {
    ByteBuffer buffer = ByteBuffer.wrap(message).order(ByteOrder.nativeOrder());
    if (message.length < 16 || buffer.getInt(0) != message.length) {
      complain("an answer of " + message.length + " bytes with a wrong length in it");
      return false;
    }
    int error = buffer.getInt(4);
    long id = buffer.getLong(8);
    if (id == 0) {
      notifications.add(message);
      return true;
    }
    if (error > 0 || error <= -512 || error != 0 && message.length != 16) {
      complain("an answer with error " + error + " and " + message.length + " bytes");
    }
    lock.lock();
    BlockingQueue<Answer> queue = waiting.remove(id);
    lock.unlock();
    if (queue == null) {
      complain("an answer to nothing, or a second one: " + id);
      return false;
    }
    queue.add(new Answer(-error, java.util.Arrays.copyOfRange(message, 16, message.length)));
    return !refusesAnswers;
  }

  private void complain(String what) {
    lock.lock();
    complaints.add(what);
    lock.unlock();
  }

  /// How many answers came straight from frames of the cache.
  public int pinnedAnswers() {
    return pinnedAnswers.get();
  }

  /// What a real kernel would not have taken.
  public List<String> complaints() {
    lock.lock();
    try {
      return List.copyOf(complaints);
    } finally {
      lock.unlock();
    }
  }

  /// Waits for the oldest notification that nobody has looked at.
  public ByteBuffer notification() {
    try {
      byte[] message = notifications.poll(TIMEOUT_SECONDS, TimeUnit.SECONDS);
      if (message == null) {
        throw new AssertionError("no notification");
      }
      return ByteBuffer.wrap(message).order(ByteOrder.nativeOrder());
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /// Notifications that nobody has looked at.
  public int notifications() {
    return notifications.size();
  }

  /// From now on every answer arrives and is then said not to be wanted, as for a request that was
  /// interrupted.
  public void setRefusesAnswers(boolean refuses) {
    refusesAnswers = refuses;
  }

  /// The next answers arrive, and are then said to make no sense.
  public void setBreaksAnswers(int count) {
    breaksAnswers.set(count);
  }

  /// Who asks from now on.
  public void setUid(int user) {
    uid = user;
  }

  /// Which thread asks from now on; 4711 is the server's own.
  public void setPid(int thread) {
    pid = thread;
  }

  /// The end of the mount.
  public void unmount() {
    requests.add(STOP);
  }

  /// Puts bytes into the queue as they are.
  public void sendRaw(byte[] request) {
    requests.add(request);
  }

  /// A request as bytes.
  public byte[] request(long id, int opcode, long node, byte[] arguments) {
    ByteBuffer buffer =
        ByteBuffer.allocate(Wire.InHeader.BYTES + arguments.length).order(ByteOrder.nativeOrder());
    buffer.putInt(buffer.capacity()).putInt(opcode).putLong(id).putLong(node);
    buffer.putInt(uid).putInt(0).putInt(pid).putInt(0);
    buffer.put(arguments);
    return buffer.array();
  }

  /// Sends a request that is not answered.
  public void tell(Opcode opcode, long node, byte[] arguments) {
    requests.add(request(unique.addAndGet(2), opcode.number(), node, arguments));
  }

  /// Sends a request; the answer comes later.
  public BlockingQueue<Answer> ask(Opcode opcode, long node, byte[] arguments) {
    return askNumber(opcode.number(), node, arguments);
  }

  /// Sends a request with any opcode.
  public BlockingQueue<Answer> askNumber(int opcode, long node, byte[] arguments) {
    long id = unique.addAndGet(2);
    BlockingQueue<Answer> queue = new LinkedBlockingQueue<>();
    lock.lock();
    waiting.put(id, queue);
    lock.unlock();
    requests.add(request(id, opcode, node, arguments));
    return queue;
  }

  /// The number of the request that was sent last.
  public long lastUnique() {
    return unique.get();
  }

  /// Waits for an answer.
  public static Answer await(BlockingQueue<Answer> queue) {
    try {
      Answer answer = queue.poll(TIMEOUT_SECONDS, TimeUnit.SECONDS);
      if (answer == null) {
        throw new AssertionError("no answer");
      }
      return answer;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /// Sends a request and waits for the answer.
  public Answer call(Opcode opcode, long node, byte[] arguments) {
    return await(ask(opcode, node, arguments));
  }

  /// The first request: what the kernel can.
  public Answer init(long features) {
    Answer answer =
        call(
            Opcode.INIT,
            0,
            new Args()
                .u32(7)
                .u32(45)
                .u32(1 << 20)
                .u32((int) (features | Feature.INIT_EXT))
                .u32((int) (features >>> 32))
                .zeros(44)
                .bytes());
    if (answer.errno() != 0) {
      throw new AssertionError("INIT: " + answer.errno());
    }
    return answer;
  }

  /// Begins as the oldest kernel does that is spoken to: version 7.31, and no second half of the
  /// features.
  public void initAsOldest() {
    Answer answer = call(Opcode.INIT, 0, new Args().u32(7).u32(31).u32(1 << 20).u32(0).bytes());
    if (answer.errno() != 0) {
      throw new AssertionError("INIT: " + answer.errno());
    }
  }

  /// Arguments being put together.
  public static final class Args {
    private final Arena arena = Arena.ofAuto();
    private final MemorySegment buffer = arena.allocate(2 << 20);
    private int length;

    public Args u32(int value) {
      buffer.set(ValueLayout.JAVA_INT_UNALIGNED, length, value);
      length += 4;
      return this;
    }

    public Args u64(long value) {
      buffer.set(ValueLayout.JAVA_LONG_UNALIGNED, length, value);
      length += 8;
      return this;
    }

    public Args zeros(int count) {
      length += count;
      return this;
    }

    public Args text(String text) {
      raw(text.getBytes(StandardCharsets.UTF_8));
      length++;
      return this;
    }

    public Args raw(byte[] bytes) {
      MemorySegment.copy(bytes, 0, buffer, ValueLayout.JAVA_BYTE, length, bytes.length);
      length += bytes.length;
      return this;
    }

    public byte[] bytes() {
      return buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
    }
  }
}
