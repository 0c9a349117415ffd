package org.pagewright.fs.ext4.fuzz;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.Ext4;
import org.pagewright.fs.ext4.Ext4Options;
import org.pagewright.fs.ext4.testing.ManualClock;
import org.pagewright.sync.Lockdep;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.DirEntry;
import org.pagewright.vfs.FallocateMode;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.Name;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;
import org.pagewright.vfs.XattrMode;

/// Opens an image, walks and reads all of it, writes a bit, closes it. Whatever the image says,
/// what may come out of it is success or an [FsException] with a reason.
final class Exercise {
  private static final int ENTRIES_MAX = 300;
  private static final int READ_MAX = 64 << 10;

  /// What an image did.
  ///
  /// @param opened whether it could be opened at all
  /// @param errors reasons, in order
  /// @param wrong what must not happen, or null
  record Outcome(boolean opened, List<FsException> errors, @Nullable Throwable wrong) {}

  private interface Step {
    void run() throws FsException;
  }

  private final List<FsException> errors = new ArrayList<>();
  private final byte[] buffer = new byte[READ_MAX];
  private @Nullable Throwable wrong;
  private int left = ENTRIES_MAX;

  private Exercise() {}

  static Outcome run(CowImage image, CacheMemory memory, boolean readOnly) {
    Exercise exercise = new Exercise();
    boolean opened = exercise.use(image, memory, readOnly);
    return new Outcome(opened, exercise.errors, exercise.wrong);
  }

  private boolean use(CowImage image, CacheMemory memory, boolean readOnly) {
    Volume volume = null;
    try {
      volume =
          Ext4.mount(
              image,
              memory,
              Ext4Options.DEFAULTS
                  .withMetadataBytes(1 << 20)
                  .withMount(
                      MountOptions.DEFAULTS
                          .withReadOnly(readOnly)
                          .withClock(new ManualClock()))
                  .withForce(true));
    } catch (FsException e) {
      note(e);
    } catch (Throwable e) { // anything else is what we look for
      wrong(e);
    }
    if (volume != null) {
      Volume open = volume;
      volume.superBlock().setTrouble((what, error) -> trouble(error));
      walk(open, "/", 0);
      step(open::statfs);
      if (!readOnly) {
        write(open);
      }
      step(() -> open.superBlock().close(true));
    }
    try {
      Lockdep.holdsNothing();
    } catch (AssertionError e) { // which says what is held
      wrong(e);
    }
    return volume != null;
  }

  private void trouble(Throwable e) {
    if (!(e instanceof FsException)) {
      wrong(e);
    }
  }

  private void wrong(Throwable e) {
    if (wrong == null) {
      wrong = e;
    }
  }

  private void note(FsException e) {
    String message = e.getMessage();
    if (message == null || message.isEmpty()) {
      wrong(new AssertionError("no reason is given", e));
    }
    if (e.errno() == Errno.EIO && wrong == null) {
      // The device does not fail: somebody gave up.
      wrong(new AssertionError("input/output error on a device without any", e));
    }
    if (errors.size() < 100) {
      errors.add(e);
    }
  }

  private void step(Step step) {
    try {
      step.run();
    } catch (FsException e) {
      note(e);
    } catch (Throwable e) { // anything else is what we look for
      wrong(e);
    }
  }

  // ---- Looking ----------------------------------------------------------------------------------

  private void walk(Volume volume, String path, int depth) {
    if (depth > 12) {
      return;
    }
    List<DirEntry> entries = new ArrayList<>();
    step(() -> entries.addAll(volume.list(path)));
    for (DirEntry entry : entries) {
      if (entry.name().equals(Name.DOT) || entry.name().equals(Name.DOT_DOT) || left-- <= 0) {
        continue;
      }
      String name = (path.equals("/") ? "/" : path + "/") + entry.name();
      Stat[] stat = new Stat[1];
      step(() -> stat[0] = volume.lstat(name));
      if (stat[0] == null) {
        continue;
      }
      step(() -> volume.listXattrs(name, false));
      step(() -> volume.getXattr(name, "user.large", false));
      switch (stat[0].type()) {
        case DIRECTORY -> walk(volume, name, depth + 1);
        case SYMLINK -> step(() -> volume.readlink(name));
        case REGULAR -> read(volume, name, stat[0].size());
        default -> {}
      }
    }
  }

  private void read(Volume volume, String name, long size) {
    step(
        () -> {
          try (OpenFile file = volume.open(name, OpenFlags.RDONLY, 0)) {
            for (long pos = 0; pos < Math.min(size, 4L * READ_MAX); pos += READ_MAX) {
              long at = pos;
              step(() -> file.read(at, buffer, 0, READ_MAX));
            }
            if (size > 4L * READ_MAX) {
              step(() -> file.read(size - READ_MAX, buffer, 0, READ_MAX));
            }
            step(() -> file.seekData(0));
            step(() -> file.seekHole(0));
          }
        });
  }

  // ---- Changing ---------------------------------------------------------------------------------

  private void write(Volume volume) {
    step(
        () -> {
          try (OpenFile file = volume.open("/new", OpenFlags.CREAT | OpenFlags.RDWR, 0644)) {
            file.write(0, buffer, 0, 10_000);
            step(() -> file.fsync(false));
          }
        });
    for (String path : new String[] {"/plain", "/fragmented", "/sparse", "/unwritten"}) {
      step(
          () -> {
            try (OpenFile file = volume.open(path, OpenFlags.RDWR, 0)) {
              step(() -> file.write(5000, buffer, 0, 3000));
              step(() -> file.write(file.size(), buffer, 0, 3000));
              step(() -> file.write(20L * 9000, buffer, 0, 100));
              step(() -> file.fallocate(FallocateMode.PUNCH_HOLE | FallocateMode.KEEP_SIZE,
                  9000, 30_000));
              step(() -> file.fsync(false));
            }
          });
    }
    step(() -> volume.truncate("/fragmented", 50_000));
    step(() -> volume.mkdir("/many/deeper", 0755));
    for (int i = 0; i < 12; i++) {
      int n = i;
      step(() -> volume.symlink("x", "/many/another-name-that-takes-its-room-" + n));
    }
    step(() -> volume.rename("/many/a-name-that-takes-room-5", "/a/moved"));
    step(() -> volume.rename("/a/b", "/many/b"));
    step(() -> volume.unlink("/many/a-name-that-takes-room-9"));
    step(() -> volume.link("/plain", "/a/linked"));
    step(() -> volume.setXattr("/plain", "user.large", new byte[300], XattrMode.SET, true));
    step(() -> volume.setXattr("/short", "trusted.x", new byte[30], XattrMode.SET, false));
    step(() -> volume.removeXattr("/fragmented", "user.large", true));
    step(() -> volume.chmod("/a/b/c/small", 0600));
    step(() -> volume.unlink("/sparse"));
    step(() -> volume.unlink("/long"));
    step(() -> volume.rmdir("/many/deeper"));
    step(volume::sync);
    step(() -> volume.mknod("/node", 010600, 0));
    step(() -> volume.unlink("/plain"));
    step(() -> volume.unlink("/a/linked"));
    step(volume::sync);
  }
}
