package org.pagewright.fs.ext4;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.disk.Superblock;
import org.pagewright.fs.ext4.map.Mapping;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.RamImage;
import org.pagewright.sync.Lockdep;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;
import org.pagewright.vfs.XattrMode;

/// Goal: bytes that make no sense are a typed error naming device and block; nothing hangs, nothing
/// is written to an image that is opened read-only.
///
/// Method: a good image, one structure of it spoilt at a time; and at the end random bytes in
/// random metadata, where any outcome is right but a hang or an exception of another kind.
@Timeout(60)
final class DamagedImageTest {
  private static final int BLOCK = 1024;
  private static final Ext4Options READ_ONLY =
      Ext4Options.DEFAULTS.withMount(MountOptions.DEFAULTS.withReadOnly(true));

  private RamImage image;
  private CacheMemory memory;
  private Geometry geometry;
  private long fragmentedIno;
  private long leafBlock; // of the extent tree of /fragmented
  private long dirBlock;
  private long xattrBlock;
  private long tableBlock; // that holds the inode of /fragmented
  private int tableOffset;
  private long dataBlock;

  @BeforeEach
  void makeAGoodImage() throws Exception {
    image = RamImage.of(16 << 20);
    memory = CacheMemory.ofBytes(2 << 20);
    Mkfs.make(image, new MkfsOptions().blockSize(BLOCK));
    try (Volume volume = Ext4.mount(image, memory, Ext4Options.DEFAULTS)) {
      volume.mkdir("/dir", 0755);
      for (int i = 0; i < 10; i++) {
        volume.open("/dir/f" + i, OpenFlags.CREAT | OpenFlags.RDWR, 0600).close();
      }
      volume.symlink("loop-b", "/loop-a");
      volume.symlink("loop-a", "/loop-b");
      try (OpenFile file = volume.open("/fragmented", OpenFlags.CREAT | OpenFlags.RDWR, 0600)) {
        for (int i = 0; i < 40; i++) {
          file.write(i * 8192L, new byte[] {1, 2, 3}, 0, 3);
        }
      }
      volume.setXattr("/fragmented", "user.big", new byte[500], XattrMode.SET, true);
      volume.sync();
      Ext4FileSystem fs = (Ext4FileSystem) volume.superBlock().operations();
      geometry = fs.geometry();
      fragmentedIno = volume.stat("/fragmented").ino();
      try (OpenFile file = volume.open("/fragmented", OpenFlags.RDONLY, 0);
          OpenFile dir = volume.openDir("/dir")) {
        Ext4Inode inode = (Ext4Inode) file.inode();
        // Root entry of the tree: the leaf's block number is at byte 12 + 4.
        leafBlock =
            inode.block().get(java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED, 16) & 0xffffffffL;
        xattrBlock = inode.fileAcl();
        Mapping at = new Mapping();
        inode.mapper().lookup(0, 1, at);
        dataBlock = at.blockNr();
        dirBlock = ((Ext4Inode) dir.inode()).placeOf(0);
        tableBlock = fs.groups().inodeBlock(fragmentedIno);
        tableOffset = geometry.inodeOffset(fragmentedIno);
      }
    }
  }

  @AfterEach
  void free() {
    memory.close();
    image.free();
  }

  private interface Use {
    void of(Volume volume) throws Exception;
  }

  /// Opens read-only, uses, and sees a corruption of a block, the image unchanged.
  private void corrupted(long block, Use use) throws Exception {
    byte[] before = image.bytes(0, (int) image.sizeBytes());
    CorruptedException e =
        assertThrows(
            CorruptedException.class,
            () -> {
              try (Volume volume = Ext4.mount(image, memory, READ_ONLY)) {
                use.of(volume);
              }
            });
    assertTrue(Lockdep.holdsNothing());
    assertEquals("ram.img", e.device());
    assertEquals(Errno.EUCLEAN, e.errno());
    if (block >= 0) {
      assertEquals(block, e.blockNr(), e.getMessage());
    }
    assertTrue(e.getMessage().contains("ram.img"), e.getMessage());
    assertArrayEquals(before, image.bytes(0, (int) image.sizeBytes()), "nothing was written");
  }

  private static void read(Volume volume) throws FsException {
    byte[] bytes = new byte[400_000];
    try (OpenFile file = volume.open("/fragmented", OpenFlags.RDONLY, 0)) {
      file.read(0, bytes, 0, bytes.length);
    }
  }

  @Test
  void aWrongMagicNumberIsNoFileSystem() throws Exception {
    image.flip(Superblock.OFFSET + 0x38, 0xff);
    FsException e =
        assertThrows(FsException.class, () -> Ext4.mount(image, memory, Ext4Options.DEFAULTS));
    assertEquals(Errno.EINVAL, e.errno());
    assertTrue(!Ext4.isExt4(image));
  }

  @Test
  void aSuperblockWithAWrongChecksumIsRefused() throws Exception {
    image.flip(Superblock.OFFSET + 0x78, 0x01); // a byte of the label
    corrupted(-1, volume -> {});
  }

  @Test
  void aTruncatedImageIsRefused() throws Exception {
    RamImage half = RamImage.of(8 << 20);
    byte[] bytes = image.bytes(0, 8 << 20);
    try (var arena = java.lang.foreign.Arena.ofConfined()) {
      var segment = arena.allocate(bytes.length, 4096);
      segment.copyFrom(java.lang.foreign.MemorySegment.ofArray(bytes));
      half.write(0, segment);
    }
    FsException e =
        assertThrows(FsException.class, () -> Ext4.mount(half, memory, READ_ONLY));
    assertTrue(e.errno() == Errno.EUCLEAN || e.errno() == Errno.EINVAL, e.toString());
    half.free();
  }

  @Test
  void aGroupDescriptorWithAWrongChecksumIsRefused() throws Exception {
    image.flip(2L * BLOCK + 0x0c, 0x01); // free blocks of group 0
    corrupted(-1, Volume::statfs);
  }

  @Test
  void anInodeWithAWrongChecksumIsRefused() throws Exception {
    image.flip(tableBlock * BLOCK + tableOffset + 8, 0x01); // atime
    corrupted(tableBlock, DamagedImageTest::read);
  }

  @Test
  void anExtentBlockWithAWrongChecksumIsRefused() throws Exception {
    image.flip(leafBlock * BLOCK + 100, 0x01);
    corrupted(leafBlock, DamagedImageTest::read);
  }

  @Test
  void aDirectoryBlockWithAWrongChecksumIsRefused() throws Exception {
    image.flip(dirBlock * BLOCK + 30, 0x01);
    corrupted(dirBlock, volume -> volume.list("/dir"));
    corrupted(dirBlock, volume -> volume.stat("/dir/f3"));
  }

  @Test
  void anXattrBlockWithAWrongChecksumIsRefused() throws Exception {
    image.flip(xattrBlock * BLOCK + 600, 0x01);
    corrupted(xattrBlock, volume -> volume.getXattr("/fragmented", "user.big", true));
  }

  @Test
  void aBitmapWithAWrongChecksumStopsTheAllocation() throws Exception {
    try (Volume volume = Ext4.mount(image, memory, READ_ONLY)) {
      Ext4FileSystem fs = (Ext4FileSystem) volume.superBlock().operations();
      long bitmap = fs.groups().inodeBitmap(0);
      image.flip(bitmap * BLOCK + 20, 0x01);
    }
    Volume volume = Ext4.mount(image, memory, Ext4Options.DEFAULTS);
    FsException e =
        assertThrows(
            FsException.class,
            () -> {
              for (int i = 0; i < 3000; i++) {
                volume.open("/new" + i, OpenFlags.CREAT | OpenFlags.RDWR, 0600).close();
              }
            });
    assertTrue(e.errno() == Errno.EUCLEAN || e.errno() == Errno.ENOSPC, e.toString());
    assertTrue(Lockdep.holdsNothing());
    volume.superBlock().shutdown("test", e);
  }

  @Test
  void linksThatLeadToEachOtherEnd() throws Exception {
    try (Volume volume = Ext4.mount(image, memory, READ_ONLY)) {
      FsException e = assertThrows(FsException.class, () -> volume.stat("/loop-a"));
      assertEquals(Errno.ELOOP, e.errno());
      e = assertThrows(FsException.class, () -> volume.stat("/" + "n".repeat(256)));
      assertEquals(Errno.ENAMETOOLONG, e.errno());
    }
  }

  @Test
  void noByteOfMetadataMakesItHangOrFailInAnotherWay() throws Exception {
    long seed = Long.getLong("pagewright.seed", System.nanoTime());
    System.out.println("-Dpagewright.seed=" + seed);
    Random random = new Random(seed);
    // Without checksums nothing but the checks of each structure stands in the way.
    image.free();
    image = RamImage.of(16 << 20);
    Mkfs.make(
        image,
        new MkfsOptions().blockSize(BLOCK).feature("^metadata_csum").feature("^has_journal"));
    try (Volume volume = Ext4.mount(image, memory, Ext4Options.DEFAULTS)) {
      fill(volume);
    }
    for (int round = 0; round < 150; round++) {
      RamImage spoilt = image.copy();
      StringBuilder what = new StringBuilder("seed " + seed + ", round " + round + ":");
      for (int i = 1 + random.nextInt(20); i > 0; i--) {
        // Superblock, descriptors, bitmaps, inode table, directories and what follows them.
        boolean early = random.nextInt(4) == 0;
        long pos = early ? 1024 + random.nextInt(6 << 10) : random.nextInt(900 << 10);
        int mask = 1 + random.nextInt(255);
        spoilt.flip(pos, mask);
        what.append(' ').append(pos).append('^').append(mask);
      }
      try (CacheMemory fresh = CacheMemory.ofBytes(2 << 20)) {
        for (boolean readOnly : new boolean[] {true, false}) {
          use(spoilt, fresh, readOnly);
        }
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError(what.toString(), e);
      } finally {
        spoilt.free();
      }
    }
  }

  private static void fill(Volume volume) throws FsException {
    volume.mkdir("/dir", 0755);
    for (int i = 0; i < 60; i++) {
      volume.open("/dir/some-name-" + i, OpenFlags.CREAT | OpenFlags.RDWR, 0600).close();
    }
    volume.symlink("x".repeat(200), "/link");
    try (OpenFile file = volume.open("/fragmented", OpenFlags.CREAT | OpenFlags.RDWR, 0600)) {
      for (int i = 0; i < 40; i++) {
        file.write(i * 8192L, new byte[] {1, 2, 3}, 0, 3);
      }
    }
    volume.setXattr("/fragmented", "user.big", new byte[500], XattrMode.SET, true);
  }

  private static void use(RamImage image, CacheMemory memory, boolean readOnly) {
    Volume volume;
    try {
      volume =
          Ext4.mount(
              image,
              memory,
              Ext4Options.DEFAULTS
                  .withMount(MountOptions.DEFAULTS.withReadOnly(readOnly))
                  .withForce(true));
    } catch (FsException e) {
      return;
    }
    attempt(() -> volume.list("/dir"));
    attempt(() -> volume.stat("/dir/some-name-7"));
    attempt(() -> volume.readlink("/link"));
    attempt(() -> read(volume));
    attempt(() -> volume.getXattr("/fragmented", "user.big", true));
    if (!readOnly) {
      attempt(() -> volume.mkdir("/new", 0755));
      attempt(() -> volume.rename("/dir/some-name-3", "/new/name"));
      attempt(() -> volume.truncate("/fragmented", 100_000));
      attempt(() -> volume.unlink("/fragmented"));
      attempt(() -> volume.unlink("/dir/some-name-5"));
      attempt(() -> volume.sync());
    }
    assertTrue(Lockdep.holdsNothing());
    try {
      volume.superBlock().close(true);
    } catch (FsException e) {
      return; // it could not write everything: said so
    }
  }

  private interface Attempt {
    void run() throws FsException;
  }

  private static void attempt(Attempt attempt) {
    try {
      attempt.run();
    } catch (FsException e) {
      assertTrue(e.errno() != Errno.EIO || e.getMessage() != null);
    }
  }
}
