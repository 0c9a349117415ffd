package org.pagewright.fs.ext4.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.check.Finding;
import org.pagewright.fs.ext4.check.FindingCode;
import org.pagewright.fs.ext4.check.Fsck;
import org.pagewright.fs.ext4.check.Report;
import org.pagewright.sim.device.FaultyBlockDevice;

/// Each kind of finding is found, by spoiling one thing of a good image; and only kinds of damage
/// make an image unclean.
@Timeout(120)
final class FsckFindingsTest {
  /// Code, then what is spoilt.
  private static final String CASES =
      """
      superblock            EXT4 sealed super+348=0100
      superblock            EXT4 sealed super+0=ff000000
      superblock            EXT4 raw super+120=41
      superblock            EXT3 sealed super+254=feff
      backup-superblock     EXT4 raw backup:1+5=20
      not-closed            EXT4 sealed super+58=0000
      marked-damaged        EXT4 sealed super+404=07000000
      stale-counts          NEEDS_RECOVERY sealed super+12=01000000
      descriptor-checksum   EXT4 raw descriptor:0+12=0100
      descriptor-place      NO_CHECKSUMS raw descriptor:0+0=ffffff7f
      descriptor-flags      EXT3 raw descriptor:1+18=0100
      metadata-overlap      NO_CHECKSUMS sealed descriptor:1<descriptor:0
      journal               EXT4 sealed journal:0+20=00800001
      superblock            EXT4 sealed super+92=38000000
      journal-replayed      NEEDS_RECOVERY sealed
      journal-leftover      GROUP_CHECKSUMS sealed journal:0+28=00000004
      journal-not-replayed  NEEDS_RECOVERY sealed journal:0+40=00000053
      inode-checksum        EXT4 raw inode:/plain+8=01
      inode-checksum        EXT4 raw inode:free+67=4a
      inode-mode            EXT4 sealed inode:/plain+0=0001
      inode-extra-size      EXT4 sealed inode:/plain+128=0080
      inode-deletion        EXT4 sealed inode:/plain+20=01000000
      inode-deletion        EXT4 sealed inode:/plain+26=0000
      inode-flags           EXT4 sealed inode:/plain+32=00100800
      inode-size            EXT4 sealed inode:/plain+4=00000000
      inode-size            EXT2 sealed inode:/plain+4=00000000
      inode-blocks          EXT4 sealed inode:/plain+28=01000000
      inode-time            EXT4 sealed inode:/plain+132=ffffffff
      inode-symlink         EXT4 sealed inode:/short+4=01000000
      inode-symlink         EXT4 sealed link:/long:0+40=00
      inode-device          EXT4 sealed inode:/pipe+4=05000000
      reserved-inode        EXT4 sealed inode:#1+0=1b00
      reserved-inode        EXT4 sealed inode:#5+0=ed41
      reserved-inode        EXT2 sealed inode:#8+40=06000000
      resize-inode          EXT4 sealed inode:#7+40=01000000
      extent-header         EXT4 sealed inode:/plain+40=0000
      extent-header         EXT4 sealed map:/fragmented:1+6=0100
      extent-checksum       EXT4 raw map:/fragmented:1+20=01
      extent-order          EXT4 sealed inode:/plain+52=ffffffff
      extent-order          EXT4 sealed map:/fragmented:1+12=01000000
      block-range           EXT4 sealed inode:/plain+60=ffffff7f
      block-range           EXT2 sealed inode:/plain+40=ffffff7f
      block-of-metadata     EXT4 sealed inode:/plain+60=02000000
      block-shared          EXT4 sealed inode:/plain<inode:/fragmented
      xattr-area            EXT4 sealed xattr:/a+0=00000000
      xattr-area            EXT4 sealed xattr:/a+34=ff7f
      xattr-checksum        EXT4 raw xattr:/a+500=01
      xattr-hash            EXT4 sealed xattr:/a+44=01020304
      xattr-references      EXT4 sealed xattr:/a+4=05000000
      directory-checksum    EXT4 raw dir:/a:0+34=01
      directory-checksum    EXT4 raw dir:/many:0+40=01
      directory-record      EXT4 sealed dir:/a:0+28=0300
      directory-dots        EXT4 sealed dir:/a:0+12=26000000
      directory-dots        EXT4 sealed dir:/a:0+0=26000000
      directory-dots        EXT4 sealed dir:/a:0+20=41
      directory-hole        EXT4 sealed inode:/a+4=00080000
      directory-name        EXT4 sealed dir:/a:0+32=2f
      directory-entry       EXT4 sealed dir:/a:0+24=ff000000
      directory-type        EXT4 sealed dir:/a:0+31=07
      directory-linked      LARGE_BLOCKS sealed dir:/a:0+24=11000000
      directory-index       EXT4 sealed dir:/many:0+28=09
      directory-index       EXT4 sealed dir:/many:0+36=02000000
      directory-index       NO_CHECKSUMS sealed dir:/many:1<dir:/many:2
      directory-unconnected EXT4 sealed dir:/a:0+24=ff000000
      inode-unconnected     EXT4 sealed dir:/a/b/c:0+24=00000000
      link-count            EXT4 sealed inode:/plain+26=0500
      link-count            EXT4 sealed inode:/a+26=0900
      orphan-list           EXT4 sealed super+232=01000000
      orphan-list           GROUP_CHECKSUMS sealed super+232=1c000000
      orphan-file           ORPHAN_FILE sealed orphans:#orphans:0+0=20000000
      orphan-file           ORPHAN_FILE raw orphans:#orphans:0+1016=00
      orphans               EXT2 sealed super+232=0b000000
      bitmap-checksum       EXT4 raw blocks:0+100=ff
      bitmap-padding        EXT4 sealed blocks:0+1000=00
      block-bitmap          EXT4 sealed blocks:0+0=00
      inode-bitmap          EXT4 sealed inodes:0+0=00
      free-blocks           EXT4 sealed descriptor:0+12=0100
      free-blocks           EXT4 sealed super+12=01000000
      free-inodes           EXT4 sealed descriptor:0+14=0100
      free-inodes           EXT4 sealed super+16=01000000
      directories           EXT4 sealed descriptor:0+16=0900
      """;

  private final Fuzzer fuzzer = new Fuzzer();

  @Test
  void eachKindIsFound() throws IOException {
    Set<FindingCode> missing = EnumSet.allOf(FindingCode.class);
    // Those below, which take more than a few bytes.
    missing.remove(FindingCode.READ_ERROR);
    missing.remove(FindingCode.BACKUP_DESCRIPTORS);
    missing.remove(FindingCode.DIRECTORY_DUPLICATE);
    List<String> wrong = new ArrayList<>();
    for (String line : CASES.lines().toList()) {
      String label = line.strip().split(" ")[0];
      Case spoilt = Case.parse(line.strip().substring(label.length()));
      CowImage image = spoilt.apply(fuzzer.base(spoilt.variant()));
      Report report = Fsck.check(image, 1000);
      assertEquals(0, image.bytesWritten(), line);
      boolean found = false;
      boolean damage = false;
      for (Finding finding : report.findings()) {
        found |= finding.code().label().equals(label);
        damage |= finding.code().severity() == FindingCode.Severity.DAMAGE;
        missing.remove(finding.code());
      }
      if (!found || damage == report.isClean()) {
        wrong.add(line + ": " + report);
      }
    }
    assertTrue(wrong.isEmpty(), () -> String.join("\n", wrong));
    assertTrue(missing.isEmpty(), missing::toString);
  }

  private CowImage good(BaseImage.Variant variant) {
    return new Case(variant, false, List.of()).apply(fuzzer.base(variant));
  }

  private static boolean has(Report report, FindingCode code) {
    return report.findings().stream().anyMatch(f -> f.code() == code);
  }

  @Test
  void aNameThatOccursInTwoBlocksIsFound() throws IOException {
    BaseImage base = fuzzer.base(BaseImage.Variant.EXT2);
    CowImage image = good(BaseImage.Variant.EXT2);
    Target root = base.targets.get("dir:/:0");
    String bytes = new String(image.get(root.pos(), 1024), StandardCharsets.ISO_8859_1);
    image.put(root.pos() + bytes.indexOf("long"), new byte[] {'p', 'i', 'p', 'e'});
    Report report = Fsck.check(image, 10);
    assertTrue(has(report, FindingCode.DIRECTORY_DUPLICATE), report.toString());
    assertFalse(report.isClean());
  }

  @Test
  void aListOfOrphansThatLeadsToAFreeInodeIsWrongAndNothingElseIs() throws IOException {
    Case spoilt = Case.parse("GROUP_CHECKSUMS sealed super+232=1c000000");
    Report report = Fsck.check(spoilt.apply(fuzzer.base(spoilt.variant())), 10);
    assertTrue(has(report, FindingCode.ORPHAN_LIST), report.toString());
    assertEquals(1, report.findings().size(), report.toString());
  }

  @Test
  void aBackupOfDescriptorsThatPointsElsewhereIsANote() throws IOException {
    CowImage image = good(BaseImage.Variant.NO_CHECKSUMS);
    image.put((2048 + 2) * 1024, new byte[] {77});
    Report report = Fsck.check(image, 10);
    assertTrue(has(report, FindingCode.BACKUP_DESCRIPTORS), report.toString());
    assertTrue(report.isClean());
  }

  /// Goal: a device that fails to read somewhere is a finding, and the rest is checked.
  ///
  /// Method: the n-th read fails, n = 1, 2, ..., until the check meets no failure.
  @Test
  void aBlockThatCannotBeReadIsAFinding() throws IOException {
    int found = 0;
    for (int n = 1; ; n++) {
      FaultyBlockDevice device = new FaultyBlockDevice(good(BaseImage.Variant.EXT4));
      device.failNth(FaultyBlockDevice.Kind.READ, n, Errno.EIO);
      try {
        Report report = Fsck.check(device, 10);
        if (report.findings().isEmpty()) {
          break;
        }
        assertTrue(
            has(report, FindingCode.READ_ERROR) || has(report, FindingCode.BACKUP_SUPERBLOCK),
            report.toString());
        found++;
      } catch (FsException e) {
        assertEquals(Errno.EIO, e.errno()); // the superblock itself, or the journal's
      }
    }
    assertTrue(found > 30, found + " reads");
  }

  @Test
  void featuresThatAreNotKnownAreNamed() {
    Case spoilt = Case.parse("EXT4 sealed super+103=80"); // the highest bit of ro_compat
    FsException e =
        assertThrows(
            FsException.class,
            () -> Fsck.check(spoilt.apply(fuzzer.base(spoilt.variant())), 10));
    assertEquals(Errno.EOPNOTSUPP, e.errno());
    assertTrue(e.getMessage().contains("FEATURE_R31"), e.getMessage());
  }

  @Test
  void onlySoManyFindingsAreKeptAndAllAreCounted() throws IOException {
    Case spoilt = Case.parse("EXT4 sealed inode:/plain<inode:/fragmented");
    CowImage image = spoilt.apply(fuzzer.base(spoilt.variant()));
    Report all = Fsck.check(image, 1000);
    Report few = Fsck.check(image, 2);
    assertEquals(2, few.findings().size());
    assertEquals(all.damages(), few.damages());
    assertEquals(all.damages() + all.notes(), all.findings().size());
  }

  @Test
  void theGuideListsEachKind() throws IOException {
    Path page = Path.of("docs/fsck.md");
    String guide = Files.readString(Files.exists(page) ? page : Path.of("..").resolve(page));
    for (FindingCode code : FindingCode.values()) {
      String severity = code.severity() == FindingCode.Severity.NOTE ? "note" : "damage";
      String row = "| " + code.label() + " | " + severity + " | " + code.words() + " |";
      assertTrue(guide.contains(row), row);
    }
  }
}
