package org.pagewright.fs.ext4.explore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.pagewright.fs.ext4.explore.StagedVolume.FOLIO;
import static org.pagewright.fs.ext4.explore.StagedVolume.check;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.pagewright.errno.FsException;
import org.pagewright.sim.explore.Explorer;
import org.pagewright.sim.explore.Program;
import org.pagewright.sim.explore.Verdict;
import org.pagewright.sync.SchedulePoint;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;

/// I/O past the cache against I/O through it.
@Tag("explore")
final class DirectTest {
  private static final MemorySegment TWOS =
      Arena.ofAuto().allocate(FOLIO, FOLIO).fill((byte) 2).asReadOnly();

  private static byte[] readDirect(OpenFile direct) throws FsException {
    MemorySegment target = Arena.ofAuto().allocate(FOLIO, FOLIO);
    assertEquals(FOLIO, direct.read(0, target));
    return target.toArray(ValueLayout.JAVA_BYTE);
  }

  /// Whether something has happened, told to the explorer.
  private static final class Flag {
    private boolean set;

    void set() {
      SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this);
      set = true;
    }

    boolean isSet() {
      SchedulePoint.reach(SchedulePoint.Kind.READ, this);
      return set;
    }
  }

  /// A direct write against a read that fills the cache from the device meanwhile: what was read
  /// before the write may not stay in the cache (R-J1).
  private static final Program DIRECT_WRITE =
      stage -> {
        StagedVolume v = StagedVolume.mount(stage, StagedVolume.Kind.PLAIN);
        OpenFile file = onDevice(v);
        OpenFile direct = v.volume.open("/f", OpenFlags.RDWR | OpenFlags.DIRECT, 0);
        Flag written = new Flag();
        stage.thread(
            "direct writer",
            () -> {
              assertEquals(FOLIO, direct.write(0, TWOS));
              written.set();
            });
        stage.thread(
            "cached reader",
            () -> {
              int oldest = written.isSet() ? 2 : 1;
              check(Verdict.STALE, "cached read", StagedVolume.read(file), oldest, 2);
            });
        stage.lastThread("end", () -> endWithTwos(v, file, direct));
      };

  /// A cached write against a direct read, which sees it if it had returned: it is written out
  /// first (R-J3).
  private static final Program DIRECT_READ =
      stage -> {
        StagedVolume v = StagedVolume.mount(stage, StagedVolume.Kind.PLAIN);
        OpenFile file = onDevice(v);
        OpenFile direct = v.volume.open("/f", OpenFlags.RDWR | OpenFlags.DIRECT, 0);
        Flag written = new Flag();
        stage.thread(
            "cached writer",
            () -> {
              StagedVolume.write(file, 0, 2, FOLIO);
              written.set();
            });
        stage.thread(
            "direct reader",
            () -> {
              int oldest = written.isSet() ? 2 : 1;
              check(Verdict.STALE, "direct read", readDirect(direct), oldest, 2);
            });
        stage.lastThread("end", () -> endWithTwos(v, file, direct));
      };

  /// A file of one folio that is on the device and not in the cache.
  private static OpenFile onDevice(StagedVolume v) throws FsException {
    int flags = OpenFlags.CREAT | OpenFlags.RDWR | OpenFlags.DIRECT;
    OpenFile direct = v.volume.open("/f", flags, 0644);
    MemorySegment ones = Arena.ofAuto().allocate(FOLIO, FOLIO).fill((byte) 1);
    assertEquals(FOLIO, direct.write(0, ones));
    assertEquals(0, direct.inode().mapping().folios());
    OpenFile file = v.open("/f");
    direct.close();
    return file;
  }

  private static void endWithTwos(StagedVolume v, OpenFile file, OpenFile direct)
      throws FsException {
    check(Verdict.STALE, "cached read afterwards", StagedVolume.read(file), 2);
    check(Verdict.STALE, "direct read afterwards", readDirect(direct), 2);
    file.close();
    direct.close();
    v.end("/f");
  }

  @Test
  void aCachedReadSeesADirectWriteThatHasReturned() {
    StagedVolume.assertProved(
        "direct write against cached read", Explorer.exhaustive(2).explore(DIRECT_WRITE));
  }

  @Test
  void aDirectReadSeesACachedWriteThatHasReturned() {
    StagedVolume.assertProved(
        "direct read against cached write", Explorer.exhaustive(2).explore(DIRECT_READ));
  }
}
