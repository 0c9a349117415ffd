package org.pagewright.vfs;

/// One entry of a directory.
///
/// @param name the name
/// @param ino inode number
/// @param type type, UNKNOWN if the file system does not keep it in the directory
/// @param nextCookie where to go on reading after this entry
public record DirEntry(Name name, long ino, FileType type, long nextCookie) {}
