package org.pagewright.cli.tree;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.cli.image.Cancellation;
import org.pagewright.cli.os.HostCalls;
import org.pagewright.cli.os.HostNames;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.FileMode;
import org.pagewright.vfs.FileType;

/// Reads a tree of the host. Used by one thread, which closes it.
public final class HostSource implements AutoCloseable {
  /// Not `unix:*`, which looks up the names of owner and group too.
  private static final String ATTRIBUTES =
      "unix:mode,uid,gid,nlink,ino,dev,rdev,size,lastAccessTime,lastModifiedTime";

  private static final LinkOption[] NOFOLLOW = {LinkOption.NOFOLLOW_LINKS};
  private static final LinkOption[] FOLLOW = {};

  /// In a smaller file holes are seen as zeros, which is cheaper than to ask for them.
  private static final long ASK_FOR_HOLES = 256 << 10;

  private static final int RUNS_MAX = 1 << 16;

  private final @Nullable HostCalls calls = HostCalls.open();
  private final LinkTable links = new LinkTable();
  private final boolean keepLinks;
  private final boolean keepXattrs;
  private final Cancellation cancellation;
  private final Trouble trouble;

  /// A reader that stops at the first file that cannot be read.
  ///
  /// @param keep what is asked of files beyond content and mode
  /// @param cancellation asked between two files
  public HostSource(Keep keep, Cancellation cancellation) {
    this(keep, cancellation, Trouble.STOP);
  }

  /// A reader.
  ///
  /// @param keep what is asked of files beyond content and mode
  /// @param cancellation asked between two files
  /// @param trouble told of what is in a directory and cannot be read, or not be taken
  public HostSource(Keep keep, Cancellation cancellation, Trouble trouble) {
    this.trouble = trouble;
    this.keepLinks = keep.links();
    this.keepXattrs = keep.attributes();
    this.cancellation = cancellation;
  }

  /// What `lstat` tells.
  private record Status(Attributes attributes, long nlink, long ino, long dev) {}

  /// Tells a file, or a directory with all that is in it.
  ///
  /// @param path on the host
  /// @param targetPath where it belongs in the target
  /// @param follow whether the path itself, being a symbolic link, is followed
  /// @param target takes it
  /// @throws IOException what cannot be read or made
  public void walk(Path path, String targetPath, boolean follow, TreeTarget target)
      throws IOException {
    cancellation.check();
    Status status = status(path, follow);
    Attributes attributes = status.attributes;
    FileType type = FileType.ofMode(attributes.mode());
    if (keepLinks && type != FileType.DIRECTORY) {
      String first = links.meet(status.dev, status.ino, status.nlink, targetPath);
      if (first != null) {
        target.hardLink(targetPath, first);
        return;
      }
    }
    switch (type) {
      case DIRECTORY -> {
        target.enterDirectory(targetPath, attributes);
        String prefix = targetPath.endsWith("/") ? targetPath : targetPath + "/";
        for (Path entry : sorted(path)) {
          try {
            walk(entry, prefix + HostNames.textOf(nameOf(entry)), false, target);
          } catch (NoSuchFileException e) {
            trouble.with(entry.toString().equals(e.getFile()) ? vanished(entry, e) : e);
          } catch (IOException e) {
            trouble.with(e);
          }
        }
        target.leaveDirectory(targetPath, attributes);
      }
      case REGULAR -> {
        try (FileContent content = new FileContent(path, attributes.size())) {
          target.file(targetPath, attributes, content);
        }
      }
      case SYMLINK ->
          target.symlink(targetPath, attributes, HostNames.textOf(Files.readSymbolicLink(path)));
      case FIFO, SOCKET, BLOCK_DEVICE, CHARACTER_DEVICE -> target.special(targetPath, attributes);
      case UNKNOWN ->
          throw new FsException(
              Errno.EOPNOTSUPP,
              path + ": mode 0" + Integer.toOctalString(attributes.mode()));
    }
  }

  private static FsException vanished(Path path, NoSuchFileException e) {
    return new FsException(Errno.ENOENT, path + " vanished while the tree was read", e);
  }

  private static Path nameOf(Path path) {
    Path name = path.getFileName();
    return name == null ? path : name;
  }

  private static List<Path> sorted(Path directory) throws IOException {
    List<Path> entries = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
      for (Path entry : stream) {
        entries.add(entry);
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    entries.sort(null); // paths of the host compare byte by byte
    return entries;
  }

  /// Attributes of one file.
  ///
  /// @param path on the host
  /// @param follow whether a symbolic link is followed
  /// @return what it has
  /// @throws IOException if it is not there
  public Attributes attributes(Path path, boolean follow) throws IOException {
    return status(path, follow).attributes;
  }

  private Status status(Path path, boolean follow) throws IOException {
    Map<String, Object> map = Files.readAttributes(path, ATTRIBUTES, follow ? FOLLOW : NOFOLLOW);
    int mode = (Integer) map.get("mode");
    boolean sized = FileMode.isRegular(mode) || FileMode.isSymlink(mode);
    Attributes attributes =
        new Attributes(
            mode,
            (Integer) map.get("uid"),
            (Integer) map.get("gid"),
            (Long) map.get("rdev"),
            sized ? (Long) map.get("size") : 0,
            ((FileTime) map.get("lastAccessTime")).toInstant(),
            ((FileTime) map.get("lastModifiedTime")).toInstant(),
            keepXattrs ? xattrs(path, mode) : List.of());
    return new Status(
        attributes, (Integer) map.get("nlink"), (Long) map.get("ino"), (Long) map.get("dev"));
  }

  private List<Xattr> xattrs(Path path, int mode) throws IOException {
    List<String> names;
    UserDefinedFileAttributeView view = null;
    if (calls != null) {
      names = calls.listXattrs(path);
    } else if (FileMode.isRegular(mode) || FileMode.isDirectory(mode)) {
      view = Files.getFileAttributeView(path, UserDefinedFileAttributeView.class, NOFOLLOW);
      names = view == null ? List.of() : view.list();
    } else {
      return List.of();
    }
    if (names.isEmpty()) {
      return List.of();
    }
    List<String> ordered = new ArrayList<>(names);
    ordered.sort(null);
    List<Xattr> xattrs = new ArrayList<>(ordered.size());
    for (String name : ordered) {
      if (view != null) {
        ByteBuffer value = ByteBuffer.allocate(view.size(name));
        int length = view.read(name, value);
        xattrs.add(new Xattr("user." + name, Arrays.copyOf(value.array(), length)));
      } else if (calls != null && canBeKept(name)) {
        byte[] value = calls.getXattr(path, name);
        if (value != null) {
          xattrs.add(new Xattr(name, value));
        }
      }
    }
    return xattrs;
  }

  /// Whether an image can hold it; others belong to the host's file system.
  private static boolean canBeKept(String name) {
    return name.startsWith("user.")
        || name.startsWith("trusted.")
        || name.startsWith("security.")
        || name.equals("system.posix_acl_access")
        || name.equals("system.posix_acl_default");
  }

  /// The bytes of a file, which is opened when they are asked for.
  private final class FileContent implements Content, AutoCloseable {
    private final Path path;
    private final long size;
    private @Nullable FileChannel channel;
    private long @Nullable [] runs;
    private boolean asked;
    private int run;

    FileContent(Path path, long size) {
      this.path = path;
      this.size = size;
    }

    @Override
    public long size() {
      return size;
    }

    private long @Nullable [] runs() throws IOException {
      if (!asked && size >= ASK_FOR_HOLES && calls != null) {
        runs = calls.dataRuns(path, size, RUNS_MAX);
      }
      asked = true;
      return runs;
    }

    @Override
    public void prepare() throws IOException {
      if (size > 0) {
        opened();
      }
    }

    @Override
    public boolean knowsHoles() {
      try {
        return runs() != null;
      } catch (IOException e) {
        return false; // reading it will say what is wrong
      }
    }

    @Override
    public long nextData(long pos) throws IOException {
      long[] known = runs();
      if (known == null) {
        return pos;
      }
      while (run < known.length && known[run + 1] <= pos) {
        run += 2;
      }
      return run < known.length ? Math.max(pos, known[run]) : size;
    }

    @Override
    public long nextHole(long pos) throws IOException {
      long[] known = runs();
      return known == null || run >= known.length ? size : known[run + 1];
    }

    @Override
    public int read(long pos, MemorySegment target) throws IOException {
      FileChannel opened = opened();
      int length = (int) target.byteSize();
      ByteBuffer buffer = target.asByteBuffer();
      while (buffer.hasRemaining()) { // ends: each turn reads something, or it is the end
        if (opened.read(buffer, pos + buffer.position()) < 0) {
          break;
        }
      }
      return length - buffer.remaining();
    }

    private FileChannel opened() throws IOException {
      FileChannel opened = channel;
      if (opened == null) {
        opened = open();
        channel = opened;
      }
      return opened;
    }

    private FileChannel open() throws IOException {
      try {
        return FileChannel.open(path, StandardOpenOption.READ);
      } catch (NoSuchFileException e) {
        throw vanished(path, e);
      }
    }

    @Override
    public void close() throws IOException {
      if (channel != null) {
        channel.close();
      }
    }
  }

  @Override
  public void close() {
    if (calls != null) {
      calls.close();
    }
  }
}
