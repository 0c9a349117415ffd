package org.pagewright.fs.ext4.disk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class InodeCodecTest {
  private final MemorySegment inode = MemorySegment.ofArray(new byte[256]);

  @Test
  void timesBeforeAndAfterTheSignedThirtyTwoBitsComeBackWithNanoseconds() {
    InodeCodec.putExtraIsize(inode, 0, 256, 32);
    long[] seconds = {
      Integer.MIN_VALUE, -1, 0, 1, Integer.MAX_VALUE, 1L << 31, (1L << 32) - 1, 1L << 32, 1L << 33,
      InodeCodec.MAX_SECONDS_EXTRA
    };
    for (InodeCodec.Time time : InodeCodec.Time.values()) {
      for (long s : seconds) {
        InodeCodec.putTime(inode, 0, 256, time, s, 999_999_999);
        assertEquals(s, InodeCodec.seconds(inode, 0, 256, time));
        assertEquals(999_999_999, InodeCodec.nanos(inode, 0, 256, time));
      }
    }
  }

  @Test
  void timesBeyondTheFormatBecomeTheNearestThatFits() {
    InodeCodec.putExtraIsize(inode, 0, 256, 32);
    InodeCodec.putTime(inode, 0, 256, InodeCodec.Time.MODIFY, Long.MAX_VALUE, 5);
    assertEquals(
        InodeCodec.MAX_SECONDS_EXTRA, InodeCodec.seconds(inode, 0, 256, InodeCodec.Time.MODIFY));
    InodeCodec.putTime(inode, 0, 128, InodeCodec.Time.MODIFY, 1L << 31, 5);
    assertEquals(
        Integer.MAX_VALUE, InodeCodec.seconds(inode, 0, 128, InodeCodec.Time.MODIFY));
    assertEquals(0, InodeCodec.nanos(inode, 0, 128, InodeCodec.Time.MODIFY));
    InodeCodec.putTime(inode, 0, 128, InodeCodec.Time.MODIFY, Long.MIN_VALUE, 5);
    assertEquals(
        Integer.MIN_VALUE, InodeCodec.seconds(inode, 0, 128, InodeCodec.Time.MODIFY));
  }

  @Test
  void fieldsThatTheInodeHasNoRoomForAreNeitherReadNorStored() {
    inode.fill((byte) 0xff);
    InodeCodec.putExtraIsize(inode, 0, 256, 4);
    InodeCodec.putTime(inode, 0, 256, InodeCodec.Time.CREATE, 5, 5);
    InodeCodec.putProjid(inode, 0, 256, 7);
    assertEquals(0, InodeCodec.seconds(inode, 0, 256, InodeCodec.Time.CREATE));
    assertEquals(0, InodeCodec.projid(inode, 0, 256));
    assertEquals(-1, LittleEndian.i32(inode, 0x90));
    assertEquals(-1, LittleEndian.i32(inode, 0x9c));
  }

  @Test
  void deviceNumbersTakeTheOldFormWhereTheyFit() {
    int[][] numbers = {{0, 0}, {8, 1}, {255, 255}, {256, 1}, {1, 256}, {4095, 0xf_ffff}};
    for (int[] n : numbers) {
      int dev = InodeCodec.dev(n[0], n[1]);
      InodeCodec.putRdev(inode, 0, dev);
      assertEquals(dev, InodeCodec.rdev(inode, 0));
      assertEquals(n[0], InodeCodec.major(dev));
      assertEquals(n[1], InodeCodec.minor(dev));
    }
    InodeCodec.putRdev(inode, 0, InodeCodec.dev(8, 1));
    assertEquals(0x801, InodeCodec.block(inode, 0, 0));
    InodeCodec.putRdev(inode, 0, InodeCodec.dev(8, 256));
    assertEquals(0, InodeCodec.block(inode, 0, 0));
  }

  @Test
  void spaceIsCountedInBlocksOnlyWhereSectorsDoNotFit() {
    Geometry huge = geometry(Feature.HUGE_FILE);
    Geometry small = geometry();
    assertTrue(InodeCodec.putSectors(huge, inode, 0, 0xffff_ffff_ffffL));
    assertEquals(0, InodeCodec.flags(inode, 0) & InodeCodec.FLAG_HUGE_FILE);
    assertEquals(0xffff_ffff_ffffL, InodeCodec.sectors(huge, inode, 0));
    assertTrue(InodeCodec.putSectors(huge, inode, 0, 1L << 49));
    assertEquals(
        InodeCodec.FLAG_HUGE_FILE, InodeCodec.flags(inode, 0) & InodeCodec.FLAG_HUGE_FILE);
    assertEquals(1L << 49, InodeCodec.sectors(huge, inode, 0));
    assertFalse(InodeCodec.putSectors(small, inode, 0, 1L << 32));
    assertTrue(InodeCodec.putSectors(small, inode, 0, 0xffff_ffffL));
    assertEquals(0xffff_ffffL, InodeCodec.sectors(small, inode, 0));
  }

  @Test
  void ownersAndLengthsUseTheirHighHalves() {
    InodeCodec.putUid(inode, 0, 0xdead_beef);
    InodeCodec.putGid(inode, 0, 0x1234_5678);
    InodeCodec.putSize(inode, 0, 1L << 40);
    InodeCodec.putFileAcl(inode, 0, 0xabcd_1234_5678L);
    assertEquals(0xdead_beef, InodeCodec.uid(inode, 0));
    assertEquals(0x1234_5678, InodeCodec.gid(inode, 0));
    assertEquals(1L << 40, InodeCodec.size(inode, 0));
    assertEquals(0xabcd_1234_5678L, InodeCodec.fileAcl(inode, 0));
  }

  private static Geometry geometry(Feature... features) {
    Superblock sb = Superblock.blank();
    sb.putLogBlockSize(2);
    sb.putRevision(1);
    sb.putInodeSize(256);
    sb.putBlocksCount(10_000);
    sb.putBlocksPerGroup(32_768);
    sb.putInodesPerGroup(1024);
    sb.putInodesCount(1024);
    sb.putFeatures(Features.NONE.with(features));
    return new Geometry(sb);
  }
}
