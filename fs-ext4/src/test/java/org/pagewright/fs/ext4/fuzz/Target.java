package org.pagewright.fs.ext4.fuzz;

/// A structure of an image that can be spoilt.
///
/// @param label names it from one run to the next: `inode:/dir/file`, `dir:/dir:0`
/// @param kind which fields it has, and how its checksum is made
/// @param pos first byte on the device
/// @param length bytes
/// @param ino inode that it belongs to, or the number of its group or block
record Target(String label, Kind kind, long pos, int length, long ino) {
  enum Kind {
    SUPER,
    DESCRIPTOR,
    BLOCK_BITMAP,
    INODE_BITMAP,
    INODE,
    EXTENTS,
    POINTERS,
    DIRECTORY,
    XATTR,
    LINK,
    JOURNAL_SUPER,
    JOURNAL,
    ORPHANS
  }
}
