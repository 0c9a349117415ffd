package org.pagewright.fs.ext4.check;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pagewright.fs.ext4.disk.Checksums;
import org.pagewright.fs.ext4.disk.DirHash;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.disk.InodeCodec;
import org.pagewright.fs.ext4.disk.LittleEndian;

/// Every directory: its records, its index, what its names lead to; notes names and parents of
/// inodes.
final class DirectoryCheck {
  private static final int HEADER = 8;
  private static final int RECORD_MIN = 12;

  /// Names of one directory that are compared in one go; more take more goes.
  private static final int NAMES_MAX = 1 << 18;

  private static final byte LEAF = 1;
  private static final byte INDEX = 2;

  private static final int HASH_LIMIT_SHIFT = 32;

  private final Scan scan;
  private final Geometry geometry;

  /// One bit for each cluster of directories that was looked at.
  private final SparseBits seen;

  DirectoryCheck(Scan scan) {
    this.scan = scan;
    this.geometry = scan.geometry;
    this.seen = new SparseBits(scan.cluster(geometry.blocksCount() - 1) + 1);
  }

  void run() {
    for (long from = 0; from <= geometry.inodesCount(); ) {
      long ino = scan.directories.firstSet(from, geometry.inodesCount() + 1 - from);
      if (ino < 0) {
        return;
      }
      MemorySegment s = scan.inode(ino);
      if (s != null) {
        new One(ino, s).run();
      }
      from = ino + 1;
    }
  }

  /// Where the blocks of a directory lie, ascending by their number in it.
  private final class Places implements MapWalk.Visitor {
    private long[] runs = new long[12]; // number in the directory, count, place
    private int n;
    long blocks;

    @Override
    public boolean node(long blockNr) {
      return seen.set(scan.cluster(blockNr));
    }

    @Override
    public boolean data(long logical, long count, long blockNr, boolean unwritten) {
      if (n + 3 > runs.length) {
        runs = Arrays.copyOf(runs, runs.length * 2);
      }
      runs[n++] = logical;
      runs[n++] = count;
      runs[n++] = blockNr;
      blocks += count;
      return blocks <= geometry.blocksCount();
    }

    /// The block of the device that holds one of the directory, or -1.
    long of(long logical) {
      int low = 0;
      int high = n / 3 - 1;
      while (low <= high) {
        int middle = low + high >>> 1;
        long first = runs[3 * middle];
        if (logical < first) {
          high = middle - 1;
        } else if (logical >= first + runs[3 * middle + 1]) {
          low = middle + 1;
        } else {
          return runs[3 * middle + 2] + logical - first;
        }
      }
      return -1;
    }

    int runs() {
      return n / 3;
    }

    long first(int run) {
      return runs[3 * run];
    }

    long count(int run) {
      return runs[3 * run + 1];
    }
  }

  /// One directory.
  private final class One {
    private final long ino;
    private final int seed;
    private final boolean indexed;
    private final long blocks;
    private final Places places = new Places();

    // Of an indexed directory without holes, for each of its blocks: what it is, and the hashes
    // that a leaf may hold.
    private byte[] kinds = new byte[0];
    private int[] lows = new int[0];
    private int[] highs = new int[0];
    private @Nullable DirHash hash;
    private long names;

    One(long ino, MemorySegment inode) {
      this.ino = ino;
      this.seed =
          Checksums.inodeSeed(
              geometry.checksumSeed(), ino, InodeCodec.generation(inode, 0));
      this.indexed =
          (InodeCodec.flags(inode, 0) & InodeCodec.FLAG_INDEX) != 0
              && scan.has(Feature.DIR_INDEX);
      this.blocks = Math.max(0, InodeCodec.size(inode, 0)) >>> geometry.blockSizeBits();
      MapWalk.walk(scan, ino, inode, false, places);
    }

    void run() {
      long mapped = 0;
      for (int run = 0; run < places.runs(); run++) {
        long first = places.first(run);
        mapped += Math.clamp(blocks - first, 0, places.count(run));
      }
      if (mapped < blocks) {
        damage(
            FindingCode.DIRECTORY_HOLE, -1, blocks - mapped + " of " + blocks + " blocks are not"
                + " there");
      }
      if (indexed && blocks > 0 && mapped == blocks && blocks <= geometry.blocksCount()) {
        kinds = new byte[Math.toIntExact(blocks)];
        lows = new int[kinds.length];
        highs = new int[kinds.length];
        index();
      }
      NameSet set = new NameSet();
      eachBlock(set, true);
      int goes = Math.toIntExact(names / NAMES_MAX) + 1;
      for (int go = 0; goes > 1 && go < goes; go++) {
        set.next(goes, go);
        eachBlock(set, false);
      }
      if (!set.twice.isEmpty()) {
        duplicates(set.twice);
      }
    }

    private void damage(FindingCode code, long blockNr, String what) {
      scan.damage(code, ino, blockNr, what);
    }

    private void eachBlock(NameSet set, boolean telling) {
      for (int run = 0; run < places.runs(); run++) {
        for (long i = 0; i < places.count(run); i++) {
          long logical = places.first(run) + i;
          long blockNr = places.of(logical);
          boolean fresh =
              !telling || seen.set(scan.cluster(blockNr)) || geometry.clusterRatio() > 1;
          if (logical >= blocks || isIndex(logical) || !fresh) {
            continue;
          }
          MemorySegment s = scan.block(blockNr, ino, "directory block");
          if (s != null) {
            new Block(s, logical, blockNr, set, telling).run();
          }
        }
      }
    }

    // ---- The index ------------------------------------------------------------------------------

    private void index() {
      MemorySegment root = scan.block(places.of(0), ino, "root of the index");
      if (root == null) {
        return;
      }
      int info = 24;
      int version = LittleEndian.u8(root, info + 4);
      hash = scan.sb.dirHash(version);
      int levels = LittleEndian.u8(root, info + 6);
      int levelsMax = scan.has(Feature.LARGE_DIR) ? 3 : 2;
      if (hash == null
          || LittleEndian.i32(root, info) != 0
          || LittleEndian.u8(root, info + 5) != 8
          || levels >= levelsMax
          || LittleEndian.u16(root, 4) != RECORD_MIN
          || LittleEndian.u16(root, RECORD_MIN + 4) != geometry.blockSize() - RECORD_MIN) {
        damage(
            FindingCode.DIRECTORY_INDEX,
            places.of(0),
            "root of the index has hash version " + version + ", depth " + levels + ", "
                + LittleEndian.u8(root, info + 5) + " bytes of parameters");
        hash = null;
        return;
      }
      node(root, 0, 32, levels, 0, 1L << HASH_LIMIT_SHIFT);
      int missing = 0;
      for (int logical = 1; logical < kinds.length; logical++) {
        missing += kinds[logical] == 0 ? 1 : 0;
      }
      if (missing > 0) {
        damage(
            FindingCode.DIRECTORY_INDEX, places.of(0), missing + " blocks are not in the index");
      }
    }

    /// One block of the index and all below it.
    ///
    /// @param levels how many levels of the index lie below this one
    /// @param low hash that the first name below has at least
    /// @param high hash above all names below
    private void node(
        MemorySegment s, long logical, int entries, int levels, long low, long high) {
      long blockNr = places.of(logical);
      int limit = LittleEndian.u16(s, entries);
      int count = LittleEndian.u16(s, entries + 2);
      int room =
          (geometry.blockSize() - entries) / 8 - (geometry.hasMetadataChecksums() ? 1 : 0);
      if (limit != room || count < 1 || count > limit) {
        damage(
            FindingCode.DIRECTORY_INDEX,
            blockNr,
            "index block has " + count + " entries of " + limit + ", room for " + room);
        return;
      }
      if (geometry.hasMetadataChecksums()
          && !Checksums.dxBlockMatches(seed, s, 0, entries, geometry.blockSize())) {
        damage(FindingCode.DIRECTORY_CHECKSUM, blockNr, "index block has a wrong checksum");
      }
      long from = low;
      for (int i = 0; i < count; i++) {
        long child = LittleEndian.u32(s, entries + 8L * i + 4) & 0x0fff_ffffL;
        long next = i + 1 < count ? LittleEndian.u32(s, entries + 8L * (i + 1)) : high;
        if ((next & ~1L) < (from & ~1L) || next > high) {
          damage(
              FindingCode.DIRECTORY_INDEX,
              blockNr,
              String.format("hash %08x of entry %d is out of order", next, i + 1));
          return;
        }
        if (child == 0 || child >= blocks) {
          damage(
              FindingCode.DIRECTORY_INDEX,
              blockNr,
              "entry " + i + " leads to block " + child + " of " + blocks);
        } else if (levels == 0) {
          if (isNew((int) child, LEAF, blockNr)) {
            lows[(int) child] = (int) from;
            highs[(int) child] = (int) (next == 1L << HASH_LIMIT_SHIFT ? -1 : next);
          }
        } else if (isNew((int) child, INDEX, blockNr)) {
          below(child, levels - 1, from, next);
        }
        from = next;
      }
    }

    private boolean isNew(int child, byte kind, long blockNr) {
      if (kinds[child] != 0) {
        damage(
            FindingCode.DIRECTORY_INDEX, blockNr, "block " + child + " is in the index twice");
        return false;
      }
      kinds[child] = kind;
      return true;
    }

    private boolean isIndex(long logical) {
      return logical < kinds.length && kinds[(int) logical] == INDEX;
    }

    private void below(long child, int levels, long low, long high) {
      long blockNr = places.of(child);
      seen.set(scan.cluster(blockNr));
      MemorySegment s = scan.block(blockNr, ino, "index block");
      if (s == null) {
        return;
      }
      if (LittleEndian.i32(s, 0) != 0 || LittleEndian.u16(s, 4) != geometry.blockSize()) {
        damage(FindingCode.DIRECTORY_INDEX, blockNr, "block of the index is none");
        return;
      }
      node(s, child, HEADER, levels, low, high);
    }

    // ---- Names that occur twice -----------------------------------------------------------------

    private void duplicates(Set<Long> hashes) {
      Set<String> met = new HashSet<>();
      int told = 0;
      for (int run = 0; run < places.runs(); run++) {
        for (long i = 0; i < places.count(run); i++) {
          long logical = places.first(run) + i;
          if (logical >= blocks || isIndex(logical)) {
            continue;
          }
          long blockNr = places.of(logical);
          MemorySegment s = scan.block(blockNr, ino, "directory block");
          int end = s == null ? 0 : end(s);
          for (int at = 0; s != null && recordFits(s, at, end); at += recordLength(s, at)) {
            if (LittleEndian.u32(s, at) == 0 || !hashes.contains(nameHash(s, at))) {
              continue;
            }
            String name = name(s, at);
            if (!met.add(name) && told++ < 100) {
              damage(
                  FindingCode.DIRECTORY_DUPLICATE,
                  blockNr,
                  "the name `" + printable(name) + "` occurs twice");
            }
          }
        }
      }
    }

    private int end(MemorySegment s) {
      boolean tail =
          geometry.hasMetadataChecksums() && Checksums.hasDirTail(s, 0, geometry.blockSize());
      return geometry.blockSize() - (tail ? Checksums.DIR_TAIL_SIZE : 0);
    }

    // ---- One block ------------------------------------------------------------------------------

    /// One block of entries: a leaf, or the root of an index, of which `.` and `..` are left.
    private final class Block {
      private final MemorySegment s;
      private final long logical;
      private final long blockNr;
      private final NameSet set;
      private final boolean telling;

      Block(MemorySegment s, long logical, long blockNr, NameSet set, boolean telling) {
        this.s = s;
        this.logical = logical;
        this.blockNr = blockNr;
        this.set = set;
        this.telling = telling;
      }

      private void tell(FindingCode code, String what) {
        if (telling) {
          damage(code, blockNr, what);
        }
      }

      void run() {
        boolean isRoot = indexed && logical == 0;
        if (geometry.hasMetadataChecksums() && !isRoot) {
          if (!Checksums.hasDirTail(s, 0, geometry.blockSize())) {
            tell(FindingCode.DIRECTORY_CHECKSUM, "directory block has no checksum");
          } else if (!Checksums.dirLeafMatches(seed, s, 0, geometry.blockSize())) {
            tell(FindingCode.DIRECTORY_CHECKSUM, "directory block has a wrong checksum");
          }
        }
        int end = isRoot ? geometry.blockSize() : end(s);
        int at = 0;
        int i = 0;
        while (at < end) {
          if (!recordFits(s, at, end)) {
            tell(
                FindingCode.DIRECTORY_RECORD,
                "record at byte " + at + " has " + (at + 6 > end ? 0 : recordLength(s, at))
                    + " bytes, which cannot be");
            break;
          }
          if (logical == 0 && i < 2) {
            dot(at, i);
          } else if (LittleEndian.u32(s, at) != 0) {
            entry(at);
          }
          at += recordLength(s, at);
          i++;
        }
        if (logical == 0 && i < 2) {
          tell(FindingCode.DIRECTORY_DOTS, "directory has no " + (i == 0 ? "`.`" : "`..`"));
        }
      }

      private void dot(int at, int which) {
        String wanted = which == 0 ? "." : "..";
        long target = LittleEndian.u32(s, at);
        if (!name(s, at).equals(wanted)) {
          tell(
              FindingCode.DIRECTORY_DOTS,
              "entry " + which + " is `" + printable(name(s, at)) + "`, not `" + wanted + "`");
          return;
        }
        if (LittleEndian.u8(s, at + HEADER + wanted.length()) != 0) {
          tell(FindingCode.DIRECTORY_DOTS, "`" + wanted + "` is not followed by a zero byte");
        }
        if (which == 0 && target != ino || !geometry.isInode(target)) {
          tell(
              FindingCode.DIRECTORY_DOTS, "`" + wanted + "` leads to inode " + target);
        } else if (telling) {
          if (which == 1) {
            scan.facts.putDotDot(ino, target);
          }
          scan.facts.addName(target);
        }
        type(at, Scan.DIRECTORY, wanted);
      }

      private void entry(int at) {
        long target = LittleEndian.u32(s, at);
        String name = name(s, at);
        names += telling ? 1 : 0;
        set.add(nameHash(s, at));
        if (!telling) {
          return;
        }
        if (name.isEmpty() || name.indexOf('/') >= 0 || name.indexOf('\0') >= 0) {
          tell(FindingCode.DIRECTORY_NAME, "the name `" + printable(name) + "` cannot be");
        }
        if (name.equals(".") || name.equals("..")) {
          tell(FindingCode.DIRECTORY_DOTS, "`" + name + "` is not at the beginning");
        }
        hashIsRight(at, name);
        if (!geometry.isInode(target)
            || !scan.used.get(target)
            || scan.hidden.get(target)
            || target == Scan.ROOT_INO) {
          tell(
              FindingCode.DIRECTORY_ENTRY,
              "`" + printable(name) + "` leads to inode " + target
                  + (target == Scan.ROOT_INO
                      ? ", the root"
                      : ", which is not in use or not for files"));
          return;
        }
        int type = scan.facts.type(target);
        type(at, type, name);
        if (type == Scan.DIRECTORY) {
          if (scan.facts.parent(target) != 0) {
            tell(
                FindingCode.DIRECTORY_LINKED,
                "`" + printable(name) + "` is another name of directory inode " + target);
            return;
          }
          scan.facts.putParent(target, ino);
        }
        scan.facts.addName(target);
      }

      private void type(int at, int type, String name) {
        int told = LittleEndian.u8(s, at + 7);
        int right = scan.has(Feature.FILETYPE) ? typeInEntry(type) : 0;
        if (told != right && told != 0) { // 0 says: look at the inode
          tell(
              FindingCode.DIRECTORY_TYPE,
              "`" + printable(name) + "` has type " + told + ", its inode's is " + right);
        }
      }

      private void hashIsRight(int at, String name) {
        DirHash function = hash;
        if (function == null || logical == 0) {
          return;
        }
        int block = (int) logical;
        if (kinds[block] != LEAF) {
          return;
        }
        long low = lows[block] & 0xffff_fffeL;
        long high = highs[block] & 0xffff_ffffL | 1;
        long major =
            DirHash.major(function.hash(s, at + HEADER, LittleEndian.u8(s, at + 6)))
                & 0xffff_ffffL;
        if (major < low || major > high) {
          tell(
              FindingCode.DIRECTORY_INDEX,
              String.format(
                  "`%s` has hash %08x, its block is for %08x..%08x",
                  printable(name), major, low, high));
        }
      }
    }
  }

  /// Hashes of names, to find those that occur twice; equal hashes are looked at again.
  private static final class NameSet {
    private final Set<Long> met = new HashSet<>();
    final Set<Long> twice = new HashSet<>();
    private int goes = 1;
    private int go;

    void next(int goes, int go) {
      this.goes = goes;
      this.go = go;
      met.clear();
    }

    void add(long hash) {
      boolean mine = goes == 1 ? met.size() < NAMES_MAX : Math.floorMod(hash, goes) == go;
      if (mine && !met.add(hash) && twice.size() < NAMES_MAX) {
        twice.add(hash);
      }
    }
  }

  private static int recordLength(MemorySegment s, int at) {
    return LittleEndian.u16(s, at + 4);
  }

  private static boolean recordFits(MemorySegment s, int at, int end) {
    if (end - at < RECORD_MIN) {
      return false;
    }
    int record = recordLength(s, at);
    return record >= RECORD_MIN
        && (record & 3) == 0
        && record <= end - at
        && HEADER + LittleEndian.u8(s, at + 6) <= record;
  }

  private static String name(MemorySegment s, int at) {
    byte[] bytes = new byte[LittleEndian.u8(s, at + 6)];
    MemorySegment.copy(s, ValueLayout.JAVA_BYTE, at + HEADER, bytes, 0, bytes.length);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private static String printable(String name) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      text.append(c < ' ' || c > '~' ? String.format("\\%03o", (int) c) : String.valueOf(c));
    }
    return text.toString();
  }

  /// FNV-1a with 64 bits.
  private static long nameHash(MemorySegment s, int at) {
    long hash = 0xcbf2_9ce4_8422_2325L;
    int length = LittleEndian.u8(s, at + 6);
    for (int i = 0; i < length; i++) {
      hash = (hash ^ LittleEndian.u8(s, at + HEADER + i)) * 0x100_0000_01b3L;
    }
    return hash;
  }

  /// The type of an entry for the type of a mode: 1 regular, 2 directory, 3 and 4 devices, 5 pipe,
  /// 6 socket, 7 symbolic link.
  private static int typeInEntry(int type) {
    return switch (type) {
      case Scan.REGULAR -> 1;
      case Scan.DIRECTORY -> 2;
      case 2 -> 3;
      case 6 -> 4;
      case 1 -> 5;
      case 12 -> 6;
      case Scan.SYMLINK -> 7;
      default -> 0;
    };
  }
}
