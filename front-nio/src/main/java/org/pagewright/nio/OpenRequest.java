package org.pagewright.nio;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.util.Set;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// The options and attributes that a file is to be opened with, read once.
///
/// @param flags see [OpenFlags]
/// @param mode of a new file, before the umask
/// @param deleteOnClose whether its name goes as soon as it is open
record OpenRequest(int flags, int mode, boolean deleteOnClose) {
  private static final int FILE_MODE = 0666;

  /// Reads options; none at all mean reading.
  ///
  /// @param sync whether each file of this file system is to be open with SYNC
  /// @throws IllegalArgumentException for options that exclude each other
  /// @throws UnsupportedOperationException for an option or attribute that is not known
  static OpenRequest of(
      Set<? extends OpenOption> options, boolean sync, FileAttribute<?>... attributes) {
    boolean append = options.contains(StandardOpenOption.APPEND);
    boolean write = append || options.contains(StandardOpenOption.WRITE);
    boolean read = options.contains(StandardOpenOption.READ) || !write;
    boolean truncate = options.contains(StandardOpenOption.TRUNCATE_EXISTING);
    int flags = 0;
    boolean deleteOnClose = false;
    for (OpenOption option : options) {
      flags |= bitsOf(option, write);
      deleteOnClose |= option == StandardOpenOption.DELETE_ON_CLOSE;
    }
    if (append && read) {
      throw new IllegalArgumentException("READ + APPEND not allowed");
    }
    if (append && truncate) {
      throw new IllegalArgumentException("APPEND + TRUNCATE_EXISTING not allowed");
    }
    flags |= write ? read ? OpenFlags.RDWR : OpenFlags.WRONLY : OpenFlags.RDONLY;
    flags |= sync && write ? OpenFlags.SYNC : 0;
    flags |= deleteOnClose ? OpenFlags.NOFOLLOW : 0; // the name that goes is that of a link
    return new OpenRequest(flags, modeOf(FILE_MODE, attributes), deleteOnClose);
  }

  private static int bitsOf(OpenOption option, boolean write) {
    if (option instanceof StandardOpenOption standard) {
      return switch (standard) {
        case READ, WRITE, SPARSE, DELETE_ON_CLOSE -> 0; // every file may have holes
        case APPEND -> OpenFlags.APPEND;
        case TRUNCATE_EXISTING -> write ? OpenFlags.TRUNC : 0;
        case CREATE -> write ? OpenFlags.CREAT : 0;
        case CREATE_NEW -> write ? OpenFlags.CREAT | OpenFlags.EXCL : 0;
        case SYNC -> OpenFlags.SYNC;
        case DSYNC -> OpenFlags.DSYNC;
      };
    }
    if (option == LinkOption.NOFOLLOW_LINKS) {
      return OpenFlags.NOFOLLOW;
    }
    if (option == null) {
      throw new NullPointerException("option");
    }
    if (isNamed(option, "com.sun.nio.file.ExtendedOpenOption", "DIRECT")) {
      return OpenFlags.DIRECT;
    }
    throw new UnsupportedOperationException("no such option here: " + option);
  }

  /// Whether an option is one of the JDK's own, by name: javac warns of every mention.
  static boolean isNamed(Object option, String type, String name) {
    return option.getClass().getName().equals(type) && option.toString().equals(name);
  }

  /// The mode of something new.
  ///
  /// @param otherwise what it is if no attribute says anything
  static int modeOf(int otherwise, FileAttribute<?>... attributes) {
    int mode = otherwise;
    for (FileAttribute<?> attribute : attributes) {
      if (!attribute.name().equals("posix:permissions")
          || !(attribute.value() instanceof Set<?> permissions)) {
        throw new UnsupportedOperationException(
            "`" + attribute.name() + "` cannot be set when a file is made");
      }
      mode = VolumeAttributes.modeOf(permissions);
    }
    return mode;
  }

  boolean reads() {
    return (flags & OpenFlags.ACCESS_MASK) != OpenFlags.WRONLY;
  }

  boolean writes() {
    return (flags & OpenFlags.ACCESS_MASK) != OpenFlags.RDONLY;
  }

  boolean appends() {
    return (flags & OpenFlags.APPEND) != 0;
  }

  /// Opens the file. One to be deleted on close loses its name now: whatever becomes of this
  /// process, nothing is left of it.
  ///
  /// @param volume the view that the path is of
  /// @param path by that view
  OpenFile open(Volume volume, String path) throws IOException {
    OpenFile file;
    try {
      file = volume.open(path, flags, mode);
    } catch (FsException e) {
      if (e.errno() == Errno.ELOOP && (flags & OpenFlags.NOFOLLOW) != 0) {
        FileSystemException told = new FileSystemException(path, null, "is a symbolic link");
        told.initCause(e);
        throw told;
      }
      throw e;
    }
    if (deleteOnClose) {
      boolean done = false;
      try {
        unlink(volume, path);
        done = true;
      } finally {
        if (!done) {
          file.close();
        }
      }
    }
    return file;
  }

  /// Best effort, as the JDK has it: a directory, or a file in one that may not be written, stays.
  private static void unlink(Volume volume, String path) throws FsException {
    try {
      volume.unlink(path);
    } catch (FsException e) {
      if (e.errno() == Errno.EIO || e.errno() == Errno.EUCLEAN) {
        throw e;
      }
    }
  }
}
