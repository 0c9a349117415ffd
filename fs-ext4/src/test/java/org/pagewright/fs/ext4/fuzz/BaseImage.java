package org.pagewright.fs.ext4.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.Ext4;
import org.pagewright.fs.ext4.Ext4Options;
import org.pagewright.fs.ext4.disk.Checksums;
import org.pagewright.fs.ext4.disk.Crc32c;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.disk.GroupDescriptor;
import org.pagewright.fs.ext4.disk.InodeCodec;
import org.pagewright.fs.ext4.disk.LittleEndian;
import org.pagewright.fs.ext4.disk.Superblock;
import org.pagewright.fs.ext4.journal.JournalBlocks;
import org.pagewright.fs.ext4.journal.LoggedTransactions;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.ManualClock;
import org.pagewright.fs.ext4.testing.RamImage;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;
import org.pagewright.vfs.XattrMode;

/// A good image with one of everything, and where each of its structures lies.
final class BaseImage {
  /// The kinds of file system that are spoilt.
  enum Variant {
    EXT4,
    NO_CHECKSUMS,
    GROUP_CHECKSUMS,
    EXT2,
    EXT3,
    ORPHAN_FILE,
    LARGE_BLOCKS,
    NEEDS_RECOVERY,
    OLD_JOURNAL
  }

  static final int EXTENT_HEADER = 12;
  private static final int JOURNAL_TARGETS = 24;
  private static final int DIRECT = 12;

  final Variant variant;
  final CowImage image;
  final Geometry geometry;
  final Superblock sb;
  final Map<String, Target> targets = new LinkedHashMap<>();
  final List<Target> all;

  /// Blocks that matter, for pointers to be bent to.
  final List<Long> places = new ArrayList<>();

  private final Set<Long> seen = new HashSet<>();
  private final boolean journalChecksums;
  private final int journalSeed;

  private BaseImage(Variant variant, CowImage image) throws FsException {
    this.variant = variant;
    this.image = image;
    this.sb = Superblock.read(image);
    this.geometry = new Geometry(sb);
    boolean sums = false;
    int seed = 0;
    if (sb.features().has(Feature.HAS_JOURNAL)) {
      JournalBlocks journal = JournalBlocks.read(image, sb);
      MemorySegment first = block(journal.deviceBlock(0));
      sums = (Integer.reverseBytes(LittleEndian.i32(first, 0x28)) & 0x18) != 0;
      seed = Crc32c.update(Crc32c.SEED, first, 0x30, 16);
      for (int i = 0; i < JOURNAL_TARGETS; i++) {
        put(
            "journal:" + i,
            i == 0 ? Target.Kind.JOURNAL_SUPER : Target.Kind.JOURNAL,
            journal.deviceBlock(i) * geometry.blockSize(),
            i == 0 ? 1024 : geometry.blockSize(),
            i);
      }
    }
    this.journalChecksums = sums;
    this.journalSeed = seed;
    find();
    this.all = List.copyOf(targets.values());
  }

  // ---- Making -----------------------------------------------------------------------------------

  static BaseImage make(Variant variant) {
    try {
      RamImage ram = RamImage.of(4 << 20);
      MkfsOptions options =
          new MkfsOptions()
              .uuid(new UUID(0x1234, 0x5678))
              .hashSeed(new UUID(0x9abc, 0xdef0))
              .timeSeconds(1_700_000_000)
              .blockSize(1024)
              .blocksPerGroup(2048)
              .inodes(256);
      switch (variant) {
        case EXT4, NEEDS_RECOVERY -> options.journalBytes(1 << 20);
        case NO_CHECKSUMS -> options.feature("^metadata_csum").feature("^has_journal");
        case GROUP_CHECKSUMS, OLD_JOURNAL ->
            options.feature("^metadata_csum").feature("uninit_bg").journalBytes(1 << 20);
        case EXT2 -> options.type(MkfsOptions.Type.EXT2).inodeSize(128);
        case EXT3 -> options.type(MkfsOptions.Type.EXT3).journalBytes(1 << 20);
        case ORPHAN_FILE -> options.feature("orphan_file").journalBytes(1 << 20);
        case LARGE_BLOCKS ->
            options.blockSize(2048).blocksPerGroup(8192).inodes(128).feature("^has_journal");
      }
      Mkfs.make(ram, options);
      fill(ram, variant);
      CowImage image = CowImage.of(ram.bytes(0, (int) ram.sizeBytes()));
      ram.free();
      if (variant == Variant.NEEDS_RECOVERY || variant == Variant.OLD_JOURNAL) {
        LoggedTransactions.write(image, variant == Variant.NEEDS_RECOVERY);
      }
      return new BaseImage(variant, image);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void fill(RamImage ram, Variant variant) throws FsException {
    Ext4Options options =
        Ext4Options.DEFAULTS.withMount(MountOptions.DEFAULTS.withClock(new ManualClock()));
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20);
        Volume volume = Ext4.mount(ram, memory, options)) {
      volume.mkdir("/many", 0755);
      for (int i = 0; i < 90; i++) {
        String name = "/many/a-name-that-takes-room-" + i;
        if (i < 4) {
          volume.open(name, OpenFlags.CREAT | OpenFlags.RDWR, 0600).close();
        } else {
          volume.link("/many/a-name-that-takes-room-" + i % 4, name);
        }
      }
      volume.mkdir("/a", 0755);
      volume.mkdir("/a/b", 0755);
      volume.mkdir("/a/b/c", 0755);
      write(volume, "/a/b/c/small", 3000, 1);
      write(volume, "/fragmented", 3000, 24);
      write(volume, "/sparse", 100, 3);
      volume.truncate("/sparse", 400_000);
      write(volume, "/plain", 60_000, 1);
      volume.symlink("a/b/c/small", "/short");
      volume.symlink("plain/" + "x".repeat(300), "/long");
      volume.mknod("/pipe", 010600, 0);
      if (variant != Variant.EXT2 && variant != Variant.EXT3) {
        try (OpenFile file = volume.open("/unwritten", OpenFlags.CREAT | OpenFlags.RDWR, 0600)) {
          file.fallocate(0, 0, 20_000);
          file.write(4096, new byte[100], 0, 100);
        }
      }
      volume.setXattr("/plain", "user.small", new byte[] {1, 2, 3}, XattrMode.SET, true);
      volume.setXattr("/plain", "user.large", new byte[400], XattrMode.SET, true);
      volume.setXattr("/fragmented", "user.large", new byte[400], XattrMode.SET, true);
      volume.setXattr("/a", "trusted.one", new byte[200], XattrMode.SET, true);
      write(volume, "/gone", 5000, 1);
      volume.sync();
      volume.unlink("/gone");
    }
  }

  /// Pieces with holes between them.
  private static void write(Volume volume, String path, int length, int pieces)
      throws FsException {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) path.hashCode());
    try (OpenFile file = volume.open(path, OpenFlags.CREAT | OpenFlags.RDWR, 0600)) {
      for (int i = 0; i < pieces; i++) {
        file.write(i * 9000L, bytes, 0, length);
      }
    }
  }

  // ---- Finding ----------------------------------------------------------------------------------

  private MemorySegment block(long blockNr) {
    return MemorySegment.ofArray(
        image.get(blockNr * geometry.blockSize(), geometry.blockSize()));
  }

  private void put(String label, Target.Kind kind, long pos, int length, long ino) {
    Target target = new Target(label, kind, pos, length, ino);
    if (targets.putIfAbsent(label, target) == null) {
      places.add(pos / geometry.blockSize());
    }
  }

  private void putBlock(String label, Target.Kind kind, long blockNr, long ino) {
    put(label, kind, blockNr * geometry.blockSize(), geometry.blockSize(), ino);
  }

  private long descriptorPos(int group) {
    return geometry.descBlock(geometry.descIndex(group)) * geometry.blockSize()
        + geometry.descOffset(group);
  }

  private void find() {
    put("super", Target.Kind.SUPER, Superblock.OFFSET, Superblock.SIZE, 0);
    long backup = geometry.groupCount() > 1 ? geometry.groupFirstBlock(1) : 0;
    if (backup > 0) {
      put("backup:1", Target.Kind.SUPER, backup * geometry.blockSize(), Superblock.SIZE, 1);
    }
    Map<Long, String> names = new HashMap<>();
    for (int group = 0; group < geometry.groupCount(); group++) {
      int size = geometry.descSize();
      long pos = descriptorPos(group);
      put("descriptor:" + group, Target.Kind.DESCRIPTOR, pos, size, group);
      MemorySegment d = MemorySegment.ofArray(image.get(pos, size));
      putBlock(
          "blocks:" + group,
          Target.Kind.BLOCK_BITMAP,
          GroupDescriptor.blockBitmap(d, 0, size),
          group);
      putBlock(
          "inodes:" + group,
          Target.Kind.INODE_BITMAP,
          GroupDescriptor.inodeBitmap(d, 0, size),
          group);
    }
    for (long ino : new long[] {1, 5, 7, 8}) {
      names.put(ino, "#" + ino);
    }
    if (sb.orphanFileInode() != 0) {
      names.put(sb.orphanFileInode(), "#orphans");
    }
    walk(2, "/", names);
    names.forEach(this::inode);
    for (long ino = sb.firstInode(); ino <= geometry.inodesCount(); ino++) {
      if (!names.containsKey(ino)) {
        put("inode:free", Target.Kind.INODE, inodePos(ino), geometry.inodeSize(), ino);
        return;
      }
    }
  }

  private long inodePos(long ino) {
    int group = geometry.groupOfInode(ino);
    int size = geometry.descSize();
    MemorySegment d = MemorySegment.ofArray(image.get(descriptorPos(group), size));
    long table = GroupDescriptor.inodeTable(d, 0, size);
    return geometry.inodeBlock(table, ino) * geometry.blockSize() + geometry.inodeOffset(ino);
  }

  private MemorySegment inodeOf(long ino) {
    return MemorySegment.ofArray(image.get(inodePos(ino), geometry.inodeSize()));
  }

  /// Names every inode below a directory after its first path.
  private void walk(long ino, String path, Map<Long, String> names) {
    if (names.putIfAbsent(ino, path) != null || InodeCodec.mode(inodeOf(ino), 0) >>> 12 != 4) {
      return;
    }
    List<Long> blocks = new ArrayList<>();
    map(inodeOf(ino), "", ino, blocks);
    for (long blockNr : blocks) {
      MemorySegment s = block(blockNr);
      for (int at = 0; at < geometry.blockSize() - 12; at += LittleEndian.u16(s, at + 4)) {
        byte[] name = new byte[LittleEndian.u8(s, at + 6)];
        MemorySegment.copy(s, ValueLayout.JAVA_BYTE, at + 8, name, 0, name.length);
        String text = new String(name, StandardCharsets.ISO_8859_1);
        if (LittleEndian.u32(s, at) != 0 && !text.equals(".") && !text.equals("..")) {
          walk(LittleEndian.u32(s, at), (path.equals("/") ? "" : path) + "/" + text, names);
        }
      }
    }
  }

  private void inode(long ino, String name) {
    put("inode:" + name, Target.Kind.INODE, inodePos(ino), geometry.inodeSize(), ino);
    MemorySegment s = inodeOf(ino);
    int type = InodeCodec.mode(s, 0) >>> 12;
    long acl = InodeCodec.fileAcl(s, 0);
    if (acl != 0 && seen.add(acl)) {
      putBlock("xattr:" + name, Target.Kind.XATTR, acl, acl);
    }
    boolean mapped = type == 8 || type == 4 || type == 10 && InodeCodec.size(s, 0) >= 60;
    if (!mapped || ino == 8) {
      return;
    }
    List<Long> blocks = new ArrayList<>();
    map(s, name, ino, blocks);
    boolean orphans = name.equals("#orphans");
    if (type == 4 || type == 10 || orphans) {
      for (int i = 0; i < blocks.size(); i++) {
        Target.Kind kind =
            type == 4
                ? Target.Kind.DIRECTORY
                : orphans ? Target.Kind.ORPHANS : Target.Kind.LINK;
        String word = type == 4 ? "dir:" : orphans ? "orphans:" : "link:";
        putBlock(word + name + ":" + i, kind, blocks.get(i), ino);
      }
    } else if (!blocks.isEmpty()) {
      places.add(blocks.getFirst());
    }
  }

  /// Blocks of an inode in order; nodes of its map become targets where it has a name.
  private void map(MemorySegment s, String name, long ino, List<Long> blocks) {
    if ((InodeCodec.flags(s, 0) & InodeCodec.FLAG_EXTENTS) != 0) {
      extents(s.asSlice(InodeCodec.BLOCK, InodeCodec.BLOCK_SIZE), name, ino, blocks);
      return;
    }
    for (int i = 0; i < 15; i++) {
      long place = Integer.toUnsignedLong(InodeCodec.block(s, 0, i));
      pointer(place, Math.max(0, i - DIRECT + 1), name, ino, blocks);
    }
  }

  private void extents(MemorySegment s, String name, long ino, List<Long> blocks) {
    for (int i = 1; i <= LittleEndian.u16(s, 2); i++) {
      long at = (long) i * EXTENT_HEADER;
      if (LittleEndian.u16(s, 6) == 0) {
        long first = LittleEndian.u32(s, at + 8);
        for (int k = 0; k < (LittleEndian.u16(s, at + 4) & 0x7fff); k++) {
          blocks.add(first + k);
        }
      } else {
        long child = LittleEndian.u32(s, at + 4);
        if (!name.isEmpty()) {
          putBlock("map:" + name + ":" + i, Target.Kind.EXTENTS, child, ino);
        }
        extents(block(child), name, ino, blocks);
      }
    }
  }

  private void pointer(long place, int level, String name, long ino, List<Long> blocks) {
    if (place == 0) {
      return;
    }
    if (level == 0) {
      blocks.add(place);
      return;
    }
    if (!name.isEmpty() && targets.size() < 400) {
      putBlock("map:" + name + ":" + place, Target.Kind.POINTERS, place, ino);
    }
    MemorySegment s = block(place);
    for (int i = 0; i < geometry.blockSize() / 4; i++) {
      pointer(LittleEndian.u32(s, 4L * i), level - 1, name, ino, blocks);
    }
  }

  // ---- Checksums --------------------------------------------------------------------------------

  /// Makes the checksum of a structure right again, as far as its own lengths leave room for one.
  void seal(CowImage spoilt, Target target) {
    byte[] bytes = spoilt.get(target.pos(), target.length());
    MemorySegment s = MemorySegment.ofArray(bytes);
    boolean sums = geometry.hasMetadataChecksums();
    int blockSize = geometry.blockSize();
    switch (target.kind()) {
      case SUPER -> {
        Superblock copy = Superblock.copyOf(s, 0);
        copy.seal();
        MemorySegment.copy(copy.raw(), 0, s, 0, Superblock.SIZE);
      }
      case DESCRIPTOR -> GroupDescriptor.seal(geometry, (int) target.ino(), s, 0);
      case BLOCK_BITMAP, INODE_BITMAP -> sealBitmap(spoilt, target, s);
      case INODE -> InodeCodec.seal(geometry, target.ino(), s, 0);
      case EXTENTS -> {
        if (sums && EXTENT_HEADER * (1L + LittleEndian.u16(s, 4)) + 4 <= blockSize) {
          Checksums.sealExtentBlock(seedOf(spoilt, target.ino()), s, 0);
        }
      }
      case DIRECTORY -> {
        if (sums) {
          sealDirectory(spoilt, target, s);
        }
      }
      case XATTR -> {
        if (sums) {
          Checksums.sealXattrBlock(geometry.checksumSeed(), target.ino(), s, 0, blockSize);
        }
      }
      case ORPHANS -> {
        int seed = seedOf(spoilt, target.ino());
        Checksums.sealOrphanBlock(geometry, seed, target.pos() / blockSize, s, 0);
      }
      case JOURNAL_SUPER -> {
        if (journalChecksums) {
          LittleEndian.put32(s, 0xfc, 0);
          int crc = Crc32c.update(Crc32c.SEED, s, 0, 1024);
          LittleEndian.put32(s, 0xfc, Integer.reverseBytes(crc));
        }
      }
      case JOURNAL -> {
        if (journalChecksums) {
          sealLogged(s);
        }
      }
      case POINTERS, LINK -> {}
    }
    spoilt.put(target.pos(), bytes);
  }

  private int seedOf(CowImage spoilt, long ino) {
    MemorySegment inode = MemorySegment.ofArray(spoilt.get(inodePos(ino), geometry.inodeSize()));
    return Checksums.inodeSeed(geometry.checksumSeed(), ino, InodeCodec.generation(inode, 0));
  }

  private void sealBitmap(CowImage spoilt, Target target, MemorySegment s) {
    int group = (int) target.ino();
    int size = geometry.descSize();
    MemorySegment d = MemorySegment.ofArray(spoilt.get(descriptorPos(group), size));
    if (geometry.hasMetadataChecksums()) {
      if (target.kind() == Target.Kind.BLOCK_BITMAP) {
        int crc = Checksums.blockBitmap(geometry, s, 0);
        GroupDescriptor.putBlockBitmapChecksum(d, 0, size, crc);
      } else {
        int crc = Checksums.inodeBitmap(geometry, s, 0);
        GroupDescriptor.putInodeBitmapChecksum(d, 0, size, crc);
      }
      GroupDescriptor.seal(geometry, group, d, 0);
    }
    spoilt.put(descriptorPos(group), d.toArray(ValueLayout.JAVA_BYTE));
  }

  private void sealDirectory(CowImage spoilt, Target target, MemorySegment s) {
    int blockSize = geometry.blockSize();
    int seed = seedOf(spoilt, target.ino());
    if (Checksums.hasDirTail(s, 0, blockSize)) {
      Checksums.sealDirLeaf(seed, s, 0, blockSize);
      return;
    }
    int entries = LittleEndian.u16(s, 4) == blockSize ? 8 : 32;
    int limit = LittleEndian.u16(s, entries);
    int count = LittleEndian.u16(s, entries + 2);
    if (entries + 8L * limit + 8 <= blockSize && entries + 8L * count <= blockSize) {
      Checksums.sealDxBlock(seed, s, 0, entries);
    }
  }

  private void sealLogged(MemorySegment s) {
    int blockSize = geometry.blockSize();
    int type = Integer.reverseBytes(LittleEndian.i32(s, 4));
    int at = type == 2 ? 0x10 : blockSize - 4;
    if (type == 1 || type == 2 || type == 5) {
      LittleEndian.put32(s, at, 0);
      LittleEndian.put32(s, at, Integer.reverseBytes(Crc32c.update(journalSeed, s, 0, blockSize)));
    }
  }
}
