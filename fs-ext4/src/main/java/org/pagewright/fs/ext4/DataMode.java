package org.pagewright.fs.ext4;

/// What the journal promises of file content; that of metadata is always whole.
public enum DataMode {
  /// What the superblock's default mount options say, [#ORDERED] if they say nothing.
  DEFAULT,
  /// Content reaches its place before the transaction that makes it the file's: after a crash no
  /// file shows bytes that were not written to it.
  ORDERED,
  /// As ORDERED, but what lies behind the new end of a file that was cut is not zeroed on the
  /// device before the cut is committed. (Linux lets a file show old bytes of the device in this
  /// mode; here blocks read as zeros until they are written, whatever the mode.)
  WRITEBACK,
  /// Content goes through the journal too: each write-out is whole after a crash, up to what fits a
  /// transaction, and content is written twice.
  JOURNAL,
  /// The journal is left alone, although there is one: for an image that nobody needs if this ends
  /// half-way. Until it is closed, it is marked as not clean.
  NONE
}
