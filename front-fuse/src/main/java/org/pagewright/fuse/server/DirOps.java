package org.pagewright.fuse.server;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.protocol.Reply;
import org.pagewright.fuse.protocol.Request;
import org.pagewright.fuse.protocol.Wire;
import org.pagewright.vfs.DirEntry;
import org.pagewright.vfs.DirSink;
import org.pagewright.vfs.FileType;
import org.pagewright.vfs.Inode;
import org.pagewright.vfs.Name;
import org.pagewright.vfs.OpenFile;

/// Requests about directories: opening, reading with and without attributes.
///
/// Places in a directory are the file system's cookies plus 2: 1 is after `.`, 2 after `..`, and
/// cookies stay good when entries come and go.
final class DirOps {
  private static final int DOTS = 2;

  private final Services s;

  DirOps(Services services) {
    this.s = services;
  }

  /// Adds an entry to an answer, if it fits.
  private static boolean put(Reply reply, int room, Name name, long ino, int type, long next) {
    int size = Wire.Dirent.BYTES + name.length();
    if (reply.bodyLength() + aligned(size) > room) {
      return false;
    }
    int at = reply.add(Wire.Dirent.BYTES);
    reply.putLong(at + Wire.Dirent.INO, ino);
    reply.putLong(at + Wire.Dirent.OFF, next);
    reply.putInt(at + Wire.Dirent.NAMELEN, name.length());
    reply.putInt(at + Wire.Dirent.TYPE, type);
    reply.addName(name);
    reply.align();
    return true;
  }

  /// The place after an entry, in a directory whose first two are not the file system's.
  ///
  /// @param next the file system's cookie
  /// @throws FsException EOVERFLOW for one that leaves no room for those two
  static long placeAfter(long next) throws FsException {
    if (next < 0 || next > Long.MAX_VALUE - DOTS) {
      throw new FsException(Errno.EOVERFLOW, "place " + next + " in a directory");
    }
    return next + DOTS;
  }

  private static int aligned(int size) {
    return (size + 7) & ~7;
  }

  void readdir(Context c) throws FsException {
    Request r = c.request;
    OpenFile dir = s.handles.get(r.longAt(Wire.ReadIn.FH)).file;
    int room = NameOps.room(c.reply, r.intAt(Wire.ReadIn.SIZE));
    Walk walk = new Walk(dir, r.longAt(Wire.ReadIn.OFFSET));
    walk.run((name, ino, type, next) -> put(c.reply, room, name, ino, type.directoryCode(), next));
  }

  void readdirplus(Context c) throws FsException {
    Request r = c.request;
    OpenFile dir = s.handles.get(r.longAt(Wire.ReadIn.FH)).file;
    int room = NameOps.room(c.reply, r.intAt(Wire.ReadIn.SIZE));
    Walk walk = new Walk(dir, r.longAt(Wire.ReadIn.OFFSET));
    // First the names, with the directory's lock held; then, without it, what they lead to.
    List<DirEntry> entries = new ArrayList<>();
    int[] size = new int[1];
    walk.run(
        (name, ino, type, next) -> {
          int more =
              Wire.EntryOut.BYTES + Wire.Attr.BYTES
                  + aligned(Wire.Dirent.BYTES + name.length());
          if (size[0] + more > room) {
            return false;
          }
          size[0] += more;
          entries.add(new DirEntry(name, ino, type, next));
          return true;
        });
    for (DirEntry entry : entries) {
      putPlus(c, dir.inode(), entry, room);
    }
  }

  /// An entry with what it leads to; if that cannot be had, the kernel asks by name later.
  private void putPlus(Context c, Inode dir, DirEntry entry, int room) {
    Inode found = null;
    if (!entry.name().isDots()) {
      try {
        found = s.namespace.lookup(dir, entry.name(), c.who());
      } catch (FsException e) {
        found = null; // told when somebody asks for that name
      }
    }
    if (found != null) {
      s.putEntry(c, found);
    } else {
      c.reply.add(Wire.EntryOut.BYTES + Wire.Attr.BYTES);
    }
    boolean fits =
        put(
            c.reply,
            room,
            entry.name(),
            entry.ino(),
            entry.type().directoryCode(),
            entry.nextCookie());
    assert fits : entry;
  }

  /// One reading of a directory from a place on.
  private final class Walk {
    private final OpenFile dir;
    private final long from;

    Walk(OpenFile dir, long from) throws FsException {
      if (from < 0) {
        throw new FsException(Errno.EINVAL, dir + ": place " + from);
      }
      this.dir = dir;
      this.from = from;
    }

    void run(DirSink sink) throws FsException {
      Inode inode = dir.inode();
      if (from < 1 && !sink.entry(Name.DOT, inode.ino(), FileType.DIRECTORY, 1)) {
        return;
      }
      if (from < DOTS && !sink.entry(Name.DOT_DOT, parentIno(inode), FileType.DIRECTORY, DOTS)) {
        return;
      }
      FsException[] wrong = new FsException[1];
      dir.readDir(
          Math.max(from - DOTS, 0),
          (name, ino, type, next) -> {
            try {
              return sink.entry(name, ino, type, placeAfter(next));
            } catch (FsException e) {
              wrong[0] = e;
              return false;
            }
          });
      if (wrong[0] != null) {
        throw wrong[0];
      }
    }

    private long parentIno(Inode inode) {
      Inode parent = null;
      try {
        parent = parentOf(inode);
        return parent == null ? inode.ino() : parent.ino();
      } catch (FsException e) {
        return inode.ino(); // removed, or damaged above: reading the rest says more
      } finally {
        if (parent != null) {
          s.put(parent);
        }
      }
    }

    private @Nullable Inode parentOf(Inode inode) throws FsException {
      return s.namespace.lookup(
          inode, Name.DOT_DOT, org.pagewright.vfs.Credentials.ROOT);
    }
  }
}
