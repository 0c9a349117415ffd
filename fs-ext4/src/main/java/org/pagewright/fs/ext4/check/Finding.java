package org.pagewright.fs.ext4.check;

/// One thing that a check found.
///
/// @param code what kind of thing
/// @param ino inode that it belongs to, or 0
/// @param blockNr block that holds what is wrong, or -1
/// @param what structure and reason, in one sentence
public record Finding(FindingCode code, long ino, long blockNr, String what) {
  @Override
  public String toString() {
    return code.label() + ": " + where() + what;
  }

  private String where() {
    return (ino > 0 ? "inode " + ino + ": " : "") + (blockNr >= 0 ? "block " + blockNr + ": " : "");
  }
}
