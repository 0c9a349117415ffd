package org.pagewright.fuse.server;

import org.pagewright.errno.FsException;
import org.pagewright.fuse.protocol.Reply;
import org.pagewright.fuse.protocol.Wire;
import org.pagewright.vfs.Attributes;
import org.pagewright.vfs.FileType;
import org.pagewright.vfs.Inode;
import org.pagewright.vfs.Namespace;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.SuperBlock;

/// What all operations share: the volume, the tables of nodes and handles, and the two structures
/// that half of the answers have.
final class Services {
  final SuperBlock superBlock;
  final Namespace namespace;
  final Attributes attributes;
  final ServerOptions options;
  final NodeTable nodes;
  final HandleTable handles = new HandleTable();

  private final long timeoutSeconds;
  private final int timeoutNanos;

  Services(SuperBlock superBlock, ServerOptions options) {
    this.superBlock = superBlock;
    this.namespace = superBlock.namespace();
    this.attributes = superBlock.attributes();
    this.options = options;
    this.nodes = new NodeTable(superBlock, options.pinnedNodesMax());
    this.timeoutSeconds = options.timeoutMillis() / 1000;
    this.timeoutNanos = (int) (options.timeoutMillis() % 1000) * 1_000_000;
  }

  /// Answers with a node that the kernel gets to know by that.
  ///
  /// @param inode with a reference, which is taken over
  void putEntry(Context context, Inode inode) {
    Stat stat = inode.stat();
    int generation = inode.generation();
    long id = nodes.remember(inode);
    context.gave(id);
    putEntry(context.reply, id, generation, stat);
  }

  void putEntry(Reply reply, long id, int generation, Stat stat) {
    int at = reply.add(Wire.EntryOut.BYTES);
    reply.putLong(at + Wire.EntryOut.NODEID, id);
    reply.putLong(at + Wire.EntryOut.GENERATION, Integer.toUnsignedLong(generation));
    reply.putLong(at + Wire.EntryOut.ENTRY_VALID, timeoutSeconds);
    reply.putInt(at + Wire.EntryOut.ENTRY_VALID_NSEC, timeoutNanos);
    reply.putLong(at + Wire.EntryOut.ATTR_VALID, timeoutSeconds);
    reply.putInt(at + Wire.EntryOut.ATTR_VALID_NSEC, timeoutNanos);
    reply.addAttr(shown(stat));
  }

  /// Answers that a name is not there, which the kernel may believe for a while.
  void putAbsent(Reply reply) {
    int at = reply.add(Wire.EntryOut.BYTES);
    reply.putLong(at + Wire.EntryOut.ENTRY_VALID, timeoutSeconds);
    reply.putInt(at + Wire.EntryOut.ENTRY_VALID_NSEC, timeoutNanos);
    reply.add(Wire.Attr.BYTES);
  }

  /// Answers with attributes.
  void putAttr(Reply reply, Inode inode) {
    int at = reply.add(Wire.AttrOut.BYTES);
    reply.putLong(at + Wire.AttrOut.ATTR_VALID, timeoutSeconds);
    reply.putInt(at + Wire.AttrOut.ATTR_VALID_NSEC, timeoutNanos);
    reply.addAttr(shown(inode.stat()));
  }

  /// Answers with more attributes.
  void putStatx(Reply reply, Inode inode) {
    int at = reply.add(Wire.StatxOut.BYTES);
    reply.putLong(at + Wire.StatxOut.ATTR_VALID, timeoutSeconds);
    reply.putInt(at + Wire.StatxOut.ATTR_VALID_NSEC, timeoutNanos);
    reply.addStatx(shown(inode.stat()), inode.flags());
  }

  /// Attributes as the mount shows them: with its owner, and with some space for a file that seems
  /// to have none while the kernel may keep bytes of it; who copies it would take it for a hole.
  private Stat shown(Stat stat) {
    int uid = options.uid();
    int gid = options.gid();
    boolean mayBeKept =
        options.writebackCache()
            && stat.blocks() == 0
            && FileType.ofMode(stat.mode()) == FileType.REGULAR;
    if (uid == -1 && gid == -1 && !mayBeKept) {
      return stat;
    }
    return new Stat(
        stat.ino(),
        stat.generation(),
        stat.mode(),
        stat.nlink(),
        uid == -1 ? stat.uid() : uid,
        gid == -1 ? stat.gid() : gid,
        stat.rdev(),
        stat.size(),
        mayBeKept ? stat.blockSize() / 512 : stat.blocks(),
        stat.blockSize(),
        stat.atime(),
        stat.mtime(),
        stat.ctime(),
        stat.birthTime());
  }

  /// The inode a request is about.
  ///
  /// @return with a reference, to be given back
  Inode inode(Context context) throws FsException {
    return nodes.get(context.request.nodeId());
  }

  void put(Inode inode) {
    superBlock.iput(inode);
  }
}
