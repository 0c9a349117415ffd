package org.pagewright.vfs;

import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.AddressSpaceOperations;
import org.pagewright.cache.Folio;
import org.pagewright.cache.WriteOp;
import org.pagewright.cache.WritebackControl;
import org.pagewright.errno.FsException;

/// A file system whose files have no content and whose directories have no entries: what is left of
/// one where a test is about inodes alone. The root has number 1.
abstract class InodesOnly implements SuperBlockOperations, AddressSpaceOperations {
  @Override
  public final String name() {
    return "inodes";
  }

  @Override
  public final long rootIno() {
    return 1;
  }

  /// What can be done with its inodes: nothing.
  InodeOperations inodeOperations() {
    return new InodeOperations() {};
  }

  /// An inode with one name: a directory if it is the root, else a file.
  final Inode make(SuperBlock superBlock, long ino) {
    Inode inode = new Inode(superBlock, ino, inodeOperations(), this) {};
    FileType type = ino == rootIno() ? FileType.DIRECTORY : FileType.REGULAR;
    inode.setMode(type.modeBits() | 0755);
    inode.setNlink(1);
    return inode;
  }

  @Override
  public final Inode readInode(SuperBlock superBlock, long ino) {
    return make(superBlock, ino);
  }

  @Override
  public void evictInode(Inode inode) throws FsException {}

  @Override
  public void syncFs(boolean wait) {}

  @Override
  public StatFs statfs() {
    throw new AssertionError();
  }

  @Override
  public void close() {}

  @Override
  public long fileSizeMax() {
    return Long.MAX_VALUE;
  }

  @Override
  public int blockSize() {
    return 4096;
  }

  @Override
  public FillResult readFolio(AddressSpace mapping, Folio folio) {
    throw new AssertionError();
  }

  @Override
  public Folio writeBegin(AddressSpace mapping, long pos, int length, WriteOp op) {
    throw new AssertionError();
  }

  @Override
  public int writeEnd(
      AddressSpace mapping, long pos, int length, int copied, Folio folio, WriteOp op) {
    throw new AssertionError();
  }

  @Override
  public void writepages(AddressSpace mapping, WritebackControl control) {
    throw new AssertionError();
  }
}
