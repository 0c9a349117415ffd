package org.pagewright.nio;

import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A path of a volume, with the syntax and arithmetic of Unix paths: what `UnixPath` of the JDK
/// does.
///
/// The text has no slash at its end and no two in a row. Bytes of a name that are no UTF-8 are lone
/// surrogates in it, see [org.pagewright.vfs.Name]. Relative paths begin at the root, which is
/// where a volume's programs would stand. Paths compare as their bytes do.
final class VolumePath implements Path {
  private static final int[] NO_NAMES = {};

  private final VolumeFileSystem fileSystem;
  private final String text;
  private int @Nullable [] starts; // where each name begins; made when first needed

  private VolumePath(VolumeFileSystem fileSystem, String normal) {
    this.fileSystem = fileSystem;
    this.text = normal;
  }

  /// A path from text that a user wrote.
  ///
  /// @throws InvalidPathException if it holds NUL, or a surrogate that stands for nothing
  static VolumePath of(VolumeFileSystem fileSystem, String text) {
    int length = text.length();
    boolean normal = length <= 1 || text.charAt(length - 1) != '/';
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      if (c == 0) {
        throw new InvalidPathException(text, "NUL in a path", i);
      }
      if (c == '/' && i > 0 && text.charAt(i - 1) == '/') {
        normal = false;
      }
      if (Character.isSurrogate(c)) {
        if (Character.isHighSurrogate(c)
            && i + 1 < length
            && Character.isLowSurrogate(text.charAt(i + 1))) {
          i++;
        } else if (c < 0xdc80 || c > 0xdcff) {
          throw new InvalidPathException(text, "a surrogate that stands for no byte", i);
        }
      }
    }
    return new VolumePath(fileSystem, normal ? text : withoutExtraSlashes(text));
  }

  private static String withoutExtraSlashes(String text) {
    StringBuilder kept = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c != '/' || kept.isEmpty() || kept.charAt(kept.length() - 1) != '/') {
        kept.append(c);
      }
    }
    if (kept.length() > 1 && kept.charAt(kept.length() - 1) == '/') {
      kept.setLength(kept.length() - 1);
    }
    return kept.toString();
  }

  /// The path as one of ours.
  ///
  /// @throws ProviderMismatchException if it is not
  static VolumePath of(Path path) {
    if (path instanceof VolumePath ours) {
      return ours;
    }
    if (path == null) {
      throw new NullPointerException("path");
    }
    throw new ProviderMismatchException("`" + path + "` is no path of a Pagewright volume");
  }

  private VolumePath made(String normal) {
    return normal.equals(text) ? this : new VolumePath(fileSystem, normal);
  }

  private int[] starts() {
    int[] known = starts;
    if (known == null) {
      known = findStarts();
      starts = known;
    }
    return known;
  }

  private int[] findStarts() {
    if (text.equals("/")) {
      return NO_NAMES;
    }
    int[] found = new int[text.length() / 2 + 1];
    int count = 0;
    int at = isAbsolute() ? 1 : 0;
    while (true) {
      found[count++] = at;
      int slash = text.indexOf('/', at);
      if (slash < 0) {
        return Arrays.copyOf(found, count);
      }
      at = slash + 1;
    }
  }

  private int endOf(int name) {
    int[] all = starts();
    return name + 1 < all.length ? all[name + 1] - 1 : text.length();
  }

  /// The text of one name.
  private String nameAt(int index) {
    return text.substring(starts()[index], endOf(index));
  }

  private boolean isEmpty() {
    return text.isEmpty();
  }

  /// What the volume is asked for: the path from the root.
  String inVolume() {
    return isAbsolute() ? text : "/" + text;
  }

  /// For calls relative to a directory: the path itself, `.` if it is empty.
  String relative() {
    return isEmpty() ? "." : text;
  }

  @Override
  public VolumeFileSystem getFileSystem() {
    return fileSystem;
  }

  @Override
  public boolean isAbsolute() {
    return !text.isEmpty() && text.charAt(0) == '/';
  }

  @Override
  public @Nullable Path getRoot() {
    return isAbsolute() ? made("/") : null;
  }

  @Override
  public @Nullable VolumePath getFileName() {
    int count = getNameCount();
    return count == 0 ? null : made(nameAt(count - 1));
  }

  @Override
  public @Nullable VolumePath getParent() {
    int slash = text.lastIndexOf('/');
    if (slash < 0 || text.length() == 1) {
      return null;
    }
    return made(slash == 0 ? "/" : text.substring(0, slash));
  }

  @Override
  public int getNameCount() {
    return starts().length;
  }

  @Override
  public VolumePath getName(int index) {
    if (index < 0 || index >= getNameCount()) {
      throw new IllegalArgumentException("name " + index + " of `" + text + "`");
    }
    return made(nameAt(index));
  }

  @Override
  public VolumePath subpath(int beginIndex, int endIndex) {
    if (beginIndex < 0 || endIndex > getNameCount() || beginIndex >= endIndex) {
      throw new IllegalArgumentException(
          "names " + beginIndex + " to " + endIndex + " of `" + text + "`");
    }
    return made(text.substring(starts()[beginIndex], endOf(endIndex - 1)));
  }

  @Override
  public boolean startsWith(Path other) {
    if (!(Objects.requireNonNull(other, "other") instanceof VolumePath that)
        || that.fileSystem != fileSystem
        || that.isAbsolute() != isAbsolute()
        || that.isEmpty() != isEmpty()) {
      return false;
    }
    return text.startsWith(that.text)
        && (text.length() == that.text.length()
            || that.text.equals("/")
            || text.charAt(that.text.length()) == '/');
  }

  @Override
  public boolean endsWith(Path other) {
    if (!(Objects.requireNonNull(other, "other") instanceof VolumePath that)
        || that.fileSystem != fileSystem
        || that.isEmpty() != isEmpty()) {
      return false;
    }
    if (that.isAbsolute()) {
      return text.equals(that.text);
    }
    int from = text.length() - that.text.length();
    return text.endsWith(that.text) && (from == 0 || text.charAt(from - 1) == '/');
  }

  @Override
  public VolumePath normalize() {
    if (!hasDots()) {
      return this;
    }
    boolean absolute = isAbsolute();
    String[] kept = new String[getNameCount()];
    int count = 0;
    for (int i = 0; i < kept.length; i++) {
      String name = nameAt(i);
      if (name.equals(".")) {
        continue;
      }
      if (name.equals("..")) {
        if (count > 0 && !kept[count - 1].equals("..")) {
          count--;
          continue;
        }
        if (absolute) {
          continue; // the root is above itself
        }
      }
      kept[count++] = name;
    }
    String joined = String.join("/", Arrays.asList(kept).subList(0, count));
    return made(absolute ? "/" + joined : joined);
  }

  private boolean hasDots() {
    for (int i = 0; i < getNameCount(); i++) {
      int from = starts()[i];
      int length = endOf(i) - from;
      if (length > 0
          && length <= 2
          && text.charAt(from) == '.'
          && text.charAt(from + length - 1) == '.') {
        return true;
      }
    }
    return false;
  }

  @Override
  public VolumePath resolve(Path other) {
    VolumePath that = of(other);
    if (that.isAbsolute() || isEmpty()) {
      return that;
    }
    return that.isEmpty() ? this : resolveName(that.text);
  }

  /// The path of an entry, of whose name one knows that it is one.
  VolumePath resolveName(String name) {
    if (isEmpty()) {
      return new VolumePath(fileSystem, name);
    }
    return new VolumePath(fileSystem, text.equals("/") ? "/" + name : text + "/" + name);
  }

  @Override
  public VolumePath relativize(Path other) {
    VolumePath child = of(other);
    if (child.equals(this)) {
      return made("");
    }
    if (isAbsolute() != child.isAbsolute()) {
      throw new IllegalArgumentException(
          "one of `" + text + "` and `" + child + "` begins at the root, the other does not");
    }
    if (isEmpty()) {
      return child;
    }
    VolumePath base = this;
    if (hasDots() || child.hasDots()) {
      base = normalize();
      child = child.normalize();
    }
    int baseCount = base.getNameCount();
    int childCount = child.getNameCount();
    int same = 0;
    while (same < Math.min(baseCount, childCount)
        && base.nameAt(same).equals(child.nameAt(same))) {
      same++;
    }
    String rest = same == childCount ? "" : child.subpath(same, childCount).text;
    if (same == baseCount) {
      return made(rest);
    }
    VolumePath up = base.subpath(same, baseCount);
    if (up.hasDots()) {
      throw new IllegalArgumentException(
          "no path from `" + text + "` to `" + other + "` without asking the volume");
    }
    if (up.isEmpty()) {
      return made(rest);
    }
    String dots = "../".repeat(up.getNameCount());
    return made(rest.isEmpty() ? dots.substring(0, dots.length() - 1) : dots + rest);
  }

  @Override
  public URI toUri() {
    return fileSystem.uriOf(toAbsolutePath());
  }

  @Override
  public VolumePath toAbsolutePath() {
    return made(inVolume());
  }

  @Override
  public VolumePath toRealPath(LinkOption... options) throws IOException {
    return fileSystem.realPath(this, options);
  }

  @Override
  public WatchKey register(
      WatchService watcher, WatchEvent.Kind<?>[] events, WatchEvent.Modifier... modifiers)
      throws IOException {
    if (watcher == null) {
      throw new NullPointerException("watcher");
    }
    if (!(watcher instanceof VolumeWatchService ours)) {
      throw new ProviderMismatchException("a watch service of another provider");
    }
    return ours.register(this, events, modifiers);
  }

  /// Orders as the bytes of the names do, which for most of UTF-16 is the order of its units.
  @Override
  public int compareTo(Path other) {
    VolumePath that = (VolumePath) other;
    int length = Math.min(text.length(), that.text.length());
    for (int i = 0; i < length; i++) {
      char a = text.charAt(i);
      char b = that.text.charAt(i);
      if (a != b) {
        return Integer.compare(rank(a), rank(b));
      }
    }
    return Integer.compare(text.length(), that.text.length());
  }

  /// Surrogates, which code what lies beyond all single units, come after them.
  private static int rank(char unit) {
    return Character.isSurrogate(unit) ? unit + 0x10000 : unit;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof VolumePath that
        && that.fileSystem == fileSystem
        && that.text.equals(text);
  }

  @Override
  public int hashCode() {
    return text.hashCode();
  }

  @Override
  public String toString() {
    return text;
  }

  /// Whether two paths are of one volume: file systems differ in views, not in files.
  boolean isOfSameVolume(VolumePath other) {
    FileSystem mine = fileSystem;
    return mine == other.fileSystem
        || fileSystem.volume().superBlock() == other.fileSystem.volume().superBlock();
  }
}
