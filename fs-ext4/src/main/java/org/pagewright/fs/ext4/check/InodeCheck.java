package org.pagewright.fs.ext4.check;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.disk.InodeCodec;
import org.pagewright.fs.ext4.disk.LittleEndian;

/// Every inode, with its map and its attributes; notes which blocks are claimed, and what the later
/// phases must know of each inode.
final class InodeCheck {
  private static final int CHUNK_BLOCKS = 16;
  private static final long JOURNAL_INO = 8;
  private static final int PIPE = 1;
  private static final int CHARACTER_DEVICE = 2;
  private static final int BLOCK_DEVICE = 6;
  private static final int SOCKET = 12;
  private static final int NANOS = 1_000_000_000;

  /// Of change, modification, access and creation: nanoseconds, and 2 bits of seconds.
  private static final int[] EXTRA_TIMES = {0x84, 0x88, 0x8c, 0x94};

  private static final int DIND = 13;
  private static final int SLOTS = 15;

  /// Nodes on the way to the first block of a symbolic link.
  private static final int LINK_NODES_MAX = 6;

  private static final int BLOCKS_HI = 0x74;
  private static final int FRAGMENT_ADDRESS = 0x70;
  private static final long LARGE = 1L << 31;

  private final Scan scan;
  private final Geometry geometry;
  private final XattrCheck xattrs;
  private boolean largeFiles;
  private boolean tooMany;

  InodeCheck(Scan scan) {
    this.scan = scan;
    this.geometry = scan.geometry;
    this.xattrs = new XattrCheck(scan);
  }

  void run() {
    hide();
    for (int group = 0; group < geometry.groupCount(); group++) {
      group(group);
    }
    xattrs.finish();
    MemorySegment root = scan.inode(Scan.ROOT_INO);
    if (root == null || !scan.directories.get(Scan.ROOT_INO)) {
      scan.damage(FindingCode.RESERVED_INODE, Scan.ROOT_INO, -1, "the root is no directory");
    }
    if (largeFiles && !scan.has(Feature.LARGE_FILE)) {
      scan.damage(
          FindingCode.SUPERBLOCK,
          0,
          geometry.superblockBlock(),
          "there are files of 2 GiB or more, without the feature large_file");
    }
    if (scan.has(Feature.RESIZE_INODE)) {
      resizeInode();
    }
    if (!scan.twice.isEmpty()) {
      nameSharers();
    }
  }

  /// Inodes that are in use without a name.
  private void hide() {
    for (long ino = 1; ino < scan.sb.firstInode(); ino++) {
      if (ino != Scan.ROOT_INO) {
        scan.hidden.set(ino);
      }
      scan.used.set(ino);
    }
    long[] others = {
      scan.has(Feature.HAS_JOURNAL) ? scan.sb.journalInode() : 0,
      scan.has(Feature.ORPHAN_FILE) ? scan.sb.orphanFileInode() : 0,
      scan.has(Feature.QUOTA) ? scan.sb.projectQuotaInode() : 0
    };
    for (long ino : others) {
      if (geometry.isInode(ino) && ino != Scan.ROOT_INO) {
        scan.hidden.set(ino);
      }
    }
  }

  private void group(int group) {
    int count = scan.inodesToScan(group);
    int perBlock = geometry.blockSize() / geometry.inodeSize();
    long table = count == 0 ? 0 : scan.inodeTable(group);
    int blocks = (count + perBlock - 1) / perBlock;
    for (int done = 0; done < blocks; done += CHUNK_BLOCKS) {
      int n = Math.min(CHUNK_BLOCKS, blocks - done);
      MemorySegment s = scan.blocks(table + done, n, 0, "the inode table");
      if (s == null) {
        continue;
      }
      int end = Math.min(count - done * perBlock, n * perBlock);
      for (int i = 0; i < end; i++) {
        long ino = (long) group * geometry.inodesPerGroup() + (long) done * perBlock + i + 1;
        long at = (long) i / perBlock * geometry.blockSize() + geometry.inodeOffset(ino);
        inode(ino, table + done + i / perBlock, s.asSlice(at, geometry.inodeSize()));
      }
    }
  }

  private void inode(long ino, long blockNr, MemorySegment s) {
    int links = InodeCodec.linksCount(s, 0);
    int mode = InodeCodec.mode(s, 0);
    boolean reserved = ino < scan.sb.firstInode() && ino != Scan.ROOT_INO;
    boolean orphan = scan.orphans.get(ino);
    if (links == 0 && !orphan && !reserved) {
      if (mode != 0 && InodeCodec.deletionTime(s, 0) == 0) {
        scan.damage(
            FindingCode.INODE_DELETION, ino, blockNr, "has no links, and was never deleted");
      }
      if (!isZero(s) && !InodeCodec.checksumMatches(geometry, ino, s, 0)) {
        scan.damage(
            FindingCode.INODE_CHECKSUM, ino, blockNr, "is not in use and has a wrong checksum");
      }
      return;
    }
    if (ino == JOURNAL_INO && !scan.has(Feature.HAS_JOURNAL)) {
      noJournal(blockNr, s);
    }
    if (reserved && links == 0 && mode == 0 && isEmpty(s) && ino != Scan.BAD_BLOCKS_INO) {
      return;
    }
    scan.used.set(ino);
    int size = geometry.inodeSize();
    int extra = InodeCodec.extraIsize(s, 0, size);
    if (size > 128 && (extra > size - 128 || (extra & 3) != 0 || extra != 0 && extra < 4)) {
      scan.damage(FindingCode.INODE_EXTRA_SIZE, ino, blockNr, "has an extra size of " + extra);
    } else {
      xattrs.inInode(ino, blockNr, s);
    }
    if (!InodeCodec.checksumMatches(geometry, ino, s, 0)) {
      scan.damage(
          FindingCode.INODE_CHECKSUM,
          ino,
          blockNr,
          String.format(
              "has checksum %08x, computed %08x",
              InodeCodec.checksum(s, 0, size),
              InodeCodec.computeChecksum(geometry.checksumSeed(), ino, s, 0, size)));
    }
    if (links > 0 && !orphan && !reserved && InodeCodec.deletionTime(s, 0) != 0) {
      scan.damage(
          FindingCode.INODE_DELETION, ino, blockNr, "has " + links + " links and a deletion time");
    }
    if (!reserved && LittleEndian.i32(s, FRAGMENT_ADDRESS) != 0) {
      scan.damage(FindingCode.INODE_FLAGS, ino, blockNr, "has the address of a fragment");
    }
    times(ino, blockNr, s);
    int type = mode >>> 12;
    scan.facts.put(ino, type, links);
    if (reserved) {
      reserved(ino, blockNr, s, type);
      return;
    }
    if (type == Scan.DIRECTORY) {
      scan.directories.set(ino);
    }
    flags(ino, blockNr, s, type);
    content(ino, blockNr, s, type);
  }

  /// An inode that was never used has no checksum either.
  private static boolean isZero(MemorySegment s) {
    for (long at = 0; at < s.byteSize(); at += 4) {
      if (LittleEndian.i32(s, at) != 0) {
        return false;
      }
    }
    return true;
  }

  private static boolean isEmpty(MemorySegment s) {
    for (int i = 0; i < SLOTS; i++) {
      if (InodeCodec.block(s, 0, i) != 0) {
        return false;
      }
    }
    return true;
  }

  private void times(long ino, long blockNr, MemorySegment s) {
    int end = InodeCodec.xattrOffset(s, 0, geometry.inodeSize());
    for (int field : EXTRA_TIMES) {
      if (field + 4 <= Math.min(end, s.byteSize()) && LittleEndian.i32(s, field) >>> 2 >= NANOS) {
        scan.damage(
            FindingCode.INODE_TIME, ino, blockNr, "has a time with a billion nanoseconds or more");
        return;
      }
    }
  }

  private void reserved(long ino, long blockNr, MemorySegment s, int type) {
    if (ino == Scan.BAD_BLOCKS_INO) {
      if ((InodeCodec.mode(s, 0) | InodeCodec.uid(s, 0) | InodeCodec.gid(s, 0)) != 0
          || InodeCodec.linksCount(s, 0) != 0
          || InodeCodec.fileAcl(s, 0) != 0) {
        scan.damage(
            FindingCode.RESERVED_INODE,
            ino,
            blockNr,
            "keeps bad blocks, and has a mode, owner, link or attributes");
      }
      content(ino, blockNr, s, Scan.REGULAR);
      return;
    }
    if (ino == JOURNAL_INO && !scan.has(Feature.HAS_JOURNAL)) {
      return; // no journal, and noJournal() has said what there is to say
    }
    boolean content = scan.hidden.get(ino) && (type == Scan.REGULAR || type == 0);
    if (!content) {
      scan.damage(FindingCode.RESERVED_INODE, ino, blockNr, "is reserved, and of type " + type);
    }
    boolean known =
        ino == Scan.RESIZE_INO && scan.has(Feature.RESIZE_INODE)
            || ino == scan.sb.journalInode()
            || ino == scan.sb.orphanFileInode()
            || ino == Scan.BOOT_INO
            || scan.has(Feature.QUOTA)
                && (ino == scan.sb.userQuotaInode()
                    || ino == scan.sb.groupQuotaInode()
                    || ino == scan.sb.projectQuotaInode());
    if (!known && InodeCodec.mode(s, 0) != 0) {
      scan.damage(FindingCode.RESERVED_INODE, ino, blockNr, "is in use, and kept for nothing");
    }
    if (ino == Scan.RESIZE_INO && type == 0 && !isEmpty(s)) {
      scan.damage(
          FindingCode.RESERVED_INODE, ino, blockNr, "is not in use, and has blocks in its map");
    }
    content(ino, blockNr, s, type);
  }

  /// The journal's inode where there is no journal: whether it looks as if it were one, as e2fsck
  /// decides it. What else lies in it, nobody reads.
  private void noJournal(long blockNr, MemorySegment s) {
    if (InodeCodec.linksCount(s, 0) != 0
        || InodeCodec.sectors(geometry, s, 0) != 0
        || InodeCodec.block(s, 0, 0) != 0) {
      scan.damage(
          FindingCode.RESERVED_INODE,
          JOURNAL_INO,
          blockNr,
          "is not in use, and has links, a count of blocks, or blocks in its map");
    }
  }

  private void flags(long ino, long blockNr, MemorySegment s, int type) {
    int flags = InodeCodec.flags(s, 0);
    String wrong = null;
    if ((flags & InodeCodec.FLAG_EXTENTS) != 0 && !scan.has(Feature.EXTENT)) {
      wrong = "extents";
    } else if ((flags & InodeCodec.FLAG_INDEX) != 0
        && (type != Scan.DIRECTORY || !scan.has(Feature.DIR_INDEX))) {
      wrong = "an index";
    } else if ((flags & InodeCodec.FLAG_INLINE_DATA) != 0) {
      wrong = "inline data";
    } else if ((flags & InodeCodec.FLAG_EA_INODE) != 0) {
      wrong = "the value of an attribute";
    } else if ((flags & InodeCodec.FLAG_ENCRYPT) != 0) {
      wrong = "encryption";
    } else if ((flags & InodeCodec.FLAG_CASEFOLD) != 0) {
      wrong = "ignored case";
    } else if ((flags & InodeCodec.FLAG_HUGE_FILE) != 0 && !scan.has(Feature.HUGE_FILE)) {
      wrong = "a huge count of blocks";
    } else if ((flags & InodeCodec.FLAG_VERITY) != 0 && !scan.has(Feature.VERITY)) {
      wrong = "a seal";
    } else if ((isSpecial(type) || type == Scan.SYMLINK)
        && (flags & (InodeCodec.FLAG_IMMUTABLE | InodeCodec.FLAG_APPEND)) != 0) {
      wrong = "immutability, which a file of its type has not";
    }
    if (wrong != null) {
      scan.damage(
          FindingCode.INODE_FLAGS,
          ino,
          blockNr,
          String.format("has flags %x, which claim %s", flags, wrong));
    }
  }

  private static boolean isSpecial(int type) {
    return type == PIPE || type == CHARACTER_DEVICE || type == BLOCK_DEVICE || type == SOCKET;
  }

  // ---- Content ----------------------------------------------------------------------------------

  /// Claims the blocks of one inode, and counts them.
  private final class Claim implements MapWalk.Visitor {
    final long ino;
    final long inodeBlock;
    long clusters;
    long lastCluster = -1;

    /// Behind the last block with content; behind the last one that was written.
    long end;

    long writtenEnd;
    boolean hasUnwritten;

    Claim(long ino, long inodeBlock) {
      this.ino = ino;
      this.inodeBlock = inodeBlock;
    }

    @Override
    public boolean node(long blockNr) {
      clusters++;
      if (!mayClaim(1)) {
        return false;
      }
      long cluster = scan.cluster(blockNr);
      if (ino == Scan.RESIZE_INO
          && (isKept(blockNr) || geometry.clusterRatio() > 1 && scan.own.get(cluster))) {
        return true;
      }
      boolean again = scan.claimed.setAll(cluster, 1, scan.twice);
      if (again) {
        tellShared(blockNr, cluster, 1);
      }
      return !again;
    }

    @Override
    public boolean data(long logical, long count, long blockNr, boolean unwritten) {
      end = Math.max(end, logical + count);
      if (!unwritten) {
        writtenEnd = Math.max(writtenEnd, logical + count);
      }
      hasUnwritten |= unwritten;
      if (ino == Scan.RESIZE_INO && isKept(blockNr)) {
        clusters += count;
        return mayClaim(count);
      }
      long first = scan.cluster(blockNr);
      long last = scan.cluster(blockNr + count - 1);
      if (first == lastCluster && geometry.clusterRatio() > 1) {
        first++; // the rest of a cluster that the extent before began
      }
      lastCluster = last;
      if (first > last) {
        return true;
      }
      clusters += last - first + 1;
      if (!mayClaim(last - first + 1)) {
        return false;
      }
      if (scan.claimed.setAll(first, last - first + 1, scan.twice)) {
        tellShared(blockNr, first, last - first + 1);
      }
      return true;
    }

    private boolean mayClaim(long count) {
      if (scan.mayClaim(count)) {
        return true;
      }
      if (!tooMany) {
        scan.damage(
            FindingCode.BLOCK_SHARED,
            ino,
            inodeBlock,
            "the maps up to this one claim all blocks many times over: no more are followed");
      }
      tooMany = true;
      return false;
    }

    private void tellShared(long blockNr, long first, long count) {
      long own = scan.own.firstSet(first, count);
      if (own >= 0) {
        long block = geometry.clusterRatio() == 1 ? own + geometry.firstDataBlock() : blockNr;
        scan.damage(
            FindingCode.BLOCK_OF_METADATA,
            ino,
            block,
            "is claimed, and belongs to the file system itself");
      }
    }
  }

  /// Whether a block is kept for more descriptors: those, the resize inode claims.
  private boolean isKept(long blockNr) {
    int group = geometry.groupOfBlock(blockNr);
    int index = geometry.blockIndexInGroup(blockNr);
    int low = 1 + geometry.descBlocksIn(group);
    return geometry.hasSuper(group)
        && index >= low
        && index < low + geometry.reservedGdtBlocks();
  }

  private void content(long ino, long blockNr, MemorySegment s, int type) {
    long size = InodeCodec.size(s, 0);
    int xattrClusters = xattrs.inBlock(ino, blockNr, s);
    long sectorsPerCluster = (long) geometry.blockSize() / 512 * geometry.clusterRatio();
    long sectors = InodeCodec.sectors(geometry, s, 0);
    Claim claim = new Claim(ino, blockNr);
    if (isSpecial(type)) {
      device(ino, blockNr, s);
    } else if (type == Scan.SYMLINK && isFast(s, sectors, xattrClusters * sectorsPerCluster)) {
      fastSymlink(ino, blockNr, s);
    } else if (type == Scan.REGULAR || type == Scan.DIRECTORY || type == Scan.SYMLINK) {
      MapWalk.walk(scan, ino, s, true, claim);
      if (ino != Scan.BAD_BLOCKS_INO) {
        size(ino, blockNr, s, type, claim);
      }
      if (type == Scan.SYMLINK) {
        symlink(ino, blockNr, s);
      }
    } else if (type != 0 || ino >= scan.sb.firstInode()) {
      scan.damage(
          FindingCode.INODE_MODE,
          ino,
          blockNr,
          String.format("has mode 0%o, which is no type", InodeCodec.mode(s, 0)));
    }
    if (!scan.has(Feature.HUGE_FILE) && LittleEndian.u16(s, BLOCKS_HI) != 0) {
      scan.damage(
          FindingCode.INODE_BLOCKS,
          ino,
          blockNr,
          "counts more sectors than it may without the feature huge_file");
    }
    largeFiles |= size >= LARGE && type == Scan.REGULAR;
    long counted = (claim.clusters + xattrClusters) * sectorsPerCluster;
    if (counted != sectors && ino != Scan.BAD_BLOCKS_INO && !tooMany) {
      scan.damage(
          FindingCode.INODE_BLOCKS,
          ino,
          blockNr,
          "counts " + sectors + " sectors, its map has " + counted);
    }
  }

  private void size(long ino, long blockNr, MemorySegment s, int type, Claim claim) {
    long size = InodeCodec.size(s, 0);
    int bits = geometry.blockSizeBits();
    boolean extents = (InodeCodec.flags(s, 0) & InodeCodec.FLAG_EXTENTS) != 0;
    String wrong = null;
    if (size < 0 || size > sizeMax(extents)) {
      wrong = "more than its map can hold";
    } else if (type == Scan.DIRECTORY) {
      if ((size & geometry.blockSize() - 1) != 0 || size == 0) {
        wrong = "not whole blocks";
      } else if (size >>> bits != claim.end) {
        wrong = "its map ends at block " + claim.end;
      } else if (claim.hasUnwritten) {
        wrong = "parts of it were never written";
      }
    } else if (type == Scan.REGULAR
        && (InodeCodec.flags(s, 0) & (InodeCodec.FLAG_VERITY | InodeCodec.FLAG_EOFBLOCKS)) == 0) {
      long ratio = geometry.clusterRatio();
      long last = (claim.writtenEnd - 1) / ratio * ratio;
      if (claim.writtenEnd > 0 && size < last << bits) {
        wrong = "it has blocks up to block " + claim.writtenEnd;
      }
    }
    if (wrong != null) {
      scan.damage(FindingCode.INODE_SIZE, ino, blockNr, "has " + size + " bytes: " + wrong);
    }
  }

  private long sizeMax(boolean extents) {
    if (extents) {
      return (MapWalk.EXTENT_BLOCKS_MAX << geometry.blockSizeBits()) - 1;
    }
    long pointers = geometry.blockSize() / 4L;
    long mapped = 12 + pointers + pointers * pointers + pointers * pointers * pointers;
    return mapped << geometry.blockSizeBits();
  }

  private void device(long ino, long blockNr, MemorySegment s) {
    // What lies in the map is not looked at: Linux has not always cleared it.
    int flags = InodeCodec.flags(s, 0);
    if (InodeCodec.size(s, 0) != 0
        || (flags & (InodeCodec.FLAG_EXTENTS | InodeCodec.FLAG_INDEX)) != 0) {
      scan.damage(
          FindingCode.INODE_DEVICE, ino, blockNr, "is a device, pipe or socket with content");
    }
  }

  // ---- Symbolic links ---------------------------------------------------------------------------

  private static boolean isFast(MemorySegment s, long sectors, long xattrSectors) {
    return (InodeCodec.flags(s, 0) & InodeCodec.FLAG_EXTENTS) == 0
        && InodeCodec.size(s, 0) < InodeCodec.BLOCK_SIZE
        && sectors <= xattrSectors;
  }

  private void fastSymlink(long ino, long blockNr, MemorySegment s) {
    target(
        ino, blockNr, s, s.asSlice(InodeCodec.BLOCK, InodeCodec.BLOCK_SIZE));
  }

  private void symlink(long ino, long blockNr, MemorySegment s) {
    long[] first = {-1};
    int[] nodes = {0};
    MapWalk.walk(
        scan,
        ino,
        s,
        false,
        new MapWalk.Visitor() {
          @Override
          public boolean node(long node) {
            return ++nodes[0] <= LINK_NODES_MAX;
          }

          @Override
          public boolean data(long logical, long count, long place, boolean unwritten) {
            if (logical == 0) {
              first[0] = place;
            }
            return false;
          }
        });
    MemorySegment target = first[0] < 0 ? null : scan.block(first[0], ino, "the link's target");
    target(ino, blockNr, s, target);
  }

  private void target(long ino, long blockNr, MemorySegment s, @Nullable MemorySegment target) {
    long size = InodeCodec.size(s, 0);
    long length = 0;
    while (target != null && length < target.byteSize() && LittleEndian.u8(target, length) != 0) {
      length++;
    }
    if (size == 0 || length != size || target != null && length == target.byteSize()) {
      scan.damage(
          FindingCode.INODE_SYMLINK,
          ino,
          blockNr,
          "symbolic link of " + size + " bytes has a target of " + length);
    }
  }

  // ---- The resize inode -------------------------------------------------------------------------

  /// Its double indirect block leads to blocks kept in group 0, and each of those to its copies.
  private void resizeInode() {
    MemorySegment s = scan.inode(Scan.RESIZE_INO);
    if (s == null || geometry.reservedGdtBlocks() == 0 && isEmpty(s)) {
      return;
    }
    String wrong = null;
    for (int i = 0; i < SLOTS && wrong == null; i++) {
      if (i != DIND && InodeCodec.block(s, 0, i) != 0) {
        wrong = "has a block in slot " + i;
      }
    }
    if (InodeCodec.mode(s, 0) >>> 12 != Scan.REGULAR || InodeCodec.linksCount(s, 0) == 0) {
      wrong = "is no regular file with a link";
    }
    long dind = Integer.toUnsignedLong(InodeCodec.block(s, 0, DIND));
    if (wrong == null && !geometry.isBlockRange(dind, 1)) {
      wrong = "has no double indirect block";
    }
    if (wrong == null) {
      wrong = reservedBlocks(dind);
    }
    if (wrong != null) {
      scan.damage(
          FindingCode.RESIZE_INODE, Scan.RESIZE_INO, scan.inodeBlock(Scan.RESIZE_INO), wrong);
    }
  }

  private @Nullable String reservedBlocks(long dind) {
    MemorySegment top = scan.block(dind, Scan.RESIZE_INO, "double indirect block");
    if (top == null) {
      return null;
    }
    int pointers = geometry.blockSize() / 4;
    int used = 0;
    for (int i = 0; i < pointers; i++) {
      used += LittleEndian.i32(top, 4L * i) == 0 ? 0 : 1;
    }
    if (used != geometry.reservedGdtBlocks()) {
      return "keeps " + used + " blocks, the superblock says " + geometry.reservedGdtBlocks();
    }
    long kept = geometry.superblockBlock() + 1 + geometry.descBlocks();
    for (int i = 0; i < geometry.reservedGdtBlocks(); i++, kept++) {
      int slot = (geometry.descBlocks() + i) % pointers;
      if (LittleEndian.u32(top, 4L * slot) != kept) {
        return "slot " + slot + " leads to block " + LittleEndian.u32(top, 4L * slot) + ", not "
            + kept;
      }
      MemorySegment copies = scan.block(kept, Scan.RESIZE_INO, "kept block");
      int at = 0;
      for (int group = 1; copies != null && group < geometry.groupCount(); group++) {
        if (geometry.hasSuper(group) && at < pointers) {
          long copy = kept + (long) group * geometry.blocksPerGroup();
          if (LittleEndian.u32(copies, 4L * at) != copy) {
            return "block " + kept + " names block " + LittleEndian.u32(copies, 4L * at)
                + " as its copy of group " + group + ", not " + copy;
          }
          at++;
        }
      }
    }
    return null;
  }

  // ---- Blocks with more than one owner ----------------------------------------------------------

  /// Looks at all maps once more, and names each inode that claims a block of others.
  private void nameSharers() {
    if (scan.has(Feature.SHARED_BLOCKS)) {
      return;
    }
    SparseBits seen = new SparseBits(scan.cluster(geometry.blocksCount() - 1) + 1);
    for (long ino = 1; ino <= geometry.inodesCount(); ino++) {
      int type = scan.facts.type(ino);
      MemorySegment s =
          type == Scan.REGULAR || type == Scan.DIRECTORY || type == Scan.SYMLINK
              ? scan.inode(ino)
              : null;
      if (s == null || type == Scan.SYMLINK && isFast(s, 0, 0)) {
        continue;
      }
      Sharer sharer = new Sharer(seen);
      MapWalk.walk(scan, ino, s, false, sharer);
      if (sharer.first >= 0) {
        scan.damage(
            FindingCode.BLOCK_SHARED,
            ino,
            sharer.first,
            "is claimed by this inode, and by another owner or once more");
      }
    }
  }

  private final class Sharer implements MapWalk.Visitor {
    private final SparseBits seen;
    private long budget = geometry.blocksCount() * 2;
    long first = -1;

    Sharer(SparseBits seen) {
      this.seen = seen;
    }

    private void look(long blockNr, long count) {
      long cluster = scan.cluster(blockNr);
      long found = scan.twice.firstSet(cluster, scan.cluster(blockNr + count - 1) - cluster + 1);
      if (found >= 0 && first < 0 && !scan.own.get(found)) {
        first = Math.max(blockNr, found * geometry.clusterRatio() + geometry.firstDataBlock());
      }
    }

    @Override
    public boolean node(long blockNr) {
      look(blockNr, 1);
      return seen.set(scan.cluster(blockNr));
    }

    @Override
    public boolean data(long logical, long count, long blockNr, boolean unwritten) {
      look(blockNr, count);
      budget -= count;
      return budget > 0 && first < 0;
    }
  }
}
