package org.pagewright.fuse.server;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.protocol.Feature;
import org.pagewright.fuse.protocol.Opcode;
import org.pagewright.fuse.protocol.Reply;
import org.pagewright.fuse.protocol.Request;
import org.pagewright.fuse.protocol.Wire;

/// One thread that receives requests, has them worked on, and answers, with buffers of its own that
/// are made once.
///
/// The bytes of a write and of a read begin at a page of the buffers, so that the copies from and
/// to frames are of whole lines:
///
///     receive  | ... header, fuse_write_in | bytes of a write ... |
///     answer   | ...                header | bytes of a read  ... |
///                                          ^ multiple of 4096
final class Worker {
  private static final int PAGE = 4096;

  /// Bytes of a write's request before its content.
  static final int BEFORE_CONTENT = Wire.InHeader.BYTES + Wire.WriteIn.BYTES;

  private static final int ENOSYS = 38;
  private static final int EIO = 5;

  /// How long the kernel may take to let a removed file go, and the volume to free it.
  private static final long FREED_NANOS = 2_000_000_000L;

  /// Names, attributes, lists: the largest answer that is no content.
  static final int BODY_MIN = 128 << 10;

  private final FuseServer server;
  private final Channel channel;
  private final boolean ofQueue;
  private final Context context;

  /// When the request under way began, by `System.nanoTime`, or 0 while waiting for one.
  private volatile long since;

  private volatile @Nullable Thread thread;

  Worker(FuseServer server, Channel channel, boolean ofQueue) {
    this.server = server;
    this.channel = channel;
    this.ofQueue = ofQueue;
    int bytes = Math.max(server.services.options.maxWriteBytes(), BODY_MIN);
    Arena arena = Arena.ofAuto();
    MemorySegment in = channel.requestRoom();
    if (in == null) {
      in = arena.allocate(2L * PAGE + bytes, PAGE).asSlice(PAGE - BEFORE_CONTENT);
    }
    MemorySegment out = channel.answerRoom();
    if (out == null) {
      out = arena.allocate((long) PAGE + bytes, PAGE).asSlice(PAGE - Wire.OutHeader.BYTES);
    }
    this.context =
        new Context(
            new Request(in),
            new Reply(out),
            channel);
  }

  void start(String name) {
    Thread made = new WorkerThread(server, this::run, name);
    made.setDaemon(true);
    thread = made;
    made.start();
  }

  /// Known by its class, so that what it changes is known for the kernel's own doing.
  static final class WorkerThread extends Thread {
    private final FuseServer server;

    WorkerThread(FuseServer server, Runnable task, String name) {
      super(task, name);
      this.server = server;
    }

    FuseServer server() {
      return server;
    }
  }

  private void run() {
    boolean gone = !ofQueue; // one queue that fails is not the end of the others
    boolean served = false;
    try {
      while (true) { // ends with the channel
        int n = channel.receive(context.request.buffer());
        if (n == Channel.END) {
          gone = true;
          return;
        }
        served = true;
        context.request.setContent(channel.content());
        if (context.request.take(n)) {
          long now = System.nanoTime() | 1;
          since = now;
          if (!ofQueue) {
            server.relieve(this, now);
          }
          work();
          since = 0;
          if (!ofQueue) {
            server.restIfIdle(this, now);
          }
        }
      }
    } catch (FsException e) {
      server.log.trouble("receive: " + e.getMessage());
    } catch (Throwable e) { // the top of the thread: nothing below could handle it
      server.failed("fuse server", e);
    } finally {
      if (served && !gone) {
        // The kernel goes on to put requests into a queue that has nobody left to answer.
        server.log.trouble(
            "a queue has lost a thread: what a processor asks for may wait for ever now;"
                + " `pagewright umount --abort` ends that");
      }
      context.giveBack();
      server.leave(gone);
    }
  }

  private void work() {
    Context c = context;
    Request r = c.request;
    c.begin();
    int error = 0;
    String why = null;
    try {
      error = dispatchWithSpace(c);
    } catch (FsException e) {
      error = e.errno().number();
      why = e.getMessage();
    } catch (RuntimeException | Error e) {
      // A mistake of ours: answer, so that nobody hangs, and stop before it does harm.
      error = EIO;
      server.failed(r.toString(), e);
    }
    if (error != 0) {
      takeBack();
    }
    Opcode opcode = r.opcode();
    boolean answered = (opcode == null || opcode.isAnswered()) && !c.deferred;
    if (answered) {
      c.reply.finish(r.unique(), error);
      if (!sent(r)) {
        takeBack();
      } else if (opcode == Opcode.INIT) {
        server.initAnswered();
      }
    }
    c.giveBack();
    if (server.log.traces()) {
      trace(error, why);
    }
  }

  /// Sends the answer. One that the kernel does not take is one request's trouble, not the end of
  /// this thread, and of the mount with the last one.
  ///
  /// @return false if nobody heard of it
  private boolean sent(Request r) {
    try {
      return context.send();
    } catch (FsException e) {
      server.log.trouble("answer to " + r + ": " + e.getMessage());
      return false;
    }
  }

  /// Nobody has heard of what this request gave out: it is given back here.
  private void takeBack() {
    Context c = context;
    for (int i = 0; i < c.givenCount; i++) {
      server.services.nodes.forget(c.given[i], 1);
    }
    c.givenCount = 0;
    Handle opened = c.opened;
    if (opened != null && server.services.handles.remove(opened.number) != null) {
      try {
        opened.file.close();
      } catch (FsException e) {
        server.log.trouble("close " + opened.file + ": " + e.getMessage());
      }
    }
    c.opened = null;
  }

  private void trace(int error, @Nullable String why) {
    long micros = (System.nanoTime() - since) / 1000;
    String end = error == 0 ? c().reply.bodyLength() + " bytes" : "error " + error + ", " + why;
    server.log.trace(c().request + ": " + end + ", " + micros + " us");
  }

  private Context c() {
    return context;
  }

  /// Has one request worked on, and once more if there was no space and the kernel is about to let
  /// go of files that were removed: a program that removed one may count on its space. Not if the
  /// change was made, and only making it durable failed: a file made twice would be there already.
  private int dispatchWithSpace(Context c) throws FsException {
    Services s = server.services;
    long since = s.nodes.departures();
    try {
      return dispatch(c);
    } catch (FsException e) {
      if (e.errno() != Errno.ENOSPC
          || c.changed
          || !s.nodes.awaitFreed(s.handles::isOpen, since, FREED_NANOS)) {
        throw e;
      }
    }
    takeBack();
    c.begin();
    return dispatch(c);
  }

  /// Has one request worked on.
  ///
  /// @return 0, or an error that has no name of its own
  private int dispatch(Context c) throws FsException {
    Opcode opcode = c.request.opcode();
    if (opcode == null) {
      return ENOSYS;
    }
    c.request.checkLength();
    switch (opcode) {
      case READ -> server.files.read(c);
      case WRITE -> server.files.write(c);
      case LOOKUP -> server.names.lookup(c);
      case GETATTR -> server.attributes.getattr(c);
      case OPEN -> server.files.open(c, false);
      case RELEASE, RELEASEDIR -> server.files.release(c);
      case FLUSH -> server.files.flush(c);
      case FORGET -> server.names.forget(c);
      case BATCH_FORGET -> server.names.forgetMany(c);
      case CREATE -> server.files.create(c);
      case TMPFILE -> server.files.tmpfile(c);
      case UNLINK -> server.names.unlink(c);
      case RMDIR -> server.names.rmdir(c);
      case MKDIR -> server.names.mkdir(c);
      case MKNOD -> server.names.mknod(c);
      case SYMLINK -> server.names.symlink(c);
      case READLINK -> server.names.readlink(c);
      case LINK -> server.names.link(c);
      case RENAME -> server.names.rename(c);
      case RENAME2 -> server.names.rename2(c);
      case SETATTR -> server.attributes.setattr(c);
      case STATX -> server.attributes.statx(c);
      case STATFS -> server.attributes.statfs(c);
      case IOCTL -> server.attributes.ioctl(c, server.minor());
      case OPENDIR -> server.files.open(c, true);
      case READDIR -> server.directories.readdir(c);
      case READDIRPLUS -> server.directories.readdirplus(c);
      case FSYNC, FSYNCDIR -> server.files.fsync(c);
      case FALLOCATE -> server.files.fallocate(c);
      case LSEEK -> {
        if (!server.files.knowsHoles()) {
          return ENOSYS;
        }
        server.files.lseek(c);
      }
      case COPY_FILE_RANGE -> server.files.copy(c, false);
      case COPY_FILE_RANGE_64 -> server.files.copy(c, true);
      case SETXATTR -> server.files.setXattr(c, server.has(Feature.SETXATTR_EXT));
      case GETXATTR -> {
        return server.files.getXattr(c);
      }
      case LISTXATTR -> server.files.listXattrs(c);
      case REMOVEXATTR -> server.files.removeXattr(c);
      case SYNCFS, DESTROY -> server.destroy();
      case INIT -> server.init(c);
      case NOTIFY_REPLY -> {} // nobody asked
      case INTERRUPT -> server.locks.interrupt(c);
      case GETLK -> server.locks.get(c);
      case SETLK -> server.locks.set(c, false);
      case SETLKW -> server.locks.set(c, true);
      case ACCESS, BMAP, POLL, SETUPMAPPING, REMOVEMAPPING -> {
        return ENOSYS; // the kernel does without
      }
    }
    return 0;
  }

  /// Whether a request has been under way since a time or longer.
  boolean isBusySince(long nanoTime) {
    long began = since;
    return began != 0 && began - nanoTime <= 0;
  }

  /// If the request under way has been so for longer than a time: what it is, and where its thread
  /// is.
  @Nullable String stuckFor(long nanos) {
    long began = since;
    Thread t = thread;
    long taken = System.nanoTime() - began;
    if (began == 0 || taken < nanos || t == null) {
      return null;
    }
    StringBuilder text = new StringBuilder();
    text.append(context.request).append(": since ").append(taken / 1_000_000_000L).append(" s");
    StackTraceElement[] frames = t.getStackTrace();
    for (int i = 0; i < frames.length && i < 12; i++) {
      text.append("\n    at ").append(frames[i]);
    }
    return since == began ? text.toString() : null;
  }

  void closeChannel() {
    channel.close();
  }
}
