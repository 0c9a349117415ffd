package org.pagewright.fuse.server;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.FilePin;
import org.pagewright.fuse.os.IoVector;
import org.pagewright.fuse.os.Sys;

/// A file descriptor of `/dev/fuse`.
///
/// Its number is given out again as soon as it is closed, and a late answer would then go into
/// somebody else's file: so calls are counted, the last one out closes it, and none comes in
/// after [#close()].
public final class DeviceChannel implements Channel {
  private static final int EAGAIN = Errno.EAGAIN.number();
  private static final int ENOENT = Errno.ENOENT.number();
  private static final int ENODEV = Errno.ENODEV.number();
  private static final int ECONNABORTED = 103;

  private static final int OWN_PROCESS = (int) ProcessHandle.current().pid();

  private static final ThreadLocal<Sys> SYS = ThreadLocal.withInitial(DeviceChannel::newSys);

  private static final ThreadLocal<IoVector> VECTOR = ThreadLocal.withInitial(IoVector::new);

  private static final int CLOSED = 1 << 31;

  private final int fd;
  private final boolean hasQueues;

  /// 31 closed, 30..0 calls under way.
  private final AtomicInteger calls = new AtomicInteger();

  /// A channel on a descriptor, which it owns from now on.
  ///
  /// @param fd of `/dev/fuse`, tied to a mount
  public DeviceChannel(int fd) {
    this(fd, false);
  }

  /// A channel on a descriptor, which it owns from now on.
  ///
  /// @param fd of `/dev/fuse`, tied to a mount
  /// @param hasQueues whether requests may come through io_uring instead, if the kernel can
  public DeviceChannel(int fd, boolean hasQueues) {
    this.fd = fd;
    this.hasQueues = hasQueues;
  }

  private static Sys newSys() {
    try {
      return new Sys();
    } catch (FsException e) {
      throw new AssertionError(e); // the descriptor came from one
    }
  }

  /// Begins a call.
  ///
  /// @return false after [#close()]
  boolean enter() {
    int n;
    do {
      n = calls.get();
      if (n < 0) {
        return false;
      }
    } while (!calls.compareAndSet(n, n + 1));
    return true;
  }

  /// Ends a call.
  void leave() {
    if (calls.decrementAndGet() == CLOSED) {
      SYS.get().close(fd);
    }
  }

  @Override
  public int receive(MemorySegment buffer) throws FsException {
    if (!enter()) {
      return END;
    }
    try {
      Sys sys = SYS.get();
      while (true) { // ends: the kernel says ENOENT once for each request that was taken back
        long n = sys.read(fd, buffer, buffer.byteSize());
        if (n == -ENODEV || n == -ECONNABORTED || calls.get() < 0) {
          return END; // with a request that nobody answers: it fails with the last descriptor
        }
        if (n >= 0) {
          return (int) n;
        }
        if (n != -ENOENT && n != -EAGAIN) {
          throw Sys.failure((int) -n, "read /dev/fuse");
        }
      }
    } finally {
      leave();
    }
  }

  @Override
  public boolean send(MemorySegment message, int length) throws FsException {
    if (!enter()) {
      return false;
    }
    try {
      return sent(SYS.get().write(fd, message, length), length);
    } finally {
      leave();
    }
  }

  @Override
  public boolean sendsPins() {
    return true;
  }

  /// {@inheritDoc}
  ///
  /// The kernel copies from the frames. It takes 1024 pieces, and the largest read has 257.
  @Override
  public boolean send(MemorySegment head, int length, FilePin body) throws FsException {
    IoVector pieces = VECTOR.get();
    pieces.clear();
    pieces.add(head, 0, length);
    long bytes = length;
    for (int i = 0; i < body.pieces(); i++) {
      pieces.add(body.chunk(i), body.offset(i), body.length(i));
      bytes += body.length(i);
    }
    if (!enter()) {
      return false;
    }
    try {
      return sent(SYS.get().writev(fd, pieces), bytes);
    } finally {
      leave();
    }
  }

  private static boolean sent(long n, long length) throws FsException {
    if (n == length) {
      return true;
    }
    if (n == -ENOENT || n == -ENODEV || n == -ECONNABORTED) {
      return false;
    }
    throw Sys.failure(n < 0 ? (int) -n : Errno.EIO.number(), "write /dev/fuse");
  }

  @Override
  public Channel another() throws FsException {
    Sys sys = SYS.get();
    int other = sys.open("/dev/fuse", Sys.O_RDWR | Sys.O_CLOEXEC);
    if (other < 0) {
      return this; // not ours to open: whoever mounted it for us could
    }
    boolean cloned = enter();
    if (cloned) {
      try {
        cloned = sys.cloneDevice(other, fd) >= 0;
      } finally {
        leave();
      }
    }
    if (!cloned) {
      sys.close(other);
      return this;
    }
    return new DeviceChannel(other);
  }

  /// The calls of the library, for the calling thread.
  static Sys sys() {
    return SYS.get();
  }

  /// The descriptor, between [#enter()] and [#leave()].
  int descriptor() {
    return fd;
  }

  @Override
  public List<Channel> queues(int threads, int bytes) {
    return hasQueues ? DeviceEntry.channels(this, threads, bytes) : List.of();
  }

  @Override
  public boolean isOwnThread(int pid) {
    return SYS.get().isThreadOf(OWN_PROCESS, pid);
  }

  /// Calls that wait for the kernel come back when it has ended the mount; that comes first.
  @Override
  public void close() {
    int n;
    do {
      n = calls.get();
      if (n < 0) {
        return;
      }
    } while (!calls.compareAndSet(n, n | CLOSED));
    if (n == 0) {
      SYS.get().close(fd);
    }
  }
}
