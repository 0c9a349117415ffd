package org.pagewright.observe;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Where processes of this host put their reports: a folder in memory that only its user may write,
/// one file in it for each process, named by its number.
///
/// | the first of these that there is  | whose                                     |
/// |-----------------------------------|-------------------------------------------|
/// | property `pagewright.runtime.dir` | as it is told                             |
/// | `$PAGEWRIGHT_RUNTIME_DIR`         | as it is told                             |
/// | `$XDG_RUNTIME_DIR/pagewright`     | a user with a session                     |
/// | `/run/pagewright`                 | root                                      |
/// | `/tmp/pagewright-USER`            | anybody                                   |
///
/// Who looks for reports looks into those of other users too, as far as he may.
final class RuntimeFolder {
  private static final FileAttribute<?> PRIVATE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
  private static final int FOLDERS_MAX = 1000;

  private RuntimeFolder() {}

  private static @Nullable Path told() {
    String told = System.getProperty("pagewright.runtime.dir");
    told = told != null ? told : System.getenv("PAGEWRIGHT_RUNTIME_DIR");
    return told == null || told.isEmpty() ? null : Path.of(told);
  }

  /// The folder of this process, made if it is not there.
  ///
  /// @throws IOException if there is none that is ours alone
  static Path own() throws IOException {
    Path told = told();
    if (told != null) {
      Files.createDirectories(told);
      return told;
    }
    List<Path> folders = new ArrayList<>();
    String session = System.getenv("XDG_RUNTIME_DIR");
    if (session != null && !session.isEmpty()) {
      folders.add(Path.of(session, "pagewright"));
    }
    folders.add(Path.of("/run/pagewright"));
    folders.add(temporary(System.getProperty("user.name")));
    IOException failed = new IOException("no folder for reports: " + folders);
    for (Path folder : folders) {
      try {
        make(folder);
        return folder;
      } catch (IOException e) {
        failed.addSuppressed(e);
      }
    }
    throw failed;
  }

  private static Path temporary(String user) {
    return Path.of(System.getProperty("java.io.tmpdir"), "pagewright-" + user);
  }

  /// The temporary folder is everybody's: what is there already under our name must be a folder of
  /// ours.
  private static void make(Path folder) throws IOException {
    try {
      Files.createDirectory(folder, PRIVATE);
    } catch (FileAlreadyExistsException e) {
      String owner = Files.getOwner(folder, LinkOption.NOFOLLOW_LINKS).getName();
      if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
          || !owner.equals(System.getProperty("user.name"))
          || !Files.isWritable(folder)) {
        throw new IOException(folder + " is not a folder of ours", e);
      }
    }
  }

  /// Every folder in which there may be reports.
  static List<Path> all() {
    Path told = told();
    if (told != null) {
      return List.of(told);
    }
    List<Path> folders = new ArrayList<>();
    String session = System.getenv("XDG_RUNTIME_DIR");
    if (session != null && !session.isEmpty()) {
      folders.add(Path.of(session, "pagewright"));
    }
    folders.add(Path.of("/run/pagewright"));
    for (Path user : list(Path.of("/run/user"), "*")) {
      Path folder = user.resolve("pagewright");
      if (!folders.contains(folder)) {
        folders.add(folder);
      }
    }
    folders.addAll(list(Path.of(System.getProperty("java.io.tmpdir")), "pagewright-*"));
    return folders;
  }

  /// What is in a folder by a pattern; nothing if it is not there or not for us.
  static List<Path> list(Path folder, String glob) {
    List<Path> found = new ArrayList<>();
    if (!Files.isDirectory(folder)) {
      return found;
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, glob)) {
      for (Path entry : entries) {
        if (found.size() == FOLDERS_MAX) {
          break;
        }
        found.add(entry);
      }
    } catch (IOException e) {
      return List.of();
    }
    return found;
  }
}
