package org.pagewright.nio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.UserPrincipal;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pagewright.nio.FileAttributeViews.Target;
import org.pagewright.vfs.Stat;

/// Attributes by name: `posix:permissions`, `unix:ino,nlink`, `*`.
final class FileAttributeNames {
  static final Set<String> VIEWS = Set.of("basic", "posix", "owner", "unix", "user");

  private static final List<String> BASIC =
      List.of(
          "lastModifiedTime", "lastAccessTime", "creationTime", "size", "isRegularFile",
          "isDirectory", "isSymbolicLink", "isOther", "fileKey");

  private static final List<String> POSIX = List.of("permissions", "owner", "group");

  private static final List<String> UNIX =
      List.of("mode", "ino", "dev", "rdev", "nlink", "uid", "gid", "ctime");

  private FileAttributeNames() {}

  /// A view and what follows its colon.
  private record Spec(String view, String rest) {
    static Spec of(String text) {
      int colon = text.indexOf(':');
      Spec spec =
          colon < 0
              ? new Spec("basic", text)
              : new Spec(text.substring(0, colon), text.substring(colon + 1));
      if (!VIEWS.contains(spec.view)) {
        throw new UnsupportedOperationException("no such view: " + spec.view);
      }
      return spec;
    }
  }

  /// Reads attributes.
  ///
  /// @param target the file
  /// @param text a view, a colon and names with commas in between, or `*` for all
  /// @return names and values
  /// @throws IllegalArgumentException for a name that the view does not have
  static Map<String, Object> read(Target target, String text) throws IOException {
    Spec spec = Spec.of(text);
    if (spec.rest.isEmpty()) {
      throw new IllegalArgumentException("`" + text + "` names no attributes");
    }
    Set<String> asked = new LinkedHashSet<>(List.of(spec.rest.split(",")));
    if (spec.view.equals("user")) {
      return readUser(target, asked);
    }
    Set<String> known = new LinkedHashSet<>();
    if (!spec.view.equals("owner")) {
      known.addAll(BASIC);
    }
    if (spec.view.equals("posix") || spec.view.equals("unix")) {
      known.addAll(POSIX);
    }
    if (spec.view.equals("unix")) {
      known.addAll(UNIX);
    }
    if (spec.view.equals("owner")) {
      known.add("owner");
    }
    if (asked.remove("*")) {
      asked.addAll(known);
    }
    for (String name : asked) {
      if (!known.contains(name)) {
        throw new IllegalArgumentException("`" + name + "` is no attribute of " + spec.view);
      }
    }
    VolumeAttributes all =
        new VolumeAttributes(target.stat(), target.fileSystem().volume().superBlock());
    Map<String, Object> values = new LinkedHashMap<>();
    for (String name : asked) {
      values.put(name, valueOf(all, name));
    }
    return values;
  }

  private static Object valueOf(VolumeAttributes all, String name) {
    Stat stat = all.stat();
    return switch (name) {
      case "lastModifiedTime" -> all.lastModifiedTime();
      case "lastAccessTime" -> all.lastAccessTime();
      case "creationTime" -> all.creationTime();
      case "size" -> all.size();
      case "isRegularFile" -> all.isRegularFile();
      case "isDirectory" -> all.isDirectory();
      case "isSymbolicLink" -> all.isSymbolicLink();
      case "isOther" -> all.isOther();
      case "fileKey" -> all.fileKey();
      case "permissions" -> all.permissions();
      case "owner" -> all.owner();
      case "group" -> all.group();
      case "mode" -> stat.mode();
      case "ino" -> stat.ino();
      case "dev" -> (long) System.identityHashCode(all.superBlock());
      case "rdev" -> stat.rdev();
      case "nlink" -> stat.nlink();
      case "uid" -> stat.uid();
      case "gid" -> stat.gid();
      case "ctime" -> all.changeTime();
      default -> throw new AssertionError(name);
    };
  }

  private static Map<String, Object> readUser(Target target, Set<String> asked)
      throws IOException {
    if (asked.remove("*")) {
      asked.addAll(FileAttributeViews.namesOf(target));
    }
    Map<String, Object> values = new LinkedHashMap<>();
    for (String name : asked) {
      values.put(name, FileAttributeViews.value(target, name));
    }
    return values;
  }

  /// Sets an attribute.
  ///
  /// @param target the file
  /// @param text a view, a colon and a name
  /// @param value of the type that reading it gives; for `user:` a buffer or an array of bytes
  /// @throws IllegalArgumentException for a name that the view does not have
  static void set(Target target, String text, @Nullable Object value) throws IOException {
    Spec spec = Spec.of(text);
    if (spec.view.equals("user")) {
      if (value instanceof ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        FileAttributeViews.set(target, spec.rest, bytes);
      } else {
        FileAttributeViews.set(target, spec.rest, cast(byte[].class, value));
      }
      return;
    }
    boolean posix = spec.view.equals("posix") || spec.view.equals("unix");
    boolean owner = posix || spec.view.equals("owner");
    boolean unix = spec.view.equals("unix");
    boolean basic = !spec.view.equals("owner");
    switch (spec.rest) {
      case "lastModifiedTime" -> {
        check(basic, spec);
        FileTime time = value == null ? null : cast(FileTime.class, value);
        if (time != null) {
          FileAttributeViews.setTimes(target, time, null);
        }
      }
      case "lastAccessTime" -> {
        check(basic, spec);
        FileTime time = value == null ? null : cast(FileTime.class, value);
        if (time != null) {
          FileAttributeViews.setTimes(target, null, time);
        }
      }
      case "creationTime" -> {
        check(basic, spec);
        if (value != null) {
          cast(FileTime.class, value); // and no more: it is nobody's to change
        }
      }
      case "permissions" -> {
        check(posix, spec);
        FileAttributeViews.chmod(target, VolumeAttributes.modeOf(cast(Set.class, value)));
      }
      case "owner" -> {
        check(owner, spec);
        int uid = Principals.idOfUser(cast(UserPrincipal.class, value));
        FileAttributeViews.chown(target, uid, -1);
      }
      case "group" -> {
        check(posix, spec);
        int gid = Principals.idOfGroup(cast(GroupPrincipal.class, value));
        FileAttributeViews.chown(target, -1, gid);
      }
      case "mode" -> {
        check(unix, spec);
        int mode = FileAttributeViews.checkMode(cast(Integer.class, value));
        FileAttributeViews.chmod(target, mode);
      }
      case "uid" -> {
        check(unix, spec);
        FileAttributeViews.chown(target, cast(Integer.class, value), -1);
      }
      case "gid" -> {
        check(unix, spec);
        FileAttributeViews.chown(target, -1, cast(Integer.class, value));
      }
      default -> check(false, spec);
    }
  }

  private static void check(boolean known, Spec spec) {
    if (!known) {
      throw new IllegalArgumentException(
          "`" + spec.rest + "` is no attribute of " + spec.view + " that can be set");
    }
  }

  private static <T> T cast(Class<T> type, @Nullable Object value) {
    if (value == null) {
      throw new NullPointerException("value");
    }
    return type.cast(value);
  }
}
