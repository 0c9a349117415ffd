package org.pagewright.fs.ext4;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.AttributeChange;
import org.pagewright.vfs.DirSink;
import org.pagewright.vfs.Inode;
import org.pagewright.vfs.InodeOperations;
import org.pagewright.vfs.Name;
import org.pagewright.vfs.NewNode;
import org.pagewright.vfs.XattrMode;

/// Stands between the VFS and the operations on inodes, and tells the volume of each exception that
/// leaves it: so no place that finds damage must think of what becomes of the volume.
final class WatchedInodeOperations implements InodeOperations {
  private final Ext4FileSystem fs;
  private final InodeOperations operations;

  WatchedInodeOperations(Ext4FileSystem fs, InodeOperations operations) {
    this.fs = fs;
    this.operations = operations;
  }

  @Override
  public long lookup(Inode dir, Name name) throws FsException {
    try {
      return operations.lookup(dir, name);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public long parent(Inode dir) throws FsException {
    try {
      return operations.parent(dir);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public Inode create(Inode dir, Name name, NewNode node) throws FsException {
    try {
      return operations.create(dir, name, node);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public Inode tmpfile(Inode dir, NewNode node) throws FsException {
    try {
      return operations.tmpfile(dir, node);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public void link(Inode dir, Name name, Inode inode) throws FsException {
    try {
      operations.link(dir, name, inode);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public void unlink(Inode dir, Name name, Inode inode) throws FsException {
    try {
      operations.unlink(dir, name, inode);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public void rmdir(Inode dir, Name name, Inode inode) throws FsException {
    try {
      operations.rmdir(dir, name, inode);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public void rename(
      Inode oldDir,
      Name oldName,
      Inode source,
      Inode newDir,
      Name newName,
      @Nullable Inode target,
      boolean exchange)
      throws FsException {
    try {
      operations.rename(oldDir, oldName, source, newDir, newName, target, exchange);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public Inode renameLeaving(
      Inode oldDir,
      Name oldName,
      Inode source,
      Inode newDir,
      Name newName,
      @Nullable Inode target,
      NewNode left)
      throws FsException {
    try {
      return operations.renameLeaving(
          oldDir, oldName, source, newDir, newName, target, left);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public byte[] readlink(Inode link) throws FsException {
    try {
      return operations.readlink(link);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public void readDir(Inode dir, long cookie, DirSink sink) throws FsException {
    try {
      operations.readDir(dir, cookie, sink);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public void setAttributes(Inode inode, AttributeChange change) throws FsException {
    try {
      operations.setAttributes(inode, change);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public void setSize(Inode inode, long size) throws FsException {
    try {
      operations.setSize(inode, size);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public void setFlags(Inode inode, int flags) throws FsException {
    try {
      operations.setFlags(inode, flags);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public byte @Nullable [] getXattr(Inode inode, Name name) throws FsException {
    try {
      return operations.getXattr(inode, name);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public void setXattr(Inode inode, Name name, byte @Nullable [] value, XattrMode mode)
      throws FsException {
    try {
      operations.setXattr(inode, name, value, mode);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public boolean keepsAcls() {
    return operations.keepsAcls();
  }

  @Override
  public void setAcl(Inode inode, Name which, byte @Nullable [] value, AttributeChange change)
      throws FsException {
    try {
      operations.setAcl(inode, which, value, change);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public List<Name> listXattrs(Inode inode) throws FsException {
    try {
      return operations.listXattrs(inode);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public void fallocate(Inode inode, int mode, long pos, long length) throws FsException {
    try {
      operations.fallocate(inode, mode, pos, length);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public void fsync(Inode inode, long from, long to, boolean datasync) throws FsException {
    try {
      operations.fsync(inode, from, to, datasync);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public long seekData(Inode inode, long pos) throws FsException {
    try {
      return operations.seekData(inode, pos);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public long seekHole(Inode inode, long pos) throws FsException {
    try {
      return operations.seekHole(inode, pos);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public void opened(Inode inode, int flags) throws FsException {
    try {
      operations.opened(inode, flags);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public void released(Inode inode, int flags) {
    operations.released(inode, flags);
  }
}
