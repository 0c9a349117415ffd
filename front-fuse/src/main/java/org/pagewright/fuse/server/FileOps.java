package org.pagewright.fuse.server;

import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.protocol.Feature;
import org.pagewright.fuse.protocol.Reply;
import org.pagewright.fuse.protocol.Request;
import org.pagewright.fuse.protocol.Wire;
import org.pagewright.vfs.Credentials;
import org.pagewright.vfs.FileMode;
import org.pagewright.vfs.Inode;
import org.pagewright.vfs.InodeFlags;
import org.pagewright.vfs.IoFlags;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.Name;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.XattrMode;

/// Requests about open files: opening, reading, writing, space, durability.
final class FileOps {
  private static final int FOPEN_DIRECT_IO = 1;
  private static final int FOPEN_KEEP_CACHE = 1 << 1;
  private static final int FOPEN_NOFLUSH = 1 << 5;
  private static final long DAY_SECONDS = 86400;

  /// `write_flags`: of dirty pages, perhaps by way of another open file.
  private static final int WRITE_CACHE = 1;

  private static final int WRITE_KILL_SUIDGID = 1 << 2;
  private static final int OPEN_KILL_SUIDGID = 1;
  private static final int FSYNC_FDATASYNC = 1;
  private static final int SETXATTR_ACL_KILL_SGID = 1;
  private static final int SEEK_DATA = 3;
  private static final int SEEK_HOLE = 4;

  /// From so many bytes on, a copy costs more than to lend each folio.
  private static final int LEND_MIN = 16 << 10;

  /// The most that one request copies: others wait for the file meanwhile.
  private static final long COPY_MAX = 32 << 20;

  private static final Name CAPABILITIES = capabilities();

  private final Services s;
  private final NameOps names;
  private final FuseServer server;

  /// Counts settings of capabilities: a file looked at since the last one has none to lose.
  private final AtomicInteger capabilitiesSet = new AtomicInteger();

  FileOps(Services services, NameOps names, FuseServer server) {
    this.s = services;
    this.names = names;
    this.server = server;
  }

  private static Name capabilities() {
    try {
      return Name.of("security.capability");
    } catch (FsException e) {
      throw new AssertionError(e);
    }
  }

  // ---- Opening and closing ----------------------------------------------------------------------

  void open(Context c, boolean directory) throws FsException {
    Request r = c.request;
    int flags = r.intAt(Wire.OpenIn.FLAGS);
    server.checkNotOurselves(c);
    Inode inode = s.inode(c);
    if ((flags & OpenFlags.TRUNC) != 0) {
      boolean kill = (r.intAt(Wire.OpenIn.OPEN_FLAGS) & OPEN_KILL_SUIDGID) != 0;
      boolean done = false;
      try {
        dropPrivileges(inode, kill);
        done = true;
      } finally {
        if (!done) {
          s.put(inode);
        }
      }
    }
    putOpen(c, open(inode, flags, directory, c.who()));
  }

  /// Opens an inode, whose reference is taken over.
  private Handle open(Inode inode, int flags, boolean directory, Credentials who)
      throws FsException {
    // Appending and syncing are left out: the kernel says in each write where it goes, also for
    // dirty pages, and sends an FSYNC of its own where one is due; see [#goesPastTheKernel].
    int kept = flags & (OpenFlags.ACCESS_MASK | OpenFlags.TRUNC | OpenFlags.NOATIME);
    if (directory) {
      kept = flags & OpenFlags.NOATIME | OpenFlags.DIRECTORY;
    } else if ((kept & OpenFlags.ACCESS_MASK) == OpenFlags.ACCESS_MASK) {
      kept &= ~OpenFlags.ACCESS_MASK; // neither reading nor writing, for ioctl only
    } else if (s.options.writebackCache()
        && (kept & OpenFlags.ACCESS_MASK) == OpenFlags.WRONLY) {
      kept = kept & ~OpenFlags.ACCESS_MASK | OpenFlags.RDWR; // it fills pages up before it writes
    }
    if ((inode.flags() & InodeFlags.APPEND) != 0) {
      kept |= flags & OpenFlags.APPEND; // nothing else may be written to it
    }
    OpenFile file = OpenFile.open(inode, kept, who);
    Handle handle = new Handle(file);
    handle.synced = s.options.sync() || (flags & OpenFlags.DSYNC) != 0;
    boolean entered = false;
    try {
      s.handles.add(handle);
      entered = true;
      return handle;
    } finally {
      if (!entered) {
        file.close();
      }
    }
  }

  private void putOpen(Context c, Handle handle) {
    c.opened = handle;
    boolean writes = (handle.file.flags() & OpenFlags.ACCESS_MASK) != OpenFlags.RDONLY;
    // Nothing was written by it, and no lock goes with it: closing has nothing to tell us.
    int flags = writes || server.has(Feature.POSIX_LOCKS) ? 0 : FOPEN_NOFLUSH;
    if (goesPastTheKernel(handle)) {
      flags |= FOPEN_DIRECT_IO; // each write comes by itself, and goes to the end as we see it
    } else if (keepsCache(handle.file.inode())) {
      flags |= FOPEN_KEEP_CACHE;
    }
    int at = c.reply.add(Wire.OpenOut.BYTES);
    c.reply.putLong(at + Wire.OpenOut.FH, handle.number);
    c.reply.putInt(at + Wire.OpenOut.OPEN_FLAGS, flags);
  }

  /// Whether each write is sent to us as it is made: then the kernel sends no FSYNC after one that
  /// is to be durable, but says so in the write.
  private static boolean goesPastTheKernel(Handle handle) {
    return (handle.file.flags() & OpenFlags.APPEND) != 0;
  }

  /// Whether the kernel may answer reads from what it has cached before this file was opened. Not
  /// if we are to hear of a read, because the access time is due. What other doors change, it is
  /// told to forget; see [Coherence].
  private boolean keepsCache(Inode inode) {
    MountOptions.Atime policy = s.superBlock.options().atime();
    if (!inode.isRegular() || policy == MountOptions.Atime.STRICT) {
      return false;
    }
    if (policy == MountOptions.Atime.NEVER
        || s.superBlock.isReadOnly()
        || (inode.flags() & InodeFlags.NOATIME) != 0) {
      return true;
    }
    Instant atime = inode.atime();
    return atime.isAfter(inode.mtime())
        && atime.isAfter(inode.ctime())
        && atime.getEpochSecond() + DAY_SECONDS > s.superBlock.now().getEpochSecond();
  }

  void create(Context c) throws FsException {
    int flags = c.request.intAt(Wire.CreateIn.FLAGS);
    server.checkNotOurselves(c);
    NameOps.Made made = names.create(c);
    // What another door made just now, nobody has looked at the rights of.
    Credentials who =
        made.fresh() ? c.who() : plain(c);
    putCreated(c, made.inode(), made.fresh() ? flags & ~OpenFlags.TRUNC : flags, who);
  }

  void tmpfile(Context c) throws FsException {
    putCreated(c, names.tmpfile(c), c.request.intAt(Wire.CreateIn.FLAGS), c.who());
  }

  private void putCreated(Context c, Inode inode, int flags, Credentials who)
      throws FsException {
    s.superBlock.hold(inode);
    Handle handle;
    boolean opened = false;
    try {
      handle = open(inode, flags, false, who);
      opened = true;
    } finally {
      if (!opened) {
        s.put(inode);
      }
    }
    s.putEntry(c, inode);
    putOpen(c, handle);
  }

  void release(Context c) throws FsException {
    // From before it is no longer in the table until its inode may be free: no gap in between.
    s.nodes.beginLeaving();
    try {
      Handle handle = s.handles.remove(c.request.longAt(Wire.ReleaseIn.FH));
      if (handle == null) {
        throw new FsException(Errno.EBADF, "release");
      }
      server.locks.released(handle);
      handle.file.close();
    } finally {
      s.nodes.endLeaving();
    }
  }

  /// One `close` of perhaps several: answered at once, whatever is dirty, with an error of
  /// write-out that this open file has not heard of. A process that exits must not wait here for
  /// itself.
  void flush(Context c) throws FsException {
    Handle handle = handle(c, Wire.FlushIn.FH);
    server.locks.closedDescriptor(handle, c.request.longAt(Wire.FlushIn.LOCK_OWNER));
    handle.file.checkErrors();
  }

  private Handle handle(Context c, int field) throws FsException {
    return s.handles.get(c.request.longAt(field));
  }

  // ---- Reading and writing ----------------------------------------------------------------------

  void read(Context c) throws FsException {
    Request r = c.request;
    Reply reply = c.reply;
    OpenFile file = handle(c, Wire.ReadIn.FH).file;
    int size = r.intAt(Wire.ReadIn.SIZE);
    if (size < 0 || size > reply.bodyMax()) {
      throw new FsException(Errno.EINVAL, file + ": read of " + size + " bytes");
    }
    long pos = r.longAt(Wire.ReadIn.OFFSET);
    if (size < LEND_MIN || !c.channel.sendsPins() || !c.lend(file, pos, size)) {
      long n = file.read(pos, reply.room(size));
      reply.grow((int) n);
    }
  }

  void write(Context c) throws FsException {
    Request r = c.request;
    Handle handle = handle(c, Wire.WriteIn.FH);
    int writeFlags = r.intAt(Wire.WriteIn.WRITE_FLAGS);
    dropPrivileges(handle, (writeFlags & WRITE_KILL_SUIDGID) != 0);
    if ((writeFlags & WRITE_CACHE) != 0 && (handle.file.flags() & OpenFlags.APPEND) != 0) {
      throw new FsException(Errno.EPERM, handle.file + " is append-only, and was mapped");
    }
    boolean appends =
        (r.intAt(Wire.WriteIn.FLAGS) & OpenFlags.APPEND) != 0
            && (writeFlags & WRITE_CACHE) == 0
            && !s.options.writebackCache();
    long n =
        handle.file.write(
            r.longAt(Wire.WriteIn.OFFSET),
            r.content(r.intAt(Wire.WriteIn.SIZE)),
            appends ? IoFlags.APPEND : 0);
    int flags = r.intAt(Wire.WriteIn.FLAGS);
    if ((flags & OpenFlags.DSYNC) != 0 && goesPastTheKernel(handle)) {
      c.changed = true;
      handle.file.fsync((flags & OpenFlags.SYNC) != OpenFlags.SYNC);
    }
    int at = c.reply.add(Wire.WriteOut.BYTES);
    c.reply.putInt(at + Wire.WriteOut.SIZE, (int) n);
  }

  void copy(Context c, boolean wide) throws FsException {
    Request r = c.request;
    OpenFile from = handle(c, Wire.CopyIn.FH_IN).file;
    Handle to = handle(c, Wire.CopyIn.FH_OUT);
    long length = r.longAt(Wire.CopyIn.LEN);
    if (r.longAt(Wire.CopyIn.FLAGS) != 0 || length < 0) {
      throw new FsException(Errno.EINVAL, "copy of " + length + " bytes");
    }
    dropPrivileges(to, r.uid() != 0); // the kernel does not say whether to
    long n =
        from.copyRange(
            r.longAt(Wire.CopyIn.OFF_IN),
            to.file,
            r.longAt(Wire.CopyIn.OFF_OUT),
            Math.min(length, COPY_MAX));
    if (n > 0) {
      syncIfAsked(c, to);
    }
    int at = c.reply.add(Wire.WriteOut.BYTES);
    if (wide) {
      c.reply.putLong(at, n);
    } else {
      c.reply.putInt(at + Wire.WriteOut.SIZE, (int) n);
    }
  }

  /// After a change of content other than by `write`: of these the kernel leaves it to us.
  private static void syncIfAsked(Context c, Handle handle) throws FsException {
    if (handle.synced) {
      c.changed = true;
      handle.file.fsync(true);
    }
  }

  // ---- Set-id bits and capabilities -------------------------------------------------------------

  /// Notes that a file may have got capabilities.
  void setCapabilities() {
    capabilitiesSet.incrementAndGet();
  }

  /// Before content changes: capabilities go, and the set-id bits if the kernel asks for it, which
  /// knows whether the writer may keep them.
  private void dropPrivileges(Handle handle, boolean kill) throws FsException {
    int now = capabilitiesSet.get();
    Inode inode = handle.file.inode();
    if (handle.capabilitiesSeen != now) {
      dropPrivileges(inode, kill);
      handle.capabilitiesSeen = now;
    } else if (kill) {
      dropSetId(inode);
    }
  }

  void dropPrivileges(Inode inode, boolean kill) throws FsException {
    if (inode.isRegular() && !s.superBlock.isReadOnly()) {
      if (s.attributes.getXattr(inode, CAPABILITIES, Credentials.ROOT) != null) {
        s.attributes.removeXattr(inode, CAPABILITIES, Credentials.ROOT);
      }
      if (kill) {
        dropSetId(inode);
      }
    }
  }

  private void dropSetId(Inode inode) throws FsException {
    int mode = inode.mode();
    int drop = mode & FileMode.SET_UID;
    if ((mode & FileMode.GROUP_EXECUTE) != 0) {
      drop |= mode & FileMode.SET_GID; // else it once meant mandatory locking, and stays
    }
    if (drop != 0) {
      int bits = mode & FileMode.PERMISSION_MASK & ~drop;
      s.attributes.chmod(inode, bits, Credentials.ROOT);
    }
  }

  // ---- Space, places, durability ----------------------------------------------------------------

  void fallocate(Context c) throws FsException {
    Request r = c.request;
    Handle handle = handle(c, Wire.FallocateIn.FH);
    dropPrivileges(handle, r.uid() != 0); // the kernel does not say whether to
    handle.file.fallocate(
        r.intAt(Wire.FallocateIn.MODE),
        r.longAt(Wire.FallocateIn.OFFSET),
        r.longAt(Wire.FallocateIn.LENGTH));
    syncIfAsked(c, handle);
  }

  /// Whether we can say where a file has data. A kernel that keeps writes for a while asks without
  /// sending them first: what we would call a hole may be full. Told that we do not know, it takes
  /// the whole file for data. Stores to a mapping are kept, too, until it is synced or unmapped;
  /// but hardly anybody copies such a file then.
  boolean knowsHoles() {
    return !s.options.writebackCache();
  }

  void lseek(Context c) throws FsException {
    Request r = c.request;
    OpenFile file = handle(c, Wire.LseekIn.FH).file;
    long from = r.longAt(Wire.LseekIn.OFFSET);
    long found =
        switch (r.intAt(Wire.LseekIn.WHENCE)) {
          case SEEK_DATA -> file.seekData(from);
          case SEEK_HOLE -> file.seekHole(from);
          default -> throw new FsException(Errno.EINVAL, file + ": seek");
        };
    int at = c.reply.add(Wire.LseekOut.BYTES);
    c.reply.putLong(at + Wire.LseekOut.OFFSET, found);
  }

  void fsync(Context c) throws FsException {
    boolean datasync = (c.request.intAt(Wire.FsyncIn.FSYNC_FLAGS) & FSYNC_FDATASYNC) != 0;
    handle(c, Wire.FsyncIn.FH).file.fsync(datasync);
  }

  // ---- Extended attributes ----------------------------------------------------------------------

  void setXattr(Context c, boolean extended) throws FsException {
    Request r = c.request;
    int size = r.intAt(Wire.SetxattrIn.SIZE);
    int flags = r.intAt(Wire.SetxattrIn.FLAGS);
    int at = extended ? Wire.SetxattrIn.BYTES : 8;
    Name name = r.nameAt(at);
    byte[] value = r.bytesAt(at + name.length() + 1, size);
    XattrMode mode =
        switch (flags) {
          case 0 -> XattrMode.SET;
          case 1 -> XattrMode.CREATE;
          case 2 -> XattrMode.REPLACE;
          default -> throw new FsException(Errno.EINVAL, "set attribute " + name);
        };
    Inode inode = s.inode(c);
    try {
      s.attributes.setXattr(inode, name, value, mode, c.who());
      if (name.equals(CAPABILITIES)) {
        setCapabilities();
      }
      if (extended && (r.intAt(Wire.SetxattrIn.SETXATTR_FLAGS) & SETXATTR_ACL_KILL_SGID) != 0) {
        int bits = inode.mode() & FileMode.PERMISSION_MASK & ~FileMode.SET_GID;
        s.attributes.chmod(inode, bits, Credentials.ROOT);
      }
    } finally {
      s.put(inode);
    }
  }

  /// @return 0, or ENODATA: what the first write to nearly every file is told, of capabilities
  int getXattr(Context c) throws FsException {
    Request r = c.request;
    Name name = r.nameAt(Wire.GetxattrIn.BYTES);
    Inode inode = s.inode(c);
    byte @Nullable [] value;
    try {
      value = s.attributes.getXattr(inode, name, c.who());
    } finally {
      s.put(inode);
    }
    if (value == null) {
      return Errno.ENODATA.number();
    }
    putValue(c, value, name.toString());
    return 0;
  }

  void listXattrs(Context c) throws FsException {
    Inode inode = s.inode(c);
    java.io.ByteArrayOutputStream list = new java.io.ByteArrayOutputStream();
    try {
      for (Name name : s.attributes.listXattrs(inode, plain(c))) {
        list.writeBytes(name.toBytes());
        list.write(0);
      }
    } finally {
      s.put(inode);
    }
    putValue(c, list.toByteArray(), "list of attributes");
  }

  /// Who asks, with no more rights than the user number gives: names of `trusted.` attributes are
  /// for root only, and the kernel leaves that to us.
  private static Credentials plain(Context c) {
    return new Credentials(c.request.uid(), c.request.gid());
  }

  /// A value that fits the room, or only its size if none was given.
  private static void putValue(Context c, byte[] value, String what) throws FsException {
    int room = c.request.intAt(Wire.GetxattrIn.SIZE);
    if (room == 0) {
      int at = c.reply.add(Wire.GetxattrOut.BYTES);
      c.reply.putInt(at + Wire.GetxattrOut.SIZE, value.length);
    } else if (value.length > NameOps.room(c.reply, room)) {
      throw new FsException(Errno.ERANGE, what);
    } else {
      c.reply.addBytes(value);
    }
  }

  void removeXattr(Context c) throws FsException {
    Name name = c.request.nameAt(0);
    Inode inode = s.inode(c);
    try {
      s.attributes.removeXattr(inode, name, c.who());
    } finally {
      s.put(inode);
    }
  }
}
