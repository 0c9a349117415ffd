package org.pagewright.fs.ext4.alloc;

/// An inode number that was given out.
///
/// @param ino inode number; its slot in the table may hold a deleted inode's bytes: write all of it
/// @param generation what tells it from those that had the number before
public record NewInode(long ino, int generation) {}
