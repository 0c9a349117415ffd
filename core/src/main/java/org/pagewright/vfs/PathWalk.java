package org.pagewright.vfs;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// One walk along a path: component by component, through symbolic links, to an inode or to the
/// directory that holds the last name.
///
///     "/a/link/b/"   dir = root
///      a             lookup, must be a directory        dir = a
///      link          lookup, a symbolic link -> "../c"  rest "b/" is put aside
///      .., c         walked from where the link lies    dir = c
///      b             the last: left to the caller, who knows whether it may be absent;
///                    the slash behind it says it must be a directory
///
/// Every directory on the way needs search permission. `..` of the root is the root. At most
/// [#LINKS_MAX] links are followed in one walk, so a loop ends with ELOOP. Used by one thread;
/// holds one reference, on [#dir()], from each walk until [#close()]. Compare Linux's fs/namei.c.
final class PathWalk implements AutoCloseable {
  /// Most symbolic links in one walk.
  static final int LINKS_MAX = 40;

  /// Longest path in bytes, as in Linux, where it counts the NUL at the end.
  static final int PATH_MAX = 4095;

  /// What the last component is.
  enum Last {
    /// A name.
    NAME,
    /// `.`.
    SELF,
    /// Nothing: the path is the root.
    ROOT,
    /// `..`.
    PARENT
  }

  /// What is left of a path behind a symbolic link in its middle.
  private record Rest(byte[] path, int at) {}

  private final Namespace namespace;
  private final Credentials who;
  private final String text; // the whole path, for messages
  private final Deque<Rest> rests = new ArrayDeque<>(2);
  private byte[] path;
  private int at;
  private int links;
  private @Nullable Inode dir; // with a reference
  private Last lastKind = Last.SELF;
  private @Nullable Name last;
  private boolean mustBeDirectory;

  /// Begins a walk.
  ///
  /// @param start where a relative path begins; the caller keeps a reference meanwhile
  /// @param path bytes of the path
  /// @throws FsException ENOENT if empty, ENAMETOOLONG, EINVAL with a NUL in it; EIO if closed
  PathWalk(Namespace namespace, Inode start, byte[] path, Credentials who) throws FsException {
    this.namespace = namespace;
    this.who = who;
    this.path = path;
    this.text = Name.textOf(path);
    if (path.length == 0) {
      throw new FsException(Errno.ENOENT, "empty path");
    }
    if (path.length > PATH_MAX) {
      throw new FsException(
          Errno.ENAMETOOLONG, "path of " + path.length + " bytes, at most " + PATH_MAX);
    }
    for (byte b : path) {
      if (b == 0) {
        throw new FsException(Errno.EINVAL, text + ": NUL in path");
      }
    }
    namespace.superBlock().checkAlive();
    namespace.superBlock().holdLasting(start);
    dir = start;
    if (path[0] == '/') {
      toRoot();
    }
  }

  private void toRoot() throws FsException {
    Inode root = namespace.superBlock().root();
    namespace.superBlock().holdLasting(root);
    moveTo(root);
  }

  private void moveTo(Inode next) {
    Inode old = dir();
    dir = next;
    namespace.superBlock().iput(old);
  }

  /// The directory reached so far.
  Inode dir() {
    assert dir != null;
    return dir;
  }

  /// What the last component is; after [#toLast()].
  Last lastKind() {
    return lastKind;
  }

  /// The last component; only if it is a NAME.
  Name last() {
    assert last != null;
    return last;
  }

  /// Whether the path, or a link on the way to its end, ends in a slash.
  boolean mustBeDirectory() {
    return mustBeDirectory;
  }

  /// Walks up to the last component and leaves it in [#last()].
  ///
  /// @throws FsException ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG, EIO, EUCLEAN
  void toLast() throws FsException {
    while (true) {
      skipSlashes();
      if (at == path.length) {
        if (!rests.isEmpty()) { // the body of a link is walked; go on behind the link
          Rest rest = rests.pop();
          path = rest.path;
          at = rest.at;
          continue;
        }
        lastKind = Last.ROOT; // nothing but slashes
        mustBeDirectory = true;
        return;
      }
      checkSearchable();
      int from = at;
      while (at < path.length && path[at] != '/') {
        at++;
      }
      int length = at - from;
      skipSlashes();
      final boolean isLast = at == path.length && rests.isEmpty();
      final boolean slash = path[at - 1] == '/';
      Last kind = kindOf(from, length);
      if (isLast) {
        lastKind = kind;
        mustBeDirectory |= slash;
        last = kind == Last.NAME ? name(from, length) : null;
        return;
      }
      if (kind == Last.PARENT) {
        moveTo(namespace.parentOf(dir()));
      } else if (kind == Last.NAME) {
        into(name(from, length));
      }
    }
  }

  private void checkSearchable() throws FsException {
    if (!dir().isDirectory()) {
      throw error(Errno.ENOTDIR);
    }
    if (!Access.permits(dir(), who, FileMode.MAY_EXECUTE)) {
      String rights = dir() + " (" + Access.describe(dir()) + ")";
      throw new FsException(Errno.EACCES, text + ": search " + rights + " for " + who);
    }
  }

  private void skipSlashes() {
    while (at < path.length && path[at] == '/') {
      at++;
    }
  }

  private Last kindOf(int from, int length) {
    if (path[from] != '.' || length > 2) {
      return Last.NAME;
    }
    return length == 1 ? Last.SELF : path[from + 1] == '.' ? Last.PARENT : Last.NAME;
  }

  private Name name(int from, int length) throws FsException {
    int max = namespace.superBlock().operations().nameLengthMax();
    if (length > max) {
      throw new FsException(
          Errno.ENAMETOOLONG, text + ": component of " + length + " bytes, at most " + max);
    }
    return Name.of(path, from, length);
  }

  /// One component in the middle.
  private void into(Name name) throws FsException {
    Inode next = namespace.lookupName(dir(), name);
    if (next == null) {
      throw error(Errno.ENOENT);
    }
    if (next.isSymlink()) {
      if (at < path.length) {
        rests.push(new Rest(path, at));
      }
      follow(next);
    } else if (next.isDirectory()) {
      moveTo(next);
    } else {
      namespace.superBlock().iput(next);
      throw error(Errno.ENOTDIR);
    }
  }

  /// Puts a link's body in place of the path; it is walked from the directory that holds the link.
  ///
  /// @param link with a reference, which is given back
  void follow(Inode link) throws FsException {
    byte[] body;
    try {
      if (++links > LINKS_MAX) {
        throw error(Errno.ELOOP);
      }
      body = namespace.readlink(link);
    } finally {
      namespace.superBlock().iput(link);
    }
    if (body.length == 0) {
      throw error(Errno.ENOENT);
    }
    path = body;
    at = 0;
    if (body[0] == '/') {
      toRoot();
    }
  }

  /// Walks to the end.
  ///
  /// @param followLast whether a symbolic link at the end is followed; one with a slash behind it
  ///     is in any case
  /// @return the inode with a reference for the caller
  /// @throws FsException ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG, EIO, EUCLEAN
  Inode resolve(boolean followLast) throws FsException {
    while (true) {
      toLast();
      Inode found = lookupLast();
      if (found == null) {
        throw error(Errno.ENOENT);
      }
      if (found.isSymlink() && (followLast || mustBeDirectory)) {
        follow(found);
        continue;
      }
      if (mustBeDirectory && !found.isDirectory()) {
        namespace.superBlock().iput(found);
        throw error(Errno.ENOTDIR);
      }
      return found;
    }
  }

  /// Looks the last component up; after [#toLast()].
  ///
  /// @return the inode with a reference, or null if the name is not there
  @Nullable Inode lookupLast() throws FsException {
    return switch (lastKind) {
      case SELF, ROOT -> {
        namespace.superBlock().hold(dir());
        yield dir();
      }
      case PARENT -> namespace.parentOf(dir());
      case NAME -> namespace.lookupName(dir(), last());
    };
  }

  /// An error that names the whole path.
  FsException error(Errno errno) {
    return new FsException(errno, text);
  }

  @Override
  public void close() {
    Inode held = dir;
    dir = null;
    if (held != null) {
      namespace.superBlock().iput(held);
    }
  }
}
