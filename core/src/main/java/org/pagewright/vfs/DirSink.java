package org.pagewright.vfs;

/// Takes the entries of a directory as a file system finds them.
public interface DirSink {
  /// One more entry. Must not call back into the file system: the directory's INODE lock is held.
  ///
  /// @param name its name; never `.` or `..`
  /// @param ino its inode number
  /// @param type its type, UNKNOWN if the directory does not say
  /// @param nextCookie the cookie to go on after this entry
  /// @return false if the sink is full; this entry was then not taken
  boolean entry(Name name, long ino, FileType type, long nextCookie);
}
