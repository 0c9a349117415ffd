package org.pagewright.fuse.server;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.os.Sys;

/// A file descriptor of `/dev/fuse`.
public final class DeviceChannel implements Channel {
  private static final int EAGAIN = Errno.EAGAIN.number();
  private static final int ENOENT = Errno.ENOENT.number();
  private static final int ENODEV = Errno.ENODEV.number();
  private static final int ECONNABORTED = 103;

  private static final int OWN_PROCESS = (int) ProcessHandle.current().pid();

  private static final ThreadLocal<Sys> SYS = ThreadLocal.withInitial(DeviceChannel::newSys);

  private final int fd;
  private final AtomicBoolean closed = new AtomicBoolean();

  /// A channel on a descriptor, which it owns from now on.
  ///
  /// @param fd of `/dev/fuse`, tied to a mount
  public DeviceChannel(int fd) {
    this.fd = fd;
  }

  private static Sys newSys() {
    try {
      return new Sys();
    } catch (FsException e) {
      throw new AssertionError(e); // the descriptor came from one
    }
  }

  @Override
  public int receive(MemorySegment buffer) throws FsException {
    Sys sys = SYS.get();
    while (true) { // ends: the kernel says ENOENT once for each request that was taken back
      long n = sys.read(fd, buffer, buffer.byteSize());
      if (n >= 0) {
        return (int) n;
      }
      if (n == -ENODEV || n == -ECONNABORTED || closed.get()) {
        return END;
      }
      if (n != -ENOENT && n != -EAGAIN) {
        throw Sys.failure((int) -n, "read /dev/fuse");
      }
    }
  }

  @Override
  public boolean send(MemorySegment message, int length) throws FsException {
    long n = SYS.get().write(fd, message, length);
    if (n == length) {
      return true;
    }
    if (n == -ENOENT || n == -ENODEV || n == -ECONNABORTED || closed.get()) {
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
    int cloned = sys.cloneDevice(other, fd);
    if (cloned < 0) {
      sys.close(other);
      return this;
    }
    return new DeviceChannel(other);
  }

  @Override
  public boolean isOwnThread(int pid) {
    return SYS.get().isThreadOf(OWN_PROCESS, pid);
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      SYS.get().close(fd);
    }
  }
}
