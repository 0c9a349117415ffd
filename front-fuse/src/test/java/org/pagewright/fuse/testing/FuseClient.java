package org.pagewright.fuse.testing;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.os.Sys;
import org.pagewright.fuse.protocol.Opcode;
import org.pagewright.fuse.protocol.Wire;
import org.pagewright.fuse.testing.FakeKernel.Answer;
import org.pagewright.fuse.testing.FakeKernel.Args;

/// Calls that a kernel makes for its programs, by node and handle. What fails throws.
public final class FuseClient {
  private final FakeKernel kernel;

  public FuseClient(FakeKernel kernel) {
    this.kernel = kernel;
  }

  /// What a lookup tells.
  ///
  /// @param node its number; 0 for a name that is not there
  /// @param attr what `stat` shows of it
  public record Entry(long node, long generation, Attr attr) {}

  /// What `stat` shows.
  public record Attr(long ino, long size, long blocks, int mode, int nlink, int uid, int gid) {}

  /// One entry of a directory.
  public record Dirent(String name, long ino, long offset, int type, long node) {}

  private Answer good(Opcode opcode, long node, byte[] arguments) throws FsException {
    Answer answer = kernel.call(opcode, node, arguments);
    if (answer.errno() != 0) {
      throw Sys.failure(answer.errno(), opcode + " of node " + node);
    }
    return answer;
  }

  private static byte[] name(String name) {
    return new Args().text(name).bytes();
  }

  private static Attr attr(Answer answer, int at) {
    return new Attr(
        answer.longAt(at + Wire.Attr.INO),
        answer.longAt(at + Wire.Attr.SIZE),
        answer.longAt(at + Wire.Attr.BLOCKS),
        answer.intAt(at + Wire.Attr.MODE),
        answer.intAt(at + Wire.Attr.NLINK),
        answer.intAt(at + Wire.Attr.UID),
        answer.intAt(at + Wire.Attr.GID));
  }

  private static Entry entry(Answer answer, int at) {
    return new Entry(
        answer.longAt(at + Wire.EntryOut.NODEID),
        answer.longAt(at + Wire.EntryOut.GENERATION),
        attr(answer, at + Wire.EntryOut.BYTES));
  }

  public Entry lookup(long dir, String name) throws FsException {
    Entry found = entry(good(Opcode.LOOKUP, dir, name(name)), 0);
    if (found.node() == 0) {
      throw new FsException(Errno.ENOENT, name);
    }
    return found;
  }

  public void forget(long node, long lookups) {
    kernel.tell(Opcode.FORGET, node, new Args().u64(lookups).bytes());
  }

  public Attr getattr(long node) throws FsException {
    return attr(
        good(Opcode.GETATTR, node, new Args().zeros(16).bytes()), Wire.AttrOut.BYTES);
  }

  public Entry mkdir(long dir, String name, int mode) throws FsException {
    return entry(
        good(Opcode.MKDIR, dir, new Args().u32(mode).u32(022).text(name).bytes()), 0);
  }

  public Entry symlink(long dir, String name, String target) throws FsException {
    return entry(good(Opcode.SYMLINK, dir, new Args().text(name).text(target).bytes()), 0);
  }

  public String readlink(long node) throws FsException {
    return new String(good(Opcode.READLINK, node, new byte[0]).body(), StandardCharsets.UTF_8);
  }

  public Entry link(long node, long dir, String name) throws FsException {
    return entry(good(Opcode.LINK, dir, new Args().u64(node).text(name).bytes()), 0);
  }

  public void unlink(long dir, String name) throws FsException {
    good(Opcode.UNLINK, dir, name(name));
  }

  public void rmdir(long dir, String name) throws FsException {
    good(Opcode.RMDIR, dir, name(name));
  }

  public void rename(long dir, String name, long newDir, String newName, int flags)
      throws FsException {
    good(
        Opcode.RENAME2,
        dir,
        new Args().u64(newDir).u32(flags).u32(0).text(name).text(newName).bytes());
  }

  /// A file that was made and opened.
  public record Created(Entry entry, long handle) {}

  public Created create(long dir, String name, int flags, int mode) throws FsException {
    Answer answer =
        good(
            Opcode.CREATE,
            dir,
            new Args().u32(flags).u32(mode).u32(022).u32(0).text(name).bytes());
    int at = Wire.EntryOut.BYTES + Wire.Attr.BYTES;
    return new Created(entry(answer, 0), answer.longAt(at + Wire.OpenOut.FH));
  }

  public long open(long node, int flags) throws FsException {
    return good(Opcode.OPEN, node, new Args().u32(flags).u32(0).bytes())
        .longAt(Wire.OpenOut.FH);
  }

  public long opendir(long node) throws FsException {
    return good(Opcode.OPENDIR, node, new Args().zeros(8).bytes()).longAt(Wire.OpenOut.FH);
  }

  public byte[] read(long node, long handle, long pos, int size) throws FsException {
    return good(Opcode.READ, node, readArgs(handle, pos, size)).body();
  }

  private static byte[] readArgs(long handle, long pos, int size) {
    return new Args().u64(handle).u64(pos).u32(size).zeros(20).bytes();
  }

  public int write(long node, long handle, long pos, byte[] bytes, int writeFlags)
      throws FsException {
    return write(node, handle, pos, bytes, writeFlags, 0);
  }

  /// The same with the flags of the open file.
  public int write(
      long node, long handle, long pos, byte[] bytes, int writeFlags, int flags)
      throws FsException {
    byte[] arguments =
        new Args()
            .u64(handle)
            .u64(pos)
            .u32(bytes.length)
            .u32(writeFlags)
            .zeros(8)
            .u32(flags)
            .u32(0)
            .raw(bytes)
            .bytes();
    return good(Opcode.WRITE, node, arguments).intAt(Wire.WriteOut.SIZE);
  }

  public void flush(long node, long handle) throws FsException {
    good(Opcode.FLUSH, node, new Args().u64(handle).zeros(16).bytes());
  }

  public void fsync(long node, long handle) throws FsException {
    good(Opcode.FSYNC, node, new Args().u64(handle).zeros(8).bytes());
  }

  public void release(long node, long handle) throws FsException {
    good(Opcode.RELEASE, node, new Args().u64(handle).zeros(16).bytes());
  }

  public void releasedir(long node, long handle) throws FsException {
    good(Opcode.RELEASEDIR, node, new Args().u64(handle).zeros(16).bytes());
  }

  /// Some entries from a place on, as many as fit.
  public List<Dirent> readdir(long node, long handle, long offset, int size, boolean plus)
      throws FsException {
    Answer answer =
        good(plus ? Opcode.READDIRPLUS : Opcode.READDIR, node, readArgs(handle, offset, size));
    ByteBuffer buffer = answer.buffer();
    List<Dirent> found = new ArrayList<>();
    int at = 0;
    while (at < answer.body().length) {
      long id = 0;
      if (plus) {
        id = buffer.getLong(at);
        at += Wire.EntryOut.BYTES + Wire.Attr.BYTES;
      }
      int length = buffer.getInt(at + Wire.Dirent.NAMELEN);
      String name =
          new String(answer.body(), at + Wire.Dirent.BYTES, length, StandardCharsets.UTF_8);
      found.add(
          new Dirent(
              name,
              buffer.getLong(at + Wire.Dirent.INO),
              buffer.getLong(at + Wire.Dirent.OFF),
              buffer.getInt(at + Wire.Dirent.TYPE),
              id));
      at += Wire.Dirent.BYTES + length + 7 & ~7;
    }
    return found;
  }

  /// All entries, with small requests.
  public List<Dirent> list(long node, boolean plus) throws FsException {
    long handle = opendir(node);
    List<Dirent> all = new ArrayList<>();
    long offset = 0;
    while (true) {
      List<Dirent> some = readdir(node, handle, offset, 512, plus);
      if (some.isEmpty()) {
        break;
      }
      all.addAll(some);
      offset = some.getLast().offset();
    }
    releasedir(node, handle);
    return all;
  }

  public Attr truncate(long node, long size) throws FsException {
    byte[] arguments =
        new Args().u32(1 << 3).u32(0).u64(0).u64(size).zeros(64).bytes();
    return attr(good(Opcode.SETATTR, node, arguments), Wire.AttrOut.BYTES);
  }

  public Attr chmod(long node, int mode) throws FsException {
    byte[] arguments = new Args().u32(1).zeros(64).u32(mode).zeros(16).bytes();
    return attr(good(Opcode.SETATTR, node, arguments), Wire.AttrOut.BYTES);
  }

  public Attr chown(long node, int uid, int gid) throws FsException {
    byte[] arguments =
        new Args().u32(6).zeros(68).u32(0).u32(uid).u32(gid).zeros(4).bytes();
    return attr(good(Opcode.SETATTR, node, arguments), Wire.AttrOut.BYTES);
  }

  public void setxattr(long node, String name, byte[] value, int flags) throws FsException {
    byte[] arguments =
        new Args().u32(value.length).u32(flags).zeros(8).text(name).raw(value).bytes();
    good(Opcode.SETXATTR, node, arguments);
  }

  public byte[] getxattr(long node, String name, int room) throws FsException {
    return good(Opcode.GETXATTR, node, new Args().u32(room).u32(0).text(name).bytes()).body();
  }

  public byte[] listxattr(long node, int room) throws FsException {
    return good(Opcode.LISTXATTR, node, new Args().u32(room).u32(0).bytes()).body();
  }

  public void removexattr(long node, String name) throws FsException {
    good(Opcode.REMOVEXATTR, node, name(name));
  }

  public void fallocate(long node, long handle, int mode, long pos, long length)
      throws FsException {
    good(
        Opcode.FALLOCATE,
        node,
        new Args().u64(handle).u64(pos).u64(length).u32(mode).u32(0).bytes());
  }

  public long lseek(long node, long handle, long pos, int whence) throws FsException {
    return good(Opcode.LSEEK, node, new Args().u64(handle).u64(pos).u32(whence).u32(0).bytes())
        .longAt(0);
  }

  public int copy(long node, long handle, long pos, long to, long toHandle, long toPos, long n)
      throws FsException {
    byte[] arguments =
        new Args().u64(handle).u64(pos).u64(to).u64(toHandle).u64(toPos).u64(n).u64(0).bytes();
    return good(Opcode.COPY_FILE_RANGE, node, arguments).intAt(0);
  }

  private static byte[] lock(
      long handle, long owner, int type, long first, long last, boolean flock) {
    return new Args()
        .u64(handle).u64(owner).u64(first).u64(last).u32(type).u32((int) owner)
        .u32(flock ? 1 : 0).u32(0)
        .bytes();
  }

  /// Takes a lock, or lets one go, without waiting: 0 shared, 1 exclusive, 2 none.
  public void setlk(
      long node, long handle, long owner, int type, long first, long last, boolean flock)
      throws FsException {
    good(Opcode.SETLK, node, lock(handle, owner, type, first, last, flock));
  }

  /// Takes a lock; the answer comes when it is there.
  public BlockingQueue<Answer> setlkw(
      long node, long handle, long owner, int type, long first, long last, boolean flock) {
    return kernel.ask(Opcode.SETLKW, node, lock(handle, owner, type, first, last, flock));
  }

  /// Who is in the way: the process, or 0 for nobody.
  public int getlk(long node, long handle, long owner, int type, long first, long last)
      throws FsException {
    Answer answer = good(Opcode.GETLK, node, lock(handle, owner, type, first, last, false));
    return answer.intAt(Wire.LkOut.TYPE) == 2 ? 0 : answer.intAt(Wire.LkOut.PID);
  }

  /// One close of a descriptor by an owner of locks.
  public void flush(long node, long handle, long owner) throws FsException {
    good(Opcode.FLUSH, node, new Args().u64(handle).u64(0).u64(owner).bytes());
  }

  /// The last close, with which a lock on the whole file goes.
  public void releaseFlock(long node, long handle, long owner) throws FsException {
    good(Opcode.RELEASE, node, new Args().u64(handle).u32(0).u32(2).u64(owner).bytes());
  }

  public long[] statfs() throws FsException {
    Answer answer = good(Opcode.STATFS, 1, new byte[0]);
    return new long[] {
      answer.longAt(Wire.StatfsOut.BLOCKS),
      answer.longAt(Wire.StatfsOut.BFREE),
      answer.intAt(Wire.StatfsOut.BSIZE),
      answer.intAt(Wire.StatfsOut.NAMELEN)
    };
  }
}
