package org.pagewright.fs.ext4.xattr;

import org.pagewright.errno.CorruptedException;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.buffer.BufferType;
import org.pagewright.fs.ext4.disk.Checksums;
import org.pagewright.fs.ext4.disk.LittleEndian;

/// A block of attributes, which several inodes may share.
///
///     +0 magic  +4 references  +8 blocks (1)  +12 hash  +16 checksum  +20 reserved  +32 entries
///
/// @param checksums whether it carries a checksum
/// @param fsSeed start value of the checksum
public record XattrBlockType(boolean checksums, int fsSeed) implements BufferType {
  static final int MAGIC = 0xEA02_0000;
  static final int ENTRIES = 32;
  static final int REFERENCES_MAX = 1024;

  @Override
  public void verify(Buffer buffer) throws CorruptedException {
    var s = buffer.segment();
    if (LittleEndian.i32(s, 0) != MAGIC || LittleEndian.i32(s, 8) != 1) {
      throw corrupted(buffer, "no block of attributes, magic "
          + Integer.toHexString(LittleEndian.i32(s, 0)));
    }
    long references = LittleEndian.u32(s, 4);
    if (references == 0 || references > REFERENCES_MAX) {
      throw corrupted(buffer, references + " references, not 1 to " + REFERENCES_MAX);
    }
    if (checksums
        && !Checksums.xattrBlockMatches(fsSeed, buffer.blockNr(), s, 0, (int) s.byteSize())) {
      throw corrupted(buffer, "checksum does not match");
    }
  }

  private static CorruptedException corrupted(Buffer buffer, String why) {
    return new CorruptedException(
        buffer.deviceName(), buffer.blockNr(), "attribute block: " + why);
  }

  @Override
  public void seal(Buffer buffer) {
    if (checksums) {
      var s = buffer.segment();
      Checksums.sealXattrBlock(fsSeed, buffer.blockNr(), s, 0, (int) s.byteSize());
    }
  }

  @Override
  public String toString() {
    return "attribute block";
  }
}
