package org.pagewright.fs.ext4;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.alloc.BlockAllocator;
import org.pagewright.fs.ext4.alloc.InodeAllocator;
import org.pagewright.fs.ext4.alloc.NewInode;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.buffer.BufferType;
import org.pagewright.fs.ext4.dir.Directory;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.InodeCodec;
import org.pagewright.fs.ext4.journal.Handle;
import org.pagewright.fs.ext4.xattr.Xattrs;
import org.pagewright.iomap.SeekHoleData;
import org.pagewright.vfs.AttributeChange;
import org.pagewright.vfs.Attributes;
import org.pagewright.vfs.DirSink;
import org.pagewright.vfs.FileType;
import org.pagewright.vfs.Inode;
import org.pagewright.vfs.InodeOperations;
import org.pagewright.vfs.Name;
import org.pagewright.vfs.NewNode;
import org.pagewright.vfs.XattrMode;
import org.pagewright.writeback.Writeback;

/// Names and attributes of ext4's inodes; see [Ext4Space] for their space. Compare Linux's
/// fs/ext4/namei.c.
///
/// Each change runs under one [Handle], started before any lock below JOURNAL_HANDLE; what it may
/// touch is counted first. The order within an operation is such that a failure for want of space
/// comes before the first name changes.
final class Ext4InodeOperations implements InodeOperations {
  private static final int LINKS_MAX = 65000;
  static final int INODE_CREDITS = 1;
  private static final int REMOVE_CREDITS =
      Directory.CHANGE_CREDITS + 2 * INODE_CREDITS + Orphans.CREDITS;

  private final Ext4FileSystem fs;
  private final Ext4Space space;

  Ext4InodeOperations(Ext4FileSystem fs) {
    this.fs = fs;
    this.space = new Ext4Space(fs);
  }

  private static Ext4Inode ext4(Inode inode) {
    return (Ext4Inode) inode;
  }

  private int addCredits(Ext4Inode dir) {
    return Directory.ADD_CREDITS
        + Directory.ADD_BLOCKS * (dir.mapper().allocateCredits() + 1)
        + INODE_CREDITS;
  }

  // ---- Look -------------------------------------------------------------------------------------

  @Override
  public long lookup(Inode dir, Name name) throws FsException {
    if (name.length() > fs.nameLengthMax()) {
      throw new FsException(Errno.ENAMETOOLONG, dir + ": " + name);
    }
    long ino = ext4(dir).directory().find(name.toBytes());
    if (ino != NO_INODE && !fs.isUserInode(ino)) {
      throw new CorruptedException(
          fs.name(), -1, "entry `" + name + "` of directory inode " + dir.ino()
              + " names reserved inode " + ino);
    }
    return ino;
  }

  @Override
  public long parent(Inode dir) throws FsException {
    return ext4(dir).directory().parent();
  }

  @Override
  public void readDir(Inode dir, long cookie, DirSink sink) throws FsException {
    Ext4Inode inode = ext4(dir);
    CorruptedException[] wrong = new CorruptedException[1];
    inode
        .directory()
        .forEach(
            cookie,
            (entry, next) -> {
              byte[] name = entry.name();
              if (!Name.isValid(name, 0, name.length)) {
                wrong[0] =
                    new CorruptedException(
                        fs.name(), -1,
                        "directory inode " + dir.ino() + " has a name with a slash or NUL");
                return false;
              }
              try {
                return sink.entry(Name.of(name), entry.inode(), typeOf(entry.type()), next);
              } catch (FsException e) {
                throw new AssertionError("name was checked", e);
              }
            });
    if (wrong[0] != null) {
      throw wrong[0];
    }
  }

  // Directory type codes of ext4, in order.
  private static final FileType[] TYPES = {
    FileType.UNKNOWN, FileType.REGULAR, FileType.DIRECTORY, FileType.CHARACTER_DEVICE,
    FileType.BLOCK_DEVICE, FileType.FIFO, FileType.SOCKET, FileType.SYMLINK
  };

  private static FileType typeOf(int code) {
    return code < TYPES.length ? TYPES[code] : FileType.UNKNOWN;
  }

  private static int codeOf(Inode inode) {
    for (int code = 0; code < TYPES.length; code++) {
      if (TYPES[code] == inode.type()) {
        return code;
      }
    }
    return 0;
  }

  @Override
  public byte[] readlink(Inode link) throws FsException {
    return ext4(link).target();
  }

  // ---- Make -------------------------------------------------------------------------------------

  @Override
  public Inode create(Inode dir, Name name, NewNode node) throws FsException {
    checkName(dir, name);
    Ext4Inode parent = ext4(dir);
    boolean directory = node.type() == FileType.DIRECTORY;
    if (directory && parent.nlink() >= LINKS_MAX && !hasManyLinks()) {
      throw new FsException(Errno.EMLINK, dir + ": subdirectories");
    }
    checkTarget(node);
    int credits =
        InodeAllocator.ALLOCATE_CREDITS
            + 2 * INODE_CREDITS
            + addCredits(parent)
            + parent.mapper().allocateCredits() + 2
            + aclCredits(node)
            + undoCredits(parent);
    try (Handle handle = fs.start(credits)) {
      NewInode number =
          fs.inodes()
              .allocate(
                  handle,
                  dir.ino(),
                  directory,
                  (parent.flags() & InodeCodec.FLAG_TOPDIR) != 0);
      checkNew(dir, number);
      return createClaimed(handle, dir, name, node, number);
    }
  }

  private Inode createClaimed(
      Handle handle, Inode dir, Name name, NewNode node, NewInode number) throws FsException {
    boolean made = false;
    try {
      Ext4Inode parent = ext4(dir);
      boolean directory = node.type() == FileType.DIRECTORY;
      Ext4Inode inode = new Ext4Inode(fs, dir.superBlock(), number.ino());
      boolean named = false;
      try {
        inode.initialize(handle, number, node, parent);
        if (directory) {
          inode.directory().initialize(handle, dir.ino());
        } else if (node.target() != null && inode.hasMapper()) {
          writeTarget(handle, inode, node.target());
        }
        writeAcls(handle, inode, node);
        parent.directory().add(handle, name.toBytes(), number.ino(), codeOf(inode));
        named = true;
      } finally {
        if (!named) {
          undoCreate(handle, inode, directory);
        }
      }
      inode.write(handle);
      if (directory) {
        addLink(parent);
      }
      parent.touchModified();
      parent.touchChanged();
      parent.write(handle);
      dir.superBlock().insertNew(inode);
      made = true;
      return inode;
    } finally {
      if (!made) {
        dir.superBlock().unclaim(number.ino());
      }
    }
  }

  /// The lists that a new inode begins with lie in it or in a block of their own, and may have to
  /// be taken back.
  private static int aclCredits(NewNode node) {
    return node.accessAcl() == null && node.defaultAcl() == null
        ? 0
        : 2 * Xattrs.CHANGE_CREDITS + 4 * BlockAllocator.CREDITS_PER_GROUP;
  }

  private void writeAcls(Handle handle, Ext4Inode inode, NewNode node) throws FsException {
    if (node.accessAcl() != null) {
      byte[] name = Attributes.ACL_ACCESS.toBytes();
      fs.xattrs().set(handle, inode, name, node.accessAcl(), true, false);
    }
    if (node.defaultAcl() != null) {
      byte[] name = Attributes.ACL_DEFAULT.toBytes();
      fs.xattrs().set(handle, inode, name, node.defaultAcl(), true, false);
    }
  }

  /// What [#undoCreate] may need: it must not restart the handle, because what it undoes would be
  /// committed half made.
  private static int undoCredits(Ext4Inode parent) {
    return parent.mapper().stepCredits() + INODE_CREDITS + InodeAllocator.FREE_CREDITS;
  }

  /// Claims the number, so that nobody finds what is half made of it. A bitmap that lies could give
  /// out the number of an inode that somebody uses. It stays taken.
  private void checkNew(Inode dir, NewInode number) throws CorruptedException {
    if (!dir.superBlock().claim(number.ino())) {
      int group = fs.geometry().groupOfInode(number.ino());
      throw new CorruptedException(
          fs.name(),
          fs.groups().inodeBitmap(group),
          "inode bitmap of group " + group + ": inode " + number.ino()
              + " was free there, and is in use");
    }
  }

  private boolean hasManyLinks() {
    return fs.geometry().features().has(Feature.DIR_NLINK);
  }

  private void checkName(Inode dir, Name name) throws FsException {
    if (name.length() > fs.nameLengthMax()) {
      throw new FsException(Errno.ENAMETOOLONG, dir + ": " + name);
    }
  }

  private void checkTarget(NewNode node) throws FsException {
    byte @Nullable [] target = node.target();
    if (target != null && target.length >= fs.geometry().blockSize()) {
      throw new FsException(
          Errno.ENAMETOOLONG, fs.name() + ": symbolic link of " + target.length + " bytes, at most "
              + (fs.geometry().blockSize() - 1));
    }
  }

  private void writeTarget(Handle handle, Ext4Inode inode, byte[] target) throws FsException {
    try (Buffer buffer = inode.append(handle, BufferType.PLAIN)) {
      buffer.lock();
      buffer.segment().asSlice(0, target.length)
          .copyFrom(java.lang.foreign.MemorySegment.ofArray(target));
      buffer.unlock();
      handle.dirtyMetadata(buffer);
    }
    inode.mapping().setSize(target.length);
  }

  /// Takes an inode back that could not be given a name.
  private void undoCreate(Handle handle, Ext4Inode inode, boolean directory) {
    try {
      fs.xattrs().drop(handle, inode);
      if (inode.hasMapper()) {
        inode.mapper().truncate(handle, 0);
      }
      handle.ensure(INODE_CREDITS + InodeAllocator.FREE_CREDITS);
      inode.setNlink(0);
      inode.setDeletionTime(inode.superBlock().now().getEpochSecond());
      try {
        inode.write(handle);
      } catch (FsException e) {
        // Its place cannot be read, so nothing was written there either.
        fs.trouble(inode + ": mark as deleted after failed creation", e);
      }
      fs.inodes().free(handle, inode.ino(), directory);
    } catch (FsException e) {
      fs.trouble(inode + ": take back after failed creation", e);
    }
  }

  @Override
  public Inode tmpfile(Inode dir, NewNode node) throws FsException {
    int credits =
        InodeAllocator.ALLOCATE_CREDITS
            + 2 * INODE_CREDITS
            + Orphans.CREDITS
            + aclCredits(node)
            + undoCredits(ext4(dir));
    try (Handle handle = fs.start(credits)) {
      Ext4Inode inode = makeNameless(handle, dir, node, true);
      dir.superBlock().insertNew(inode);
      return inode;
    }
  }

  /// Reads the places of inodes and holds them in memory: what an operation writes after its first
  /// change must not have to be read any more, because then it could fail in its middle.
  private static Buffer[] pin(@Nullable Inode... inodes) throws FsException {
    Buffer[] pins = new Buffer[inodes.length];
    boolean all = false;
    try {
      for (int i = 0; i < inodes.length; i++) {
        Inode inode = inodes[i];
        if (inode != null) {
          pins[i] = ext4(inode).inodeBlock();
        }
      }
      all = true;
      return pins;
    } finally {
      if (!all) {
        unpin(pins);
      }
    }
  }

  private static void unpin(@Nullable Buffer[] pins) {
    for (Buffer pin : pins) {
      if (pin != null) {
        pin.put();
      }
    }
  }

  // ---- Links ------------------------------------------------------------------------------------

  /// Counts one more subdirectory: beyond the limit the count is 1, which means "many".
  private void addLink(Ext4Inode dir) {
    int links = dir.nlink();
    if (links != 1) {
      dir.setNlink(links + 1 >= LINKS_MAX && hasManyLinks() ? 1 : links + 1);
    }
  }

  private static void dropSubdirectory(Ext4Inode dir) {
    if (dir.nlink() > 2) {
      dir.setNlink(dir.nlink() - 1);
    }
  }

  private void dropLink(Handle handle, Ext4Inode inode) throws FsException {
    if (inode.nlink() > 0) {
      inode.setNlink(inode.nlink() - 1);
    }
    inode.touchChanged();
    if (inode.nlink() == 0) {
      fs.orphans().add(handle, inode, Orphans.NAMELESS);
    }
    inode.write(handle);
  }

  private static void touchBoth(Ext4Inode dir, Handle handle) throws FsException {
    dir.touchModified();
    dir.touchChanged();
    dir.write(handle);
  }

  @Override
  public void link(Inode dir, Name name, Inode inode) throws FsException {
    checkName(dir, name);
    if (inode.nlink() >= LINKS_MAX) {
      throw new FsException(Errno.EMLINK, inode + ": " + inode.nlink() + " links");
    }
    Ext4Inode parent = ext4(dir);
    Buffer[] pins = pin(dir, inode);
    try {
      try (Handle handle = fs.start(addCredits(parent) + 2 * INODE_CREDITS + Orphans.CREDITS)) {
        parent.directory().add(handle, name.toBytes(), inode.ino(), codeOf(inode));
        fs.orphans().remove(handle, ext4(inode), Orphans.NAMELESS);
        inode.setNlink(inode.nlink() + 1);
        inode.touchChanged();
        ext4(inode).write(handle);
        touchBoth(parent, handle);
      }
    } finally {
      unpin(pins);
    }
  }

  @Override
  public void unlink(Inode dir, Name name, Inode inode) throws FsException {
    Ext4Inode parent = ext4(dir);
    Buffer[] pins = pin(dir, inode);
    try {
      try (Handle handle = fs.start(REMOVE_CREDITS)) {
        parent.directory().remove(handle, name.toBytes());
        dropLink(handle, ext4(inode));
        touchBoth(parent, handle);
      }
    } finally {
      unpin(pins);
    }
  }

  @Override
  public void rmdir(Inode dir, Name name, Inode inode) throws FsException {
    checkEmpty(ext4(inode));
    Ext4Inode parent = ext4(dir);
    Buffer[] pins = pin(dir, inode);
    try {
      try (Handle handle = fs.start(REMOVE_CREDITS)) {
        parent.directory().remove(handle, name.toBytes());
        removeDirectory(handle, ext4(inode));
        dropSubdirectory(parent);
        touchBoth(parent, handle);
      }
    } finally {
      unpin(pins);
    }
  }

  private static void checkEmpty(Ext4Inode dir) throws FsException {
    if (!dir.directory().isEmpty()) {
      throw new FsException(Errno.ENOTEMPTY, dir.toString());
    }
  }

  private void removeDirectory(Handle handle, Ext4Inode dir) throws FsException {
    dir.setNlink(0);
    dir.touchChanged();
    fs.orphans().add(handle, dir, Orphans.NAMELESS);
    dir.write(handle);
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
    rename(oldDir, oldName, source, newDir, newName, target, exchange, null);
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
    Inode made = rename(oldDir, oldName, source, newDir, newName, target, false, left);
    assert made != null;
    return made;
  }

  /// Moves an entry, or swaps two, or leaves something in its place.
  ///
  /// @param left what to leave under the old name; null for nothing, or for the target
  /// @return what was left, with a reference
  private @Nullable Inode rename(
      Inode oldDir,
      Name oldName,
      Inode source,
      Inode newDir,
      Name newName,
      @Nullable Inode target,
      boolean exchange,
      @Nullable NewNode left)
      throws FsException {
    checkName(newDir, newName);
    Ext4Inode from = ext4(oldDir);
    Ext4Inode to = ext4(newDir);
    Ext4Inode moved = ext4(source);
    boolean comesUnder = from != to && source.isDirectory();
    boolean makesRoom = target != null && target.isDirectory();
    if (comesUnder && !makesRoom && to.nlink() >= LINKS_MAX && !hasManyLinks()) {
      throw new FsException(Errno.EMLINK, to + ": subdirectories");
    }
    boolean goesBack = exchange && from != to && makesRoom && !source.isDirectory();
    if (goesBack && from.nlink() >= LINKS_MAX && !hasManyLinks()) {
      throw new FsException(Errno.EMLINK, from + ": subdirectories");
    }
    if (target != null && target.isDirectory() && !exchange) {
      checkEmpty(ext4(target));
    }
    int credits =
        addCredits(to) + 4 * Directory.CHANGE_CREDITS + 4 * INODE_CREDITS + Orphans.CREDITS;
    if (left != null) {
      credits +=
          InodeAllocator.ALLOCATE_CREDITS + INODE_CREDITS + aclCredits(left) + undoCredits(from);
    }
    if (target != null && !exchange && source.isRegular() && fs.options().autoDaAlloc()) {
      // The old file goes only when the new one's content is on the device: a program that replaces
      // a file so has one of the two after a crash. An error is told to who has the file open.
      Writeback.syncRange(source.mapping(), 0, AddressSpace.MAX_SIZE - 1);
    }
    Buffer[] pins = pin(oldDir, newDir, source, target);
    try {
      // For the same reason the entries that change are read first.
      from.directory().find(oldName.toBytes());
      if (moved.isDirectory()) {
        moved.directory().parent();
      }
      if (target != null && target.isDirectory()) {
        ext4(target).directory().parent();
      }
      try (Handle handle = fs.start(credits)) {
        Ext4Inode whiteout = left == null ? null : makeNameless(handle, oldDir, left, false);
        enter(handle, moved, to, newName, target != null, from, oldName, whiteout);
        if (exchange) {
          assert target != null;
          from.directory().replace(handle, oldName.toBytes(), target.ino(), codeOf(target));
          hang(handle, ext4(target), to, from);
          target.touchChanged();
          ext4(target).write(handle);
        } else {
          if (whiteout == null) {
            from.directory().remove(handle, oldName.toBytes());
          }
          if (target != null && target.isDirectory()) {
            removeDirectory(handle, ext4(target));
            dropSubdirectory(to);
          } else if (target != null) {
            dropLink(handle, ext4(target));
          }
        }
        hang(handle, moved, from, to);
        moved.touchChanged();
        moved.write(handle);
        touchBoth(from, handle);
        if (from != to) {
          touchBoth(to, handle);
        }
        return whiteout;
      }
    } finally {
      unpin(pins);
    }
  }

  /// Makes an inode that the caller enters under a name, or takes back.
  ///
  /// @param orphan whether it stays without a name for now, and goes with a crash
  private Ext4Inode makeNameless(Handle handle, Inode dir, NewNode node, boolean orphan)
      throws FsException {
    NewInode number = fs.inodes().allocate(handle, dir.ino(), false, false);
    checkNew(dir, number);
    Ext4Inode inode = new Ext4Inode(fs, dir.superBlock(), number.ino());
    boolean made = false;
    try {
      inode.initialize(handle, number, node, ext4(dir));
      writeAcls(handle, inode, node);
      if (orphan) {
        inode.setNlink(0);
        fs.orphans().add(handle, inode, Orphans.NAMELESS);
      }
      inode.write(handle);
      made = true;
      return inode;
    } finally {
      if (!made) {
        undoCreate(handle, inode, false);
        dir.superBlock().unclaim(number.ino());
      }
    }
  }

  /// Enters what moves under its new name, and what is left under the old one, or takes that back.
  private void enter(
      Handle handle,
      Ext4Inode moved,
      Ext4Inode to,
      Name newName,
      boolean replaces,
      Ext4Inode from,
      Name oldName,
      @Nullable Ext4Inode whiteout)
      throws FsException {
    boolean entered = false;
    try {
      if (replaces) {
        to.directory().replace(handle, newName.toBytes(), moved.ino(), codeOf(moved));
      } else {
        to.directory().add(handle, newName.toBytes(), moved.ino(), codeOf(moved));
      }
      if (whiteout != null) {
        byte[] name = oldName.toBytes();
        from.directory().replace(handle, name, whiteout.ino(), codeOf(whiteout));
      }
      entered = true;
    } finally {
      if (whiteout != null && entered) {
        whiteout.superBlock().insertNew(whiteout); // also if damage is met from here on
      } else if (whiteout != null) {
        undoCreate(handle, whiteout, false);
        whiteout.superBlock().unclaim(whiteout.ino());
      }
    }
  }

  /// A directory has moved from one directory into another: `..` and link counts follow.
  private void hang(Handle handle, Ext4Inode moved, Ext4Inode from, Ext4Inode to)
      throws FsException {
    if (moved.isDirectory() && from != to) {
      moved.directory().setParent(handle, to.ino());
      dropSubdirectory(from);
      addLink(to);
    }
  }

  // ---- Attributes -------------------------------------------------------------------------------

  @Override
  public void setAttributes(Inode inode, AttributeChange change) throws FsException {
    try (Handle handle = fs.start(INODE_CREDITS)) {
      change.applyTo(inode);
      ext4(inode).write(handle, false);
    }
  }

  @Override
  public void setFlags(Inode inode, int flags) throws FsException {
    int wanted = UserFlags.changed(inode, flags);
    try (Handle handle = fs.start(INODE_CREDITS)) {
      inode.setFlags(wanted);
      inode.touchChanged();
      ext4(inode).write(handle);
    }
  }

  @Override
  public byte @Nullable [] getXattr(Inode inode, Name name) throws FsException {
    return fs.xattrs().get(ext4(inode), name.toBytes());
  }

  @Override
  public List<Name> listXattrs(Inode inode) throws FsException {
    List<Name> names = new ArrayList<>();
    for (byte[] name : fs.xattrs().list(ext4(inode))) {
      if (Name.isValid(name, 0, name.length)) {
        names.add(Name.of(name));
      }
    }
    return names;
  }

  @Override
  public void setXattr(Inode inode, Name name, byte @Nullable [] value, XattrMode mode)
      throws FsException {
    int credits =
        Xattrs.CHANGE_CREDITS + 2 * BlockAllocator.CREDITS_PER_GROUP + 2 * INODE_CREDITS;
    try (Handle handle = fs.start(credits)) {
      fs.xattrs()
          .set(
              handle, ext4(inode), name.toBytes(), value, mode == XattrMode.CREATE,
              mode == XattrMode.REPLACE);
      inode.touchChanged();
      ext4(inode).write(handle);
    }
  }

  @Override
  public boolean keepsAcls() {
    return true;
  }

  @Override
  public void setAcl(Inode inode, Name which, byte @Nullable [] value, AttributeChange change)
      throws FsException {
    int credits =
        Xattrs.CHANGE_CREDITS + 2 * BlockAllocator.CREDITS_PER_GROUP + 2 * INODE_CREDITS;
    try (Handle handle = fs.start(credits)) {
      fs.xattrs().set(handle, ext4(inode), which.toBytes(), value, false, false);
      change.applyTo(inode);
      ext4(inode).write(handle);
    }
  }

  // ---- Space ------------------------------------------------------------------------------------

  @Override
  public void setSize(Inode inode, long size) throws FsException {
    space.setSize(ext4(inode), size);
  }

  @Override
  public void fallocate(Inode inode, int mode, long pos, long length) throws FsException {
    space.fallocate(ext4(inode), mode, pos, length);
  }

  @Override
  public long seekData(Inode inode, long pos) throws FsException {
    return SeekHoleData.seekData(fs.mappingOperations(), inode.mapping(), pos);
  }

  @Override
  public long seekHole(Inode inode, long pos) throws FsException {
    return SeekHoleData.seekHole(fs.mappingOperations(), inode.mapping(), pos);
  }

  @Override
  public void fsync(Inode inode, long from, long to, boolean datasync) throws FsException {
    if (from < to) {
      long last = Math.min(to, AddressSpace.MAX_SIZE) - 1;
      if (Writeback.syncRange(inode.mapping(), from, last) != null) {
        return; // told through the mapping; a commit would promise nothing more
      }
    }
    inode.superBlock().genericSync(inode, 0, 0, datasync);
    if (fs.journalsData()) {
      fs.journal().commit(); // the content is in there, too
    } else {
      fs.journal().sync(ext4(inode).transaction(datasync));
    }
  }

  @Override
  public void released(Inode inode, int flags) {
    Ext4Inode file = ext4(inode);
    if (file.hasMapper() && inode.isRegular()) {
      file.mapper().discardReserve();
      if (file.replaced) {
        file.replaced = false;
        if (fs.options().autoDaAlloc()) {
          Writeback.startRange(inode.mapping(), 0, AddressSpace.MAX_SIZE - 1);
        }
      }
    }
  }

  /// Rounds a time to what an inode of this volume can keep.
  static Instant round(Instant time, boolean nanoseconds) {
    long max = nanoseconds ? InodeCodec.MAX_SECONDS_EXTRA : Integer.MAX_VALUE;
    long seconds = Math.clamp(time.getEpochSecond(), Integer.MIN_VALUE, max);
    return Instant.ofEpochSecond(
        seconds, nanoseconds && seconds == time.getEpochSecond() ? time.getNano() : 0);
  }
}
