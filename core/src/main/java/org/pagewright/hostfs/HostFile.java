package org.pagewright.hostfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;

/// The open channels of one host file. They are opened when first needed, and kept until the inode
/// leaves memory, so that a file that was unlinked can still be read and written.
///
/// All calls are made by threads of [HostIo], which nobody interrupts: an interrupt in the middle
/// of an I/O would close the channel, and a file without a name could not be opened again.
///
/// Whole pieces of [#ALIGNMENT] bytes go past the host's page cache if its file system lets them:
/// the bytes are cached here, once is enough. The rest goes through it; the host keeps the two
/// coherent.
final class HostFile {
  /// Position, length and memory of direct I/O are multiples of it.
  static final int ALIGNMENT = 4096;

  /// `com.sun.nio.file.ExtendedOpenOption.DIRECT`, by name, because javac warns of every mention.
  private static final @Nullable OpenOption DIRECT = findDirect();

  private static @Nullable OpenOption findDirect() {
    try {
      for (Object option :
          Class.forName("com.sun.nio.file.ExtendedOpenOption").getEnumConstants()) {
        if (option.toString().equals("DIRECT")) {
          return (OpenOption) option;
        }
      }
      return null;
    } catch (ClassNotFoundException e) {
      return null;
    }
  }

  private final Path path;
  private final boolean readOnly;
  private final boolean wantsDirect;
  private final Mutex lock; // held while the channels are opened and closed
  private volatile @Nullable FileChannel buffered;
  private volatile @Nullable FileChannel direct;
  private boolean directRefused; // guarded by lock
  private boolean closed; // guarded by lock

  HostFile(Path path, boolean readOnly, boolean wantsDirect) {
    this.path = path;
    this.readOnly = readOnly;
    this.wantsDirect = wantsDirect;
    this.lock = new Mutex(LockClass.EXTENT_MAP, path);
  }

  /// Opens the channels if they are not.
  void open() throws IOException {
    if (buffered != null) {
      return;
    }
    lock.lock();
    try {
      if (closed) {
        throw new ClosedChannelException();
      }
      if (wantsDirect && DIRECT != null && !directRefused && direct == null) {
        try {
          direct = FileChannel.open(path, options(true));
        } catch (UnsupportedOperationException | FileSystemException e) {
          directRefused = true; // a host file system without O_DIRECT: its cache does as well
        }
      }
      if (buffered == null) {
        buffered = FileChannel.open(path, options(false));
      }
    } finally {
      lock.unlock();
    }
  }

  private Set<OpenOption> options(boolean isDirect) {
    Set<OpenOption> options =
        new HashSet<>(Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS));
    if (!readOnly) {
      options.add(StandardOpenOption.WRITE);
    }
    if (isDirect && DIRECT != null) {
      options.add(DIRECT);
    }
    return options;
  }

  private FileChannel channel() throws IOException {
    FileChannel channel = buffered;
    if (channel == null) {
      open();
      channel = buffered;
    }
    return Objects.requireNonNull(channel);
  }

  private @Nullable FileChannel directFor(long pos, int length) {
    return ((pos | length) & (ALIGNMENT - 1)) == 0 ? direct : null;
  }

  /// Reads until the buffer is full or the file ends.
  ///
  /// @param target its memory is aligned
  /// @return bytes read
  int read(long pos, ByteBuffer target) throws IOException {
    open();
    FileChannel past = directFor(pos, target.remaining());
    int done = 0;
    if (past != null) {
      done = Math.max(0, past.read(target, pos));
    }
    // A direct read ends at the end of the file, or short of it: see whether there is more.
    while (target.hasRemaining()) {
      int n = channel().read(target, pos + done);
      if (n <= 0) {
        break;
      }
      done += n;
    }
    return done;
  }

  /// Writes the whole buffer.
  void write(long pos, ByteBuffer source) throws IOException {
    open();
    FileChannel past = directFor(pos, source.remaining());
    long at = pos;
    if (past != null) {
      at += past.write(source, at);
    }
    while (source.hasRemaining()) {
      at += channel().write(source, at);
    }
  }

  /// Sets the size of the host file, down or up. Beside it, a write-out may write any byte below
  /// `accepted`: the host file is shorter than ours as long as its end waits in the cache.
  ///
  /// @param accepted size that our file has
  void setSize(long size, long accepted) throws IOException {
    FileChannel channel = channel();
    long old = channel.size();
    if (size < old) {
      channel.truncate(size);
    } else if (size > old && size > accepted) {
      channel.write(ByteBuffer.wrap(new byte[1]), size - 1);
    } else if (size > old) {
      // The last byte may have been written out since we looked: make it longer by one, and cut.
      channel.write(ByteBuffer.wrap(new byte[1]), size);
      channel.truncate(size);
    }
  }

  void force(boolean metadata) throws IOException {
    channel().force(metadata);
  }

  boolean isOpen() {
    return buffered != null;
  }

  /// Closes the channels for ever.
  void close() throws IOException {
    lock.lock();
    FileChannel through = buffered;
    FileChannel past = direct;
    closed = true;
    buffered = null;
    direct = null;
    lock.unlock();
    try {
      if (past != null) {
        past.close();
      }
    } finally {
      if (through != null) {
        through.close();
      }
    }
  }
}
