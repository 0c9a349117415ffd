package org.pagewright.fuse.os;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SequenceLayout;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicBoolean;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// An io_uring with room for one command, which one thread submits and waits for: a call of the
/// kernel that ends when somebody asks for something.
///
///     sqe     128 bytes: what to do ------+
///     sq tail one more                    |  io_uring_enter(submit 1, wait for 1)
///     cq tail moved: cqe, the result <----+
///
/// One thread calls at a time, and always the same one once a device keeps a command: what that is
/// given, the kernel copies as its thread, when it enters.
public final class IoUring implements AutoCloseable {
  /// Bytes of one submission.
  public static final int SQE_BYTES = 128;

  /// Bytes that a command has for itself in a submission.
  public static final int COMMAND_BYTES = 80;

  /// Where they begin.
  public static final int COMMAND_OFFSET = 48;

  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  /// The numbers of these calls are the same on every machine.
  private static final long SYS_SETUP = 425;

  private static final long SYS_ENTER = 426;

  /// The kernel finishes what is left to do when the thread enters it, and interrupts nobody.
  /// Measured against IORING_SETUP_DEFER_TASKRUN: requests took 5 to 20 % less time.
  private static final int SETUP_COOP_TASKRUN = 1 << 8;

  private static final int SETUP_SQE128 = 1 << 10;
  private static final int FEAT_SINGLE_MMAP = 1;
  private static final int ENTER_GETEVENTS = 1;
  private static final long OFF_SQ_RING = 0;
  private static final long OFF_SQES = 0x10000000;
  private static final byte OP_URING_CMD = 46;

  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_SHARED = 1;
  private static final int MAP_PRIVATE_ANONYMOUS = 0x22;

  /// The places of the counters in the memory of the rings, as the kernel tells them.
  private static final StructLayout OFFSETS =
      MemoryLayout.structLayout(
          INT.withName("head"),
          INT.withName("tail"),
          INT.withName("ring_mask"),
          INT.withName("ring_entries"),
          INT.withName("flags_or_overflow"),
          INT.withName("dropped_or_cqes"),
          INT.withName("array_or_flags"),
          INT.withName("resv1"),
          LONG.withName("user_addr"));

  /// `struct io_uring_params`.
  private static final StructLayout PARAMS =
      (StructLayout)
          Sys.sized(
              120,
              "io_uring_params",
              INT.withName("sq_entries"),
              INT.withName("cq_entries"),
              INT.withName("flags"),
              INT.withName("sq_thread_cpu"),
              INT.withName("sq_thread_idle"),
              INT.withName("features"),
              INT.withName("wq_fd"),
              MemoryLayout.sequenceLayout(3, INT).withName("resv"),
              OFFSETS.withName("sq_off"),
              OFFSETS.withName("cq_off"));

  private static final SequenceLayout COMMAND =
      MemoryLayout.sequenceLayout(COMMAND_BYTES, BYTE);

  /// `struct io_uring_sqe` of a ring with long ones, as a command of a device uses it.
  private static final StructLayout SQE =
      (StructLayout)
          Sys.sized(
              SQE_BYTES,
              "io_uring_sqe",
              BYTE.withName("opcode"),
              BYTE.withName("flags"),
              ValueLayout.JAVA_SHORT.withName("ioprio"),
              INT.withName("fd"),
              INT.withName("cmd_op"),
              INT.withName("pad1"),
              LONG.withName("addr"),
              INT.withName("len"),
              INT.withName("uring_cmd_flags"),
              LONG.withName("user_data"),
              LONG.withName("buffers"),
              COMMAND.withName("cmd"));

  /// `struct io_uring_cqe`.
  private static final StructLayout CQE =
      (StructLayout)
          Sys.sized(
              16,
              "io_uring_cqe",
              LONG.withName("user_data"),
              INT.withName("res"),
              INT.withName("flags"));

  private static final long SQE_OPCODE = offset(SQE, "opcode");
  private static final long SQE_FD = offset(SQE, "fd");
  private static final long SQE_CMD_OP = offset(SQE, "cmd_op");
  private static final long SQE_ADDR = offset(SQE, "addr");
  private static final long SQE_LEN = offset(SQE, "len");
  private static final long CQE_RES = offset(CQE, "res");
  private static final long CQE_BYTES = CQE.byteSize();

  private static final MethodHandle SETUP =
      Sys.find(
          "syscall", 1, FunctionDescriptor.of(LONG, LONG, LONG, ValueLayout.ADDRESS));
  private static final MethodHandle ENTER =
      Sys.find(
          "syscall",
          1,
          FunctionDescriptor.of(LONG, LONG, LONG, LONG, LONG, LONG, ValueLayout.ADDRESS, LONG));
  private static final MethodHandle MMAP =
      Sys.find(
          "mmap",
          -1,
          FunctionDescriptor.of(LONG, ValueLayout.ADDRESS, LONG, INT, INT, INT, LONG));
  private static final MethodHandle MUNMAP =
      Sys.find("munmap", -1, FunctionDescriptor.of(INT, ValueLayout.ADDRESS, LONG));

  private static final VarHandle COUNTER = INT.varHandle();

  private static final long EINTR = Errno.EINTR.number();
  private static final long EAGAIN = Errno.EAGAIN.number();

  private final Sys sys;
  private final int fd;
  private final MemorySegment rings;
  private final MemorySegment sqe;
  private final long sqTail;
  private final long cqHead;
  private final long cqTail;
  private final long cqMask;
  private final long cqes;
  private final AtomicBoolean closed = new AtomicBoolean();
  private int submitted;

  private IoUring(Sys sys, int fd, MemorySegment params, MemorySegment rings, MemorySegment sqe) {
    this.sys = sys;
    this.fd = fd;
    this.rings = rings;
    this.sqe = sqe;
    long sq = offset(PARAMS, "sq_off");
    long cq = offset(PARAMS, "cq_off");
    this.sqTail = params.get(INT, sq + offset(OFFSETS, "tail"));
    this.cqHead = params.get(INT, cq + offset(OFFSETS, "head"));
    this.cqTail = params.get(INT, cq + offset(OFFSETS, "tail"));
    this.cqMask = rings.get(INT, params.get(INT, cq + offset(OFFSETS, "ring_mask")));
    this.cqes = params.get(INT, cq + offset(OFFSETS, "dropped_or_cqes"));
    // The one submission there is, whatever its turn.
    rings.set(INT, params.get(INT, sq + offset(OFFSETS, "array_or_flags")), 0);
  }

  private static long offset(StructLayout layout, String field) {
    return layout.byteOffset(MemoryLayout.PathElement.groupElement(field));
  }

  /// A ring of its own.
  ///
  /// @return not used by any thread yet
  /// @throws FsException ENOSYS, EPERM, EINVAL where the kernel has none like it, or keeps it from
  ///     us; ENOMEM, EMFILE
  public static IoUring open() throws FsException {
    Sys sys = new Sys();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment params = arena.allocate(PARAMS);
      params.set(INT, offset(PARAMS, "flags"), SETUP_SQE128 | SETUP_COOP_TASKRUN);
      int fd =
          Sys.checked(
              sys.result((long) SETUP.invokeExact(sys.state(), SYS_SETUP, 1L, params)),
              "io_uring_setup");
      try {
        if ((params.get(INT, offset(PARAMS, "features")) & FEAT_SINGLE_MMAP) == 0) {
          throw new FsException(Errno.EOPNOTSUPP, "io_uring of an old kernel");
        }
        long cqEnd =
            params.get(INT, offset(PARAMS, "cq_off") + offset(OFFSETS, "dropped_or_cqes"))
                + params.get(INT, offset(PARAMS, "cq_entries")) * CQE.byteSize();
        long sqEnd =
            params.get(INT, offset(PARAMS, "sq_off") + offset(OFFSETS, "array_or_flags"))
                + params.get(INT, offset(PARAMS, "sq_entries")) * INT.byteSize();
        MemorySegment rings = map(sys, Math.max(cqEnd, sqEnd), MAP_SHARED, fd, OFF_SQ_RING);
        MemorySegment sqe = map(sys, SQE.byteSize(), MAP_SHARED, fd, OFF_SQES);
        return new IoUring(sys, fd, params, rings, sqe);
      } catch (FsException | RuntimeException | Error e) {
        sys.close(fd);
        throw e;
      }
    } catch (FsException e) {
      throw e;
    } catch (Throwable e) {
      throw Sys.impossible(e);
    }
  }

  /// Memory of whole pages, all zeros, of which those that nobody touches cost nothing.
  ///
  /// @param bytes how many
  /// @return until nobody can reach it any more
  /// @throws FsException ENOMEM
  public static MemorySegment allocate(long bytes) throws FsException {
    return map(new Sys(), bytes, MAP_PRIVATE_ANONYMOUS, -1, 0);
  }

  @SuppressWarnings("restricted")
  private static MemorySegment map(Sys sys, long bytes, int flags, int fd, long offset)
      throws FsException {
    try {
      long address =
          (long)
              MMAP.invokeExact(
                  sys.state(), MemorySegment.NULL, bytes, PROT_READ_WRITE, flags, fd, offset);
      if (address == -1) {
        throw Sys.failure((int) -sys.result(-1), "mmap of " + bytes + " bytes");
      }
      // Late calls may still look into it: so it goes when nobody can any more.
      return MemorySegment.ofAddress(address)
          .reinterpret(bytes, Arena.ofAuto(), IoUring::unmap);
    } catch (FsException e) {
      throw e;
    } catch (Throwable e) {
      throw Sys.impossible(e);
    }
  }

  private static void unmap(MemorySegment memory) {
    try {
      Sys sys = new Sys();
      int result = (int) MUNMAP.invokeExact(sys.state(), memory, memory.byteSize());
      assert result == 0 : sys.result(result);
    } catch (Throwable e) {
      throw Sys.impossible(e);
    }
  }

  /// The bytes that a command has for itself, as the next [#call] sends them.
  ///
  /// @return [#COMMAND_BYTES] of them
  public MemorySegment command() {
    return sqe.asSlice(offset(SQE, "cmd"), COMMAND_BYTES);
  }

  /// Sends a command to a device and waits for its end.
  ///
  /// @param device file descriptor
  /// @param operation a number of the device
  /// @param address of what it is given
  /// @param length of that, as the device counts
  /// @return what the device gave, or a negated error number
  /// @throws FsException if the ring cannot be used
  public int call(int device, int operation, long address, int length) throws FsException {
    sqe.set(BYTE, SQE_OPCODE, OP_URING_CMD);
    sqe.set(INT, SQE_FD, device);
    sqe.set(INT, SQE_CMD_OP, operation);
    sqe.set(LONG, SQE_ADDR, address);
    sqe.set(INT, SQE_LEN, length);
    try {
      COUNTER.setRelease(rings, sqTail, ++submitted);
      int head = rings.get(INT, cqHead);
      long toSubmit = 1;
      while (true) { // ends with the command
        long n =
            sys.result(
                (long)
                    ENTER.invokeExact(
                        sys.state(),
                        SYS_ENTER,
                        (long) fd,
                        toSubmit,
                        1L,
                        (long) ENTER_GETEVENTS,
                        MemorySegment.NULL,
                        0L));
        if (n > 0) {
          toSubmit = 0;
        }
        if ((int) COUNTER.getAcquire(rings, cqTail) != head) {
          break;
        }
        if (n < 0 && n != -EINTR && n != -EAGAIN) {
          throw Sys.failure((int) -n, "io_uring_enter");
        }
      }
      int result =
          rings.get(INT, cqes + (head & cqMask) * CQE_BYTES + CQE_RES);
      COUNTER.setRelease(rings, cqHead, head + 1);
      return result;
    } catch (FsException e) {
      throw e;
    } catch (Throwable e) {
      throw Sys.impossible(e);
    }
  }

  /// Gives the ring back, once: its number may be somebody else's the next time. A command that has
  /// not ended, ends.
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      sys.close(fd);
    }
  }
}
