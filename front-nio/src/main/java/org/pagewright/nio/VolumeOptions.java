package org.pagewright.nio;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.pagewright.fs.ext4.DataMode;
import org.pagewright.fs.ext4.Ext4Options;
import org.pagewright.fs.ext4.OnDamage;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.Credentials;
import org.pagewright.vfs.MountOptions;

/// The keys of the map that a file system is made with, each as its type or as text: `"true"`,
/// `"64M"`. A key that is not here is refused, so that a slip of the pen does not open an image for
/// writing.
///
/// @param readOnly whether changes are refused; null for what the image's file allows
/// @param partition from 1; 0 to look for the one that holds ext2, ext3 or ext4
/// @param memory whose memory the files take; null for memory of its own
/// @param cacheBytes size of that memory
/// @param direct past the host's page cache
/// @param force write although the image should be checked first
/// @param data what the journal promises of content
/// @param commitSeconds age at which changes are committed though nobody asks; 0 for the image's
/// @param onDamage what becomes of the volume when damage is met
/// @param sync each write is durable on return
/// @param atime when a read changes the access time
/// @param who whose rights are checked, and who owns new files
/// @param umask permission bits that new files do not get
/// @param directory the host's directory that is to be the volume, or null
/// @param publish whether `pagewright top` sees it
public record VolumeOptions(
    @Nullable Boolean readOnly,
    int partition,
    @Nullable CacheMemory memory,
    long cacheBytes,
    boolean direct,
    boolean force,
    DataMode data,
    int commitSeconds,
    OnDamage onDamage,
    boolean sync,
    MountOptions.Atime atime,
    Credentials who,
    int umask,
    @Nullable Path directory,
    boolean publish) {
  /// Boolean: refuse changes. Without it an image is opened for writing if its file can be written.
  public static final String READ_ONLY = "readOnly";

  /// Integer from 1: the partition of a disk image. Without it, the image itself or its only
  /// partition with ext2, ext3 or ext4.
  public static final String PARTITION = "partition";

  /// [CacheMemory]: memory to share with other volumes; the caller closes it after them.
  public static final String MEMORY = "memory";

  /// Long, or text such as `64M`: size of the page cache if [#MEMORY] is not given; 64 MiB.
  public static final String CACHE_BYTES = "cacheBytes";

  /// Boolean: read and write the image past the host's page cache.
  public static final String DIRECT = "direct";

  /// Boolean: write although the image was not closed cleanly or is marked as having errors.
  public static final String FORCE = "force";

  /// [DataMode] or its name: what the journal promises of file content.
  public static final String DATA = "data";

  /// Integer: seconds after which changes are committed though nobody asks.
  public static final String COMMIT_SECONDS = "commitSeconds";

  /// [OnDamage], its name, or `continue`, `remount-ro`, `panic`.
  public static final String ON_DAMAGE = "errors";

  /// Boolean: each write is durable on return, as if every file were open with `SYNC`.
  public static final String SYNC = "sync";

  /// [org.pagewright.vfs.MountOptions.Atime] or its name: when reading changes the access time.
  public static final String ATIME = "atime";

  /// [Credentials], or text `UID:GID`: who uses the volume; root without it.
  public static final String USER = "user";

  /// Integer, or text in octal: permission bits that new files do not get; 022.
  public static final String UMASK = "umask";

  /// [Path] or text: for `pagewright://NAME`, the host's directory to be the volume.
  public static final String DIRECTORY = "directory";

  /// Boolean: whether `pagewright top` sees it, from any process of the same user or of root; what
  /// the system property `pagewright.publish` says if it is not given, else false.
  public static final String PUBLISH = "publish";

  /// What an empty map means, but for system properties.
  public static final VolumeOptions DEFAULTS =
      new VolumeOptions(
          null,
          0,
          null,
          64 << 20,
          false,
          false,
          DataMode.DEFAULT,
          0,
          OnDamage.DEFAULT,
          false,
          MountOptions.Atime.RELATIVE,
          Credentials.ROOT,
          022,
          null,
          false);

  private static final Set<String> KEYS =
      Set.of(
          READ_ONLY, PARTITION, MEMORY, CACHE_BYTES, DIRECT, FORCE, DATA, COMMIT_SECONDS,
          ON_DAMAGE, SYNC, ATIME, USER, UMASK, DIRECTORY, PUBLISH);

  /// Reads a map.
  ///
  /// @param map keys of this class
  /// @return what they say
  /// @throws IllegalArgumentException for a key that is not known, or a value that makes no sense
  public static VolumeOptions of(Map<String, ?> map) {
    Set<String> foreign = new TreeSet<>(map.keySet());
    foreign.removeAll(KEYS);
    if (!foreign.isEmpty()) {
      throw new IllegalArgumentException(
          "no such option: " + foreign + "; known are " + new TreeSet<>(KEYS));
    }
    Reader reader = new Reader(map);
    VolumeOptions d = DEFAULTS;
    return new VolumeOptions(
        reader.get(READ_ONLY, null, VolumeOptions::truth),
        reader.get(PARTITION, d.partition, value -> (int) number(value, 0, 128)),
        reader.get(MEMORY, null, CacheMemory.class::cast),
        reader.get(CACHE_BYTES, d.cacheBytes, value -> number(value, 64 << 10, 1L << 50)),
        reader.get(DIRECT, d.direct, VolumeOptions::truth),
        reader.get(FORCE, d.force, VolumeOptions::truth),
        reader.get(DATA, d.data, value -> named(DataMode.class, value)),
        reader.get(COMMIT_SECONDS, d.commitSeconds, value -> (int) number(value, 0, 86400)),
        reader.get(ON_DAMAGE, d.onDamage, VolumeOptions::damage),
        reader.get(SYNC, d.sync, VolumeOptions::truth),
        reader.get(ATIME, d.atime, value -> named(MountOptions.Atime.class, value)),
        reader.get(USER, d.who, VolumeOptions::user),
        reader.get(UMASK, d.umask, VolumeOptions::octal),
        reader.get(DIRECTORY, null, v -> v instanceof Path path ? path : Path.of((String) v)),
        reader.get(
            PUBLISH, Boolean.getBoolean("pagewright.publish"), VolumeOptions::truth));
  }

  private record Reader(Map<String, ?> map) {
    <T extends @Nullable Object> T get(String key, T otherwise, Function<Object, T> reading) {
      Object value = map.get(key);
      if (value == null) {
        return otherwise;
      }
      try {
        return reading.apply(value);
      } catch (IllegalArgumentException | ClassCastException e) {
        String why =
            switch (e) {
              case NumberFormatException _ -> "no number";
              case ClassCastException _ -> "of type " + value.getClass().getName();
              default -> e.getMessage();
            };
        throw new IllegalArgumentException("option " + key + "=" + value + ": " + why, e);
      }
    }
  }

  private static Boolean truth(Object value) {
    if (value instanceof Boolean truth) {
      return truth;
    }
    String text = (String) value;
    if (!text.equalsIgnoreCase("true") && !text.equalsIgnoreCase("false")) {
      throw new IllegalArgumentException("true or false");
    }
    return Boolean.valueOf(text);
  }

  private static long number(Object value, long min, long max) {
    long number;
    if (value instanceof Number given) {
      number = given.longValue();
    } else {
      String text = ((String) value).toUpperCase(Locale.ROOT);
      int unit = text.isEmpty() ? -1 : "KMGT".indexOf(text.charAt(text.length() - 1));
      String digits = unit < 0 ? text : text.substring(0, text.length() - 1);
      number = Long.parseLong(digits);
      if (number < 0 || number > Long.MAX_VALUE >> 10 * (unit + 1)) {
        throw new IllegalArgumentException("out of range");
      }
      number <<= 10 * (unit + 1);
    }
    if (number < min || number > max) {
      throw new IllegalArgumentException(min + " to " + max);
    }
    return number;
  }

  private static <E extends Enum<E>> E named(Class<E> type, Object value) {
    if (type.isInstance(value)) {
      return type.cast(value);
    }
    String text = (String) value;
    List<String> names = new ArrayList<>();
    for (E constant : type.getEnumConstants()) {
      if (constant.name().equalsIgnoreCase(text)) {
        return constant;
      }
      names.add(constant.name().toLowerCase(Locale.ROOT));
    }
    throw new IllegalArgumentException("not one of " + String.join(", ", names));
  }

  private static OnDamage damage(Object value) {
    return "remount-ro".equals(value) ? OnDamage.READ_ONLY : named(OnDamage.class, value);
  }

  private static Credentials user(Object value) {
    if (value instanceof Credentials who) {
      return who;
    }
    List<String> parts = List.of(((String) value).split(":", -1));
    if (parts.size() != 2) {
      throw new IllegalArgumentException("UID:GID");
    }
    return new Credentials(
        Integer.parseUnsignedInt(parts.get(0)), Integer.parseUnsignedInt(parts.get(1)));
  }

  private static int octal(Object value) {
    int bits =
        value instanceof Number given ? given.intValue() : Integer.parseInt((String) value, 8);
    if (bits < 0 || bits > 0777) {
      throw new IllegalArgumentException("0 to 777, in octal");
    }
    return bits;
  }

  /// The same with a partition.
  VolumeOptions withPartition(int number) {
    return new VolumeOptions(
        readOnly, number, memory, cacheBytes, direct, force, data, commitSeconds, onDamage, sync,
        atime, who, umask, directory, publish);
  }

  /// The same, read-only or not.
  VolumeOptions withReadOnly(boolean refuses) {
    return new VolumeOptions(
        refuses, partition, memory, cacheBytes, direct, force, data, commitSeconds, onDamage, sync,
        atime, who, umask, directory, publish);
  }

  MountOptions mount() {
    return MountOptions.DEFAULTS
        .withReadOnly(Boolean.TRUE.equals(readOnly))
        .withAtime(atime);
  }

  Ext4Options ext4() {
    return Ext4Options.DEFAULTS
        .withMount(mount())
        .withForce(force)
        .withData(data)
        .withCommitSeconds(commitSeconds)
        .withOnDamage(onDamage);
  }
}
