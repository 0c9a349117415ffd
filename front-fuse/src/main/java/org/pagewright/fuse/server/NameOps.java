package org.pagewright.fuse.server;

import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.protocol.Reply;
import org.pagewright.fuse.protocol.Request;
import org.pagewright.fuse.protocol.Wire;
import org.pagewright.vfs.FileMode;
import org.pagewright.vfs.FileType;
import org.pagewright.vfs.Inode;
import org.pagewright.vfs.Name;

/// Requests about names: finding, making, removing, moving.
final class NameOps {
  private final Services s;

  NameOps(Services services) {
    this.s = services;
  }

  void lookup(Context c) throws FsException {
    Name name = c.request.nameAt(0);
    if (name.equals(Name.DOT)) {
      lookupSelf(c);
      return;
    }
    Inode dir = s.inode(c);
    try {
      Inode found = s.namespace.lookup(dir, name, c.who());
      if (found == null) {
        s.putAbsent(c.reply);
      } else {
        s.putEntry(c, found);
      }
    } finally {
      s.put(dir);
    }
  }

  /// The kernel has a number from a file handle and wants the node again, known to it or not.
  private void lookupSelf(Context c) throws FsException {
    long id = c.request.nodeId();
    Inode inode;
    try {
      inode = s.nodes.get(id);
    } catch (FsException e) {
      if (e.errno() != Errno.ESTALE) {
        throw e;
      }
      inode = s.superBlock.igetUntrusted(s.nodes.idOf(id));
    }
    s.putEntry(c, inode);
  }

  void forget(Context c) throws FsException {
    s.nodes.forget(c.request.nodeId(), c.request.longAt(Wire.ForgetIn.NLOOKUP));
  }

  void forgetMany(Context c) throws FsException {
    Request r = c.request;
    long count = Integer.toUnsignedLong(r.intAt(Wire.BatchForgetIn.COUNT));
    int at = Wire.BatchForgetIn.BYTES;
    for (long i = 0; i < count && at + Wire.ForgetOne.BYTES <= r.argumentsLength(); i++) {
      s.nodes.forget(
          r.longAt(at + Wire.ForgetOne.NODEID), r.longAt(at + Wire.ForgetOne.NLOOKUP));
      at += Wire.ForgetOne.BYTES;
    }
  }

  void readlink(Context c) throws FsException {
    Inode link = s.inode(c);
    try {
      byte[] target = s.namespace.readlink(link);
      if (target.length > c.reply.bodyMax()) {
        throw new FsException(Errno.ENAMETOOLONG, link.toString());
      }
      c.reply.addBytes(target);
    } finally {
      s.put(link);
    }
  }

  void symlink(Context c) throws FsException {
    Name name = c.request.nameAt(0);
    byte[] target = c.request.textAt(name.length() + 1);
    make(c, name, FileType.SYMLINK.modeBits() | 0777, 0, target, 0);
  }

  void mknod(Context c) throws FsException {
    Request r = c.request;
    int mode = r.intAt(Wire.MknodIn.MODE);
    if (FileMode.isDirectory(mode) || FileMode.isSymlink(mode)) {
      throw new FsException(Errno.EINVAL, "mknod of mode 0" + Integer.toOctalString(mode));
    }
    if ((mode & FileMode.TYPE_MASK) == 0) {
      mode |= FileType.REGULAR.modeBits();
    }
    Name name = r.nameAt(Wire.MknodIn.BYTES);
    long rdev = Integer.toUnsignedLong(r.intAt(Wire.MknodIn.RDEV));
    FileType type = FileType.ofMode(mode);
    boolean device = type == FileType.CHARACTER_DEVICE || type == FileType.BLOCK_DEVICE;
    make(c, name, mode, device ? rdev : 0, null, r.intAt(Wire.MknodIn.UMASK));
  }

  void mkdir(Context c) throws FsException {
    Request r = c.request;
    int mode = FileType.DIRECTORY.modeBits() | r.intAt(Wire.MkdirIn.MODE) & 07777;
    make(c, r.nameAt(Wire.MkdirIn.BYTES), mode, 0, null, r.intAt(Wire.MkdirIn.UMASK));
  }

  private void make(
      Context c, Name name, int mode, long rdev, byte @Nullable [] target, int umask)
      throws FsException {
    Inode dir = s.inode(c);
    try {
      Inode made = s.namespace.create(dir, name, mode, rdev, target, c.who(), umask & 0777);
      s.putEntry(c, made);
      durable(c, dir);
    } finally {
      s.put(dir);
    }
  }

  /// With the option `sync`: the change of a directory, before it is answered.
  private void durable(Context c, Inode dir) throws FsException {
    c.changed = true;
    if (s.options.sync()) {
      dir.operations().fsync(dir, 0, Long.MAX_VALUE, false);
    }
  }

  void link(Context c) throws FsException {
    Request r = c.request;
    Name name = r.nameAt(Wire.LinkIn.BYTES);
    Inode inode = s.nodes.get(r.longAt(Wire.LinkIn.OLDNODEID));
    boolean given = false;
    try {
      Inode dir = s.inode(c);
      try {
        s.namespace.link(inode, dir, name, c.who());
        given = true;
        s.putEntry(c, inode);
        durable(c, dir);
      } finally {
        s.put(dir);
      }
    } finally {
      if (!given) {
        s.put(inode);
      }
    }
  }

  void unlink(Context c) throws FsException {
    Name name = c.request.nameAt(0);
    Inode dir = s.inode(c);
    try {
      s.namespace.unlink(dir, name, false, c.who());
      durable(c, dir);
    } finally {
      s.put(dir);
    }
  }

  void rmdir(Context c) throws FsException {
    Name name = c.request.nameAt(0);
    Inode dir = s.inode(c);
    try {
      s.namespace.rmdir(dir, name, c.who());
      durable(c, dir);
    } finally {
      s.put(dir);
    }
  }

  void rename(Context c) throws FsException {
    rename(c, Wire.RenameIn.BYTES, c.request.longAt(Wire.RenameIn.NEWDIR), 0);
  }

  void rename2(Context c) throws FsException {
    Request r = c.request;
    rename(
        c, Wire.Rename2In.BYTES, r.longAt(Wire.Rename2In.NEWDIR), r.intAt(Wire.Rename2In.FLAGS));
  }

  private void rename(Context c, int at, long newDirId, int flags) throws FsException {
    Name oldName = c.request.nameAt(at);
    Name newName = c.request.nameAt(at + oldName.length() + 1);
    Inode oldDir = s.inode(c);
    try {
      Inode newDir = s.nodes.get(newDirId);
      try {
        s.namespace.rename(oldDir, oldName, newDir, newName, flags, false, c.who());
        durable(c, newDir);
        if (oldDir != newDir) {
          durable(c, oldDir);
        }
      } finally {
        s.put(newDir);
      }
    } finally {
      s.put(oldDir);
    }
  }

  /// Makes a file and gives its inode back, or finds the one that another door just made.
  ///
  /// @return with a reference; and whether it is new
  Made create(Context c) throws FsException {
    Request r = c.request;
    Name name = r.nameAt(Wire.CreateIn.BYTES);
    int mode = FileType.REGULAR.modeBits() | r.intAt(Wire.CreateIn.MODE) & 07777;
    int umask = r.intAt(Wire.CreateIn.UMASK) & 0777;
    boolean exclusive = (r.intAt(Wire.CreateIn.FLAGS) & 0200) != 0;
    Inode dir = s.inode(c);
    try {
      try {
        return durable(c, dir, s.namespace.create(dir, name, mode, 0, null, c.who(), umask));
      } catch (FsException e) {
        if (e.errno() != Errno.EEXIST || exclusive) {
          throw e;
        }
        Inode found = s.namespace.lookup(dir, name, c.who());
        if (found == null) {
          throw e; // and gone again: the caller may try again
        }
        return new Made(found, false);
      }
    } finally {
      s.put(dir);
    }
  }

  /// Makes the name of a new file durable, or gives the file back.
  private Made durable(Context c, Inode dir, Inode made) throws FsException {
    boolean done = false;
    try {
      durable(c, dir);
      done = true;
      return new Made(made, true);
    } finally {
      if (!done) {
        s.put(made);
      }
    }
  }

  /// What [#create] found.
  ///
  /// @param inode with a reference
  /// @param fresh whether this request made it
  record Made(Inode inode, boolean fresh) {}

  /// Makes a file without a name.
  Inode tmpfile(Context c) throws FsException {
    Request r = c.request;
    int umask = r.intAt(Wire.CreateIn.UMASK) & 0777;
    boolean linkable = (r.intAt(Wire.CreateIn.FLAGS) & 0200) == 0;
    Inode dir = s.inode(c);
    try {
      return s.namespace.tmpfile(
          dir, r.intAt(Wire.CreateIn.MODE) & 07777, linkable, c.who(), umask);
    } finally {
      s.put(dir);
    }
  }

  /// Room of an answer that a request for names or values has.
  static int room(Reply reply, int asked) {
    return asked < 0 ? reply.bodyMax() : Math.min(asked, reply.bodyMax());
  }
}
