package org.pagewright.fs.ext4.disk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.ImageDevice;

/// Goal: what mke2fs and e2fsck write, the codecs read, down to the last checksum; and dumpe2fs
/// says the same. Method: images with a wide directory, a fragmented file and attributes, in many
/// feature sets; each structure is visited and checked.
class FormatsOfForeignImagesTest {
  private static final Pattern GROUP =
      Pattern.compile(
          "Group (\\d+): \\(Blocks (\\d+)-(\\d+)\\)(?: csum (0x[0-9a-f]+))?(?: \\[(.*)\\])?");
  private static final int EXTENT_MAGIC = 0xf30a;

  @TempDir Path dir;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-t ext4",
        "-t ext4 -b 1024",
        "-t ext4 -b 2048 -I 512",
        "-t ext4 -I 128",
        "-t ext4 -O ^64bit",
        "-t ext4 -O ^metadata_csum,uninit_bg",
        "-t ext4 -O ^metadata_csum,uninit_bg,^64bit",
        "-t ext4 -b 1024 -O meta_bg,^resize_inode -g 256",
        "-t ext4 -b 1024 -O sparse_super2 -g 1024",
        "-t ext4 -O metadata_csum_seed,orphan_file,fast_commit",
        "-t ext4 -b 1024 -O ^flex_bg -g 2048",
        "-t ext4 -O large_dir -E hash_seed=01020304-f5f6-0708-898a-0b0c0d0e0f10",
        "-t ext4 -b 1024 -O ^sparse_super,^resize_inode -g 1024",
        "-t ext3",
        "-t ext2 -b 1024",
      })
  void everyStructureOfAnImageIsReadAsItsMakerMeantIt(String options) throws IOException {
    E2fs.assumeTools("mke2fs", "debugfs", "e2fsck", "dumpe2fs");
    Path tree = makeTree();
    Path image = dir.resolve("image");
    List<String> args = new ArrayList<>(List.of(options.split(" ")));
    args.addAll(List.of("-d", tree.toString()));
    E2fs.mke2fs(image, "24M", args.toArray(String[]::new));
    E2fs.ok("debugfs", "-w", "-R", "ea_set /scattered user.x " + "v".repeat(600), image.toString());
    E2fs.run(List.of("e2fsck", "-fyD", image.toString()));
    E2fs.assertClean(image);

    String dump = E2fs.ok("dumpe2fs", image.toString());
    try (ImageDevice device = new ImageDevice(image, 512)) {
      Superblock sb = Superblock.read(device);
      compareSuperblock(sb, dump);
      Geometry geometry = new Geometry(sb);
      new Walk(device, sb, geometry).groups(dump);
    }
  }

  private static void compareSuperblock(Superblock sb, String dump) {
    Map<String, String> said = new TreeMap<>();
    for (String line : dump.split("\n")) {
      int colon = line.indexOf(':');
      if (colon > 0 && !line.startsWith(" ")) {
        said.putIfAbsent(line.substring(0, colon), line.substring(colon + 1).strip());
      }
    }
    assertEquals(said.get("Filesystem features"), String.join(" ", sb.features().names()));
    assertEquals(said.get("Filesystem UUID"), sb.uuid().toString());
    assertEquals(said.get("Inode count"), "" + sb.inodesCount());
    assertEquals(said.get("Block count"), "" + sb.blocksCount());
    assertEquals(said.get("Reserved block count"), "" + sb.reservedBlocksCount());
    assertEquals(said.get("Free blocks"), "" + sb.freeBlocksCount());
    assertEquals(said.get("Free inodes"), "" + sb.freeInodesCount());
    assertEquals(said.get("First block"), "" + sb.firstDataBlock());
    assertEquals(said.get("Block size"), "" + sb.blockSize());
    assertEquals(said.get("Blocks per group"), "" + sb.blocksPerGroup());
    assertEquals(said.get("Inodes per group"), "" + sb.inodesPerGroup());
    assertEquals(said.get("Inode size"), "" + sb.inodeSize());
    assertEquals(said.get("Mount count"), "" + sb.mountCount());
    assertEquals(said.getOrDefault("Directory Hash Seed", ""), sb.hashSeed().toString());
    assertEquals(said.getOrDefault("Journal inode", "0"), "" + sb.journalInode());
    assertEquals(said.getOrDefault("Orphan file inode", "0"), "" + sb.orphanFileInode());
    String checksum = said.get("Checksum");
    if (checksum != null) {
      assertEquals(Long.decode(checksum), LittleEndian.u32(sb.raw(), 0x3fc));
    }
    String seed = said.get("Checksum seed");
    if (seed != null) {
      assertEquals(Long.decode(seed), sb.checksumSeed() & 0xffff_ffffL);
    }
  }

  @Test
  void aBackupSuperblockIsFoundWhereTheFirstIsGone() throws IOException {
    E2fs.assumeTools("mke2fs");
    for (String blockSize : List.of("1024", "2048", "4096")) {
      Path image = dir.resolve("backup" + blockSize);
      E2fs.mke2fs(image, "300M", "-t", "ext4", "-b", blockSize);
      try (ImageDevice device = new ImageDevice(image, 512)) {
        Superblock first = Superblock.read(device);
        device.write(0, MemorySegment.ofArray(new byte[4096]));
        FsException none = assertThrows(FsException.class, () -> Superblock.read(device));
        assertEquals(Errno.EINVAL, none.errno());
        Superblock backup = Superblock.findBackup(device);
        assertNotNull(backup);
        assertEquals(1, backup.blockGroupNr());
        assertEquals(first.uuid(), backup.uuid());
        backup.putBlockGroupNr(0);
        backup.write(device);
        assertEquals(first.uuid(), Superblock.read(device).uuid());
      }
      assertEquals(0, E2fs.run(List.of("e2fsck", "-fy", image.toString())).code() & ~1);
    }
  }

  @Test
  void aBackupThatWeWriteIsTheBackupThatMke2fsWrote() throws IOException {
    E2fs.assumeTools("mke2fs");
    Path image = dir.resolve("image");
    E2fs.mke2fs(image, "40M", "-t", "ext4", "-b", "1024");
    try (ImageDevice device = new ImageDevice(image, 4096)) {
      Superblock sb = Superblock.read(device);
      Geometry geometry = new Geometry(sb);
      long pos = geometry.groupFirstBlock(3) * 1024;
      Superblock theirs = Superblock.readAt(device, pos);
      sb.writeBackup(device, geometry, 3);
      assertEquals(-1, theirs.raw().mismatch(Superblock.readAt(device, pos).raw()));
    }
    E2fs.assertClean(image);
  }

  @Test
  void aTruncatedImageSaysSo() throws IOException {
    E2fs.assumeTools("mke2fs");
    Path image = dir.resolve("image");
    E2fs.mke2fs(image, "8M", "-t", "ext4");
    try (FileChannel c = FileChannel.open(image, StandardOpenOption.WRITE)) {
      c.truncate(4 << 20);
    }
    try (ImageDevice device = new ImageDevice(image, 512)) {
      FsException e = assertThrows(CorruptedException.class, () -> Superblock.read(device));
      assertTrue(e.getMessage().contains("cut off"), e.getMessage());
    }
  }

  @Test
  void noByteOfTheSuperblockCanMakeTheGeometryThrowOnceItValidates() throws IOException {
    E2fs.assumeTools("mke2fs");
    Path image = dir.resolve("image");
    E2fs.mke2fs(image, "8M", "-t", "ext4", "-O", "^metadata_csum");
    try (ImageDevice device = new ImageDevice(image, 512)) {
      Superblock sb = Superblock.read(device);
      int passed = 0;
      for (int at = 0; at < Superblock.SIZE; at++) {
        for (int value : new int[] {0, 1, 0x7f, 0x80, 0xff}) {
          Superblock bad = sb.copy();
          LittleEndian.put8(bad.raw(), at, value);
          try {
            bad.validate("image", device.sizeBytes());
          } catch (FsException e) {
            continue;
          }
          passed++;
          Geometry geometry = new Geometry(bad);
          for (int group = 0; group < Math.min(geometry.groupCount(), 100); group++) {
            assertTrue(geometry.descBlock(geometry.descIndex(group)) >= 1);
            assertTrue(geometry.blocksInGroup(group) > 0);
            geometry.baseBlocksIn(group);
          }
        }
      }
      assertTrue(passed > 500);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"encrypt", "casefold", "inline_data", "ea_inode", "bigalloc", "quota",
      "project", "mmp", "verity", "shared_blocks", "read-only"})
  void aFeatureThatWeDoNotWriteIsRefusedByName(String label) throws IOException {
    Feature feature = Feature.byLabel(label);
    assertNotNull(feature);
    Features features = Features.NONE.with(feature, Feature.EXTENT);
    FsException e = assertThrows(FsException.class, () -> features.check("disk.img", true));
    assertTrue(e.getMessage().contains(label), e.getMessage());
    if (feature.support() == Feature.Support.READ_ONLY) {
      assertEquals(Errno.EROFS, e.errno());
      features.check("disk.img", false);
      assertTrue(features.readOnlyReason().contains(label));
    } else {
      assertEquals(Errno.EOPNOTSUPP, e.errno());
      assertThrows(FsException.class, () -> features.check("disk.img", false));
    }
  }

  @Test
  void anUnknownFeatureIsRefusedByItsNumber() throws IOException {
    FsException e =
        assertThrows(
            FsException.class, () -> new Features(0, 1 << 30, 0).check("disk.img", false));
    assertTrue(e.getMessage().contains("FEATURE_I30"), e.getMessage());
    new Features(1 << 30, 0, 1 << 29).check("disk.img", false);
    assertEquals(List.of("FEATURE_C30", "FEATURE_R29"), new Features(1 << 30, 0, 1 << 29).names());
  }

  private Path makeTree() throws IOException {
    Path tree = Files.createDirectories(dir.resolve("tree"));
    Path wide = Files.createDirectories(tree.resolve("wide"));
    for (int i = 0; i < 900; i++) {
      Files.createFile(wide.resolve("a file with a rather long name to fill blocks " + i));
    }
    try (RandomAccessFile f = new RandomAccessFile(tree.resolve("scattered").toFile(), "rw")) {
      for (int i = 0; i < 500; i++) {
        f.seek(8192L * i);
        f.write(i);
      }
    }
    return tree;
  }

  /// Visits every structure of an image that is not in use.
  private static final class Walk {
    private final ImageDevice device;
    private final Superblock sb;
    private final Geometry geometry;
    private final int blockSize;
    private int extentBlocks;
    private int leaves;
    private int indexBlocks;
    private int attributeBlocks;

    Walk(ImageDevice device, Superblock sb, Geometry geometry) {
      this.device = device;
      this.sb = sb;
      this.geometry = geometry;
      this.blockSize = geometry.blockSize();
    }

    MemorySegment block(long nr) throws FsException {
      MemorySegment s = MemorySegment.ofBuffer(ByteBuffer.allocate(blockSize));
      device.read(nr * blockSize, s);
      return s;
    }

    void groups(String dump) throws FsException {
      Matcher m = GROUP.matcher(dump);
      for (int group = 0; group < geometry.groupCount(); group++) {
        assertTrue(m.find());
        int end = dump.indexOf("\nGroup ", m.end());
        String said = dump.substring(m.start(), end < 0 ? dump.length() : end);
        assertEquals(group, Integer.parseInt(m.group(1)));
        assertEquals(Long.parseLong(m.group(2)), geometry.groupFirstBlock(group));
        assertEquals(
            Long.parseLong(m.group(3)),
            geometry.groupFirstBlock(group) + geometry.blocksInGroup(group) - 1);
        assertEquals(said.contains("uperblock at "), geometry.hasSuper(group), "group " + group);
        assertEquals(
            said.contains("Group descriptor"), geometry.descBlocksIn(group) > 0, "group " + group);
        if (geometry.hasSuper(group) && group > 0) {
          Superblock copy = Superblock.readAt(device, geometry.groupFirstBlock(group) * blockSize);
          copy.validate("backup", 0);
          assertEquals(group, copy.blockGroupNr());
        }
        group(group, said, m.group(4));
      }
      if (geometry.features().has(Feature.EXTENT)) {
        assertTrue(extentBlocks > 0 && leaves > 0 && indexBlocks > 0 && attributeBlocks > 0);
      }
    }

    private void group(int group, String said, String checksum) throws FsException {
      long descBlock = geometry.descBlock(geometry.descIndex(group));
      MemorySegment s = block(descBlock);
      int at = geometry.descOffset(group);
      int size = geometry.descSize();
      GroupDescriptor.validate("image", descBlock, geometry, group, s, at);
      if (checksum != null) {
        assertEquals(Integer.decode(checksum), GroupDescriptor.checksum(s, at));
      }
      for (int index = 0; index < geometry.descBlocks(); index++) {
        long copy = geometry.descBlockIn(index, group);
        if (copy >= 0 && geometry.features().has(Feature.META_BG)) {
          assertTrue(said.contains("Group descriptor at " + copy), said);
        }
        if (copy >= 0) {
          GroupDescriptor.validate(
              "image",
              copy,
              geometry,
              index * geometry.descPerBlock(),
              block(copy),
              0);
        }
      }
      assertTrue(said.contains("Block bitmap at " + GroupDescriptor.blockBitmap(s, at, size)));
      assertTrue(said.contains("Inode bitmap at " + GroupDescriptor.inodeBitmap(s, at, size)));
      long table = GroupDescriptor.inodeTable(s, at, size);
      assertTrue(
          said.contains(
              "Inode table at " + table + "-" + (table + geometry.inodeTableBlocks() - 1)));
      String counts =
          GroupDescriptor.freeBlocks(s, at, size)
              + " free blocks, "
              + GroupDescriptor.freeInodes(s, at, size)
              + " free inodes, "
              + GroupDescriptor.usedDirs(s, at, size)
              + " directories";
      assertTrue(said.contains(counts), counts + " in " + said);
      int unused = GroupDescriptor.unusedInodes(s, at, size);
      assertEquals(unused > 0, said.contains(unused + " unused inodes"));
      int flags = GroupDescriptor.flags(s, at);
      assertEquals((flags & GroupDescriptor.INODE_UNINIT) != 0, said.contains("INODE_UNINIT"));
      assertEquals((flags & GroupDescriptor.BLOCK_UNINIT) != 0, said.contains("BLOCK_UNINIT"));

      MemorySegment blockBits = block(GroupDescriptor.blockBitmap(s, at, size));
      MemorySegment inodeBits = block(GroupDescriptor.inodeBitmap(s, at, size));
      if (geometry.hasMetadataChecksums()) {
        if ((flags & GroupDescriptor.BLOCK_UNINIT) == 0) {
          assertEquals(
              Checksums.keptInDescriptor(Checksums.blockBitmap(geometry, blockBits, 0), size),
              GroupDescriptor.blockBitmapChecksum(s, at, size));
        }
        if ((flags & GroupDescriptor.INODE_UNINIT) == 0) {
          assertEquals(
              Checksums.keptInDescriptor(Checksums.inodeBitmap(geometry, inodeBits, 0), size),
              GroupDescriptor.inodeBitmapChecksum(s, at, size));
        }
      }
      if ((flags & GroupDescriptor.INODE_UNINIT) == 0) {
        for (int i = 0; i < geometry.inodesPerGroup(); i++) {
          if ((LittleEndian.u8(inodeBits, i / 8) >> i % 8 & 1) != 0) {
            inode(table, (long) group * geometry.inodesPerGroup() + i + 1);
          }
        }
      }
    }

    private void inode(long table, long ino) throws FsException {
      long blockNr = geometry.inodeBlock(table, ino);
      MemorySegment s = block(blockNr);
      int at = geometry.inodeOffset(ino);
      InodeCodec.validate("image", blockNr, geometry, ino, s, at);
      int crc = LittleEndian.u16(s, at + 0x7c);
      InodeCodec.seal(geometry, ino, s, at);
      assertEquals(crc, LittleEndian.u16(s, at + 0x7c));
      long acl = InodeCodec.fileAcl(s, at);
      if (acl != 0 && geometry.hasMetadataChecksums()) {
        assertTrue(
            Checksums.xattrBlockMatches(sb.checksumSeed(), acl, block(acl), 0, blockSize));
      }
      attributeBlocks += acl != 0 ? 1 : 0;
      if ((InodeCodec.flags(s, at) & InodeCodec.FLAG_EXTENTS) == 0
          || LittleEndian.u16(s, at + InodeCodec.BLOCK) != EXTENT_MAGIC) {
        return;
      }
      int seed =
          Checksums.inodeSeed(sb.checksumSeed(), ino, InodeCodec.generation(s, at));
      TreeMap<Long, Long> blocks = new TreeMap<>();
      extents(seed, s.asSlice(at + InodeCodec.BLOCK, InodeCodec.BLOCK_SIZE), blocks);
      if ((InodeCodec.mode(s, at) & 0xf000) == 0x4000) {
        directory(seed, (InodeCodec.flags(s, at) & InodeCodec.FLAG_INDEX) != 0, blocks);
      }
      if (ino == sb.orphanFileInode()) {
        for (long b : blocks.values()) {
          assertTrue(Checksums.orphanBlockMatches(geometry, seed, b, block(b), 0));
        }
      }
    }

    private void extents(int seed, MemorySegment s, Map<Long, Long> blocks) throws FsException {
      int count = LittleEndian.u16(s, 2);
      int depth = LittleEndian.u16(s, 6);
      for (int i = 1; i <= count; i++) {
        long logical = LittleEndian.u32(s, 12L * i);
        if (depth > 0) {
          long child =
              LittleEndian.u32(s, 12L * i + 4) | (long) LittleEndian.u16(s, 12L * i + 8) << 32;
          MemorySegment b = block(child);
          extentBlocks++;
          if (geometry.hasMetadataChecksums()) {
            assertTrue(Checksums.extentBlockMatches(seed, b, 0, blockSize));
          }
          extents(seed, b, blocks);
        } else {
          long physical =
              LittleEndian.u32(s, 12L * i + 8) | (long) LittleEndian.u16(s, 12L * i + 6) << 32;
          for (int k = 0; k < (LittleEndian.u16(s, 12L * i + 4) & 0x7fff); k++) {
            blocks.put(logical + k, physical + k);
          }
        }
      }
    }

    private void directory(int seed, boolean indexed, TreeMap<Long, Long> blocks)
        throws FsException {
      if (!indexed) {
        for (long b : blocks.values()) {
          leaf(seed, block(b), null, 0, 0);
        }
        return;
      }
      MemorySegment root = block(blocks.firstEntry().getValue());
      DirHash hash = sb.dirHash(LittleEndian.u8(root, 0x1c));
      assertNotNull(hash);
      index(seed, root, 0x20, LittleEndian.u8(root, 0x1e), hash, blocks, 0, 0x1_0000_0000L);
    }

    private void index(
        int seed,
        MemorySegment s,
        int entries,
        int levels,
        DirHash hash,
        TreeMap<Long, Long> blocks,
        long low,
        long high)
        throws FsException {
      indexBlocks++;
      if (geometry.hasMetadataChecksums()) {
        assertTrue(Checksums.dxBlockMatches(seed, s, 0, entries, blockSize));
      }
      int count = LittleEndian.u16(s, entries + 2L);
      for (int i = 0; i < count; i++) {
        long from = i == 0 ? low : LittleEndian.u32(s, entries + 8L * i);
        long to = i + 1 < count ? LittleEndian.u32(s, entries + 8L * (i + 1)) : high;
        Long child = blocks.get(LittleEndian.u32(s, entries + 8L * i + 4) & 0xfff_ffff);
        assertNotNull(child);
        if (levels > 0) {
          index(seed, block(child), 8, levels - 1, hash, blocks, from, to);
        } else {
          leaf(seed, block(child), hash, from & ~1, (to + 1) & ~1);
        }
      }
    }

    /// With a hash, every name must lie in the range that the index gives the leaf.
    private void leaf(int seed, MemorySegment s, DirHash hash, long from, long to) {
      leaves++;
      if (geometry.hasMetadataChecksums()) {
        assertTrue(Checksums.dirLeafMatches(seed, s, 0, blockSize));
      }
      for (int at = 0; hash != null && at < blockSize; at += LittleEndian.u16(s, at + 4L)) {
        int length = LittleEndian.u8(s, at + 6L);
        if (LittleEndian.i32(s, at) != 0 && length > 0) {
          long major = DirHash.major(hash.hash(s, at + 8L, length)) & 0xffff_ffffL;
          assertTrue(major >= from && major <= to, from + " " + major + " " + to);
        }
      }
    }
  }
}
