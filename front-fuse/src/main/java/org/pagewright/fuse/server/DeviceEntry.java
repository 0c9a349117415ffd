package org.pagewright.fuse.server;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.os.IoUring;
import org.pagewright.fuse.os.Sys;
import org.pagewright.fuse.protocol.Wire;

/// An entry of a queue of `/dev/fuse`, with an io_uring of its own.
///
///     0        512         4096             8192          8192 + n
///     | header | 2 vectors | a page of ours | payload ... | scratch ... |
final class DeviceEntry implements RingEntry {
  private static final int PAGE = 4096;
  private static final int VECTORS_AT = 512;
  private static final int VECTOR_BYTES = 16;
  private static final int VECTORS = 2;
  private static final int ENOTCONN = 107;

  /// With more processors than these there would be more threads than are good for anything.
  private static final int QUEUES_MAX = 64;

  /// Threads of a queue at the least, and as many as wanted up to the second number: those that
  /// wait for the disk must not hold up what else a processor asks for.
  private static final int THREADS_MIN = 2;

  private static final int THREADS_ENOUGH = 4;

  private static final Path POSSIBLE = Path.of("/sys/devices/system/cpu/possible");

  private final DeviceChannel device;
  private final ProcessorPin pin;
  private final int queue;
  private final int bytes;
  private final MemorySegment memory;
  private final IoUring ring;
  private final MemorySegment command;

  private DeviceEntry(DeviceChannel device, ProcessorPin pin, int queue, int bytes)
      throws FsException {
    this.device = device;
    this.pin = pin;
    this.queue = queue;
    this.bytes = bytes;
    this.memory = IoUring.allocate(4L * PAGE + 2L * bytes);
    this.ring = IoUring.open();
    this.command = ring.command();
    putVector(0, 0, Wire.RingHeader.BYTES);
    putVector(1, 2 * PAGE, bytes);
  }

  private void putVector(int index, int offset, int length) {
    long at = VECTORS_AT + (long) VECTOR_BYTES * index;
    memory.set(ValueLayout.JAVA_LONG, at, memory.address() + offset);
    memory.set(ValueLayout.JAVA_LONG, at + 8, length);
  }

  /// Channels for every queue of the kernel: one for each processor that there may ever be, since
  /// it begins to use them when each has a thread.
  ///
  /// @return empty where it cannot be
  static List<Channel> channels(DeviceChannel device, int threads, int bytes) {
    if (bytes < Worker.BODY_MIN) {
      return List.of(); // what is to be answered has to fit
    }
    List<Channel> channels = new ArrayList<>();
    long[] everywhere = ProcessorPin.everywhere();
    try {
      int queues = processors(Files.readString(POSSIBLE).strip());
      int share = (threads + queues - 1) / Math.max(1, queues);
      int each = Math.max(Math.clamp(threads, THREADS_MIN, THREADS_ENOUGH), share);
      for (int i = 0; i < queues; i++) {
        for (int j = 0; j < each; j++) {
          ProcessorPin pin = new ProcessorPin(everywhere, i);
          DeviceEntry entry = new DeviceEntry(device, pin, i, bytes);
          channels.add(new RingChannel(entry, device));
          if (channels.size() == 1) {
            entry.check();
          }
        }
      }
      return channels;
    } catch (IOException e) { // there is no io_uring here, or none for us
      for (Channel channel : channels) {
        channel.close();
      }
      return List.of();
    }
  }

  /// How many queues the kernel has.
  ///
  /// @param possible its list of processors, `0-7`
  /// @return 0 if they are not numbered from 0 without a gap, or too many
  static int processors(String possible) {
    try {
      int dash = possible.indexOf('-');
      int first = Integer.parseInt(dash < 0 ? possible : possible.substring(0, dash));
      int last = dash < 0 ? first : Integer.parseInt(possible.substring(dash + 1));
      return first == 0 && last < QUEUES_MAX ? last + 1 : 0;
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  /// Asks the device for what it never does: it says so. Where the host keeps such commands from
  /// it, as rules of SELinux may, we hear of that instead. Later it would be too late: a kernel
  /// that has agreed to queues, and never hears of an entry, lets all requests wait for ever.
  private void check() throws FsException {
    int result = call(Wire.RingCommand.INVALID, 0);
    if (result != -Errno.EAGAIN.number() && result != -Errno.EINVAL.number()) {
      throw Sys.failure(result < 0 ? -result : Errno.EIO.number(), "command to /dev/fuse");
    }
  }

  @Override
  public MemorySegment header() {
    return memory.asSlice(0, Wire.RingHeader.BYTES);
  }

  @Override
  public MemorySegment paddedPayload() {
    return memory.asSlice(PAGE, (long) PAGE + bytes);
  }

  @Override
  public MemorySegment scratch() {
    return memory.asSlice(2L * PAGE + bytes);
  }

  @Override
  public int exchange(int operation, long commitId) throws FsException {
    // Who asks sleeps meanwhile on the same processor: waking another one takes longer than most
    // requests do. Where it may not, it goes on as it is.
    pin.hold();
    return call(operation, commitId);
  }

  private int call(int operation, long commitId) throws FsException {
    if (!device.enter()) {
      return -ENOTCONN;
    }
    try {
      command.set(ValueLayout.JAVA_LONG, Wire.RingCommand.COMMIT_ID, commitId);
      command.set(ValueLayout.JAVA_SHORT, Wire.RingCommand.QID, (short) queue);
      return ring.call(device.descriptor(), operation, memory.address() + VECTORS_AT, VECTORS);
    } finally {
      device.leave();
    }
  }

  @Override
  public void close() {
    ring.close();
  }
}
