package org.pagewright.nio;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.spi.FileSystemProvider;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.nio.FileAttributeViews.Target;
import org.pagewright.vfs.FileMode;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;

/// Volumes for `java.nio.file`. The JDK finds it by itself:
///
///     try (FileSystem disk = FileSystems.newFileSystem(Path.of("disk.img"))) {
///       Files.writeString(disk.getPath("/hello"), "hello, disk\n");
///     }
///
/// A URI names an image, perhaps a partition, and a path in it, or a volume by its name:
/// `pagewright:file:///data/disk.img@1!/etc/passwd`, `pagewright://scratch/tmp/a`.
/// [VolumeOptions] has the keys of the map that a file system is made with.
public final class PagewrightFileSystemProvider extends FileSystemProvider {
  private static final int DIRECTORY_MODE = 0777;

  /// The provider that the JDK has, or one of our own where it did not find us.
  private static final class Installed {
    private static final PagewrightFileSystemProvider PROVIDER = find();

    private static PagewrightFileSystemProvider find() {
      for (FileSystemProvider provider : FileSystemProvider.installedProviders()) {
        if (provider instanceof PagewrightFileSystemProvider ours) {
          return ours;
        }
      }
      return new PagewrightFileSystemProvider();
    }
  }

  /// For the JDK's service loader.
  public PagewrightFileSystemProvider() {}

  static PagewrightFileSystemProvider installed() {
    return Installed.PROVIDER;
  }

  @Override
  public String getScheme() {
    return ImageUri.SCHEME;
  }

  // ---- File systems -----------------------------------------------------------------------------

  /// Opens an image, or makes a volume of a name: in memory, or of [VolumeOptions#DIRECTORY].
  ///
  /// @param uri an image, or `pagewright://NAME`; without a path
  /// @param env see [VolumeOptions]
  /// @throws java.nio.file.FileSystemAlreadyExistsException if it is open in this process
  /// @throws IOException why it cannot be opened
  @Override
  public VolumeFileSystem newFileSystem(URI uri, Map<String, ?> env) throws IOException {
    ImageUri parsed = ImageUri.parse(uri);
    String inner = parsed.inner();
    if (inner != null && !inner.equals("/")) {
      throw new IllegalArgumentException(uri + ": a file system is named without a path in it");
    }
    Path image = parsed.image();
    if (image == null) {
      assert parsed.name() != null;
      return OpenVolumes.make(this, parsed.name(), VolumeOptions.of(env));
    }
    Map<String, Object> all = new HashMap<>(env);
    if (parsed.partition() != 0) {
      all.put(VolumeOptions.PARTITION, parsed.partition());
    }
    if (!Files.exists(image)) {
      throw new NoSuchFileException(image.toString());
    }
    try {
      return OpenVolumes.open(this, image, all);
    } catch (UnsupportedOperationException e) {
      FileSystemException told = new FileSystemException(image.toString(), null, e.getMessage());
      told.initCause(e);
      throw told;
    }
  }

  /// Opens an image of ext2, ext3 or ext4, or the only partition of a disk image that is one.
  ///
  /// @param path the image's file
  /// @param env see [VolumeOptions]
  /// @throws UnsupportedOperationException if it is no such image, so that the JDK asks others
  /// @throws java.nio.file.FileSystemAlreadyExistsException if it is open in this process
  /// @throws IOException why it cannot be opened
  @Override
  public VolumeFileSystem newFileSystem(Path path, Map<String, ?> env) throws IOException {
    return OpenVolumes.open(this, path, env);
  }

  @Override
  public VolumeFileSystem getFileSystem(URI uri) {
    ImageUri parsed = ImageUri.parse(uri);
    if (parsed.inner() != null && !parsed.inner().equals("/")) {
      throw new IllegalArgumentException(uri + ": a file system is named without a path in it");
    }
    return OpenVolumes.find(parsed);
  }

  @Override
  public Path getPath(URI uri) {
    ImageUri parsed = ImageUri.parse(uri);
    if (parsed.inner() == null) {
      throw new IllegalArgumentException(uri + ": no path behind the volume");
    }
    return OpenVolumes.find(parsed).getPath(parsed.inner());
  }

  // ---- Content ----------------------------------------------------------------------------------

  @Override
  public FileChannel newFileChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attrs)
      throws IOException {
    return open(path, options, false, attrs);
  }

  private static VolumeFileChannel open(
      Path path, Set<? extends OpenOption> options, boolean deaf, FileAttribute<?>... attrs)
      throws IOException {
    VolumePath file = VolumePath.of(path);
    VolumeFileSystem fileSystem = file.getFileSystem();
    OpenRequest request = OpenRequest.of(options, fileSystem.options().sync(), attrs);
    return fileSystem.call(
        file,
        volume ->
            fileSystem.keep(
                new VolumeFileChannel(
                    file, request.open(volume, file.inVolume()), request, deaf)));
  }

  /// A [FileChannel], deaf to interrupts if it is for [Files#readAllBytes] or what calls that.
  @Override
  public SeekableByteChannel newByteChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attrs)
      throws IOException {
    return open(path, options, options.isEmpty() && isForReadAllBytes(), attrs);
  }

  /// Whether a channel is for the JDK's method that reads a whole file. It reads on in a thread
  /// that is interrupted: it makes the JDK's own channels deaf, by a method that is not ours to
  /// have. So one looks who asks. Should that method be called otherwise one day, an interrupt will
  /// end it.
  private static boolean isForReadAllBytes() {
    return StackWalker.getInstance()
        .walk(
            callers ->
                callers
                    .dropWhile(frame -> !frame.getClassName().equals(Files.class.getName()))
                    .takeWhile(frame -> frame.getClassName().equals(Files.class.getName()))
                    .anyMatch(frame -> frame.getMethodName().equals("readAllBytes")));
  }

  /// A stream that goes on in a thread that is interrupted, as the JDK's does.
  @Override
  public InputStream newInputStream(Path path, OpenOption... options) throws IOException {
    Set<OpenOption> all = new HashSet<>(Arrays.asList(options));
    if (all.contains(StandardOpenOption.APPEND) || all.contains(StandardOpenOption.WRITE)) {
      throw new UnsupportedOperationException("a stream to read is not for writing");
    }
    return Channels.newInputStream(open(path, all, true));
  }

  /// A stream that goes on in a thread that is interrupted, as the JDK's does.
  @Override
  public OutputStream newOutputStream(Path path, OpenOption... options) throws IOException {
    Set<OpenOption> all = new HashSet<>(Arrays.asList(options));
    if (all.contains(StandardOpenOption.READ)) {
      throw new IllegalArgumentException("a stream to write is not for reading");
    }
    if (options.length == 0) {
      all.add(StandardOpenOption.CREATE);
      all.add(StandardOpenOption.TRUNCATE_EXISTING);
    }
    all.add(StandardOpenOption.WRITE);
    return Channels.newOutputStream(open(path, all, true));
  }

  @Override
  public AsynchronousFileChannel newAsynchronousFileChannel(
      Path path,
      Set<? extends OpenOption> options,
      @Nullable ExecutorService executor,
      FileAttribute<?>... attrs)
      throws IOException {
    VolumePath file = VolumePath.of(path);
    VolumeFileSystem fileSystem = file.getFileSystem();
    if (options.contains(StandardOpenOption.APPEND)) {
      throw new UnsupportedOperationException("APPEND is not for asynchronous channels");
    }
    OpenRequest request = OpenRequest.of(options, fileSystem.options().sync(), attrs);
    return fileSystem.call(
        file,
        volume ->
            fileSystem.keep(
                new VolumeAsynchronousFileChannel(
                    file, request.open(volume, file.inVolume()), request, executor)));
  }

  // ---- Names ------------------------------------------------------------------------------------

  @Override
  public DirectoryStream<Path> newDirectoryStream(
      Path dir, DirectoryStream.Filter<? super Path> filter) throws IOException {
    VolumePath directory = VolumePath.of(dir);
    return VolumeDirectoryStream.open(
        directory, directory.getFileSystem().volume(), directory.inVolume(), 0, filter);
  }

  /// What is done with a path and returns nothing.
  private interface Change {
    void run(Volume volume) throws IOException;
  }

  private static void change(VolumePath path, Change change) throws IOException {
    path.getFileSystem()
        .call(
            path,
            volume -> {
              change.run(volume);
              return null;
            });
  }

  @Override
  public void createDirectory(Path dir, FileAttribute<?>... attrs) throws IOException {
    VolumePath directory = VolumePath.of(dir);
    int mode = OpenRequest.modeOf(DIRECTORY_MODE, attrs);
    change(directory, volume -> volume.mkdir(directory.inVolume(), mode));
  }

  @Override
  public void createSymbolicLink(Path link, Path target, FileAttribute<?>... attrs)
      throws IOException {
    VolumePath made = VolumePath.of(link);
    VolumePath says = VolumePath.of(target);
    if (attrs.length > 0) {
      OpenRequest.modeOf(0, attrs);
      throw new UnsupportedOperationException("a link is made without attributes");
    }
    change(made, volume -> volume.symlink(says.toString(), made.inVolume()));
  }

  @Override
  public void createLink(Path link, Path existing) throws IOException {
    VolumePath made = VolumePath.of(link);
    VolumePath old = VolumePath.of(existing);
    change(
        made,
        volume -> {
          if (!made.isOfSameVolume(old)) {
            throw new FsException(Errno.EXDEV, made.toString());
          }
          try {
            volume.link(old.inVolume(), made.inVolume());
          } catch (FsException e) {
            made.getFileSystem().checkRefused(e);
            throw Failures.of(e, made, old);
          }
        });
  }

  @Override
  public Path readSymbolicLink(Path link) throws IOException {
    VolumePath from = VolumePath.of(link);
    VolumeFileSystem fileSystem = from.getFileSystem();
    return fileSystem.call(
        from,
        volume -> {
          try {
            return VolumePath.of(fileSystem, volume.readlink(from.inVolume()));
          } catch (FsException e) {
            throw Failures.ofLink(e, from);
          }
        });
  }

  @Override
  public void delete(Path path) throws IOException {
    VolumePath file = VolumePath.of(path);
    change(
        file,
        volume -> {
          if (volume.lstat(file.inVolume()).isDirectory()) {
            volume.rmdir(file.inVolume());
          } else {
            volume.unlink(file.inVolume());
          }
        });
  }

  @Override
  public void copy(Path source, Path target, CopyOption... options) throws IOException {
    FileCopy.copy(VolumePath.of(source), VolumePath.of(target), options);
  }

  @Override
  public void move(Path source, Path target, CopyOption... options) throws IOException {
    FileCopy.move(VolumePath.of(source), VolumePath.of(target), options);
  }

  @Override
  public boolean isSameFile(Path path, Path path2) throws IOException {
    VolumePath first = VolumePath.of(path);
    if (first.equals(path2)) {
      return true;
    }
    if (!(path2 instanceof VolumePath second)) {
      if (path2 == null) {
        throw new NullPointerException("path2");
      }
      return false;
    }
    Stat a = Target.of(first, true).stat();
    Stat b = Target.of(second, true).stat();
    return first.isOfSameVolume(second) && a.ino() == b.ino();
  }

  @Override
  public boolean isHidden(Path path) throws IOException {
    Path name = VolumePath.of(path).getFileName();
    return name != null && name.toString().startsWith(".");
  }

  @Override
  public FileStore getFileStore(Path path) throws IOException {
    VolumePath file = VolumePath.of(path);
    checkAccess(file);
    return new VolumeFileStore(file.getFileSystem());
  }

  // ---- Attributes -------------------------------------------------------------------------------

  @Override
  public void checkAccess(Path path, AccessMode... modes) throws IOException {
    VolumePath file = VolumePath.of(path);
    int mask = 0;
    for (AccessMode mode : modes) {
      mask |=
          switch (mode) {
            case READ -> FileMode.MAY_READ;
            case WRITE -> FileMode.MAY_WRITE;
            case EXECUTE -> FileMode.MAY_EXECUTE;
          };
    }
    int asked = mask;
    change(
        file,
        volume -> {
          try {
            volume.access(file.inVolume(), asked);
          } catch (FsException e) {
            if (e.errno() == Errno.EROFS) {
              throw new AccessDeniedException(
                  file.toString(), null, "the volume is open for reading only");
            }
            throw e;
          }
        });
  }

  @Override
  public boolean exists(Path path, LinkOption... options) {
    try {
      Target.of(VolumePath.of(path), Links.follow(options)).stat();
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public <A extends BasicFileAttributes> @Nullable A readAttributesIfExists(
      Path path, Class<A> type, LinkOption... options) throws IOException {
    try {
      return readAttributes(path, type, options);
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  @Override
  public <A extends BasicFileAttributes> A readAttributes(
      Path path, Class<A> type, LinkOption... options) throws IOException {
    VolumePath file = VolumePath.of(path);
    if (type != BasicFileAttributes.class && type != PosixFileAttributes.class) {
      throw type == null
          ? new NullPointerException("type")
          : new UnsupportedOperationException("no such attributes: " + type.getName());
    }
    Stat stat = Target.of(file, Links.follow(options)).stat();
    return type.cast(VolumeAttributes.of(file.getFileSystem().volume(), stat));
  }

  @Override
  public <V extends FileAttributeView> @Nullable V getFileAttributeView(
      Path path, Class<V> type, LinkOption... options) {
    return FileAttributeViews.of(
        type, Target.of(VolumePath.of(path), Links.follow(options)));
  }

  @Override
  public Map<String, Object> readAttributes(Path path, String attributes, LinkOption... options)
      throws IOException {
    return FileAttributeNames.read(
        Target.of(VolumePath.of(path), Links.follow(options)), attributes);
  }

  @Override
  public void setAttribute(
      Path path, String attribute, @Nullable Object value, LinkOption... options)
      throws IOException {
    FileAttributeNames.set(
        Target.of(VolumePath.of(path), Links.follow(options)), attribute, value);
  }
}
