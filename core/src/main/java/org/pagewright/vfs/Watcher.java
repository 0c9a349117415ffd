package org.pagewright.vfs;

/// Hears of every change of a volume's names, contents and attributes, whatever door it came
/// through: what a front end needs that keeps something of the volume for itself, or tells others.
///
/// Called by the thread that made the change, after the change and while the INODE lock that
/// guarded it is still held exclusively (of the directory for names, of the inode for the rest). So
/// calls about one directory, or about one inode, come in the order of the changes. A watcher must
/// not wait, not throw and not call back into the volume: it notes what it heard and returns. A
/// thread that wants to know its own changes from those of others marks itself before it makes
/// them.
///
/// A store into a mapped region is told once, when it makes its page writable, before the bytes are
/// there and without INODE; stores to the same page that follow are not told until it has been
/// written out.
///
/// Without watchers a change costs the look at one field.
public interface Watcher {
  /// Bytes or size changed.
  int CONTENT = 1;

  /// Mode, owner, times, flags or extended attributes changed.
  int ATTRIBUTES = 2;

  /// A directory has a name that it did not have, or that led elsewhere until [#removed].
  ///
  /// @param dir the directory
  /// @param name the name
  /// @param inode what it leads to
  void added(Inode dir, Name name, Inode inode);

  /// A directory has lost a name. A rename is told as a removal, a removal of what was replaced,
  /// and an addition; a swap as two removals and two additions.
  ///
  /// @param dir the directory
  /// @param name the name
  /// @param inode what it led to; without names left if its link count is 0
  void removed(Inode dir, Name name, Inode inode);

  /// An inode changed.
  ///
  /// @param inode the inode
  /// @param what [#CONTENT] or [#ATTRIBUTES]
  void changed(Inode inode, int what);
}
