package org.pagewright.fs.ext4.disk;

import org.jspecify.annotations.Nullable;

/// One feature bit of ext2, ext3 or ext4, under the name that mke2fs knows it by, and what we can
/// do with a file system that has it.
public enum Feature {
  /// Directories may have blocks set aside; a hint that nobody uses.
  DIR_PREALLOC(Word.COMPAT, 0x1, "dir_prealloc", Support.READ_WRITE, ""),
  /// AFS servers once kept inodes of their own.
  IMAGIC_INODES(Word.COMPAT, 0x2, "imagic_inodes", Support.READ_WRITE, ""),
  /// There is a JBD2 journal.
  HAS_JOURNAL(Word.COMPAT, 0x4, "has_journal", Support.READ_WRITE, ""),
  /// Extended attributes may be in use.
  EXT_ATTR(Word.COMPAT, 0x8, "ext_attr", Support.READ_WRITE, ""),
  /// Inode 7 holds blocks for group descriptors to come.
  RESIZE_INODE(Word.COMPAT, 0x10, "resize_inode", Support.READ_WRITE, ""),
  /// Directories may be hashed.
  DIR_INDEX(Word.COMPAT, 0x20, "dir_index", Support.READ_WRITE, ""),
  /// Groups may be uninitialised; an old spelling.
  LAZY_BG(Word.COMPAT, 0x40, "lazy_bg", Support.READ_WRITE, ""),
  /// Never used; snapshots.
  EXCLUDE_INODE(Word.COMPAT, 0x80, "exclude_inode", Support.READ_WRITE, ""),
  /// Never used; snapshots.
  SNAPSHOT_BITMAP(Word.COMPAT, 0x100, "snapshot_bitmap", Support.READ_WRITE, ""),
  /// At most two groups have backups of the superblock.
  SPARSE_SUPER2(Word.COMPAT, 0x200, "sparse_super2", Support.READ_WRITE, ""),
  /// The journal may have a fast commit area.
  FAST_COMMIT(Word.COMPAT, 0x400, "fast_commit", Support.READ_WRITE, ""),
  /// Inode numbers and the UUID may not change.
  STABLE_INODES(Word.COMPAT, 0x800, "stable_inodes", Support.READ_WRITE, ""),
  /// Orphans are kept in a file instead of a list.
  ORPHAN_FILE(Word.COMPAT, 0x1000, "orphan_file", Support.READ_WRITE, ""),
  /// Groups 0, 1 and powers of 3, 5, 7 have backups.
  SPARSE_SUPER(Word.RO_COMPAT, 0x1, "sparse_super", Support.READ_WRITE, ""),
  /// A file over 2 GiB exists.
  LARGE_FILE(Word.RO_COMPAT, 0x2, "large_file", Support.READ_WRITE, ""),
  /// Never used.
  BTREE_DIR(Word.RO_COMPAT, 0x4, "btree_dir", Support.READ_WRITE, ""),
  /// Block counts of inodes have 48 bits.
  HUGE_FILE(Word.RO_COMPAT, 0x8, "huge_file", Support.READ_WRITE, ""),
  /// Group descriptors carry CRC-16 checksums and uninitialised flags.
  UNINIT_BG(Word.RO_COMPAT, 0x10, "uninit_bg", Support.READ_WRITE, ""),
  /// A directory with over 64999 subdirectories has link count 1.
  DIR_NLINK(Word.RO_COMPAT, 0x20, "dir_nlink", Support.READ_WRITE, ""),
  /// Inodes reserve room beyond 128 bytes.
  EXTRA_ISIZE(Word.RO_COMPAT, 0x40, "extra_isize", Support.READ_WRITE, ""),
  /// Has a snapshot; never merged into Linux.
  SNAPSHOT(Word.RO_COMPAT, 0x80, "snapshot", Support.READ_ONLY, "open it read-only"),
  /// Usage is kept in hidden quota files.
  QUOTA(
      Word.RO_COMPAT,
      0x100,
      "quota",
      Support.READ_ONLY,
      "open it read-only, or switch quota off with `tune2fs -O ^quota`"),
  /// Space is given out in clusters of blocks.
  BIGALLOC(
      Word.RO_COMPAT,
      0x200,
      "bigalloc",
      Support.READ_ONLY,
      "open it read-only, or copy the files to a file system made without bigalloc"),
  /// Every metadata structure carries a CRC-32C.
  METADATA_CSUM(Word.RO_COMPAT, 0x400, "metadata_csum", Support.READ_WRITE, ""),
  /// Never used.
  REPLICA(Word.RO_COMPAT, 0x800, "replica", Support.READ_ONLY, "open it read-only"),
  /// Its owner wants it never to be written.
  READONLY(
      Word.RO_COMPAT,
      0x1000,
      "read-only",
      Support.READ_ONLY,
      "open it read-only, or clear the mark with `tune2fs -O ^read-only`"),
  /// Inodes have project numbers, for quota.
  PROJECT(
      Word.RO_COMPAT,
      0x2000,
      "project",
      Support.READ_ONLY,
      "open it read-only, or switch project quota off with `tune2fs -O ^project`"),
  /// Files share blocks.
  SHARED_BLOCKS(
      Word.RO_COMPAT,
      0x4000,
      "shared_blocks",
      Support.READ_ONLY,
      "open it read-only, or give each file its own blocks with `e2fsck -E unshare_blocks`"),
  /// Some files are sealed by a hash tree, which reads here do not check.
  VERITY(Word.RO_COMPAT, 0x8000, "verity", Support.READ_ONLY, "open it read-only"),
  /// The orphan file has entries.
  ORPHAN_PRESENT(Word.RO_COMPAT, 0x10000, "orphan_present", Support.READ_WRITE, ""),
  /// Never merged into Linux.
  COMPRESSION(
      Word.INCOMPAT,
      0x1,
      "compression",
      Support.REFUSED,
      "copy the files with a kernel that has e2compr"),
  /// Directory entries say the type of the file.
  FILETYPE(Word.INCOMPAT, 0x2, "filetype", Support.READ_WRITE, ""),
  /// The journal must be replayed first.
  NEEDS_RECOVERY(Word.INCOMPAT, 0x4, "needs_recovery", Support.READ_WRITE, ""),
  /// This is an external journal, no file system.
  JOURNAL_DEV(
      Word.INCOMPAT,
      0x8,
      "journal_dev",
      Support.REFUSED,
      "open the file system that this journal belongs to"),
  /// Group descriptors lie in the groups that they tell of.
  META_BG(Word.INCOMPAT, 0x10, "meta_bg", Support.READ_WRITE, ""),
  /// Files may be mapped by extents.
  EXTENT(Word.INCOMPAT, 0x40, "extent", Support.READ_WRITE, ""),
  /// Block numbers have 64 bits and group descriptors 64 bytes.
  BIT64(Word.INCOMPAT, 0x80, "64bit", Support.READ_WRITE, ""),
  /// Several machines reach the device; a block says who has it.
  MMP(
      Word.INCOMPAT,
      0x100,
      "mmp",
      Support.READ_ONLY,
      "open it read-only, or switch the protection off with `tune2fs -O ^mmp`"),
  /// Bitmaps and inode tables may lie in other groups.
  FLEX_BG(Word.INCOMPAT, 0x200, "flex_bg", Support.READ_WRITE, ""),
  /// Large attribute values live in inodes.
  EA_INODE(
      Word.INCOMPAT,
      0x400,
      "ea_inode",
      Support.REFUSED,
      "copy the files to a file system made without ea_inode"),
  /// Directory entries carry more than a name.
  DIRDATA(Word.INCOMPAT, 0x1000, "dirdata", Support.REFUSED, "read it with a Lustre server"),
  /// The seed of checksums is stored, so the UUID may change.
  METADATA_CSUM_SEED(Word.INCOMPAT, 0x2000, "metadata_csum_seed", Support.READ_WRITE, ""),
  /// Directory indexes may have three levels.
  LARGE_DIR(Word.INCOMPAT, 0x4000, "large_dir", Support.READ_WRITE, ""),
  /// Small files live in their inodes.
  INLINE_DATA(
      Word.INCOMPAT,
      0x8000,
      "inline_data",
      Support.REFUSED,
      "copy the files to a file system made without inline_data"),
  /// File content and names may be encrypted.
  ENCRYPT(
      Word.INCOMPAT,
      0x10000,
      "encrypt",
      Support.REFUSED,
      "copy the files, with their keys present, to a file system made without encrypt"),
  /// Directories may ignore upper and lower case.
  CASEFOLD(
      Word.INCOMPAT,
      0x20000,
      "casefold",
      Support.REFUSED,
      "copy the files to a file system made without casefold");

  /// Which of the three words of the superblock a bit belongs to; says what Linux does with a file
  /// system that has a bit it does not know.
  public enum Word {
    /// Reads and writes it all the same.
    COMPAT,
    /// Refuses it.
    INCOMPAT,
    /// Only reads it.
    RO_COMPAT
  }

  /// What we do with a file system that has the feature.
  public enum Support {
    /// Read and write it.
    READ_WRITE,
    /// Only read it.
    READ_ONLY,
    /// Refuse it.
    REFUSED
  }

  private final Word word;
  private final int bit;
  private final String label;
  private final Support support;
  private final String advice;

  Feature(Word word, int bit, String label, Support support, String advice) {
    this.word = word;
    this.bit = bit;
    this.label = label;
    this.support = support;
    this.advice = advice;
  }

  /// {@return the word that the bit belongs to}
  public Word word() {
    return word;
  }

  /// {@return the bit, as a mask}
  public int bit() {
    return bit;
  }

  /// {@return the name that mke2fs and dumpe2fs use}
  public String label() {
    return label;
  }

  /// {@return what we do with it}
  public Support support() {
    return support;
  }

  /// {@return what a user can do where we do not support it in full, or an empty string}
  public String advice() {
    return advice;
  }

  /// {@return the feature of that name, or null}
  ///
  /// @param label a name as mke2fs knows it, or another common spelling
  public static @Nullable Feature byLabel(String label) {
    String wanted =
        switch (label) {
          case "extents" -> "extent";
          case "gdt_csum" -> "uninit_bg";
          case "largedir" -> "large_dir";
          case "csum_seed" -> "metadata_csum_seed";
          case "recover" -> "needs_recovery";
          default -> label;
        };
    for (Feature f : values()) {
      if (f.label.equals(wanted)) {
        return f;
      }
    }
    return null;
  }
}
