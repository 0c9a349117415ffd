package org.pagewright.fuse;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.server.ServerOptions;

/// How a volume is mounted: what stands behind `-o`. Start from [#DEFAULTS] and add options by
/// their names.
public final class FuseOptions {
  /// Read and write, for the user that mounts only.
  public static final FuseOptions DEFAULTS = new FuseOptions();

  private boolean readOnly;
  private boolean allowOther;
  private boolean noSuid;
  private boolean noDev;
  private boolean noExec;
  private boolean sync;
  private boolean dirSync;
  private boolean noAtime;
  private boolean strictAtime;
  private boolean writebackCache;
  private boolean localLocks;
  private boolean ioUring;
  private int uid = -1;
  private int gid = -1;
  private int threads = Math.clamp(2L * Runtime.getRuntime().availableProcessors(), 4, 16);
  private long timeoutMillis = ServerOptions.DEFAULTS.timeoutMillis();
  private int maxWriteBytes = 1 << 20;
  private int patienceSeconds = 30;
  private @Nullable String fsName;

  private FuseOptions() {}

  private FuseOptions copy() {
    FuseOptions copy = new FuseOptions();
    copy.readOnly = readOnly;
    copy.allowOther = allowOther;
    copy.noSuid = noSuid;
    copy.noDev = noDev;
    copy.noExec = noExec;
    copy.sync = sync;
    copy.dirSync = dirSync;
    copy.noAtime = noAtime;
    copy.strictAtime = strictAtime;
    copy.writebackCache = writebackCache;
    copy.localLocks = localLocks;
    copy.ioUring = ioUring;
    copy.uid = uid;
    copy.gid = gid;
    copy.threads = threads;
    copy.timeoutMillis = timeoutMillis;
    copy.maxWriteBytes = maxWriteBytes;
    copy.patienceSeconds = patienceSeconds;
    copy.fsName = fsName;
    return copy;
  }

  /// The same with more options, as `mount -o` has them.
  ///
  /// @param list names and values, separated by commas
  /// @return changed options
  /// @throws FsException EINVAL, naming an option that is not known or makes no sense
  public FuseOptions with(String list) throws FsException {
    FuseOptions changed = copy();
    for (String option : list.split(",")) {
      if (!option.isBlank()) {
        changed.set(option.strip());
      }
    }
    return changed;
  }

  private void set(String option) throws FsException {
    int equals = option.indexOf('=');
    String name = equals < 0 ? option : option.substring(0, equals);
    String value = equals < 0 ? "" : option.substring(equals + 1);
    switch (name) {
      case "ro" -> readOnly = true;
      case "rw" -> readOnly = false;
      case "allow_other" -> allowOther = true;
      case "nosuid" -> noSuid = true;
      case "suid" -> noSuid = false;
      case "nodev" -> noDev = true;
      case "dev" -> noDev = false;
      case "noexec" -> noExec = true;
      case "exec" -> noExec = false;
      case "sync" -> sync = true;
      case "async" -> sync = false;
      case "dirsync" -> dirSync = true;
      case "noatime" -> {
        noAtime = true;
        strictAtime = false;
      }
      case "relatime", "atime" -> {
        noAtime = false;
        strictAtime = false;
      }
      case "strictatime" -> {
        noAtime = false;
        strictAtime = true;
      }
      case "writeback_cache" -> writebackCache = true;
      case "local_locks" -> localLocks = true;
      case "io_uring" -> ioUring = true;
      case "no_io_uring" -> ioUring = false;
      case "uid" -> uid = (int) number(option, value, 0, 0xffff_fffeL);
      case "gid" -> gid = (int) number(option, value, 0, 0xffff_fffeL);
      case "threads" -> threads = (int) number(option, value, 1, 256);
      case "timeout_ms" -> timeoutMillis = number(option, value, 0, Integer.MAX_VALUE);
      case "max_write" ->
          maxWriteBytes = (int) number(option, value, 4096, 1 << 20) & ~4095;
      case "patience" -> patienceSeconds = (int) number(option, value, 0, 86400);
      case "fsname" -> fsName = checkedName(option, value);
      // Always so, asked for by somebody else, or for another program.
      case "default_permissions", "defaults", "user", "nouser", "users", "auto", "noauto",
          "nofail", "_netdev", "lazytime", "nolazytime", "nodiratime", "diratime" -> {}
      default -> {
        if (!name.startsWith("x-") && !name.equals("comment")) {
          throw new FsException(Errno.EINVAL, "mount option `" + option + "` is not known");
        }
      }
    }
  }

  private static long number(String option, String value, long min, long max)
      throws FsException {
    try {
      long n = Long.parseLong(value);
      if (n >= min && n <= max) {
        return n;
      }
    } catch (NumberFormatException e) {
      throw new FsException(Errno.EINVAL, "mount option `" + option + "` needs a number", e);
    }
    throw new FsException(
        Errno.EINVAL, "mount option `" + option + "`: from " + min + " to " + max);
  }

  private static String checkedName(String option, String value) throws FsException {
    if (value.isEmpty() || value.chars().anyMatch(c -> c < ' ')) {
      throw new FsException(Errno.EINVAL, "mount option `" + option + "` names nothing");
    }
    return value;
  }

  /// The options that the mount itself has, as `fusermount3` wants them.
  ///
  /// @param source what /proc/mounts shows if no other name was given
  /// @return comma-separated, without those that every mount of ours has
  String forHelper(String source) {
    List<String> list = new ArrayList<>();
    list.add("fsname=" + escaped(fsName(source)));
    list.add("subtype=pagewright");
    list.add("default_permissions");
    if (allowOther) {
      list.add("allow_other");
    }
    list.add(readOnly ? "ro" : "rw");
    if (noExec) {
      list.add("noexec");
    }
    if (sync) {
      list.add("sync");
    }
    if (dirSync) {
      list.add("dirsync");
    }
    if (noAtime) {
      list.add("noatime");
    }
    return String.join(",", list);
  }

  private static String escaped(String text) {
    return text.replace("\\", "\\\\").replace(",", "\\,");
  }

  /// What /proc/mounts shows as the source.
  ///
  /// @param source the name to show if no other was given
  /// @return not empty
  public String fsName(String source) {
    return fsName != null ? fsName : source;
  }

  /// Whether changes are refused.
  ///
  /// @return option `ro`
  public boolean readOnly() {
    return readOnly;
  }

  /// Whether other users may use the mount.
  ///
  /// @return option `allow_other`
  public boolean allowOther() {
    return allowOther;
  }

  /// Whether set-id bits mean nothing.
  ///
  /// @return option `nosuid`
  public boolean noSuid() {
    return noSuid;
  }

  /// Whether device nodes lead nowhere.
  ///
  /// @return option `nodev`
  public boolean noDev() {
    return noDev;
  }

  /// Whether nothing is executed.
  ///
  /// @return option `noexec`
  public boolean noExec() {
    return noExec;
  }

  /// Whether every change is durable when it returns.
  ///
  /// @return option `sync`
  public boolean sync() {
    return sync;
  }

  /// Whether every change of a name is durable when it returns.
  ///
  /// @return option `dirsync` or `sync`
  public boolean dirSync() {
    return sync || dirSync;
  }

  /// Whether reads change no access times.
  ///
  /// @return option `noatime`
  public boolean noAtime() {
    return noAtime;
  }

  /// Whether every read changes the access time.
  ///
  /// @return option `strictatime`
  public boolean strictAtime() {
    return strictAtime;
  }

  /// Whether the kernel keeps writes for a while.
  ///
  /// @return option `writeback_cache`
  public boolean writebackCache() {
    return writebackCache;
  }

  /// Whether the kernel keeps locks on files for itself.
  ///
  /// @return option `local_locks`
  public boolean localLocks() {
    return localLocks;
  }

  /// Whether requests come through io_uring if the kernel can.
  ///
  /// @return option `io_uring`
  public boolean ioUring() {
    return ioUring;
  }

  /// The owner that every file shows.
  ///
  /// @return option `uid`, -1 if not given
  public int uid() {
    return uid;
  }

  /// The group that every file shows.
  ///
  /// @return option `gid`, -1 if not given
  public int gid() {
    return gid;
  }

  /// Requests worked on at a time.
  ///
  /// @return option `threads`
  public int threads() {
    return threads;
  }

  /// How long the kernel believes what it was told of names and attributes.
  ///
  /// @return option `timeout_ms`
  public long timeoutMillis() {
    return timeoutMillis;
  }

  /// Largest request.
  ///
  /// @return option `max_write`, in bytes
  public int maxWriteBytes() {
    return maxWriteBytes;
  }

  /// After what time a request without an answer is told of.
  ///
  /// @return option `patience`, in seconds; 0 for never
  public int patienceSeconds() {
    return patienceSeconds;
  }
}
