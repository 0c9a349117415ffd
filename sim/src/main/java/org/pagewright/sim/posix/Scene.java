package org.pagewright.sim.posix;

import java.nio.charset.StandardCharsets;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.DeviceNumber;
import org.pagewright.vfs.FileType;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Stat;

/// The place where a case happens: an empty directory of its own, the door, and short words for
/// what cases need. Calls are root's, with a umask of 0, unless [#attempt] says otherwise.
public final class Scene {
  /// Part of a case.
  @FunctionalInterface
  interface Action {
    void run() throws FsException;
  }

  private final Door door;
  private final String base;

  Scene(Door door, String base) {
    this.door = door;
    this.base = base;
  }

  Door door() {
    return door;
  }

  /// The path of a name in the directory of the case.
  String at(String name) {
    return base + "/" + name;
  }

  String base() {
    return base;
  }

  /// What comes of a call of somebody: `ok`, or the name of its error number.
  String attempt(User user, int umask, Action action) {
    door.as(user, umask);
    try {
      action.run();
      return "ok";
    } catch (FsException e) {
      return e.errno().name();
    } finally {
      door.as(User.ROOT, 0);
    }
  }

  String attempt(User user, Action action) {
    return attempt(user, 022, action);
  }

  String attempt(Action action) {
    return attempt(User.ROOT, 0, action);
  }

  void close(Door.File file) throws FsException {
    file.close();
  }

  /// Opens and closes.
  void open(String name, int flags, int mode) throws FsException {
    door.open(at(name), flags, mode).close();
  }

  void write(String name, String content) throws FsException {
    try (Door.File file = door.open(at(name), OpenFlags.WRONLY | OpenFlags.CREAT, 0644)) {
      file.write(content.getBytes(StandardCharsets.UTF_8));
    }
  }

  String read(String name) throws FsException {
    try (Door.File file = door.open(at(name), OpenFlags.RDONLY, 0)) {
      return new String(file.read(1 << 16), StandardCharsets.UTF_8);
    }
  }

  Stat stat(String name) throws FsException {
    return door.stat(at(name), false);
  }

  /// Permission bits in octal.
  String mode(String name) throws FsException {
    return String.format("%04o", stat(name).mode() & 07777);
  }

  boolean isThere(String name) {
    return attempt(() -> stat(name)).equals("ok");
  }

  /// A regular file of three bytes.
  void file(String name, User owner, int gid, int mode) throws FsException {
    write(name, "abc");
    own(name, owner, gid, mode);
  }

  void dir(String name, User owner, int gid, int mode) throws FsException {
    door.mkdir(at(name), 0700);
    own(name, owner, gid, mode);
  }

  void own(String name, User owner, int gid, int mode) throws FsException {
    door.chown(at(name), owner.uid(), gid, false);
    door.chmod(at(name), mode);
  }

  /// Makes what a name shall lead to; what a link leads to lies beside it.
  void make(Kind kind, String name) throws FsException {
    switch (kind) {
      case ABSENT -> {}
      case FILE -> write(name, "abc");
      case DIR -> door.mkdir(at(name), 0755);
      case FULL_DIR -> {
        door.mkdir(at(name), 0755);
        write(name + "/x", "inside");
      }
      case LINK -> {
        write(name + ".file", "abc");
        symlink(name + ".file", name);
      }
      case DIR_LINK -> {
        door.mkdir(at(name + ".dir"), 0755);
        symlink(name + ".dir", name);
      }
      case DANGLING -> symlink(name + ".nothing", name);
      case LOOP -> symlink(name, name);
      case FIFO -> door.mknod(at(name), FileType.FIFO.modeBits() | 0644, 0);
      case SOCKET -> door.mknod(at(name), FileType.SOCKET.modeBits() | 0644, 0);
      case DEVICE ->
          door.mknod(
              at(name), FileType.CHARACTER_DEVICE.modeBits() | 0644, DeviceNumber.of(1, 3));
    }
  }

  private void symlink(String target, String name) throws FsException {
    int slash = target.lastIndexOf('/');
    door.symlink(slash < 0 ? target : target.substring(slash + 1), at(name));
  }
}
