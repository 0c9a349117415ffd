package org.pagewright.block;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// An open file under a lock that keeps other processes out, on a channel that comes back when an
/// interrupt closes it.
///
/// Why one channel per file and process, whoever opens the file: a POSIX record lock belongs to
/// the process, and the kernel drops it when the process closes *any* descriptor of the file. Two
/// read-only devices on one file therefore share this object, and the channel is closed when the
/// last of them leaves. A write error of the page cache of the kernel is also told to a descriptor
/// that was open at the time; every force goes to the same one for that reason.
///
/// An interrupt of a thread that is in an operation closes a [FileChannel] under all its users
/// (AsynchronousCloseException for the others). Each operation then reopens the file, takes the
/// lock again and starts over from the buffer's position; the first to come does it for all. The
/// file must still be the same one, and the lock must still be ours to take: else the file is lost
/// and every later operation fails.
///
/// ```
///  OPEN --interrupt--> channel closed --reopen--> OPEN
///                                     --other file under the path, lock taken--> LOST
///  OPEN, LOST --last release--> CLOSED
/// ```
final class LockedFile {
  /// Interrupts that one operation survives. More than this within one operation is no accident.
  private static final int ATTEMPTS_MAX = 1000;

  private static final int S_IFMT = 0170000;
  private static final int S_IFBLK = 0060000;

  /// Guards FILES, and of each file its users and the change of its channel. A semaphore, as this
  /// room lies below the lock types; held over open, lock and close only. Innermost of all.
  private static final Semaphore TABLE = new Semaphore(1);

  /// The files this process has open, by device and inode number. Guarded by TABLE.
  private static final Map<Object, LockedFile> FILES = new HashMap<>();

  /// What an operation does; an enum instead of a function per call.
  private enum Kind {
    READ,
    WRITE,
    FORCE,
    SIZE
  }

  private final Path path;
  private final Object key;
  private final boolean readOnly;
  private final boolean direct;
  private final int alignment;

  /// Changed under TABLE only, by reopen.
  private volatile FileChannel channel;

  /// Set once, when the file cannot be had back. Changed under TABLE only.
  private volatile boolean lost;

  /// How many devices use this. Guarded by TABLE.
  private int users = 1;

  /// How often the channel came back. Changed under TABLE only.
  private volatile int reopens;

  private LockedFile(
      Path path, Object key, boolean readOnly, boolean direct, int alignment, FileChannel channel) {
    this.path = path;
    this.key = key;
    this.readOnly = readOnly;
    this.direct = direct;
    this.alignment = alignment;
    this.channel = channel;
  }

  /// Opens and locks a file, or joins a read-only use of it in this process.
  ///
  /// @throws FsException ENOENT, EACCES, EISDIR, EROFS; EINVAL for what is neither a regular file
  ///     nor a block device, and where direct I/O is refused; EBUSY while in use; EIO
  static LockedFile open(Path path, boolean readOnly, boolean direct) throws FsException {
    boolean interrupted = Thread.interrupted(); // it would close the channel at once
    TABLE.acquireUninterruptibly();
    try {
      Object key = keyOf(path);
      LockedFile other = FILES.get(key);
      if (other != null) {
        if (!readOnly || !other.readOnly) {
          throw new FsException(Errno.EBUSY, path + " is in use by this process");
        }
        if (direct != other.direct) {
          throw new FsException(
              Errno.EBUSY,
              path + " is in use by this process " + (direct ? "without" : "with") + " direct I/O");
        }
        other.users++;
        return other;
      }
      int alignment = direct ? alignmentOf(path) : 1;
      FileChannel channel = openAndLock(path, readOnly, direct);
      LockedFile file = new LockedFile(path, key, readOnly, direct, alignment, channel);
      FILES.put(key, file);
      return file;
    } catch (FsException e) {
      throw e;
    } catch (IOException e) {
      throw translated(path + ": open", e);
    } finally {
      TABLE.release();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static Object keyOf(Path path) throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
    if (attributes.isDirectory()) {
      throw new FsException(Errno.EISDIR, path.toString());
    }
    // Asked before the file is opened: to open a pipe waits for its other end.
    if (!attributes.isRegularFile() && !isBlockSpecial(path)) {
      throw new FsException(
          Errno.EINVAL, path + " is neither a regular file nor a block device");
    }
    Object key = attributes.fileKey();
    return key != null ? key : path.toRealPath();
  }

  private static boolean isBlockSpecial(Path path) throws IOException {
    return path.getFileSystem().supportedFileAttributeViews().contains("unix")
        && Files.getAttribute(path, "unix:mode") instanceof Integer mode
        && (mode & S_IFMT) == S_IFBLK;
  }

  /// The unit of place, length and memory address under direct I/O: what the JDK asks for.
  private static int alignmentOf(Path path) throws IOException {
    try {
      return Math.toIntExact(Files.getFileStore(path).getBlockSize());
    } catch (UnsupportedOperationException e) {
      throw directRefused(path, e);
    }
  }

  private static FileChannel openAndLock(Path path, boolean readOnly, boolean direct)
      throws IOException {
    Set<OpenOption> options = new HashSet<>();
    options.add(StandardOpenOption.READ);
    if (!readOnly) {
      options.add(StandardOpenOption.WRITE);
    }
    if (direct) {
      options.add(directOption(path));
    }
    FileChannel channel;
    try {
      channel = FileChannel.open(path, options);
    } catch (NoSuchFileException | AccessDeniedException e) {
      throw e;
    } catch (UnsupportedOperationException e) {
      throw direct ? directRefused(path, e) : new IOException(e);
    } catch (FileSystemException e) {
      // open(2) says EINVAL where the file system has no direct I/O.
      throw direct && says(e, "Invalid argument") ? directRefused(path, e) : e;
    }
    boolean locked = false;
    try {
      FileLock lock = channel.tryLock(0, Long.MAX_VALUE, readOnly);
      locked = lock != null; // lives as long as the channel
    } catch (OverlappingFileLockException e) {
      throw new FsException(Errno.EBUSY, path + " is locked by other code of this process", e);
    } finally {
      if (!locked) {
        channel.close();
      }
    }
    if (!locked) {
      throw new FsException(Errno.EBUSY, path + " is in use by another process");
    }
    return channel;
  }

  /// `com.sun.nio.file.ExtendedOpenOption.DIRECT`, the JDK's only door to O_DIRECT. By name: javac
  /// warns of every mention of the type, with no way to say that it is meant.
  private static OpenOption directOption(Path path) throws FsException {
    try {
      Class<?> type = Class.forName("com.sun.nio.file.ExtendedOpenOption");
      for (Object option : type.getEnumConstants()) {
        if (option.toString().equals("DIRECT")) {
          return (OpenOption) option;
        }
      }
      throw directRefused(path, new ClassNotFoundException(type.getName() + ".DIRECT"));
    } catch (ClassNotFoundException e) {
      throw directRefused(path, e);
    }
  }

  private static FsException directRefused(Path path, Exception cause) {
    return new FsException(
        Errno.EINVAL, path + ": its file system refuses direct I/O; open it without", cause);
  }

  /// The unit of place, length and memory address: 1, or more under direct I/O.
  int alignment() {
    return alignment;
  }

  boolean direct() {
    return direct;
  }

  int reopens() {
    return reopens;
  }

  /// Size of the file or device right now.
  long size() throws FsException {
    try {
      return operate(Kind.SIZE, null, 0);
    } catch (IOException e) {
      throw translated(path + ": size", e);
    }
  }

  /// Reads until the buffer is full. Place `base` of the file goes to index 0 of the buffer.
  ///
  /// @param buffer direct, position 0
  /// @throws IOException EOFException when the file ends before; what the kernel said
  void readFully(ByteBuffer buffer, long base) throws IOException {
    while (buffer.hasRemaining()) { // ends: each round moves the position or throws
      if (operate(Kind.READ, buffer, base) < 0) {
        throw new EOFException("the file ends at byte " + (base + buffer.position()));
      }
    }
  }

  /// Writes all of the buffer. Index 0 of the buffer goes to place `base` of the file.
  ///
  /// @param buffer direct, position 0
  /// @throws IOException what the kernel said
  void writeFully(ByteBuffer buffer, long base) throws IOException {
    while (buffer.hasRemaining()) {
      if (operate(Kind.WRITE, buffer, base) <= 0) {
        throw new IOException("nothing written at byte " + (base + buffer.position()));
      }
    }
  }

  /// Makes the content durable, and of the metadata what is needed to read it.
  void force() throws IOException {
    operate(Kind.FORCE, null, 0);
  }

  private long operate(Kind kind, @Nullable ByteBuffer buffer, long base)
      throws IOException {
    // Cleared, so that an old interrupt does not close the channel again; put back at the end.
    boolean interrupted = Thread.interrupted();
    try {
      for (int attempt = 1; ; attempt++) {
        FileChannel used = channel;
        if (lost) {
          throw new IOException(path + " was lost when an interrupt closed it");
        }
        try {
          if (buffer == null) {
            if (kind == Kind.SIZE) {
              return used.size();
            }
            used.force(false);
            return 0;
          }
          // The position says how far an attempt came that was interrupted after its transfer.
          if (!buffer.hasRemaining()) {
            return 1;
          }
          long pos = base + buffer.position();
          return kind == Kind.READ ? used.read(buffer, pos) : used.write(buffer, pos);
        } catch (ClosedChannelException e) {
          interrupted |= Thread.interrupted();
          if (attempt == ATTEMPTS_MAX) {
            throw new IOException("interrupted " + attempt + " times in one operation", e);
          }
          reopen(used);
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void reopen(FileChannel closed) throws IOException {
    TABLE.acquireUninterruptibly();
    try {
      if (lost || channel != closed) {
        return; // another thread was here before us; the caller looks again
      }
      if (users == 0) {
        throw new ClosedChannelException();
      }
      boolean back = false;
      try {
        if (!keyOf(path).equals(key)) {
          throw new IOException("another file lies under the path " + path);
        }
        channel = openAndLock(path, readOnly, direct);
        back = true;
      } finally {
        lost = !back;
      }
      reopens++;
    } finally {
      TABLE.release();
    }
  }

  /// Ends one use; the last one closes the file and with it the lock.
  void release() throws FsException {
    TABLE.acquireUninterruptibly();
    try {
      if (--users == 0) {
        FILES.remove(key);
        channel.close();
      }
    } catch (IOException e) {
      throw translated(path + ": close", e);
    } finally {
      TABLE.release();
    }
  }

  /// Creates a sparse file of zeros.
  static void create(Path path, long sizeBytes) throws FsException {
    boolean interrupted = Thread.interrupted();
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      if (sizeBytes > 0) {
        channel.write(ByteBuffer.allocate(1), sizeBytes - 1);
      }
    } catch (IOException e) {
      throw translated(path + ": create", e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /// Removes a file that create made and nobody uses.
  static void delete(Path path) throws FsException {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      throw translated(path + ": delete", e);
    }
  }

  /// The kernel's words as an error number: the JDK passes on no number.
  static FsException translated(String what, IOException e) {
    Errno errno;
    if (e instanceof FsException known) {
      errno = known.errno();
    } else if (e instanceof NoSuchFileException) {
      errno = Errno.ENOENT;
    } else if (e instanceof AccessDeniedException) {
      errno = Errno.EACCES;
    } else if (e instanceof FileAlreadyExistsException) {
      errno = Errno.EEXIST;
    } else if (says(e, "No space left")) {
      errno = Errno.ENOSPC;
    } else if (says(e, "quota exceeded")) {
      errno = Errno.EDQUOT;
    } else if (says(e, "File too large")) {
      errno = Errno.EFBIG;
    } else if (says(e, "Read-only file system")) {
      errno = Errno.EROFS;
    } else if (says(e, "Device or resource busy")) {
      errno = Errno.EBUSY;
    } else if (says(e, "Operation not permitted")) {
      errno = Errno.EPERM;
    } else {
      errno = Errno.EIO;
    }
    String message = e.getMessage();
    return new FsException(errno, message == null ? what : what + ": " + message, e);
  }

  private static boolean says(IOException e, String words) {
    String message = e.getMessage();
    return message != null && message.contains(words);
  }
}
