package org.pagewright.nio;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.h2.store.fs.FilePath;

/// What H2 needs to keep a database in any file system of `java.nio.file`: names of the form
/// `volume:/NAME/path`, where NAME is one that a test has registered. All of it is plain `Files`.
public final class H2FilePath extends FilePath {
  private static final String SCHEME = "volume";
  private static final Map<String, FileSystem> FILE_SYSTEMS = new ConcurrentHashMap<>();

  /// For H2.
  public H2FilePath() {}

  static void register(String name, FileSystem fileSystem) {
    FILE_SYSTEMS.put(name, fileSystem);
    FilePath.register(new H2FilePath());
  }

  private static H2FilePath of(String volume, Path path) {
    H2FilePath made = new H2FilePath();
    made.name = SCHEME + ":/" + volume + path.toAbsolutePath();
    return made;
  }

  private String volume() {
    return name.split("/", 3)[1];
  }

  private Path path() {
    return FILE_SYSTEMS.get(volume()).getPath("/" + name.split("/", 3)[2]);
  }

  @Override
  public String getScheme() {
    return SCHEME;
  }

  @Override
  public H2FilePath getPath(String text) {
    H2FilePath made = new H2FilePath();
    made.name = text;
    return made;
  }

  @Override
  public long size() {
    try {
      return Files.size(path());
    } catch (IOException e) {
      return 0;
    }
  }

  @Override
  public void moveTo(FilePath newName, boolean atomicReplace) {
    try {
      Path target = ((H2FilePath) newName).path();
      if (atomicReplace) {
        Files.move(path(), target, StandardCopyOption.ATOMIC_MOVE);
      } else {
        Files.move(path(), target);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public boolean createFile() {
    try {
      Files.createFile(path());
      return true;
    } catch (FileAlreadyExistsException e) {
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public boolean exists() {
    return Files.exists(path());
  }

  @Override
  public void delete() {
    try {
      Files.deleteIfExists(path());
    } catch (DirectoryNotEmptyException e) {
      return; // as H2 has it for its own
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public List<FilePath> newDirectoryStream() {
    try (Stream<Path> all = Files.list(path())) {
      return all.<FilePath>map(entry -> of(volume(), entry)).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public FilePath toRealPath() {
    return of(volume(), path().toAbsolutePath().normalize());
  }

  @Override
  public FilePath getParent() {
    Path parent = path().getParent();
    return parent == null ? null : of(volume(), parent);
  }

  @Override
  public boolean isDirectory() {
    return Files.isDirectory(path());
  }

  @Override
  public boolean isRegularFile() {
    return Files.isRegularFile(path());
  }

  @Override
  public boolean isAbsolute() {
    return true;
  }

  @Override
  public long lastModified() {
    try {
      return Files.getLastModifiedTime(path()).toMillis();
    } catch (IOException e) {
      return 0;
    }
  }

  @Override
  public boolean canWrite() {
    return Files.isWritable(path());
  }

  @Override
  public void createDirectory() {
    try {
      Files.createDirectory(path());
    } catch (FileAlreadyExistsException e) {
      return; // and so it is there
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public FileChannel open(String mode) throws IOException {
    Set<OpenOption> options =
        switch (mode) {
          case "r" -> Set.of(StandardOpenOption.READ);
          case "rw" ->
              Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
          case "rws" ->
              Set.of(
                  StandardOpenOption.READ,
                  StandardOpenOption.WRITE,
                  StandardOpenOption.CREATE,
                  StandardOpenOption.SYNC);
          default ->
              Set.of(
                  StandardOpenOption.READ,
                  StandardOpenOption.WRITE,
                  StandardOpenOption.CREATE,
                  StandardOpenOption.DSYNC);
        };
    return FileChannel.open(path(), options);
  }

  @Override
  public boolean setReadOnly() {
    try {
      Files.setAttribute(path(), "unix:mode", 0444);
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
