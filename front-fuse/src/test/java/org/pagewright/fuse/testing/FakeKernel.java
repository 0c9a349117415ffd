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
import java.util.concurrent.Semaphore;
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
import org.pagewright.fuse.server.RingChannel;
import org.pagewright.fuse.server.RingEntry;

/// A kernel that a test plays: it puts requests into the queue of a device that is not there, and
/// looks at the answers as the real one does: a length that is true, an error in its range, a
/// request that is waiting for it.
public final class FakeKernel {
  private static final byte[] STOP = {};
  private static final long TIMEOUT_SECONDS = 30;
  private static final int QUEUES = 2;
  private static final int QUEUE_THREADS = 2;
  private static final int ENOTCONN = 107;

  /// What names a request in an entry need not be what names it elsewhere.
  private static final long COMMIT_ID_OFF = 1000;

  private final BlockingQueue<byte[]> requests = new LinkedBlockingQueue<>();
  private final BlockingQueue<byte[]> queued = new LinkedBlockingQueue<>(); // for the rings
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
  private final boolean hasQueues;
  private volatile boolean refusesEntries;
  private final Semaphore heard = new Semaphore(0);
  private final AtomicInteger registered = new AtomicInteger();
  private final AtomicInteger breaksEntries = new AtomicInteger();
  private final AtomicInteger breaksAnswers = new AtomicInteger();

  /// A kernel that has its device only.
  public FakeKernel() {
    this(false);
  }

  /// A kernel.
  ///
  /// @param hasQueues whether requests go through queues of entries that the server registers
  public FakeKernel(boolean hasQueues) {
    this.hasQueues = hasQueues;
  }

  /// From now on entries that are to be registered are refused, and requests go to the device.
  public void refuseEntries() {
    refusesEntries = true;
  }

  /// How many entries were registered.
  public int registered() {
    return registered.get();
  }

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
    private boolean wasTold; // of the thread that receives

    @Override
    public int receive(MemorySegment buffer) throws FsException {
      if (wasTold) {
        wasTold = false;
        heard.release();
      }
      try {
        byte[] request = requests.take();
        if (request == STOP) {
          requests.add(STOP); // for the other threads
          return Channel.END;
        }
        MemorySegment.copy(request, 0, buffer, ValueLayout.JAVA_BYTE, 0, request.length);
        wasTold = hasQueues && !isAnswered(request);
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
    public List<Channel> queues(int threads, int bytes) {
      List<Channel> channels = new ArrayList<>();
      for (int i = 0; hasQueues && i < QUEUES; i++) {
        for (int j = 0; j < QUEUE_THREADS; j++) {
          channels.add(new RingChannel(new FakeEntry(bytes), this));
        }
      }
      return channels;
    }

    @Override
    public boolean isOwnThread(int thread) {
      return thread == 4711;
    }

    @Override
    public void close() {}
  }

  /// An entry, into which requests are put in parts, as the real one does it.
  private final class FakeEntry implements RingEntry {
    private static final int PAGE = 4096;

    private final MemorySegment header =
        Arena.ofAuto().allocate(Wire.RingHeader.BYTES, 8);
    private final MemorySegment payload;
    private final MemorySegment scratch;

    FakeEntry(int bytes) {
      this.payload = Arena.ofAuto().allocate((long) PAGE + bytes, PAGE);
      this.scratch = Arena.ofAuto().allocate(2L * PAGE + bytes, PAGE);
    }

    @Override
    public MemorySegment header() {
      return header;
    }

    @Override
    public MemorySegment paddedPayload() {
      return payload;
    }

    @Override
    public MemorySegment scratch() {
      return scratch;
    }

    @Override
    public int exchange(int operation, long commitId) throws FsException {
      if (operation == Wire.RingCommand.REGISTER) {
        if (refusesEntries) {
          return -Errno.EINVAL.number();
        }
        registered.incrementAndGet();
      } else {
        takeAnswer(commitId);
      }
      try {
        byte[] request = queued.take();
        if (request == STOP) {
          queued.add(STOP);
          return -ENOTCONN;
        }
        put(request);
        return 0;
      } catch (InterruptedException e) {
        throw new FsException(Errno.EINTR, "exchange", e);
      }
    }

    private void takeAnswer(long commitId) {
      int body = header.get(ValueLayout.JAVA_INT, Wire.RingHeader.PAYLOAD_SZ);
      byte[] message = new byte[Wire.OutHeader.BYTES + body];
      MemorySegment.copy(
          header, ValueLayout.JAVA_BYTE, 0, message, 0, Wire.OutHeader.BYTES);
      MemorySegment.copy(
          payload, ValueLayout.JAVA_BYTE, PAGE, message, Wire.OutHeader.BYTES, body);
      long id = ByteBuffer.wrap(message).order(ByteOrder.nativeOrder()).getLong(8);
      if (id != commitId - COMMIT_ID_OFF) {
        complain("an answer to " + id + " in the entry of " + commitId);
      }
      answered(message);
    }

    /// Names and content are the payload, a structure before them is not.
    private void put(byte[] request) {
      ByteBuffer buffer = ByteBuffer.wrap(request).order(ByteOrder.nativeOrder());
      Opcode opcode = Opcode.of(buffer.getInt(Wire.InHeader.OPCODE));
      int arguments = request.length - Wire.InHeader.BYTES;
      int op = opcode == null ? 0 : Math.min(opcode.argumentsMin() & ~7, arguments);
      header.fill((byte) 0x5a);
      payload.fill((byte) 0x5a);
      MemorySegment.copy(
          request, 0, header, ValueLayout.JAVA_BYTE, 0, Wire.InHeader.BYTES);
      MemorySegment.copy(
          request,
          Wire.InHeader.BYTES,
          header,
          ValueLayout.JAVA_BYTE,
          Wire.RingHeader.OP_IN,
          op);
      MemorySegment.copy(
          request,
          Wire.InHeader.BYTES + op,
          payload,
          ValueLayout.JAVA_BYTE,
          PAGE,
          arguments - op);
      long id = buffer.getLong(Wire.InHeader.UNIQUE);
      header.set(ValueLayout.JAVA_LONG, Wire.RingHeader.COMMIT_ID, id + COMMIT_ID_OFF);
      int lie = breaksEntries.getAndSet(0);
      header.set(ValueLayout.JAVA_INT, Wire.RingHeader.PAYLOAD_SZ, arguments - op + lie);
    }

    @Override
    public void close() {}
  }

  /// The next request that comes through a queue says that its payload is longer than it is.
  ///
  /// @param lie so many bytes, or fewer if negative
  public void setBreaksEntry(int lie) {
    breaksEntries.set(lie);
  }

  /// Interrupts, and what lets nodes go, come through the device whatever else there is.
  private void enqueue(int opcode, byte[] request) {
    Opcode known = Opcode.of(opcode);
    boolean isForDevice = known != null && (!known.isAnswered() || known == Opcode.INIT);
    (registered.get() == 0 || isForDevice ? requests : queued).add(request);
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
    queued.add(STOP);
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

  private static boolean isAnswered(byte[] request) {
    Opcode opcode =
        Opcode.of(
            ByteBuffer.wrap(request).order(ByteOrder.nativeOrder()).getInt(Wire.InHeader.OPCODE));
    return opcode == null || opcode.isAnswered();
  }

  /// Sends a request that is not answered. Where it goes another way than those after it, its end
  /// is waited for: a kernel does not, but then nothing could be said of what those find.
  public void tell(Opcode opcode, long node, byte[] arguments) {
    enqueue(opcode.number(), request(unique.addAndGet(2), opcode.number(), node, arguments));
    if (hasQueues) {
      try {
        if (!heard.tryAcquire(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
          throw new AssertionError("nobody heard of " + opcode);
        }
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
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
    enqueue(opcode, request(id, opcode, node, arguments));
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
