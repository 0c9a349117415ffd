package org.pagewright.fuse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.os.Sys;
import org.pagewright.fuse.server.DeviceChannel;
import org.pagewright.fuse.server.FuseServer;
import org.pagewright.fuse.server.Log;
import org.pagewright.fuse.server.ServerOptions;
import org.pagewright.observe.Published;
import org.pagewright.vfs.Volume;

/// A volume that is mounted, by this process.
///
/// [#close()] unmounts; so does `umount`, from anywhere. The volume is closed by whoever opened it,
/// after [#close()] or [#awaitEnd]: by then the kernel has given back everything it had.
public final class FuseMount implements AutoCloseable {
  /// How long the kernel may take for its first request.
  private static final long INIT_NANOS = 10_000_000_000L;

  /// How long the end of the requests is waited for after an unmount, before it is forced.
  private static final long END_NANOS = 10_000_000_000L;

  private final Path target;
  private final FuseServer server;
  private final Watchdog watchdog;
  private volatile @Nullable Published published; // as long as it is mounted
  private volatile int minor = -1; // the connection's in the table of mounts; -1 if unknown
  private volatile @Nullable Connection connection; // null if unknown

  private FuseMount(Path target, FuseServer server, Watchdog watchdog) {
    this.target = target;
    this.server = server;
    this.watchdog = watchdog;
  }

  /// Hears of what a person should know of a mount.
  public interface Listener {
    /// Something happened that no answer to a program can tell.
    ///
    /// @param text what, to what
    void trouble(String text);

    /// Whether each request shall be told of.
    ///
    /// @return true if [#trace] is to be called
    default boolean traces() {
      return false;
    }

    /// One request and how it ended.
    ///
    /// @param line for a person
    default void trace(String line) {}
  }

  /// Mounts a volume and begins to answer.
  ///
  /// @param volume open until the mount has ended
  /// @param target a directory
  /// @param source what /proc/mounts shows, unless the options name something else
  /// @param options how
  /// @param listener hears of trouble
  /// @return the mount, usable already
  /// @throws FsException ENODEV, EACCES without `/dev/fuse`; ENOTDIR, EBUSY, EPERM; EOPNOTSUPP with
  ///     a kernel that is too old
  public static FuseMount mount(
      Volume volume, Path target, String source, FuseOptions options, Listener listener)
      throws FsException {
    String why = Sys.whyNot();
    if (why != null) {
      throw new FsException(Errno.EOPNOTSUPP, why);
    }
    Sys sys = new Sys();
    Path path = real(target);
    Log log = logOf(listener);
    FuseServer server = new FuseServer(volume, serverOptions(volume, options), log);
    int fd = mountDevice(sys, path, options.fsName(source), source, options);
    server.start(new DeviceChannel(fd, options.ioUring()));
    Watchdog watchdog = new Watchdog(server, path, options.patienceSeconds(), log);
    FuseMount mount = new FuseMount(path, server, watchdog);
    boolean done = false;
    try {
      watchdog.start();
      if (!server.awaitInitialized(INIT_NANOS)) {
        throw new FsException(Errno.EIO, path + ": the kernel and the server did not agree");
      }
      Mounts.Entry entry = Mounts.at(path);
      if (entry != null && entry.isOurs()) {
        mount.minor = entry.minor();
        mount.connection = Connection.of(entry.minor());
      }
      mount.published = Published.volume(volume.superBlock(), source, path);
      done = true;
      return mount;
    } finally {
      if (!done) {
        mount.close();
      }
    }
  }

  /// Has a server answer what programs ask for most, with no kernel and no mount: what a JVM is to
  /// learn before it is measured, or for others that start with what it learnt.
  ///
  /// @param volume open for writing, with 128 MiB of space
  /// @param rounds how many files are made and mostly removed again
  /// @return requests
  /// @throws FsException EOPNOTSUPP if this host has no native calls
  public static long rehearse(Volume volume, int rounds) throws FsException {
    return Rehearsal.play(volume, rounds);
  }

  private static Path real(Path target) throws FsException {
    try {
      Path path = target.toRealPath();
      if (!Files.isDirectory(path)) {
        // Of a mount whose server is gone the JDK may know the path, and nothing else.
        checkNoneIsDead(target);
        throw new FsException(Errno.ENOTDIR, path.toString());
      }
      return path;
    } catch (FsException e) {
      throw e;
    } catch (IOException e) {
      checkNoneIsDead(target);
      throw new FsException(Errno.ENOENT, target.toString(), e);
    }
  }

  private static void checkNoneIsDead(Path target) throws FsException {
    if (Mounts.at(target) != null) {
      throw new FsException(
          Errno.EBUSY, target + ": a mount is there whose server has gone; unmount it first");
    }
  }

  private static ServerOptions serverOptions(Volume volume, FuseOptions o) {
    return new ServerOptions(
        o.threads(),
        o.writebackCache(),
        o.readOnly() || volume.superBlock().isReadOnly(),
        o.dirSync(),
        o.uid(),
        o.gid(),
        o.timeoutMillis(),
        o.maxWriteBytes(),
        1000L * o.patienceSeconds(),
        ServerOptions.DEFAULTS.pinnedNodesMax(),
        o.localLocks());
  }

  private static Log logOf(Listener listener) {
    return new Log() {
      @Override
      public void trouble(String text) {
        listener.trouble(text);
      }

      @Override
      public boolean traces() {
        return listener.traces();
      }

      @Override
      public void trace(String line) {
        listener.trace(line);
      }
    };
  }

  /// Opens the device and mounts it: as root by ourselves, else with the helper.
  private static int mountDevice(
      Sys sys, Path target, String name, String source, FuseOptions options)
      throws FsException {
    if (sys.effectiveUid() != 0) {
      return Fusermount.mount(sys, target, options.forHelper(source));
    }
    int fd =
        Sys.checked(
            sys.open("/dev/fuse", Sys.O_RDWR | Sys.O_CLOEXEC), "open /dev/fuse");
    StringBuilder data = new StringBuilder();
    data.append("fd=").append(fd).append(",rootmode=40000,user_id=0,group_id=0");
    data.append(",default_permissions");
    if (options.allowOther()) {
      data.append(",allow_other");
    }
    long flags = options.readOnly() ? Sys.MS_RDONLY : 0;
    flags |= options.noSuid() ? Sys.MS_NOSUID : 0;
    flags |= options.noDev() ? Sys.MS_NODEV : 0;
    flags |= options.noExec() ? Sys.MS_NOEXEC : 0;
    flags |= options.sync() ? Sys.MS_SYNCHRONOUS : 0;
    flags |= options.dirSync() ? Sys.MS_DIRSYNC : 0;
    flags |= options.noAtime() ? Sys.MS_NOATIME : 0;
    int result = sys.mount(name, target.toString(), Mounts.TYPE, flags, data.toString());
    if (result < 0) {
      sys.close(fd);
      throw Sys.failure(-result, "mount on " + target);
    }
    return fd;
  }

  /// Where it is mounted.
  ///
  /// @return a real path
  public Path target() {
    return target;
  }

  /// Whether it was unmounted, or aborted, and everything the kernel had was given back.
  ///
  /// @return true from then on
  public boolean hasEnded() {
    return server.hasEnded();
  }

  /// Waits for the end of the mount.
  ///
  /// @param nanos how long at most
  /// @return false if it has not ended
  public boolean awaitEnd(long nanos) {
    return server.awaitEnd(nanos);
  }

  /// Tells a supervisor that asked for it (`NOTIFY_SOCKET`, systemd's Type=notify) that the mount
  /// is there.
  ///
  /// @throws FsException if the supervisor cannot be reached
  public static void tellReady() throws FsException {
    tellSupervisor("READY=1");
  }

  /// Tells the same supervisor that the mount is about to end: what is dirty is written first,
  /// which may take a while.
  ///
  /// @throws FsException if the supervisor cannot be reached
  public static void tellStopping() throws FsException {
    tellSupervisor("STOPPING=1");
  }

  private static void tellSupervisor(String state) throws FsException {
    String socket = System.getenv("NOTIFY_SOCKET");
    if (socket != null) {
      Sys.checked(new Sys().notify(socket, state), "NOTIFY_SOCKET " + socket);
    }
  }

  /// Lets this process go on without a terminal, in a session of its own.
  ///
  /// @throws FsException if it leads a group of processes already
  public static void leaveTerminal() throws FsException {
    Sys.checked(new Sys().newSession(), "setsid");
  }

  /// Unmounts, waits until the kernel has written back what it keeps, and ends the server. Files
  /// that are still open fail from then on. Idempotent.
  @Override
  public void close() {
    Published told = published;
    if (told != null) {
      told.close();
    }
    watchdog.stop();
    if (!server.hasEnded()) {
      if (there() != null) {
        unmount();
      } else {
        server.trouble(target + ": unmounted already, with files open; they fail before long");
      }
    }
    if (!server.awaitEnd(END_NANOS)) {
      abort();
      server.awaitEnd(END_NANOS);
    }
    server.close();
    Connection known = connection;
    if (known != null) {
      known.close();
    }
  }

  /// This mount, if it is what the target leads to. It is not if somebody has unmounted it while
  /// files were open: then what is there now, if anything, is not ours to unmount.
  private Mounts.@Nullable Entry there() {
    try {
      Mounts.Entry entry = Mounts.at(target);
      boolean isThis = entry != null && entry.isOurs();
      return isThis && (minor < 0 || entry.minor() == minor) ? entry : null;
    } catch (FsException e) {
      server.trouble(e.getMessage());
      return null;
    }
  }

  private void unmount() {
    try {
      flushKernel(); // who unmounts writes it only if nobody else has the mount, at another place
    } catch (FsException e) {
      server.trouble(e.getMessage());
    }
    try {
      Mounts.unmount(target, false);
      return;
    } catch (FsException e) {
      if (e.errno() != Errno.EBUSY) {
        server.trouble(e.getMessage());
        return;
      }
    }
    // Somebody has files open there: what the kernel keeps of them was written, now they fail, and
    // the name goes.
    server.trouble(target + ": files are open there; they fail from now on");
    abort();
    try {
      Mounts.unmount(target, true);
    } catch (FsException e) {
      server.trouble(e.getMessage());
    }
  }

  /// Has the kernel write back what it keeps. This thread asks our own server, whose threads are
  /// others; the guard knows.
  private void flushKernel() throws FsException {
    Sys sys = new Sys();
    server.setGuarded(false);
    try {
      int fd = Sys.checked(sys.open(target.toString(), Sys.O_CLOEXEC), "open " + target);
      try {
        Sys.checked(sys.syncfs(fd), "sync " + target);
      } finally {
        sys.close(fd);
      }
    } finally {
      server.setGuarded(true);
    }
  }

  /// Ends the connection. If its name is gone and it is still there, somebody has files open that
  /// had it before, or it has more places: a bind mount, or a namespace made while it was there.
  private void abort() {
    Connection known = connection;
    try {
      Mounts.Entry entry = there();
      if (entry != null) {
        Mounts.abort(entry);
      } else if (known != null && known.isThere()) {
        server.trouble(target + ": unmounted, and in use at another place; it ends there, too");
        known.abort();
      } else if (known == null || !known.isKnown()) {
        server.trouble(
            target + ": unmounted, and in use at another place, where only root can end it");
      }
    } catch (FsException e) {
      server.trouble(e.getMessage());
    }
  }
}
