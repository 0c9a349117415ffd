package org.pagewright.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.block.PartitionTable.Kind;
import org.pagewright.block.PartitionTable.Partition;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// Tables made by hand, byte by byte, from the UEFI specification and from what fdisk writes.
class PartitionTableTest {
  private static final int SIZE = 1 << 20; // 2048 sectors of 512, 256 of 4096
  private static final String LINUX_DATA = "0FC63DAF-8483-4772-8E79-3D69D8477DE4";

  private final ByteBuffer disk = ByteBuffer.allocate(SIZE).order(ByteOrder.LITTLE_ENDIAN);
  private RamBlockDevice device;

  @AfterEach
  void close() {
    if (device != null) {
      device.close();
    }
  }

  private BlockDevice device(int sectorSize) throws FsException {
    close();
    device = RamBlockDevice.of("disk.img", SIZE, sectorSize);
    device.write(0, MemorySegment.ofArray(disk.array()));
    return device;
  }

  private PartitionTable read() throws FsException {
    return PartitionTable.read(device(512));
  }

  private void assertCorrupted(String words) {
    CorruptedException e = assertThrows(CorruptedException.class, this::read);
    assertTrue(e.getMessage().startsWith("disk.img: "), e.getMessage());
    assertTrue(e.getMessage().contains(words), e.getMessage());
  }

  // --- MBR -------------------------------------------------------------------------------------

  private void entry(int sector, int index, int status, int type, int start, int count) {
    int at = sector * 512 + 446 + index * 16;
    disk.put(at, (byte) status).put(at + 4, (byte) type).putInt(at + 8, start);
    disk.putInt(at + 12, count);
    disk.put(sector * 512 + 510, (byte) 0x55).put(sector * 512 + 511, (byte) 0xAA);
  }

  /// Two primary partitions, and an extended one of three links in 1000..1999, the last of which
  /// goes backwards, as it does when partitions were deleted and made again.
  private void mbrWithLogical() {
    entry(0, 0, 0x80, 0x83, 64, 100);
    entry(0, 2, 0, 0x82, 200, 300);
    entry(0, 3, 0, 0x05, 1000, 1000);
    entry(1000, 0, 0, 0x83, 8, 92);
    entry(1000, 1, 0, 0x05, 500, 100);
    entry(1500, 0, 0, 0x0C, 8, 92);
    entry(1500, 1, 0, 0x05, 200, 100);
    entry(1200, 0, 0, 0x8E, 1, 99);
  }

  @Test
  void primaryAndLogicalPartitionsOfAnMbrAreFound() throws FsException {
    mbrWithLogical();
    PartitionTable table = read();
    assertEquals(Kind.MBR, table.kind());
    assertFalse(table.fromBackup());
    assertEquals(
        List.of(
            new Partition(1, 64 * 512, 100 * 512, "83", ""),
            new Partition(3, 200 * 512, 300 * 512, "82", ""),
            new Partition(5, 1008 * 512, 92 * 512, "83", ""),
            new Partition(6, 1508 * 512, 92 * 512, "0c", ""),
            new Partition(7, 1201 * 512, 99 * 512, "8e", "")),
        table.partitions());
  }

  @Test
  void anOpenedPartitionReadsItsOwnBytesAndClosesTheDevice() throws FsException {
    mbrWithLogical();
    disk.put(1008 * 512, (byte) 77);
    BlockDevice below = device(512);
    try (PartitionBlockDevice part = PartitionTable.open(below, 5)) {
      assertEquals("disk.img5", part.name());
      assertEquals(92 * 512, part.sizeBytes());
      byte[] sector = new byte[512];
      part.read(0, MemorySegment.ofArray(sector));
      assertEquals(77, sector[0]);
    }
    assertThrows(FsException.class, below::flush);
  }

  @Test
  void aNumberThatDoesNotExistIsToldWithThoseThatDo() throws FsException {
    mbrWithLogical();
    BlockDevice below = device(512);
    FsException e = assertThrows(FsException.class, () -> PartitionTable.open(below, 2));
    assertEquals(Errno.ENXIO, e.errno());
    assertTrue(
        e.getMessage()
            .startsWith("disk.img: no partition 2; it has 1 (bytes 32768 to 83968, type 83), 3 ("),
        e.getMessage());
    below.flush(); // still the caller's
  }

  @Test
  void aDeviceWithoutATableSaysSo() {
    FsException e = assertThrows(FsException.class, this::read);
    assertEquals(Errno.EINVAL, e.errno());
    assertTrue(e.getMessage().contains("no partition table"), e.getMessage());
  }

  @Test
  void anEmptyMbrHasNoPartitions() throws FsException {
    entry(0, 0, 0, 0, 0, 0);
    PartitionTable table = read();
    assertEquals(List.of(), table.partitions());
    FsException e = assertThrows(FsException.class, () -> table.partition(1));
    assertTrue(e.getMessage().contains("its MBR is empty"), e.getMessage());
  }

  @Test
  void aPartitionNotOnSectorsOfTheDeviceIsRefusedOnlyWhenOpened() throws FsException {
    entry(0, 0, 0, 0x83, 8, 8);
    entry(0, 1, 0, 0x83, 63, 8);
    PartitionTable table = PartitionTable.read(device(4096));
    table.window(1).close();
    FsException e = assertThrows(FsException.class, () -> table.window(2));
    assertEquals(Errno.EINVAL, e.errno());
  }

  @Test
  void anMbrMayCountInSectorsOf4096() throws FsException {
    entry(0, 0, 0, 0x83, 8, 8);
    PartitionTable table = PartitionTable.read(device(4096), 4096);
    assertEquals(new Partition(1, 8 * 4096, 8 * 4096, "83", ""), table.partition(1));
  }

  @Test
  void everyFieldOfAnMbrIsChecked() {
    entry(0, 0, 0x12, 0x83, 64, 100);
    assertCorrupted("MBR entry 1: status 12");
    entry(0, 0, 0, 0x83, 64, 2000);
    assertCorrupted("MBR entry 1: 2000 sectors from 64, but the device has 2048");
    entry(0, 0, 0, 0x83, -1, -1);
    assertCorrupted("MBR entry 1: 4294967295 sectors");
    entry(0, 0, 0, 0x83, 0, 100);
    assertCorrupted("MBR entry 1");
    entry(0, 0, 0, 0x83, 64, 0);
    assertCorrupted("MBR entry 1");
    entry(0, 0, 0, 0x83, 64, 100);
    entry(0, 1, 0, 0x83, 163, 100);
    assertCorrupted("overlap");
  }

  @Test
  void everyFieldOfAChainOfLogicalPartitionsIsChecked() {
    mbrWithLogical();
    entry(0, 2, 0, 0x0F, 200, 300);
    assertCorrupted("MBR entry 4: a second extended partition");
    mbrWithLogical();
    entry(1000, 0, 0, 0x83, 0, 92);
    assertCorrupted("EBR in sector 1000: its partition begins at the EBR itself");
    entry(1000, 0, 0, 0x83, 8, 993);
    assertCorrupted("EBR in sector 1000: its partition leaves the extended partition");
    entry(1000, 0, 0, 0x05, 8, 92);
    assertCorrupted("EBR in sector 1000: its first entry");
    entry(1000, 0, 0, 0x83, 8, 92);
    entry(1000, 1, 0, 0x83, 500, 100);
    assertCorrupted("EBR in sector 1000: its link has type 83");
    entry(1000, 1, 0, 0x05, 1000, 100);
    assertCorrupted("EBR in sector 1000: its link leaves");
    entry(1000, 1, 0, 0x05, 501, 100);
    assertCorrupted("EBR in sector 1501: no 55 AA");
  }

  @Test
  void aChainOfLogicalPartitionsInACircleEnds() {
    mbrWithLogical();
    entry(1200, 1, 0, 0x05, 500, 100);
    assertCorrupted("or they form a circle");
  }

  // --- GPT -------------------------------------------------------------------------------------

  private static int crc(ByteBuffer bytes, int at, int length) {
    CRC32 crc = new CRC32();
    crc.update(bytes.array(), at, length);
    return (int) crc.getValue();
  }

  private void gptEntry(int at, int start, int last, String name) {
    // The GUID of Linux data as it lies on disk.
    disk.putInt(at, 0x0FC63DAF).putShort(at + 4, (short) 0x8483).putShort(at + 6, (short) 0x4772);
    disk.putLong(at + 8, Long.reverseBytes(0x8E793D69D8477DE4L));
    disk.putLong(at + 16, start).putLong(at + 32, start).putLong(at + 40, last);
    disk.put(at + 56, name.getBytes(StandardCharsets.UTF_16LE));
  }

  private int entriesSectors(int unit) {
    return 128 * 128 / unit;
  }

  private void gptHeader(int unit, int sector, int entriesSector) {
    int at = sector * unit;
    int last = SIZE / unit - 1;
    disk.put(at, "EFI PART".getBytes(StandardCharsets.US_ASCII)).putInt(at + 8, 0x00010000);
    disk.putInt(at + 12, 92).putLong(at + 24, sector).putLong(at + 32, sector == 1 ? last : 1);
    disk.putLong(at + 40, 2 + entriesSectors(unit));
    disk.putLong(at + 48, last - 1 - entriesSectors(unit));
    disk.putLong(at + 72, entriesSector).putInt(at + 80, 128).putInt(at + 84, 128);
    disk.putInt(at + 88, crc(disk, entriesSector * unit, 128 * 128));
    sign(at);
  }

  private void sign(int at) {
    disk.putInt(at + 16, 0);
    disk.putInt(at + 16, crc(disk, at, 92));
  }

  private void gpt(int unit) {
    int last = SIZE / unit - 1;
    int backupEntries = last - entriesSectors(unit);
    entry(0, 0, 0, 0xEE, 1, last);
    for (int entries : new int[] {2, backupEntries}) {
      gptEntry(entries * unit, 64, 127, "root");
      gptEntry(entries * unit + 4 * 128, 128, 130, "thirty-six characters fill the field");
    }
    gptHeader(unit, 1, 2);
    gptHeader(unit, last, backupEntries);
  }

  private static void assertGpt(PartitionTable table, int unit, boolean fromBackup) {
    assertEquals(Kind.GPT, table.kind());
    assertEquals(fromBackup, table.fromBackup());
    assertEquals(
        List.of(
            new Partition(1, 64L * unit, 64L * unit, LINUX_DATA, "root"),
            new Partition(
                5, 128L * unit, 3L * unit, LINUX_DATA, "thirty-six characters fill the field")),
        table.partitions());
  }

  @Test
  void theHeaderTellsTheUnitOfAGptWhateverTheDevicesSectors() throws FsException {
    gpt(512);
    assertGpt(read(), 512, false);
    assertGpt(PartitionTable.read(device(4096)), 512, false);
    disk.clear().put(new byte[SIZE]);
    gpt(4096);
    assertGpt(read(), 4096, false);
    assertGpt(PartitionTable.read(device(4096)), 4096, false);
  }

  @Test
  void theBackupServesWhenHeaderOrEntriesAreDamaged() throws FsException {
    for (int damaged : new int[] {512, 512 + 40, 512 + 91, 1024, 1024 + 4 * 128 + 33}) {
      for (int unit : new int[] {512, 4096}) {
        disk.clear().put(new byte[SIZE]);
        gpt(unit);
        int at = damaged / 512 * unit + damaged % 512;
        disk.put(at, (byte) (disk.get(at) ^ 1));
        assertGpt(read(), unit, true);
      }
    }
  }

  @Test
  void aGptWithBothCopiesDamagedNamesTheFirstDamage() {
    gpt(512);
    disk.put(1024 + 40, (byte) 1);
    disk.put(SIZE - 512 + 40, (byte) 1);
    assertCorrupted("GPT entries in sector 2: CRC32 is");
    disk.put(512 + 40, (byte) 1);
    assertCorrupted("GPT header in sector 1 of 512 bytes: CRC32 is");
    disk.put(512, (byte) 1).put(SIZE - 512, (byte) 1);
    assertCorrupted("protective MBR, but no GPT header");
  }

  private void header(int offset, long value, int size, String words) {
    disk.clear().put(new byte[SIZE]);
    gpt(512);
    disk.put(SIZE - 512, (byte) 0); // no backup
    if (size == 8) {
      disk.putLong(512 + offset, value);
    } else {
      disk.putInt(512 + offset, (int) value);
    }
    if (offset != 12) {
      sign(512);
    }
    assertCorrupted(words);
  }

  @Test
  void everyFieldOfAGptHeaderIsChecked() {
    header(8, 0x00020000, 4, "revision 20000");
    header(12, 91, 4, "header size 91");
    header(12, -1, 4, "header size 4294967295");
    header(24, 2, 8, "it says it is in sector 2");
    header(40, 0, 8, "usable sectors 0");
    header(48, 2048, 8, "to 2048 of 2048");
    header(48, -1, 8, "usable sectors");
    header(72, 1, 8, "entries in sector 1");
    header(72, 100, 8, "entries in sector 100");
    header(72, Long.MIN_VALUE, 8, "entries in sector");
    header(72, Long.MAX_VALUE, 8, "entries in sector");
    header(80, 0, 4, "0 entries");
    header(80, -1, 4, "4294967295 entries");
    header(84, 64, 4, "entry size 64");
    header(84, 192, 4, "entry size 192");
    header(84, -1, 4, "entry size 4294967295");
  }

  private void entryField(int offset, long value, String words) {
    disk.clear().put(new byte[SIZE]);
    gpt(512);
    disk.put(SIZE - 512, (byte) 0);
    disk.putLong(1024 + offset, value);
    disk.putInt(512 + 88, crc(disk, 1024, 128 * 128));
    sign(512);
    assertCorrupted(words);
  }

  @Test
  void everyFieldOfAGptEntryIsChecked() {
    entryField(32, 33, "GPT entry 1: sectors 33 to 127");
    entryField(32, -1, "GPT entry 1: sectors -1");
    entryField(40, 63, "GPT entry 1: sectors 64 to 63");
    entryField(40, 2047, "GPT entry 1: sectors 64 to 2047");
    entryField(40, 128, "overlap");
  }

  /// Goal: no byte on a disk makes anything but a table or a CorruptedException.
  @Test
  void randomDamageGivesATableOrACorruptedException() throws FsException {
    long seed = System.nanoTime();
    System.out.println("PartitionTableTest seed " + seed);
    Random random = new Random(seed);
    for (int round = 0; round < 2000; round++) {
      disk.clear().put(new byte[SIZE]);
      boolean mbr = random.nextBoolean();
      if (mbr) {
        mbrWithLogical();
      } else {
        gpt(512);
      }
      int[] sectors = mbr ? new int[] {0, 1000, 1200, 1500} : new int[] {0, 1, 2, 2047};
      for (int i = random.nextInt(4); i >= 0; i--) {
        int at = sectors[random.nextInt(4)] * 512 + (mbr ? 446 : 0);
        disk.put(at + random.nextInt(mbr ? 64 : 96), (byte) random.nextInt());
      }
      if (!mbr && random.nextBoolean()) {
        disk.putInt(512 + 88, crc(disk, 1024, 128 * 128));
        sign(512);
      }
      try {
        for (Partition partition : read().partitions()) {
          assertTrue(
              partition.startBytes() >= 0
                  && partition.sizeBytes() > 0
                  && partition.startBytes() + partition.sizeBytes() <= SIZE,
              "seed " + seed + ", round " + round + ": " + partition);
        }
      } catch (CorruptedException e) {
        assertTrue(e.getMessage().startsWith("disk.img: "), "seed " + seed);
      }
    }
  }

  // --- another reader --------------------------------------------------------------------------

  /// Goal: we and libblkid, through partx, see the same partitions.
  @Test
  void partxSeesTheSamePartitions(@TempDir Path dir) throws Exception {
    if (!Files.isExecutable(Path.of("/usr/bin/partx"))) {
      System.out.println("skipped: no /usr/bin/partx");
      return;
    }
    mbrWithLogical();
    assertEquals("1 64 100,3 200 300,4 1000 1000,5 1008 92,6 1508 92,7 1201 99", partx(dir));
    disk.clear().put(new byte[SIZE]);
    gpt(512);
    assertEquals("1 64 64,5 128 3", partx(dir));
  }

  private String partx(Path dir) throws Exception {
    Path image = Files.write(dir.resolve("table.img"), disk.array());
    Process partx =
        new ProcessBuilder("/usr/bin/partx", "-g", "-r", "-o", "NR,START,SECTORS", image.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(partx.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, partx.waitFor(), said);
    return said.strip().replace('\n', ',');
  }
}
