package org.pagewright.vfs;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.ErrSeq;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.FilePin;
import org.pagewright.filemap.GenericRead;
import org.pagewright.filemap.Readahead;
import org.pagewright.stats.Count;
import org.pagewright.stats.Trace;
import org.pagewright.filemap.Truncate;
import org.pagewright.iov.FillerIter;
import org.pagewright.iov.GatherIter;
import org.pagewright.iov.IovIter;
import org.pagewright.iov.SegmentIter;
import org.pagewright.mm.MappedRegion;
import org.pagewright.mm.Protection;
import org.pagewright.mm.Sharing;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.sync.SchedulePoint;
import org.pagewright.writeback.Writeback;

/// An open file or directory.
///
/// Any number of threads may use it at a time. A read takes no lock and sees each write to one
/// folio whole or not at all; writes to one file happen one after the other. Calls with a position
/// leave the file offset alone; calls without one use it and move it on, one such call at a time.
///
/// ## What a write does, and which locks it holds
///
///     SB_WRITE   frozen? wait                                   (NOWAIT: EAGAIN)
///      INODE     end of file for APPEND, limits, set-id bits, times
///                copy loop: see filemap.GenericWrite
///     -          both released
///     sync       with DSYNC or SYNC, only the range just written (R-H9, R-H10)
///
/// ## Errors of write-out
///
/// What fails after a write has returned is told by the next [#fsync(boolean)] or by [#close()], to
/// each open file once (R-H7).
public final class OpenFile implements AutoCloseable {
  /// For [#syncRange]: wait for write-out under way before starting.
  public static final int SYNC_WAIT_BEFORE = 1;

  /// For [#syncRange]: start write-out of what is dirty.
  public static final int SYNC_WRITE = 2;

  /// For [#syncRange]: wait for the end of write-out.
  public static final int SYNC_WAIT_AFTER = 4;

  private static final VarHandle USERS;
  private static final VarHandle ERRORS_SEEN;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      USERS = lookup.findVarHandle(OpenFile.class, "users", int.class);
      ERRORS_SEEN = lookup.findVarHandle(OpenFile.class, "errorsSeen", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final int CLOSED = 1 << 31;

  private final Inode inode;
  private final SuperBlock superBlock;
  private final AddressSpace mapping;
  private final Credentials who;
  private final int flags;
  private final boolean readable;
  private final boolean writable;
  private final Mutex positionLock;
  private final Readahead readahead = new Readahead();
  private final FileReads reads;
  private final FileWrites writes;

  private long position; // guarded by positionLock

  /// 31 closed, 30..0 calls under way: the last one out lets the inode go.
  @SuppressWarnings("unused") // through USERS
  private volatile int users;

  private final AtomicInteger regions = new AtomicInteger(); // of the users: open regions

  @SuppressWarnings("unused") // through ERRORS_SEEN: sample of the mapping's ErrSeq
  private volatile int errorsSeen;

  private OpenFile(Inode inode, int flags, Credentials who) {
    this.inode = inode;
    this.superBlock = inode.superBlock();
    this.mapping = inode.mapping();
    this.who = who;
    this.flags = flags & ~(OpenFlags.CREAT | OpenFlags.EXCL | OpenFlags.TRUNC);
    int access = flags & OpenFlags.ACCESS_MASK;
    this.readable = access != OpenFlags.WRONLY;
    this.writable = access != OpenFlags.RDONLY;
    this.positionLock = new Mutex(LockClass.FILE_POSITION, inode);
    this.errorsSeen = mapping.writebackErrors().sample();
    this.reads = new FileReads(this, readable, readahead);
    this.writes = new FileWrites(this, writable, who);
  }

  // ---- Opening ----------------------------------------------------------------------------------

  /// Throws unless the flags make sense together.
  static void checkFlags(int flags) throws FsException {
    boolean tmpfile = (flags & OpenFlags.TMPFILE) == OpenFlags.TMPFILE;
    int both = OpenFlags.CREAT | OpenFlags.DIRECTORY;
    if ((flags & ~OpenFlags.ALL) != 0
        || (flags & OpenFlags.ACCESS_MASK) == OpenFlags.ACCESS_MASK
        || (flags & both) == both
        || tmpfile && (flags & OpenFlags.ACCESS_MASK) == OpenFlags.RDONLY
        || !tmpfile && (flags & OpenFlags.TMPFILE & ~OpenFlags.DIRECTORY) != 0) {
      throw new FsException(Errno.EINVAL, "open with flags 0" + Integer.toOctalString(flags));
    }
  }

  /// Opens an inode that exists. The door of those who hold inodes by number.
  ///
  /// @param inode with a reference, which the open file takes over, also if this throws
  /// @param flags see [OpenFlags]; CREAT and EXCL mean nothing here
  /// @param who whose rights are checked
  /// @return close it
  /// @throws FsException EACCES, EISDIR, ENOTDIR, ELOOP for a symbolic link, ENXIO for a device,
  ///     EPERM, EROFS, ENFILE, EIO
  public static OpenFile open(Inode inode, int flags, Credentials who) throws FsException {
    boolean done = false;
    try {
      checkFlags(flags);
      checkOpen(inode, flags, who);
      if ((flags & OpenFlags.TRUNC) != 0 && inode.isRegular()) {
        inode.superBlock().attributes().truncate(inode, 0, who);
      }
      OpenFile file = finishOpen(inode, flags, who);
      done = true;
      return file;
    } finally {
      if (!done) {
        inode.superBlock().iput(inode);
      }
    }
  }

  /// Opens an inode that this caller has just made: whatever its mode says, its maker may use it.
  ///
  /// @param inode with a reference, which the open file takes over, also if this throws
  static OpenFile created(Inode inode, int flags, Credentials who) throws FsException {
    boolean done = false;
    try {
      OpenFile file = finishOpen(inode, flags, who);
      done = true;
      return file;
    } finally {
      if (!done) {
        inode.superBlock().iput(inode);
      }
    }
  }

  private static OpenFile finishOpen(Inode inode, int flags, Credentials who) throws FsException {
    OpenFiles files = inode.superBlock().files();
    files.reserve();
    boolean done = false;
    try {
      inode.operations().opened(inode, flags);
      done = true;
    } finally {
      if (!done) {
        files.unreserve();
      }
    }
    OpenFile file = new OpenFile(inode, flags, who);
    files.opened(file);
    return file;
  }

  private static void checkOpen(Inode inode, int flags, Credentials who) throws FsException {
    int access = flags & OpenFlags.ACCESS_MASK;
    boolean write = access != OpenFlags.RDONLY || (flags & OpenFlags.TRUNC) != 0;
    FileType type = inode.type();
    if ((flags & OpenFlags.DIRECTORY) != 0 && type != FileType.DIRECTORY) {
      throw new FsException(Errno.ENOTDIR, inode.toString());
    }
    switch (type) {
      case REGULAR -> {}
      case DIRECTORY -> {
        if (write || (flags & OpenFlags.CREAT) != 0) {
          throw new FsException(Errno.EISDIR, inode.toString());
        }
      }
      case SYMLINK -> throw new FsException(Errno.ELOOP, inode + " is a symbolic link");
      default -> throw new FsException(Errno.ENXIO, inode + " is a " + type);
    }
    int mask = access == OpenFlags.WRONLY ? 0 : FileMode.MAY_READ;
    mask |= write ? FileMode.MAY_WRITE : 0;
    Access.check(inode, who, mask);
    if (write) {
      inode.superBlock().checkWritable();
      boolean appends = (flags & OpenFlags.APPEND) != 0 && (flags & OpenFlags.TRUNC) == 0;
      if ((inode.flags() & InodeFlags.APPEND) != 0 && !appends) {
        throw new FsException(Errno.EPERM, inode + " is append-only");
      }
    }
    if ((flags & OpenFlags.NOATIME) != 0) {
      Access.checkOwner(inode, who, "open with NOATIME");
    }
  }

  // ---- What it is -------------------------------------------------------------------------------

  /// The inode. It is there as long as the file is open.
  ///
  /// @return never null
  public Inode inode() {
    return inode;
  }

  /// The flags it was opened with, without CREAT, EXCL and TRUNC.
  ///
  /// @return see [OpenFlags]
  public int flags() {
    return flags;
  }

  /// Attributes as they are now.
  ///
  /// @return a snapshot
  /// @throws FsException EBADF if closed
  public Stat stat() throws FsException {
    enter();
    try {
      return inode.stat();
    } finally {
      leave();
    }
  }

  /// Size in bytes.
  ///
  /// @return bytes
  public long size() {
    return mapping.size();
  }

  void enter() throws FsException {
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this);
    int old;
    do {
      old = (int) USERS.getVolatile(this);
      if (old < 0) { // not even for a moment: the last one out may have let the inode go already
        throw new FsException(Errno.EBADF, inode + ": file is closed");
      }
    } while (!USERS.weakCompareAndSet(this, old, old + 1));
    if (superBlock.isGone()) {
      leave();
      superBlock.checkAlive();
      throw new FsException(Errno.EIO, inode + ": its volume was being closed, which failed");
    }
  }

  void leave() {
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this);
    int left = (int) USERS.getAndAdd(this, -1) - 1;
    if (left == CLOSED) {
      letGo();
    } else if (superBlock.isGone()) {
      superBlock.files().wake();
    }
  }

  /// Whether a call is under way, or the close, but for regions that are open.
  boolean isBusy() {
    SchedulePoint.touch(this, false);
    int now = (int) USERS.getVolatile(this);
    return now == CLOSED || (now & ~CLOSED) > regions.get();
  }

  /// A region of the file was closed, and nobody is at it any more.
  void regionClosed() {
    regions.decrementAndGet();
    leave();
  }

  void checkReadable() throws FsException {
    if (!readable) {
      throw new FsException(Errno.EBADF, inode + ": not open for reading");
    }
    if (!inode.isRegular()) {
      throw new FsException(Errno.EISDIR, inode.toString());
    }
  }

  void checkWritable() throws FsException {
    if (!writable) {
      throw new FsException(Errno.EBADF, inode + ": not open for writing");
    }
  }

  void checkRange(long pos, long length) throws FsException {
    if (pos < 0 || length < 0) {
      throw new FsException(Errno.EINVAL, inode + ": " + length + " bytes at " + pos);
    }
  }

  // ---- Reading ----------------------------------------------------------------------------------

  /// Reads at a position.
  ///
  /// @param pos first byte
  /// @param target where to; its size is the number of bytes wanted
  /// @return bytes read; 0 at or beyond the end of the file, short only at its end
  /// @throws FsException EBADF, EINVAL, EISDIR, EIO, EINTR, ENOMEM
  public long read(long pos, MemorySegment target) throws FsException {
    return read(pos, target, 0);
  }

  /// Reads at a position, with flags.
  ///
  /// @param pos first byte
  /// @param target where to
  /// @param ioFlags NOWAIT, DONTCACHE of [IoFlags]
  /// @return bytes read; 0 at or beyond the end of the file
  /// @throws FsException as [#read(long, MemorySegment)]; EAGAIN with NOWAIT
  public long read(long pos, MemorySegment target, int ioFlags) throws FsException {
    return reads.read(pos, target, null, 0, target.byteSize(), ioFlags);
  }

  /// Reads at a position into a part of a segment: for those who keep one segment and would not
  /// make a slice of it for each call.
  ///
  /// @param pos first byte
  /// @param target where to
  /// @param from offset of the first byte in the target
  /// @param length bytes wanted
  /// @return bytes read; 0 at or beyond the end of the file
  /// @throws FsException as [#read(long, MemorySegment)]
  public int read(long pos, MemorySegment target, int from, int length) throws FsException {
    Objects.checkFromIndexSize(from, length, target.byteSize());
    return (int) reads.read(pos, target, null, from, length, 0);
  }

  /// Reads at a position.
  ///
  /// @param pos first byte
  /// @param target where to
  /// @param from index of the first byte in the target
  /// @param length bytes wanted
  /// @return bytes read; 0 at or beyond the end of the file
  /// @throws FsException as [#read(long, MemorySegment)]
  public int read(long pos, byte[] target, int from, int length) throws FsException {
    Objects.checkFromIndexSize(from, length, target.length);
    return (int) reads.read(pos, null, target, from, length, 0);
  }

  /// Reads at a position into the remaining room of a buffer, and moves the buffer's position.
  ///
  /// @param pos first byte
  /// @param target where to
  /// @return bytes read; 0 at or beyond the end of the file
  /// @throws FsException as [#read(long, MemorySegment)]
  public int read(long pos, ByteBuffer target) throws FsException {
    int n;
    if (target.hasArray() && !target.isReadOnly()) {
      int from = target.arrayOffset() + target.position();
      n = (int) reads.read(pos, null, target.array(), from, target.remaining(), 0);
    } else {
      n = (int) read(pos, MemorySegment.ofBuffer(target));
    }
    target.position(target.position() + n);
    return n;
  }

  /// Reads at the file offset and moves it on.
  ///
  /// @param target where to
  /// @param from index of the first byte in the target
  /// @param length bytes wanted
  /// @return bytes read; 0 at or beyond the end of the file
  /// @throws FsException as [#read(long, MemorySegment)]
  public int read(byte[] target, int from, int length) throws FsException {
    positionLock.lock();
    try {
      int n = read(position, target, from, length);
      position += n;
      return n;
    } finally {
      positionLock.unlock();
    }
  }

  /// Reads at the file offset and moves it on.
  ///
  /// @param target where to; its position moves, too
  /// @return bytes read; 0 at or beyond the end of the file
  /// @throws FsException as [#read(long, MemorySegment)]
  public int read(ByteBuffer target) throws FsException {
    positionLock.lock();
    try {
      int n = read(position, target);
      position += n;
      return n;
    } finally {
      positionLock.unlock();
    }
  }

  /// Reads at a position into several segments, one after the other.
  ///
  /// @param pos first byte
  /// @param targets where to
  /// @return bytes read; 0 at or beyond the end of the file
  /// @throws FsException as [#read(long, MemorySegment)], if nothing was read
  public long read(long pos, MemorySegment[] targets) throws FsException {
    long done = 0;
    for (MemorySegment target : targets) {
      long n;
      try {
        n = read(pos + done, target);
      } catch (FsException e) {
        if (done > 0) {
          return done;
        }
        throw e;
      }
      done += n;
      if (n < target.byteSize()) {
        break;
      }
    }
    return done;
  }

  /// Reads at a position without a copy: lends the bytes where they lie in the cache, until
  /// [#unpin]. For who hands them on at once; writers of the file wait that long, and see to it
  /// that each of their writes is in them whole or not at all (R-B13).
  ///
  /// Does what needs no waiting and no store. If that is not all that was asked for, or somebody
  /// holds INODE alone or waits to, or it is much for this cache (what is lent is not reclaimed),
  /// nothing is lent and [#read(long, MemorySegment)] is to be taken.
  ///
  /// @param pos first byte
  /// @param length bytes wanted
  /// @param pin takes the bytes; holds nothing
  /// @return bytes lent, less than wanted only at the end of the file; 0 if nothing was. After any
  ///     other number this thread holds INODE shared, and calls [#unpin]
  /// @throws FsException EBADF; EIO if the volume is shut down
  public long pin(long pos, long length, FilePin pin) throws FsException {
    return reads.pin(pos, length, pin);
  }

  /// Gives back what [#pin] has lent.
  ///
  /// @param pin as it was lent, by the same thread
  public void unpin(FilePin pin) {
    reads.unpin(pin);
  }

  /// Whether the file is open and its volume alive, a moment ago. A read that finds all it wants in
  /// memory needs no more: it holds nothing of the inode, and what it copies is checked by version.
  boolean isUsable() {
    SchedulePoint.reach(SchedulePoint.Kind.READ, this);
    return (int) USERS.getAcquire(this) >= 0 && !superBlock.isGone();
  }

  void checkFlagsOfCall(int ioFlags) throws FsException {
    if ((ioFlags & ~IoFlags.ALL) != 0) {
      throw new FsException(Errno.EOPNOTSUPP, inode + ": flags " + ioFlags);
    }
  }

  boolean nowait(int ioFlags) {
    return (ioFlags & IoFlags.NOWAIT) != 0 || (flags & OpenFlags.NONBLOCK) != 0;
  }


  static MemorySegment segmentOf(
      @Nullable MemorySegment segment, byte @Nullable [] array, int from, long length) {
    if (array != null) {
      return MemorySegment.ofArray(array).asSlice(from, length);
    }
    assert segment != null;
    return segment.asSlice(from, length);
  }

  // ---- Writing ----------------------------------------------------------------------------------

  /// Writes at a position, or at the end of the file if it is open with APPEND.
  ///
  /// @param pos first byte
  /// @param source all its bytes
  /// @return bytes written, short only after an error that came later
  /// @throws FsException EBADF, EINVAL, EFBIG, ENOSPC, EDQUOT, EROFS, EIO, EINTR, ENOMEM
  public long write(long pos, MemorySegment source) throws FsException {
    return write(pos, source, 0);
  }

  /// Writes at a position, with flags.
  ///
  /// @param pos first byte; ignored with APPEND
  /// @param source all its bytes
  /// @param ioFlags see [IoFlags]
  /// @return bytes written
  /// @throws FsException as [#write(long, MemorySegment)]; EAGAIN with NOWAIT
  public long write(long pos, MemorySegment source, int ioFlags) throws FsException {
    return writes.write(pos, null, source, null, 0, source.byteSize(), ioFlags, false);
  }

  /// Writes a part of a segment at a position, without a slice of it.
  ///
  /// @param pos first byte; ignored with APPEND
  /// @param source where from
  /// @param from offset of the first byte in the source
  /// @param length bytes to write
  /// @return bytes written
  /// @throws FsException as [#write(long, MemorySegment)]
  public int write(long pos, MemorySegment source, int from, int length) throws FsException {
    Objects.checkFromIndexSize(from, length, source.byteSize());
    return (int) writes.write(pos, null, source, null, from, length, 0, false);
  }

  /// Writes at a position.
  ///
  /// @param pos first byte; ignored with APPEND
  /// @param source where from
  /// @param from index of the first byte in the source
  /// @param length bytes to write
  /// @return bytes written
  /// @throws FsException as [#write(long, MemorySegment)]
  public int write(long pos, byte[] source, int from, int length) throws FsException {
    Objects.checkFromIndexSize(from, length, source.length);
    return (int) writes.write(pos, null, null, source, from, length, 0, false);
  }

  /// Writes the remaining bytes of a buffer at a position, and moves the buffer's position.
  ///
  /// @param pos first byte; ignored with APPEND
  /// @param source where from
  /// @return bytes written
  /// @throws FsException as [#write(long, MemorySegment)]
  public int write(long pos, ByteBuffer source) throws FsException {
    return writeBuffer(pos, source, false);
  }

  /// Writes at the file offset and moves it behind the bytes written.
  ///
  /// @param source where from
  /// @param from index of the first byte in the source
  /// @param length bytes to write
  /// @return bytes written
  /// @throws FsException as [#write(long, MemorySegment)]
  public int write(byte[] source, int from, int length) throws FsException {
    Objects.checkFromIndexSize(from, length, source.length);
    positionLock.lock();
    try {
      return (int) writes.write(position, null, null, source, from, length, 0, true);
    } finally {
      positionLock.unlock();
    }
  }

  /// Writes the remaining bytes of a buffer at the file offset and moves both on.
  ///
  /// @param source where from
  /// @return bytes written
  /// @throws FsException as [#write(long, MemorySegment)]
  public int write(ByteBuffer source) throws FsException {
    positionLock.lock();
    try {
      return writeBuffer(position, source, true);
    } finally {
      positionLock.unlock();
    }
  }

  private int writeBuffer(long pos, ByteBuffer source, boolean moves) throws FsException {
    int n;
    if (source.hasArray()) {
      int from = source.arrayOffset() + source.position();
      n = (int) writes.write(pos, null, null, source.array(), from, source.remaining(), 0, moves);
    } else {
      MemorySegment segment = MemorySegment.ofBuffer(source);
      n = (int) writes.write(pos, null, segment, null, 0, segment.byteSize(), 0, moves);
    }
    source.position(source.position() + n);
    return n;
  }

  /// Writes at the end of the file, wherever that is when the write gets its turn.
  ///
  /// @param source all its bytes
  /// @return bytes written
  /// @throws FsException as [#write(long, MemorySegment)]
  public long append(MemorySegment source) throws FsException {
    return write(0, source, IoFlags.APPEND);
  }

  /// Writes several segments at a position, one after the other.
  ///
  /// @param pos first byte; ignored with APPEND
  /// @param sources all their bytes
  /// @return bytes written
  /// @throws FsException as [#write(long, MemorySegment)]
  public long write(long pos, MemorySegment[] sources) throws FsException {
    IovIter[] parts = new IovIter[sources.length];
    for (int i = 0; i < parts.length; i++) {
      parts[i] = new SegmentIter(sources[i]);
    }
    return write(pos, new GatherIter(parts), 0);
  }

  /// Writes whatever an iterator yields at a position: a callback, another file, several of them.
  ///
  /// @param pos first byte; ignored with APPEND
  /// @param source bytes from its cursor on; moved by what was written
  /// @param ioFlags see [IoFlags]
  /// @return bytes written
  /// @throws FsException as [#write(long, MemorySegment)]; EFAULT; what the source threw
  public long write(long pos, IovIter source, int ioFlags) throws FsException {
    return writes.write(pos, source, null, null, 0, source.remaining(), ioFlags, false);
  }

  /// Copies bytes of this file into another of the same cache, or into another place of this one.
  ///
  /// @param pos first byte here
  /// @param target the other file, open for writing
  /// @param targetPos first byte there
  /// @param length most bytes to copy
  /// @return bytes copied; 0 at or beyond the end of this file
  /// @throws FsException EBADF, EISDIR, EIO; EINVAL if the ranges overlap in one file; as
  ///     [#write(long, MemorySegment)]
  public long copyRange(long pos, OpenFile target, long targetPos, long length)
      throws FsException {
    checkReadable();
    checkRange(pos, length);
    target.checkRange(targetPos, length);
    target.checkWritable();
    if ((target.flags & OpenFlags.APPEND) != 0) {
      throw new FsException(Errno.EBADF, target + ": copy to a place in a file open to append");
    }
    enter();
    try {
      long n = Math.min(length, mapping.size() - pos);
      if (n <= 0) {
        return 0;
      }
      if (target.inode == inode && pos < targetPos + n && targetPos < pos + n) {
        throw new FsException(Errno.EINVAL, inode + ": copy onto itself");
      }
      long[] at = {pos};
      FillerIter source =
          new FillerIter(
              (bounce, wanted) -> {
                int got =
                    (int) GenericRead.read(mapping, at[0], bounce, 0, wanted, 0, readahead);
                at[0] += got;
                return got;
              },
              n);
      long copied = target.write(targetPos, source, 0);
      if ((flags & OpenFlags.NOATIME) == 0) {
        superBlock.attributes().touchAtime(inode);
      }
      return copied;
    } finally {
      leave();
    }
  }

  // ---- File offset ------------------------------------------------------------------------------

  /// The file offset.
  ///
  /// @return bytes from the start of the file
  public long position() {
    positionLock.lock();
    long p = position;
    positionLock.unlock();
    return p;
  }

  /// For a write at the file offset, with positionLock held.
  void moveTo(long pos) {
    position = pos;
  }

  /// Sets the file offset; beyond the end is allowed.
  ///
  /// @param pos bytes from the start of the file
  /// @throws FsException EINVAL if negative
  public void seek(long pos) throws FsException {
    checkRange(pos, 0);
    positionLock.lock();
    position = pos;
    positionLock.unlock();
  }

  /// The first byte at or after a position that holds data; moves nothing.
  ///
  /// @param pos where to begin
  /// @return a position
  /// @throws FsException ENXIO if there is none before the end; EBADF, EIO
  public long seekData(long pos) throws FsException {
    return seekFor(pos, true);
  }

  /// The first byte at or after a position that lies in a hole; the end of the file counts as one.
  ///
  /// @param pos where to begin
  /// @return a position, at most the size
  /// @throws FsException ENXIO at or beyond the end; EBADF, EIO
  public long seekHole(long pos) throws FsException {
    return seekFor(pos, false);
  }

  private long seekFor(long pos, boolean data) throws FsException {
    enter();
    try {
      if (!inode.isRegular()) {
        throw new FsException(Errno.EINVAL, inode + ": seek for data");
      }
      long size = mapping.size();
      long found = size;
      if (pos >= 0 && pos < size) {
        found =
            data
                ? inode.operations().seekData(inode, pos)
                : inode.operations().seekHole(inode, pos);
      }
      if (pos < 0 || pos >= size || data && found >= size) {
        throw new FsException(Errno.ENXIO, inode + ": seek from " + pos);
      }
      return Math.min(found, size);
    } finally {
      leave();
    }
  }

  // ---- Space ------------------------------------------------------------------------------------

  /// Changes the size.
  ///
  /// @param size bytes; new ones read as zeros
  /// @throws FsException EBADF, EINVAL, EFBIG, EPERM, ENOSPC, EROFS, EIO
  public void truncate(long size) throws FsException {
    checkWritable();
    enter();
    try {
      superBlock.attributes().truncate(inode, size, who);
    } finally {
      leave();
    }
  }

  /// Changes the space behind a range, see [FallocateMode].
  ///
  /// @param mode 0, or bits of [FallocateMode]
  /// @param pos first byte
  /// @param length bytes, at least 1
  /// @throws FsException EBADF, EINVAL, EFBIG, ENOSPC, EOPNOTSUPP, EPERM, EROFS, EIO
  public void fallocate(int mode, long pos, long length) throws FsException {
    writes.fallocate(mode, pos, length);
  }

  // ---- Durability -------------------------------------------------------------------------------

  /// Makes everything written so far durable, and tells an error of write-out that this open file
  /// has not heard of (R-H7).
  ///
  /// @param datasync leave out metadata that reading the file does not need (R-H9)
  /// @throws FsException EIO, ENOSPC, EDQUOT; what could not be written stays dirty
  public void fsync(boolean datasync) throws FsException {
    enter();
    try {
      FsException failed = null;
      try {
        inode.operations().fsync(inode, 0, Long.MAX_VALUE, datasync);
      } catch (FsException e) {
        failed = e;
      }
      // Advance also after a direct failure: it is the same error, told now.
      try {
        reportErrors();
      } catch (FsException e) {
        failed = failed == null ? e : failed;
      }
      if (failed != null) {
        throw failed;
      }
    } finally {
      leave();
    }
  }

  /// Tells an error of write-out that this open file has not heard of, once (R-H7), and writes
  /// nothing: what a `close` of one of several descriptors does.
  ///
  /// @throws FsException EBADF; the error
  public void checkErrors() throws FsException {
    enter();
    try {
      reportErrors();
    } finally {
      leave();
    }
  }

  /// Starts or awaits write-out of a range. No integrity call unless all three flags are given, and
  /// even then no metadata and no flush of the device (R-H11).
  ///
  /// @param pos first byte
  /// @param length bytes; 0 to the end of the file
  /// @param what SYNC_WAIT_BEFORE, SYNC_WRITE, SYNC_WAIT_AFTER
  /// @throws FsException EBADF, EINVAL; EIO that this open file has not heard of
  public void syncRange(long pos, long length, int what) throws FsException {
    checkRange(pos, length);
    long end = length == 0 || length > Long.MAX_VALUE - pos ? Long.MAX_VALUE : pos + length;
    enter();
    try {
      long last = Math.min(end, AddressSpace.MAX_SIZE) - 1;
      if (what == (SYNC_WAIT_BEFORE | SYNC_WRITE | SYNC_WAIT_AFTER)) {
        Writeback.syncRange(mapping, pos, last);
      } else {
        if ((what & SYNC_WAIT_BEFORE) != 0) {
          Writeback.waitRange(mapping, pos, last);
        }
        if ((what & SYNC_WRITE) != 0) {
          Writeback.startRange(mapping, pos, last);
        }
        if ((what & SYNC_WAIT_AFTER) != 0) {
          Writeback.waitRange(mapping, pos, last);
        }
      }
      if ((what & (SYNC_WAIT_BEFORE | SYNC_WAIT_AFTER)) != 0) {
        reportErrors();
      }
    } finally {
      leave();
    }
  }

  /// Throws the error of write-out that this open file has not heard of, if there is one, once.
  void reportErrors() throws FsException {
    Errno errno = unseenError();
    if (errno != null) {
      throw new FsException(errno, inode + ": write-out after a write had returned");
    }
  }

  private @Nullable Errno unseenError() {
    ErrSeq errors = mapping.writebackErrors();
    while (true) {
      int seen = (int) ERRORS_SEEN.getVolatile(this);
      int now = errors.advance();
      if (now == seen) {
        return null;
      }
      // Of two threads that sync at a time, the one whose swap succeeds tells.
      if (ERRORS_SEEN.compareAndSet(this, seen, now)) {
        Errno errno = ErrSeq.between(now, seen);
        if (errno != null) {
          told(errno);
        }
        return errno;
      }
    }
  }

  private void told(Errno errno) {
    mapping.counters().add(Count.ERRORS_TOLD, 1);
    if (Trace.isOn()) {
      ErrorToldEvent.happened(inode.toString(), errno);
    }
  }

  // ---- Mapping ----------------------------------------------------------------------------------

  /// Maps a range of the file as memory. The region stays usable when this file is closed, and
  /// counts as an open file until it is closed itself.
  ///
  /// @param pos first byte, any
  /// @param length bytes, at least 1; may reach beyond the end of the file
  /// @param protection what the region may be used for
  /// @param sharing SHARED to change the file, for which it must be open for writing
  /// @return close it
  /// @throws FsException EBADF, EACCES if it is not open for what is asked, EINVAL, EOVERFLOW,
  ///     ENODEV if it is no regular file, ENOMEM
  public MappedRegion map(long pos, long length, Protection protection, Sharing sharing)
      throws FsException {
    checkRange(pos, length);
    if (length == 0) {
      throw new FsException(Errno.EINVAL, inode + ": a region of no bytes");
    }
    if (pos > AddressSpace.MAX_SIZE - length) {
      throw new FsException(Errno.EOVERFLOW, inode + ": " + length + " bytes at " + pos);
    }
    if (!inode.isRegular()) {
      throw new FsException(Errno.ENODEV, inode.toString());
    }
    boolean stores = writable && (flags & OpenFlags.APPEND) == 0;
    if (!readable
        || protection == Protection.READ_WRITE && sharing == Sharing.SHARED && !stores) {
      throw new FsException(Errno.EACCES, inode + ": not open for this mapping");
    }
    enter(); // until the region is closed
    boolean done = false;
    try {
      if ((flags & OpenFlags.NOATIME) == 0) {
        superBlock.attributes().touchAtime(inode);
      }
      MappedFile file = new MappedFile(this, writes, stores);
      MappedRegion region =
          superBlock.vmSpace().map(mapping, file, pos, length, protection, sharing);
      regions.incrementAndGet();
      if (superBlock.isGone()) {
        superBlock.files().wake(); // the call has ended, and is a region now
      }
      done = true;
      return region;
    } finally {
      if (!done) {
        leave();
      }
    }
  }

  // ---- Hints ------------------------------------------------------------------------------------

  /// Tells how this open file will be read.
  ///
  /// @param advice what to expect
  public void advise(Readahead.Advice advice) {
    readahead.advise(advice);
  }

  /// Starts to read a range that will be needed soon. Waits for nothing.
  ///
  /// @param pos first byte
  /// @param length bytes
  /// @throws FsException EBADF, EINVAL
  public void willNeed(long pos, long length) throws FsException {
    checkReadable();
    checkRange(pos, length);
    enter();
    try {
      Readahead.willNeed(mapping, pos, length);
    } finally {
      leave();
    }
  }

  /// Lets go of what the cache has of a range: starts write-out of what is dirty, drops what is
  /// clean and not in use.
  ///
  /// @param pos first byte
  /// @param length bytes; 0 to the end of the file
  /// @throws FsException EBADF, EINVAL
  public void dontNeed(long pos, long length) throws FsException {
    checkRange(pos, length);
    enter();
    try {
      long last =
          length == 0 || length > AddressSpace.MAX_SIZE - pos
              ? AddressSpace.MAX_SIZE - 1
              : pos + length - 1;
      Writeback.startRange(mapping, pos, last);
      Truncate.invalidatePages(mapping, AddressSpace.indexOf(pos), AddressSpace.indexOf(last));
    } finally {
      leave();
    }
  }

  // ---- Directories ------------------------------------------------------------------------------

  /// Gives entries of a directory to a sink until it is full or there are no more.
  ///
  /// @param cookie 0 to begin, or one that the sink was given
  /// @param sink takes the entries; never `.` and `..`
  /// @throws FsException EBADF, ENOTDIR, ENOENT if it was removed, EIO, EUCLEAN
  public void readDir(long cookie, DirSink sink) throws FsException {
    enter();
    try {
      superBlock.namespace().readDir(inode, cookie, sink);
    } finally {
      leave();
    }
  }

  // ---- Locks on the file ------------------------------------------------------------------------

  /// Takes a lock on the file if nobody is in the way. An owner's own locks never are: what it has
  /// in a range is replaced.
  ///
  /// @param lock what to take
  /// @return false if another owner holds a lock that stands against it
  /// @throws FsException EBADF if closed, or not open for what a lock on a range asks: reading for
  ///     a shared one, writing for an exclusive one; EINVAL, ENOLCK, EIO
  public boolean tryLock(FileLock lock) throws FsException {
    checkLock(lock, true);
    enter();
    try {
      return superBlock.fileLocks().tryLock(inode, lock);
    } finally {
      leave();
    }
  }

  /// Takes a lock on the file, waiting as long as others are in the way.
  ///
  /// @param lock what to take
  /// @throws FsException as [#tryLock]; EINTR if the thread is interrupted, which it stays; EDEADLK
  ///     if others wait in a circle for a range of this owner; EBADF if closed meanwhile
  public void lock(FileLock lock) throws FsException {
    checkLock(lock, true);
    enter();
    try {
      superBlock.fileLocks().lock(inode, lock);
      if ((int) USERS.getVolatile(this) < 0) {
        superBlock.fileLocks().unlock(inode, lock);
        throw new FsException(Errno.EBADF, inode + ": closed while waiting for " + lock);
      }
    } finally {
      leave();
    }
  }

  /// Asks for a lock on the file and comes back at once; for a door that may not spend a thread on
  /// each that waits.
  ///
  /// @param lock what to take
  /// @param listener hears when a request that waits on return is over
  /// @return granted already, or waiting; to be given to [#cancelLock] when nobody wants it any
  ///     more, at the latest when the file is closed
  /// @throws FsException as [#lock], but never EINTR
  public LockRequest requestLock(FileLock lock, LockRequest.Listener listener) throws FsException {
    checkLock(lock, true);
    enter();
    try {
      return superBlock.fileLocks().request(inode, lock, listener);
    } finally {
      leave();
    }
  }

  /// Gives up a request. Its listener is not told.
  ///
  /// @param request made by [#requestLock] of any open file of the volume
  /// @return false if it was over already: if it was granted, the lock is held
  public boolean cancelLock(LockRequest request) {
    return superBlock.fileLocks().cancel(request);
  }

  /// Finds out who is in the way of a lock.
  ///
  /// @param lock what somebody would like to take
  /// @return one that stands against it; null if [#tryLock] would take it
  /// @throws FsException EBADF, EINVAL, EIO
  public @Nullable FileLock lockInTheWay(FileLock lock) throws FsException {
    checkLock(lock, false);
    enter();
    try {
      return superBlock.fileLocks().inTheWay(inode, lock);
    } finally {
      leave();
    }
  }

  /// Takes an owner's locks off a range, or its lock off the whole file. Works on a volume that is
  /// shut down, too: somebody may wait for it.
  ///
  /// @param lock which owner, kind and range; shared or exclusive does not matter
  /// @throws FsException EINVAL; ENOLCK if the range lies in the middle of a lock and there is no
  ///     room to note two
  public void unlock(FileLock lock) throws FsException {
    checkLock(lock, false);
    superBlock.fileLocks().unlock(inode, lock);
  }

  /// Takes all locks of an owner off the file: what a process that closes any of its descriptors
  /// of a file asks for (ranges), and what the last close of an open file does (whole).
  ///
  /// @param kind which locks
  /// @param owner whose
  public void unlockAll(LockKind kind, LockOwner owner) {
    superBlock.fileLocks().unlockAll(inode, kind, owner);
  }

  private void checkLock(FileLock lock, boolean take) throws FsException {
    if (lock.first() < 0 || lock.last() < lock.first()) {
      throw new FsException(Errno.EINVAL, inode + ": " + lock);
    }
    if (take && lock.kind() == LockKind.RANGE && !(lock.exclusive() ? writable : readable)) {
      throw new FsException(Errno.EBADF, inode + ": not open for " + lock);
    }
  }

  // ---- Closing ----------------------------------------------------------------------------------

  /// Closes the file; calls under way in other threads finish. Writes nothing out, but tells an
  /// error of write-out that this open file has not heard of (R-H7). Idempotent.
  ///
  /// @throws FsException the error; the file is closed nevertheless
  @Override
  public void close() throws FsException {
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this);
    int old;
    do {
      old = (int) USERS.getVolatile(this);
      if (old < 0) {
        return;
      }
    } while (!USERS.compareAndSet(this, old, old | CLOSED));
    Errno unseen = unseenError();
    if (old == 0) {
      letGo();
    }
    if (unseen != null) {
      throw new FsException(unseen, inode + ": write-out after a write had returned");
    }
  }

  /// The last call has left: by whoever saw that, once.
  private void letGo() {
    reads.tellLookups();
    if (writable) {
      inode.awaitOverwriters();
    }
    if (inode.fileLocks != null) {
      superBlock.fileLocks().unlockHolder(inode, this);
    }
    inode.operations().released(inode, flags);
    try {
      superBlock.iput(inode);
    } finally {
      superBlock.files().closed(this);
    }
  }

  @Override
  public String toString() {
    return inode.toString();
  }
}
