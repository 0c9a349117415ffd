package org.pagewright.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.pagewright.errno.FsException;
import org.pagewright.ramfs.Ramfs;

/// Which reads move the access time, by mount option.
final class AccessTimeTest {
  private static final Instant OLD = Instant.ofEpochSecond(1_000_000);

  /// Shows what it is set to.
  private static final class SetClock extends Clock {
    private Instant now = Instant.ofEpochSecond(2_000_000_000L);

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return now;
    }
  }

  private final SetClock clock = new SetClock();

  private interface Body {
    void run(Volume volume) throws FsException;
  }

  private void onVolume(UnaryOperator<MountOptions> options, Body body) throws FsException {
    try (CacheMemory memory = CacheMemory.ofBytes(1 << 20);
        Volume volume =
            Ramfs.mount(memory.cache(), options.apply(MountOptions.DEFAULTS.withClock(clock)))) {
      volume.mkdir("/d", 0755);
      try (OpenFile file = volume.open("/d/f", OpenFlags.CREAT | OpenFlags.WRONLY, 0644)) {
        file.write(new byte[10], 0, 10);
      }
      volume.symlink("f", "/d/l");
      pass(1);
      body.run(volume);
    }
  }

  private void pass(long seconds) {
    clock.now = clock.now.plusSeconds(seconds);
  }

  private void read(Volume volume) throws FsException {
    try (OpenFile file = volume.open("/d/f", OpenFlags.RDONLY, 0)) {
      file.read(new byte[4], 0, 4);
    }
  }

  private Instant atime(Volume volume, String path) throws FsException {
    return volume.lstat(path).atime();
  }

  @Test
  void relativeMovesItOnceAfterAChangeAndOnceADay() throws FsException {
    onVolume(
        options -> options,
        volume -> {
          read(volume);
          Instant first = clock.now;
          assertEquals(first, atime(volume, "/d/f"), "as old as the write");
          pass(10);
          read(volume);
          assertEquals(first, atime(volume, "/d/f"), "newer than the write already");
          pass(86_400);
          read(volume);
          assertEquals(clock.now, atime(volume, "/d/f"), "a day has passed");
          pass(10);
          volume.chmod("/d/f", 0600);
          pass(10);
          read(volume);
          assertEquals(clock.now, atime(volume, "/d/f"), "older than the change");
          volume.utimens("/d/f", OLD, Volume.OMIT, true);
          pass(10);
          read(volume);
          assertEquals(clock.now, atime(volume, "/d/f"), "set back");
        });
  }

  @Test
  void strictMovesItWithEachRead() throws FsException {
    onVolume(
        options -> options.withAtime(MountOptions.Atime.STRICT),
        volume -> {
          for (int i = 0; i < 3; i++) {
            pass(1);
            read(volume);
            volume.list("/d");
            assertEquals(clock.now, atime(volume, "/d/f"));
            assertEquals(clock.now, atime(volume, "/d"));
          }
        });
  }

  @Test
  void neverLeavesItAlone() throws FsException {
    onVolume(
        options -> options.withAtime(MountOptions.Atime.NEVER),
        volume -> {
          volume.utimens("/d/f", OLD, Volume.OMIT, true);
          read(volume);
          volume.readlink("/d/l");
          assertEquals(OLD, atime(volume, "/d/f"));
          assertEquals(clock.now.minusSeconds(1), atime(volume, "/d/l"));
        });
  }

  @Test
  void directoriesCanBeLeftOut() throws FsException {
    onVolume(
        options -> options.withDirectoryAtimes(false),
        volume -> {
          volume.utimens("/d", OLD, Volume.OMIT, true);
          volume.list("/d");
          read(volume);
          volume.readlink("/d/l");
          assertEquals(OLD, atime(volume, "/d"));
          assertEquals(clock.now, atime(volume, "/d/f"));
          assertEquals(clock.now, atime(volume, "/d/l"));
        });
  }

  @Test
  void aFlagOfTheFileOrOfOpenLeavesItAlone() throws FsException {
    onVolume(
        options -> options.withAtime(MountOptions.Atime.STRICT),
        volume -> {
          Instant before = atime(volume, "/d/f");
          try (OpenFile file = volume.open("/d/f", OpenFlags.NOATIME, 0)) {
            file.read(new byte[4], 0, 4);
          }
          assertEquals(before, atime(volume, "/d/f"));
          volume.setFlags("/d/f", InodeFlags.NOATIME);
          read(volume);
          assertEquals(before, atime(volume, "/d/f"));
        });
  }

  @Test
  void aReadOnlyVolumeLeavesItAlone() throws FsException {
    onVolume(
        options -> options.withAtime(MountOptions.Atime.STRICT),
        volume -> {
          Instant before = atime(volume, "/d/f");
          volume.superBlock().setReadOnly();
          read(volume);
          volume.list("/d");
          assertEquals(before, atime(volume, "/d/f"));
        });
  }
}
