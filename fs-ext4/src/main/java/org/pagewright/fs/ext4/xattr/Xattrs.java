package org.pagewright.fs.ext4.xattr;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.buffer.BufferCache;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.disk.InodeCodec;
import org.pagewright.fs.ext4.disk.LittleEndian;
import org.pagewright.fs.ext4.journal.Handle;

/// Extended attributes of the inodes of one volume: in the rest of the inode first, then in one
/// block, which inodes with equal attributes share.
///
/// Compare Linux's fs/ext4/xattr.c. The caller holds the inode's INODE lock, shared to look and
/// exclusive to change. What is changed is computed first and written last: a change that does not
/// fit changes nothing.
public final class Xattrs {
  /// Blocks that a change may declare besides those for allocating or freeing one block: the
  /// inode's, the old block, and the new one or the one to share.
  public static final int CHANGE_CREDITS = 4;

  private static final int INODE_FIXED = 128;

  private final BufferCache cache;
  private final Geometry geometry;
  private final XattrShare share;
  private final XattrBlockType blockType;

  /// Attributes over a volume's metadata blocks.
  ///
  /// @param cache metadata blocks
  /// @param geometry sizes
  /// @param share blocks used lately
  public Xattrs(BufferCache cache, Geometry geometry, XattrShare share) {
    this.cache = cache;
    this.geometry = geometry;
    this.share = share;
    this.blockType =
        new XattrBlockType(geometry.hasMetadataChecksums(), geometry.checksumSeed());
  }

  // ---- Look -------------------------------------------------------------------------------------

  /// The value of an attribute.
  ///
  /// @param host the inode
  /// @param name full name, e.g. `user.comment`
  /// @return the value as programs know it; null if there is none
  /// @throws FsException EOPNOTSUPP for an unknown name space, EIO, EUCLEAN
  public byte @Nullable [] get(XattrHost host, byte[] name) throws FsException {
    int index = indexOf(host, name);
    byte[] suffix = XattrNames.suffix(name, index);
    XattrEntry entry = find(inInode(host), index, suffix);
    if (entry == null) {
      entry = find(inBlock(host), index, suffix);
    }
    if (entry == null) {
      return null;
    }
    if (!isAcl(index)) {
      return entry.value();
    }
    byte[] acl = AclFormat.fromDisk(entry.value());
    if (acl == null) {
      throw new FsException(
          Errno.EUCLEAN, cache.device().name() + ": access control list of inode " + host.ino());
    }
    return acl;
  }

  /// The full names of all attributes.
  ///
  /// @param host the inode
  /// @return names, those in the inode first
  /// @throws FsException EIO, EUCLEAN
  public List<byte[]> list(XattrHost host) throws FsException {
    List<byte[]> names = new ArrayList<>();
    List<XattrEntry> all = new ArrayList<>(inInode(host));
    all.addAll(inBlock(host));
    for (XattrEntry entry : all) {
      byte[] full = XattrNames.full(entry.index(), entry.name());
      if (full != null) {
        names.add(full);
      }
    }
    return names;
  }

  private static boolean isAcl(int index) {
    return index == XattrNames.ACL_ACCESS || index == XattrNames.ACL_DEFAULT;
  }

  private int indexOf(XattrHost host, byte[] name) throws FsException {
    int index = XattrNames.index(name);
    if (index == 0) {
      throw new FsException(
          Errno.EOPNOTSUPP,
          cache.device().name() + ", inode " + host.ino()
              + ": attribute names begin with user., trusted., security. or system.");
    }
    return index;
  }

  private static @Nullable XattrEntry find(List<XattrEntry> entries, int index, byte[] suffix) {
    for (XattrEntry entry : entries) {
      if (entry.isNamed(index, suffix)) {
        return entry;
      }
    }
    return null;
  }

  /// Where in its block the attributes within an inode begin, behind their magic; 0 if the inode
  /// has no room.
  private int firstInInode(XattrHost host, MemorySegment s) {
    if (geometry.inodeSize() <= INODE_FIXED) {
      return 0;
    }
    int extra = InodeCodec.extraIsize(s, host.inodeOffset(), geometry.inodeSize());
    int first = INODE_FIXED + extra + 4;
    return extra == 0 || first + 4 > geometry.inodeSize() ? 0 : host.inodeOffset() + first;
  }

  private List<XattrEntry> inInode(XattrHost host) throws FsException {
    try (Buffer buffer = host.inodeBlock()) {
      MemorySegment s = buffer.segment();
      int first = firstInInode(host, s);
      if (first == 0 || LittleEndian.i32(s, first - 4) != XattrBlockType.MAGIC) {
        return List.of();
      }
      return XattrArea.read(
          s, first, host.inodeOffset() + geometry.inodeSize(), first,
          cache.device().name(), buffer.blockNr(), "attributes in inode " + host.ino());
    }
  }

  private List<XattrEntry> inBlock(XattrHost host) throws FsException {
    if (host.fileAcl() == 0) {
      return List.of();
    }
    try (Buffer buffer = cache.read(host.fileAcl(), blockType)) {
      return read(buffer, host);
    }
  }

  private List<XattrEntry> read(Buffer buffer, XattrHost host) throws FsException {
    return XattrArea.read(
        buffer.segment(), XattrBlockType.ENTRIES, cache.blockSize(), 0,
        cache.device().name(), buffer.blockNr(), "attribute block of inode " + host.ino());
  }

  // ---- Change -----------------------------------------------------------------------------------

  /// Makes, replaces or removes an attribute.
  ///
  /// @param handle with [#CHANGE_CREDITS] and the credits to allocate and to free one block
  /// @param host the inode
  /// @param name full name
  /// @param value as programs know it; null to remove
  /// @param create fail with EEXIST if it is there
  /// @param replace fail with ENODATA if it is not there
  /// @throws FsException EEXIST, ENODATA as asked; ENODATA when there is none to remove; ENOSPC if
  ///     it does not fit, ERANGE for a name or list that cannot be, EOPNOTSUPP, EIO, EUCLEAN
  public void set(
      Handle handle, XattrHost host, byte[] name, byte @Nullable [] value, boolean create,
      boolean replace)
      throws FsException {
    int index = indexOf(host, name);
    byte[] suffix = XattrNames.suffix(name, index);
    if (suffix.length > 255) {
      throw new FsException(Errno.ERANGE, "attribute name of " + name.length + " bytes");
    }
    byte[] stored = value;
    if (value != null && isAcl(index)) {
      stored = AclFormat.toDisk(value);
      if (stored == null) {
        throw new FsException(
            Errno.EINVAL, cache.device().name() + ", inode " + host.ino()
                + ": malformed access control list");
      }
    }
    List<XattrEntry> oldInner = inInode(host);
    List<XattrEntry> oldOuter = inBlock(host);
    boolean exists =
        find(oldInner, index, suffix) != null || find(oldOuter, index, suffix) != null;
    if (exists && create) {
      throw new FsException(Errno.EEXIST, "attribute of inode " + host.ino());
    }
    if (!exists && (replace || value == null)) {
      throw new FsException(Errno.ENODATA, "attribute of inode " + host.ino());
    }
    List<XattrEntry> inner = without(oldInner, index, suffix);
    List<XattrEntry> outer = without(oldOuter, index, suffix);
    if (stored != null) {
      XattrEntry entry = new XattrEntry(index, suffix, stored);
      inner.add(entry);
      if (XattrArea.needed(inner) > roomInInode(host)) {
        inner.removeLast();
        outer.add(entry);
        Collections.sort(outer);
        if (XattrArea.needed(outer) > cache.blockSize() - XattrBlockType.ENTRIES) {
          throw new FsException(
              Errno.ENOSPC, cache.device().name() + ", inode " + host.ino() + ": attribute of "
                  + stored.length + " bytes beside what is there");
        }
      }
    }
    if (!outer.equals(oldOuter)) {
      writeBlock(handle, host, outer); // first: it may fail for want of space
    }
    if (!inner.equals(oldInner)) {
      writeInode(handle, host, inner);
    }
  }

  private static List<XattrEntry> without(List<XattrEntry> entries, int index, byte[] suffix) {
    List<XattrEntry> rest = new ArrayList<>(entries.size() + 1);
    for (XattrEntry entry : entries) {
      if (!entry.isNamed(index, suffix)) {
        rest.add(entry);
      }
    }
    return rest;
  }

  private int roomInInode(XattrHost host) throws FsException {
    try (Buffer buffer = host.inodeBlock()) {
      int first = firstInInode(host, buffer.segment());
      return first == 0 ? 0 : host.inodeOffset() + geometry.inodeSize() - first;
    }
  }

  private void writeInode(Handle handle, XattrHost host, List<XattrEntry> entries)
      throws FsException {
    try (Buffer buffer = host.inodeBlock()) {
      handle.getWriteAccess(buffer);
      buffer.lock();
      try {
        MemorySegment s = buffer.segment();
        int first = firstInInode(host, s);
        XattrArea.write(s, first, host.inodeOffset() + geometry.inodeSize(), first, entries);
        LittleEndian.put32(s, first - 4, entries.isEmpty() ? 0 : XattrBlockType.MAGIC);
        host.sealInode(buffer);
      } finally {
        buffer.unlock();
      }
      handle.dirtyMetadata(buffer);
    }
  }

  /// Gives the inode a block with these attributes: shares one, changes its own, or makes one.
  private void writeBlock(Handle handle, XattrHost host, List<XattrEntry> entries)
      throws FsException {
    long old = host.fileAcl();
    if (entries.isEmpty()) {
      drop(handle, host);
      return;
    }
    MemorySegment fresh = MemorySegment.ofArray(new byte[cache.blockSize()]);
    XattrArea.write(fresh, XattrBlockType.ENTRIES, cache.blockSize(), 0, entries);
    int hash = hash(entries);
    LittleEndian.put32(fresh, 0, XattrBlockType.MAGIC);
    LittleEndian.put32(fresh, 4, 1);
    LittleEndian.put32(fresh, 8, 1);
    LittleEndian.put32(fresh, 12, hash);
    if (shareExisting(handle, host, old, hash, entries)) {
      return;
    }
    if (old != 0 && changeOwn(handle, old, hash, fresh)) {
      return;
    }
    long blockNr = host.allocateBlock(handle);
    try (Buffer buffer = cache.create(blockNr, blockType)) {
      handle.getCreateAccess(buffer);
      buffer.lock();
      buffer.segment().copyFrom(fresh);
      buffer.unlock();
      handle.dirtyMetadata(buffer);
    }
    if (old != 0) {
      release(handle, host, old);
    }
    host.setFileAcl(handle, blockNr);
    share.lock.lock();
    share.put(hash, blockNr);
    share.lock.unlock();
  }

  private boolean shareExisting(
      Handle handle, XattrHost host, long old, int hash, List<XattrEntry> entries)
      throws FsException {
    share.lock.lock();
    boolean shared = false;
    long candidate;
    try {
      candidate = share.find(hash);
      if (candidate == 0 || candidate == old) {
        return false;
      }
      try (Buffer buffer = cache.read(candidate, blockType)) {
        long references = LittleEndian.u32(buffer.segment(), 4);
        if (references < XattrBlockType.REFERENCES_MAX && read(buffer, host).equals(entries)) {
          handle.getWriteAccess(buffer);
          putReferences(buffer, references + 1);
          handle.dirtyMetadata(buffer);
          shared = true;
        }
      }
    } finally {
      share.lock.unlock();
    }
    if (shared) {
      if (old != 0) {
        release(handle, host, old);
      }
      host.setFileAcl(handle, candidate);
    }
    return shared;
  }

  private static void putReferences(Buffer buffer, long references) {
    buffer.lock();
    LittleEndian.put32(buffer.segment(), 4, (int) references);
    buffer.unlock();
  }

  private boolean changeOwn(Handle handle, long old, int hash, MemorySegment fresh)
      throws FsException {
    share.lock.lock();
    try (Buffer buffer = cache.read(old, blockType)) {
      if (LittleEndian.u32(buffer.segment(), 4) != 1) {
        return false;
      }
      handle.getWriteAccess(buffer);
      buffer.lock();
      buffer.segment().copyFrom(fresh);
      buffer.unlock();
      handle.dirtyMetadata(buffer);
      share.put(hash, old);
      return true;
    } finally {
      share.lock.unlock();
    }
  }

  /// Lets go of the inode's block, for a change that leaves it empty or for an inode that is freed.
  ///
  /// @param handle with [#CHANGE_CREDITS] and the credits to free one block
  /// @param host the inode
  /// @throws FsException EIO, EUCLEAN
  public void drop(Handle handle, XattrHost host) throws FsException {
    long old = host.fileAcl();
    if (old != 0) {
      release(handle, host, old);
      host.setFileAcl(handle, 0);
    }
  }

  private void release(Handle handle, XattrHost host, long blockNr) throws FsException {
    boolean last;
    share.lock.lock();
    try (Buffer buffer = cache.read(blockNr, blockType)) {
      long references = LittleEndian.u32(buffer.segment(), 4);
      last = references <= 1;
      if (last) {
        share.remove(blockNr);
      } else {
        handle.getWriteAccess(buffer);
        putReferences(buffer, references - 1);
        handle.dirtyMetadata(buffer);
      }
    } finally {
      share.lock.unlock();
    }
    if (last) {
      host.freeBlock(handle, blockNr);
    }
  }

  /// The hash of a block's content, from its entries' hashes; 0 means "do not share".
  private static int hash(List<XattrEntry> entries) {
    int hash = 0;
    for (XattrEntry entry : entries) {
      int h = entry.hash();
      if (h == 0) {
        return 0;
      }
      hash = (hash << 16) ^ (hash >>> 16) ^ h;
    }
    return hash;
  }
}
