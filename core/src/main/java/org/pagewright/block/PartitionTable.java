package org.pagewright.block;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.zip.CRC32;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// The partitions of a device, from an MBR or a GPT.
///
/// ```
///  MBR   sector 0: 4 entries + 55 AA; one may be extended:
///          EBR 5 --link--> EBR 6 --link--> ...      each holds one logical partition, from 5 on
///  GPT   sector 0: MBR with one entry of type EE (protective)
///        sector 1: header  --> entries                          checked by CRC32 each;
///        last sector: backup header --> backup entries          used when the first pair is bad
/// ```
///
/// Sectors of a GPT are found to be 512 to 4096 bytes by looking for its header; an MBR says
/// nothing about its unit, which is taken to be 512 bytes unless the caller knows better. Every
/// field that is used is checked first. Partitions that overlap or leave the device are damage.
///
/// Source: UEFI specification 2.10, chapter 5. Compare Linux's block/partitions/msdos.c and efi.c.
public final class PartitionTable {
  /// Which kind of table a device has.
  public enum Kind {
    /// Four entries of 16 bytes in the first sector, up to 2 TiB.
    MBR,
    /// The GUID partition table of UEFI.
    GPT
  }

  /// One partition.
  ///
  /// @param number from 1; logical ones of an MBR from 5
  /// @param startBytes first byte on the device
  /// @param sizeBytes bytes
  /// @param type of an MBR two hexadecimal digits as in `83`, of a GPT a GUID in upper case
  /// @param name of a GPT, else empty
  public record Partition(int number, long startBytes, long sizeBytes, String type, String name) {
    /// Number, range and type for people.
    ///
    /// @return e.g. `1 (bytes 1048576 to 2097152, type 83)`
    @Override
    public String toString() {
      return number
          + " (bytes "
          + startBytes
          + " to "
          + (startBytes + sizeBytes)
          + ", type "
          + type
          + (name.isEmpty() ? "" : ", '" + name + "'")
          + ")";
    }
  }

  private static final ValueLayout.OfShort LE16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt LE32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LE64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int MBR_ENTRIES = 446;
  private static final int MBR_ENTRY_SIZE = 16;
  private static final int MBR_SIGNATURE = 0xAA55;
  private static final int TYPE_PROTECTIVE = 0xEE;

  /// Linux stops after 100 links; more than that, or a circle, is damage.
  private static final int LOGICAL_MAX = 128;

  private static final long GPT_SIGNATURE = 0x5452415020494645L; // "EFI PART"
  private static final int GPT_HEADER_SIZE = 92;
  private static final int GPT_ENTRY_SIZE = 128;
  private static final int GPT_ENTRIES_BYTES_MAX = 1 << 20;
  private static final int GPT_NAME_BYTES = 72;

  private final BlockDevice device;
  private final int unit; // bytes of what the table calls a sector
  private final Kind kind;
  private final List<Partition> partitions = new ArrayList<>();
  private boolean fromBackup;

  private PartitionTable(BlockDevice device, int unit, Kind kind) {
    this.device = device;
    this.unit = unit;
    this.kind = kind;
  }

  /// Reads the table of a device, an MBR in units of 512 bytes.
  ///
  /// @param device any device
  /// @return its partitions
  /// @throws FsException EINVAL without a partition table; [CorruptedException]; EIO
  public static PartitionTable read(BlockDevice device) throws FsException {
    return read(device, 512);
  }

  /// Reads the table of a device.
  ///
  /// @param device any device
  /// @param mbrUnit what an MBR counts in: the logical sector size of the disk, 512 to 4096
  /// @return its partitions
  /// @throws FsException EINVAL without a partition table; [CorruptedException]; EIO
  public static PartitionTable read(BlockDevice device, int mbrUnit) throws FsException {
    if (mbrUnit < 512 || mbrUnit > 4096 || Integer.bitCount(mbrUnit) != 1) {
      throw new IllegalArgumentException("mbrUnit " + mbrUnit);
    }
    if (device.sizeBytes() < 512 || !hasSignature(bytesAt(device, 0, 512))) {
      throw new FsException(
          Errno.EINVAL, device.name() + ": no partition table (no 55 AA at byte 510)");
    }
    MemorySegment mbr = bytesAt(device, 0, 512);
    for (int i = 0; i < 4; i++) {
      if (typeOf(mbr, i) == TYPE_PROTECTIVE) {
        return readGpt(device);
      }
    }
    PartitionTable table = new PartitionTable(device, mbrUnit, Kind.MBR);
    table.readMbr(mbr);
    table.checkOverlaps();
    return table;
  }

  /// Opens one partition of a device, which the partition then owns: closing it closes the device.
  ///
  /// @param device the device; still the caller's if this throws
  /// @param number of the partition, from 1
  /// @return the partition as a device
  /// @throws FsException ENXIO naming the partitions that exist; EINVAL without a partition table
  ///     or when the partition does not begin or end at a sector of the device;
  ///     [CorruptedException]; EIO
  public static PartitionBlockDevice open(BlockDevice device, int number) throws FsException {
    PartitionTable table = read(device);
    Partition found = table.partition(number);
    return PartitionBlockDevice.owning(
        device, table.nameOf(found), found.startBytes(), found.sizeBytes());
  }

  /// One partition as a device; the device below stays open when it is closed.
  ///
  /// @param number of the partition, from 1
  /// @return the partition as a device
  /// @throws FsException ENXIO naming the partitions that exist; EINVAL when the partition does not
  ///     begin or end at a sector of the device
  public PartitionBlockDevice window(int number) throws FsException {
    Partition found = partition(number);
    return PartitionBlockDevice.window(
        device, nameOf(found), found.startBytes(), found.sizeBytes());
  }

  /// One partition.
  ///
  /// @param number from 1
  /// @return the partition
  /// @throws FsException ENXIO naming the partitions that exist
  public Partition partition(int number) throws FsException {
    for (Partition partition : partitions) {
      if (partition.number() == number) {
        return partition;
      }
    }
    StringBuilder have = new StringBuilder();
    for (Partition partition : partitions) {
      have.append(have.isEmpty() ? "it has " : ", ").append(partition);
    }
    throw new FsException(
        Errno.ENXIO,
        device.name()
            + ": no partition "
            + number
            + "; "
            + (have.isEmpty() ? "its " + kind + " is empty" : have));
  }

  /// Which kind of table it is.
  ///
  /// @return the kind
  public Kind kind() {
    return kind;
  }

  /// All partitions, by number; empty entries and extended partitions are left out.
  ///
  /// @return an unchangeable list
  public List<Partition> partitions() {
    return List.copyOf(partitions);
  }

  /// Whether a GPT was read from its backup, as the first copy is damaged.
  ///
  /// @return true if somebody should repair it
  public boolean fromBackup() {
    return fromBackup;
  }

  /// As the kernel names partitions: a `p` before the number if the name ends in a digit.
  private String nameOf(Partition partition) {
    String name = device.name();
    boolean digit = !name.isEmpty() && Character.isDigit(name.charAt(name.length() - 1));
    return name + (digit ? "p" : "") + partition.number();
  }

  // --- MBR -------------------------------------------------------------------------------------

  private void readMbr(MemorySegment mbr) throws FsException {
    boolean extendedSeen = false;
    for (int i = 0; i < 4; i++) {
      int type = typeOf(mbr, i);
      if (type == 0) {
        continue;
      }
      String what = "MBR entry " + (i + 1);
      checkStatus(mbr, i, what);
      long start = startOf(mbr, i);
      long count = countOf(mbr, i);
      checkUnits(what, start, count);
      if (!isExtended(type)) {
        add(i + 1, start, count, hex(type), "");
      } else if (extendedSeen) {
        throw corrupted(what + ": a second extended partition");
      } else {
        extendedSeen = true;
      }
    }
    for (int i = 0; i < 4; i++) {
      if (isExtended(typeOf(mbr, i))) {
        readLogical(startOf(mbr, i), countOf(mbr, i));
      }
    }
  }

  private void readLogical(long extendedStart, long extendedCount) throws FsException {
    long ebr = extendedStart;
    int number = 5;
    for (int links = 0; ; links++) {
      if (links == LOGICAL_MAX) {
        throw corrupted(
            "extended partition: more than " + LOGICAL_MAX + " links, or they form a circle");
      }
      String what = "EBR in sector " + ebr;
      MemorySegment sector = bytesAt(device, ebr * unit, 512);
      if (!hasSignature(sector)) {
        throw corrupted(what + ": no 55 AA at its end");
      }
      int type = typeOf(sector, 0);
      if (type != 0) {
        if (isExtended(type)) {
          throw corrupted(what + ": its first entry is an extended partition");
        }
        checkStatus(sector, 0, what);
        long start = ebr + startOf(sector, 0);
        long count = countOf(sector, 0);
        if (startOf(sector, 0) == 0) {
          throw corrupted(what + ": its partition begins at the EBR itself");
        }
        checkUnits(what, start, count);
        if (start + count > extendedStart + extendedCount) {
          throw corrupted(what + ": its partition leaves the extended partition");
        }
        add(number, start, count, hex(type), "");
        number++;
      }
      if (typeOf(sector, 1) == 0) {
        return;
      }
      if (!isExtended(typeOf(sector, 1))) {
        throw corrupted(what + ": its link has type " + hex(typeOf(sector, 1)));
      }
      if (startOf(sector, 1) >= extendedCount) {
        throw corrupted(what + ": its link leaves the extended partition");
      }
      ebr = extendedStart + startOf(sector, 1);
    }
  }

  private void checkStatus(MemorySegment sector, int index, String what) throws FsException {
    int status = sector.get(ValueLayout.JAVA_BYTE, MBR_ENTRIES + index * MBR_ENTRY_SIZE) & 0xFF;
    if ((status & 0x7F) != 0) {
      throw corrupted(what + ": status " + hex(status) + " is neither 00 nor 80");
    }
  }

  private static int typeOf(MemorySegment sector, int index) {
    return sector.get(ValueLayout.JAVA_BYTE, MBR_ENTRIES + index * MBR_ENTRY_SIZE + 4) & 0xFF;
  }

  private static long startOf(MemorySegment sector, int index) {
    return Integer.toUnsignedLong(sector.get(LE32, MBR_ENTRIES + index * MBR_ENTRY_SIZE + 8));
  }

  private static long countOf(MemorySegment sector, int index) {
    return Integer.toUnsignedLong(sector.get(LE32, MBR_ENTRIES + index * MBR_ENTRY_SIZE + 12));
  }

  private static boolean hasSignature(MemorySegment sector) {
    return Short.toUnsignedInt(sector.get(LE16, 510)) == MBR_SIGNATURE;
  }

  private static boolean isExtended(int type) {
    return type == 0x05 || type == 0x0F || type == 0x85;
  }

  private static String hex(int type) {
    return String.format("%02x", type);
  }

  // --- GPT -------------------------------------------------------------------------------------

  private static PartitionTable readGpt(BlockDevice device) throws FsException {
    CorruptedException first = null;
    // The unit is where the header is. Primary headers of all units come before any backup: an old
    // backup in another unit may have survived a new partitioning.
    for (boolean backup : new boolean[] {false, true}) {
      for (int unit = 512; unit <= 4096; unit *= 2) {
        long sectors = device.sizeBytes() / unit;
        if (sectors < 3) {
          continue;
        }
        PartitionTable table = new PartitionTable(device, unit, Kind.GPT);
        long sector = backup ? sectors - 1 : 1;
        try {
          if (table.readGptAt(sector)) {
            table.fromBackup = backup;
            return table;
          }
        } catch (CorruptedException e) {
          if (first == null) {
            first = e;
          }
        }
      }
    }
    if (first == null) {
      throw new CorruptedException(
          device.name(), -1, "protective MBR, but no GPT header in sector 1 or the last sector");
    }
    throw first;
  }

  /// Reads header and entries; false if there is no header at all.
  private boolean readGptAt(long sector) throws FsException {
    String what = "GPT header in sector " + sector + " of " + unit + " bytes";
    MemorySegment header = bytesAt(device, sector * unit, unit);
    if (header.get(LE64, 0) != GPT_SIGNATURE) {
      return false;
    }
    int revision = header.get(LE32, 8);
    if (revision != 0x00010000) {
      throw corrupted(what + ": revision " + Integer.toHexString(revision) + " is not 1.0");
    }
    long headerSize = Integer.toUnsignedLong(header.get(LE32, 12));
    if (headerSize < GPT_HEADER_SIZE || headerSize > unit) {
      throw corrupted(what + ": header size " + headerSize);
    }
    int expected = header.get(LE32, 16);
    header.set(LE32, 16, 0); // the checksum was taken with its own field zero
    checkCrc(what, header.asSlice(0, headerSize), expected);
    if (header.get(LE64, 24) != sector) {
      throw corrupted(what + ": it says it is in sector " + header.get(LE64, 24));
    }
    long firstUsable = header.get(LE64, 40);
    long lastUsable = header.get(LE64, 48);
    long sectors = device.sizeBytes() / unit;
    if (firstUsable < 2 || lastUsable < firstUsable || lastUsable >= sectors) {
      throw corrupted(
          what + ": usable sectors " + firstUsable + " to " + lastUsable + " of " + sectors);
    }
    long entriesSector = header.get(LE64, 72);
    long count = Integer.toUnsignedLong(header.get(LE32, 80));
    long entrySize = Integer.toUnsignedLong(header.get(LE32, 84));
    if (entrySize < GPT_ENTRY_SIZE || entrySize > 4096 || Long.bitCount(entrySize) != 1) {
      throw corrupted(what + ": entry size " + entrySize);
    }
    if (count == 0 || count > GPT_ENTRIES_BYTES_MAX / entrySize) {
      throw corrupted(what + ": " + count + " entries of " + entrySize + " bytes");
    }
    long bytes = count * entrySize;
    long entriesSectors = (bytes + unit - 1) / unit;
    if (entriesSector < 2
        || entriesSector > sectors - entriesSectors
        || (entriesSector <= lastUsable && firstUsable < entriesSector + entriesSectors)) {
      throw corrupted(what + ": entries in sector " + entriesSector);
    }
    MemorySegment entries = bytesAt(device, entriesSector * unit, bytes);
    checkCrc("GPT entries in sector " + entriesSector, entries, header.get(LE32, 88));
    for (int i = 0; i < count; i++) {
      readGptEntry(i + 1, entries.asSlice(i * entrySize, entrySize), firstUsable, lastUsable);
    }
    checkOverlaps();
    return true;
  }

  private void readGptEntry(int number, MemorySegment entry, long firstUsable, long lastUsable)
      throws FsException {
    if (entry.get(LE64, 0) == 0 && entry.get(LE64, 8) == 0) {
      return; // not in use
    }
    long start = entry.get(LE64, 32);
    long last = entry.get(LE64, 40);
    if (start < firstUsable || last < start || last > lastUsable) {
      throw corrupted(
          "GPT entry "
              + number
              + ": sectors "
              + start
              + " to "
              + last
              + " not within the usable "
              + firstUsable
              + " to "
              + lastUsable);
    }
    byte[] name = entry.asSlice(56, GPT_NAME_BYTES).toArray(ValueLayout.JAVA_BYTE);
    int length = 0;
    while (length < GPT_NAME_BYTES && (name[length] | name[length + 1]) != 0) {
      length += 2;
    }
    add(
        number,
        start,
        last - start + 1,
        guid(entry),
        new String(name, 0, length, StandardCharsets.UTF_16LE));
  }

  /// A GUID's first three fields are little endian, the rest is in order of its digits.
  private static String guid(MemorySegment bytes) {
    long high =
        Integer.toUnsignedLong(bytes.get(LE32, 0)) << 32
            | Short.toUnsignedLong(bytes.get(LE16, 4)) << 16
            | Short.toUnsignedLong(bytes.get(LE16, 6));
    long low = Long.reverseBytes(bytes.get(LE64, 8));
    return new UUID(high, low).toString().toUpperCase(Locale.ROOT);
  }

  private void checkCrc(String what, MemorySegment bytes, int expected) throws FsException {
    CRC32 crc = new CRC32();
    crc.update(bytes.toArray(ValueLayout.JAVA_BYTE));
    if ((int) crc.getValue() != expected) {
      throw corrupted(
          String.format("%s: CRC32 is %08x, should be %08x", what, crc.getValue(), expected));
    }
  }

  // --- both ------------------------------------------------------------------------------------

  private void checkUnits(String what, long start, long count) throws FsException {
    long sectors = device.sizeBytes() / unit;
    if (start == 0 || count == 0 || count > sectors || start > sectors - count) {
      throw corrupted(
          what + ": " + count + " sectors from " + start + ", but the device has " + sectors);
    }
  }

  private void add(int number, long start, long count, String type, String name) {
    partitions.add(new Partition(number, start * unit, count * unit, type, name));
  }

  private void checkOverlaps() throws FsException {
    List<Partition> sorted = new ArrayList<>(partitions);
    sorted.sort(Comparator.comparingLong(Partition::startBytes));
    for (int i = 1; i < sorted.size(); i++) {
      Partition before = sorted.get(i - 1);
      if (before.startBytes() + before.sizeBytes() > sorted.get(i).startBytes()) {
        throw corrupted(kind + ": partitions " + before + " and " + sorted.get(i) + " overlap");
      }
    }
  }

  /// Reads any range; the device wants whole sectors of its own.
  private static MemorySegment bytesAt(BlockDevice device, long pos, long length)
      throws FsException {
    long mask = device.sectorSize() - 1;
    long begin = pos & ~mask;
    long end = (pos + length + mask) & ~mask;
    MemorySegment memory = MemorySegment.ofArray(new byte[Math.toIntExact(end - begin)]);
    device.read(begin, memory);
    return memory.asSlice(pos - begin, length);
  }

  private CorruptedException corrupted(String why) {
    return new CorruptedException(device.name(), -1, why);
  }
}
