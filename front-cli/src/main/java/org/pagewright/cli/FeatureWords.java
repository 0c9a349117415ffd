package org.pagewright.cli;

import org.pagewright.fs.ext4.disk.Feature;

/// What a feature means to who has the image.
final class FeatureWords {
  private FeatureWords() {}

  static String of(Feature feature) {
    return switch (feature) {
      case DIR_PREALLOC -> "directories may have blocks set aside";
      case IMAGIC_INODES -> "AFS servers keep inodes of their own";
      case HAS_JOURNAL -> "has a journal: changes are atomic";
      case EXT_ATTR -> "files have extended attributes";
      case RESIZE_INODE -> "has room to grow while mounted";
      case DIR_INDEX -> "large directories have an index";
      case SPARSE_SUPER2 -> "two backups of the superblock at most";
      case EXCLUDE_INODE -> "has a snapshot inode; never merged into Linux";
      case LAZY_BG -> "groups may be left uninitialised; never used";
      case SNAPSHOT_BITMAP -> "has a bitmap for snapshots; never merged into Linux";
      case FAST_COMMIT -> "the journal has an area for fast commits";
      case STABLE_INODES -> "inode numbers and UUID never change";
      case ORPHAN_FILE -> "files deleted while open are kept in a file";
      case SPARSE_SUPER -> "few backups of the superblock";
      case LARGE_FILE -> "has had files over 2 GiB";
      case BTREE_DIR -> "never used";
      case HUGE_FILE -> "files may be over 2 TiB";
      case UNINIT_BG -> "group descriptors have checksums";
      case DIR_NLINK -> "directories may have more than 65000 subdirectories";
      case EXTRA_ISIZE -> "times to the nanosecond, and beyond 2038";
      case SNAPSHOT -> "has a snapshot";
      case QUOTA -> "usage of users and groups is counted";
      case BIGALLOC -> "space is given out in clusters of blocks";
      case METADATA_CSUM -> "all metadata has checksums";
      case REPLICA -> "never used";
      case READONLY -> "marked never to be written";
      case PROJECT -> "usage of projects is counted";
      case SHARED_BLOCKS -> "files share blocks";
      case VERITY -> "some files are sealed by hashes";
      case ORPHAN_PRESENT -> "files were deleted while open, and are to be freed";
      case COMPRESSION -> "files are compressed";
      case FILETYPE -> "directories tell the type of each entry";
      case NEEDS_RECOVERY -> "the journal is to be replayed first";
      case JOURNAL_DEV -> "no file system: the journal of another one";
      case META_BG -> "group descriptors lie in the groups they tell of";
      case EXTENT -> "files are mapped in runs of blocks";
      case BIT64 -> "may be over 16 TiB";
      case MMP -> "protected against being mounted twice";
      case FLEX_BG -> "metadata of several groups lies together";
      case EA_INODE -> "large attributes lie in inodes";
      case DIRDATA -> "directory entries carry more than a name";
      case METADATA_CSUM_SEED -> "the UUID can be changed while mounted";
      case LARGE_DIR -> "directories may have millions of entries";
      case INLINE_DATA -> "small files lie in their inodes";
      case ENCRYPT -> "files may be encrypted";
      case CASEFOLD -> "directories may ignore upper and lower case";
    };
  }
}
