package org.pagewright.fs.ext4.buffer;

import org.pagewright.errno.CorruptedException;

/// What kind of structure a block holds: how to check it after a load and finish it before a write.
///
/// Two types that are [Object#equals] mean the same structure of the same owner: then a cached
/// block needs no second check. A block that is cached under another type is checked again, so a
/// block that two owners claim is found out by its checksum. Implementations are immutable, and
/// records do it for free. Both methods run with the buffer's lock held and do no I/O.
public interface BufferType {
  /// A block that carries no check of its own, such as one of an inode table.
  BufferType PLAIN =
      new BufferType() {
        @Override
        public void verify(Buffer buffer) {}

        @Override
        public void seal(Buffer buffer) {}

        @Override
        public String toString() {
          return "plain block";
        }
      };

  /// Throws unless the block can be what this type says. Called once per load.
  ///
  /// @param buffer its bytes as read
  /// @throws CorruptedException naming the structure, its owner and what is wrong
  void verify(Buffer buffer) throws CorruptedException;

  /// Brings the block's own checksum up to date. Called before each write.
  ///
  /// @param buffer its bytes as they will be written
  void seal(Buffer buffer);
}
