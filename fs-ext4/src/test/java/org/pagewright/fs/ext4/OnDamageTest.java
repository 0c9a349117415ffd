package org.pagewright.fs.ext4;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.check.FindingCode;
import org.pagewright.fs.ext4.check.Fsck;
import org.pagewright.fs.ext4.disk.ErrorNote;
import org.pagewright.fs.ext4.disk.Superblock;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.RamImage;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Damage that is met while a volume is open: the operation says so, the superblock is marked, and
/// the volume goes on, or takes no more changes, or nothing at all, as was asked for.
final class OnDamageTest {
  private static final int BLOCK = 1024;
  private static final byte[] KEPT = {1, 2, 3};

  private RamImage image;
  private CacheMemory memory;
  private long dirBlock;

  @BeforeEach
  void spoilADirectory() throws Exception {
    image = RamImage.of(16 << 20);
    memory = CacheMemory.ofBytes(2 << 20);
    Mkfs.make(image, new MkfsOptions().blockSize(BLOCK));
    try (Volume volume = Ext4.mount(image, memory, Ext4Options.DEFAULTS)) {
      volume.mkdir("/dir", 0755);
      volume.mkdir("/dir/below", 0755);
      volume.mkdir("/sound", 0755);
      try (OpenFile dir = volume.openDir("/dir")) {
        dirBlock = ((Ext4Inode) dir.inode()).placeOf(0);
      }
    }
    image.flip(dirBlock * BLOCK + 30, 0x01);
  }

  @AfterEach
  void free() {
    memory.close();
    image.free();
  }

  private static Errno errnoOf(Volume volume) {
    try {
      volume.mkdir("/new", 0755);
      return null;
    } catch (FsException e) {
      return e.errno();
    }
  }

  @ParameterizedTest
  @CsvSource({"CONTINUE,", "READ_ONLY,EROFS", "PANIC,EIO"})
  void whatWasAskedForIsDone(OnDamage policy, Errno after) throws Exception {
    Volume volume = Ext4.mount(image, memory, Ext4Options.DEFAULTS.withOnDamage(policy));
    try (OpenFile file = volume.open("/kept", OpenFlags.CREAT | OpenFlags.RDWR, 0644)) {
      file.write(0, KEPT, 0, KEPT.length);
      file.fsync(false);
    }
    CorruptedException e = assertThrows(CorruptedException.class, () -> volume.list("/dir"));
    assertEquals(dirBlock, e.blockNr());
    assertNotEquals(0, Superblock.read(image).state() & Superblock.STATE_ERROR, "at once");
    assertEquals(after, errnoOf(volume));
    if (policy == OnDamage.PANIC) {
      assertEquals(
          Errno.EIO, assertThrows(FsException.class, () -> volume.list("/sound")).errno());
    } else {
      assertEquals(0, volume.list("/sound").stream().filter(x -> !x.name().isDots()).count());
    }
    volume.superBlock().close(true);

    Superblock superblock = Superblock.read(image);
    assertNotEquals(0, superblock.state() & Superblock.STATE_ERROR);
    if (policy != OnDamage.PANIC) {
      assertEquals(1, superblock.errorCount());
      assertEquals(dirBlock, superblock.firstError().blockNr());
      assertEquals(dirBlock, superblock.lastError().blockNr());
      assertEquals(ErrorNote.EFSCORRUPTED, superblock.firstError().code());
      FsException refused =
          assertThrows(
              FsException.class, () -> Ext4.mount(image, memory, Ext4Options.DEFAULTS));
      assertEquals(Errno.EUCLEAN, refused.errno());
    }
    assertTrue(
        Fsck.check(image, 100).findings().stream()
            .anyMatch(f -> f.code() == FindingCode.MARKED_DAMAGED));
    try (Volume again = Ext4.mount(image, memory, Ext4Options.DEFAULTS.withForce(true));
        OpenFile file = again.open("/kept", OpenFlags.RDONLY, 0)) {
      byte[] read = new byte[KEPT.length];
      file.read(0, read, 0, read.length);
      assertArrayEquals(KEPT, read);
    }
  }

  @Test
  void damageIsMarkedAtOnceThoughSomethingElseWasCountedBefore() throws Exception {
    Superblock superblock = Superblock.read(image);
    superblock.putErrorCount(1); // e.g. of a creation that could not be taken back
    superblock.write(image);
    Volume volume = Ext4.mount(image, memory, Ext4Options.DEFAULTS);
    assertThrows(CorruptedException.class, () -> volume.list("/dir"));
    assertNotEquals(0, Superblock.read(image).state() & Superblock.STATE_ERROR, "at once");
    volume.superBlock().close(true);
    assertEquals(dirBlock, Superblock.read(image).firstError().blockNr());
    assertEquals(2, Superblock.read(image).errorCount());
  }

  @ParameterizedTest
  @CsvSource({"1,", "2,EROFS", "3,EIO", "77,"})
  void theSuperblockDecidesWhereNothingWasAskedFor(int field, Errno after) throws Exception {
    Superblock superblock = Superblock.read(image);
    superblock.putErrorsBehaviour(field);
    superblock.write(image);
    Volume volume = Ext4.mount(image, memory, Ext4Options.DEFAULTS);
    assertThrows(CorruptedException.class, () -> volume.list("/dir"));
    assertEquals(after, errnoOf(volume));
    volume.superBlock().close(true);
  }

  @Test
  void optionsOfTheSuperblockGoBeforeItsField() throws Exception {
    Superblock superblock = Superblock.read(image);
    superblock.putErrorsBehaviour(3);
    superblock.putMountOptions("noauto_da_alloc,errors=remount-ro");
    superblock.write(image);
    Volume volume = Ext4.mount(image, memory, Ext4Options.DEFAULTS);
    assertThrows(CorruptedException.class, () -> volume.list("/dir"));
    assertEquals(Errno.EROFS, errnoOf(volume));
    volume.superBlock().close(true);
  }

  @Test
  void aVolumeOpenForReadingIsNotMarked() throws Exception {
    byte[] before = image.bytes(0, (int) image.sizeBytes());
    Ext4Options readOnly =
        Ext4Options.DEFAULTS
            .withMount(MountOptions.DEFAULTS.withReadOnly(true))
            .withOnDamage(OnDamage.PANIC);
    try (Volume volume = Ext4.mount(image, memory, readOnly)) {
      assertThrows(CorruptedException.class, () -> volume.list("/dir"));
      volume.list("/sound");
    }
    assertArrayEquals(before, image.bytes(0, (int) image.sizeBytes()));
  }
}
