package org.pagewright.fs.ext4.explore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.pagewright.fs.ext4.explore.StagedVolume.FOLIO;
import static org.pagewright.fs.ext4.explore.StagedVolume.check;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sim.device.FaultyBlockDevice;
import org.pagewright.sim.explore.Explorer;
import org.pagewright.sim.explore.Failure;
import org.pagewright.sim.explore.Program;
import org.pagewright.sim.explore.Verdict;
import org.pagewright.vfs.OpenFile;

/// Who hears of a write that the device refused, and what becomes of the bytes.
@Tag("explore")
final class WriteErrorsTest {
  /// Syncs; an fsync that tells nothing has everything on the device.
  private static int sync(String who, OpenFile file) throws FsException {
    try {
      file.fsync(false);
    } catch (FsException e) {
      assertEquals(Errno.EIO, e.errno());
      return 1;
    }
    int dirty = file.inode().mapping().dirtyFolios() + file.inode().mapping().writebackFolios();
    if (dirty != 0) {
      throw new Failure(Verdict.LOST_WRITE, who + " told nothing, and the folio is not written");
    }
    return 0;
  }

  /// One write-out of a file fails, whoever does it. Both open files hear of it once, neither
  /// twice, and the bytes are written by the next attempt (R-H7, R-H8).
  private static final Program TWO_OPEN_FILES =
      stage -> {
        StagedVolume v = StagedVolume.mount(stage, StagedVolume.Kind.PLAIN);
        OpenFile one = v.create("/f");
        OpenFile other = v.open("/f");
        StagedVolume.write(one, 0, 1, FOLIO);
        v.device.reset();
        v.device.failNth(FaultyBlockDevice.Kind.WRITE, 1);
        int[] heard = new int[2]; // each element of one thread
        stage.thread("one", () -> heard[0] += sync("one", one));
        stage.thread("other", () -> heard[1] += sync("other", other));
        stage.lastThread(
            "end",
            () -> {
              for (int i = 0; i < 2; i++) {
                heard[0] += sync("one", one);
                heard[1] += sync("other", other);
              }
              assertEquals(1, v.device.faults());
              if (heard[0] != 1 || heard[1] != 1) {
                throw new Failure(
                    Verdict.LOST_WRITE,
                    "one failure was told " + heard[0] + " and " + heard[1] + " times");
              }
              check(Verdict.LOST_WRITE, "after the failure", StagedVolume.read(one), 1);
              one.close();
              other.close();
              v.end("/f");
            });
      };

  @Test
  void eachOpenFileHearsOnceOfAWriteThatFailedAndTheBytesAreWrittenLater() {
    StagedVolume.assertProved(
        "fsync against an I/O error", Explorer.exhaustive(1).explore(TWO_OPEN_FILES));
  }
}
