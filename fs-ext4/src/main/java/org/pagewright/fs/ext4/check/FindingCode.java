package org.pagewright.fs.ext4.check;

import java.util.Locale;

/// What a check may find. Labels are kept from one version to the next; docs/fsck.md lists them.
public enum FindingCode {
  /// A block that a structure needs cannot be read.
  READ_ERROR(Severity.DAMAGE, "a block cannot be read"),

  /// A number in the superblock contradicts the others, or its checksum is wrong.
  SUPERBLOCK(Severity.DAMAGE, "the superblock makes no sense, or its checksum is wrong"),
  /// A backup of the superblock is of no use.
  BACKUP_SUPERBLOCK(Severity.NOTE, "a backup of the superblock would not help"),
  /// A backup of the group descriptors is of no use.
  BACKUP_DESCRIPTORS(Severity.NOTE, "a backup of the group descriptors would not help"),
  /// The file system was not closed cleanly.
  NOT_CLOSED(Severity.NOTE, "the volume was not closed cleanly"),
  /// The file system is marked as having errors.
  MARKED_DAMAGED(Severity.NOTE, "a driver has met errors and left a mark"),
  /// The counts of the superblock are behind those of the groups.
  STALE_COUNTS(Severity.NOTE, "free counts of the superblock are behind, as after a crash"),

  /// A group descriptor's checksum is wrong.
  DESCRIPTOR_CHECKSUM(Severity.DAMAGE, "the checksum of a group descriptor is wrong"),
  /// A group descriptor places a bitmap or table where it cannot be.
  DESCRIPTOR_PLACE(Severity.DAMAGE, "a bitmap or inode table lies where it cannot"),
  /// A group descriptor has flags that it cannot have.
  DESCRIPTOR_FLAGS(Severity.DAMAGE, "a group says it was never used, which it cannot"),
  /// Structures of the file system itself overlap.
  METADATA_OVERLAP(Severity.DAMAGE, "structures of the file system itself overlap"),

  /// The journal cannot be used.
  JOURNAL(Severity.DAMAGE, "the journal or its inode is damaged"),
  /// What was checked is the image as it is after its journal is replayed.
  JOURNAL_REPLAYED(Severity.NOTE, "checked as it is once its journal is replayed"),
  /// The journal must be replayed, and cannot be here: nothing behind it was checked.
  JOURNAL_NOT_REPLAYED(Severity.DAMAGE, "the journal must be replayed, which cannot be done here"),
  /// The journal is not empty, and nobody asks to replay it.
  JOURNAL_LEFTOVER(Severity.DAMAGE, "the journal is not empty although nothing is to be replayed"),

  /// An inode's checksum is wrong.
  INODE_CHECKSUM(Severity.DAMAGE, "the checksum of an inode is wrong"),
  /// An inode is of no known type.
  INODE_MODE(Severity.DAMAGE, "an inode in use is of no type"),
  /// The number of bytes that an inode uses beyond 128 cannot be.
  INODE_EXTRA_SIZE(Severity.DAMAGE, "the extra size of an inode cannot be"),
  /// The time of deletion does not fit the number of links.
  INODE_DELETION(Severity.DAMAGE, "deletion time and number of links contradict each other"),
  /// Flags that an inode of this type, in this file system, cannot have.
  INODE_FLAGS(Severity.DAMAGE, "flags that this inode cannot have"),
  /// The length does not fit what is mapped.
  INODE_SIZE(Severity.DAMAGE, "the length does not fit the type or the map"),
  /// The number of blocks is not that of the map.
  INODE_BLOCKS(Severity.DAMAGE, "the count of blocks is not what the map holds"),
  /// A time has more nanoseconds than a second.
  INODE_TIME(Severity.NOTE, "a time has a billion nanoseconds or more"),
  /// The target of a symbolic link is not as long as the inode says.
  INODE_SYMLINK(Severity.DAMAGE, "a symbolic link's target is not as long as it says"),
  /// A device, pipe or socket with a length or a map.
  INODE_DEVICE(Severity.DAMAGE, "a device, pipe or socket has content"),
  /// A reserved inode is not what its number says.
  RESERVED_INODE(Severity.DAMAGE, "a reserved inode is not what its number says"),
  /// The inode that keeps blocks for more descriptors has another map than it must.
  RESIZE_INODE(Severity.DAMAGE, "the inode that keeps room for descriptors is not as it must be"),

  /// A node of an extent tree has a header that cannot be.
  EXTENT_HEADER(Severity.DAMAGE, "the header of an extent node cannot be"),
  /// The checksum of an extent block is wrong.
  EXTENT_CHECKSUM(Severity.DAMAGE, "the checksum of an extent block is wrong"),
  /// Entries of an extent tree overlap, or are out of order, or not where their index says.
  EXTENT_ORDER(Severity.DAMAGE, "extents overlap, or are not in order"),
  /// An entry of a map points outside the file system.
  BLOCK_RANGE(Severity.DAMAGE, "a map points outside the file system"),
  /// A map claims a block of the file system itself.
  BLOCK_OF_METADATA(Severity.DAMAGE, "a file claims a block of the file system itself"),
  /// Two claim the same block.
  BLOCK_SHARED(Severity.DAMAGE, "a block is claimed more than once"),

  /// An attribute block, or the area in an inode, cannot be read.
  XATTR_AREA(Severity.DAMAGE, "attributes cannot be read"),
  /// The checksum of an attribute block is wrong.
  XATTR_CHECKSUM(Severity.DAMAGE, "the checksum of an attribute block is wrong"),
  /// The hash of an attribute is wrong.
  XATTR_HASH(Severity.DAMAGE, "the hash of an attribute is wrong"),
  /// An attribute block is used by more or fewer inodes than it says.
  XATTR_REFERENCES(Severity.DAMAGE, "an attribute block has more or fewer users than it says"),

  /// The checksum of a directory block is wrong.
  DIRECTORY_CHECKSUM(Severity.DAMAGE, "the checksum of a directory block is wrong"),
  /// The records of a directory block do not fill it.
  DIRECTORY_RECORD(Severity.DAMAGE, "records of a directory do not follow each other"),
  /// `.` or `..` are not where they must be, or lead elsewhere.
  DIRECTORY_DOTS(Severity.DAMAGE, "`.` or `..` is missing, misplaced, or leads elsewhere"),
  /// A directory lacks a block.
  DIRECTORY_HOLE(Severity.DAMAGE, "a directory lacks a block"),
  /// A name in a directory that cannot be.
  DIRECTORY_NAME(Severity.DAMAGE, "a name is empty, or has a slash or a zero byte in it"),
  /// The same name twice in one directory.
  DIRECTORY_DUPLICATE(Severity.DAMAGE, "a name occurs twice in a directory"),
  /// An entry leads to an inode that is not in use.
  DIRECTORY_ENTRY(Severity.DAMAGE, "a name leads to an inode that is not in use"),
  /// The type in an entry is not that of the inode.
  DIRECTORY_TYPE(Severity.DAMAGE, "the type beside a name is not that of the inode"),
  /// A directory has two names.
  DIRECTORY_LINKED(Severity.DAMAGE, "a directory has more than one name"),
  /// The hash tree of a directory is damaged.
  DIRECTORY_INDEX(Severity.DAMAGE, "the index of a directory contradicts its entries"),

  /// A directory cannot be reached from the root.
  DIRECTORY_UNCONNECTED(Severity.DAMAGE, "a directory cannot be reached from the root"),
  /// An inode in use has no name.
  INODE_UNCONNECTED(Severity.DAMAGE, "an inode in use has no name"),
  /// The number of links is not that of names.
  LINK_COUNT(Severity.DAMAGE, "the number of links is not the number of names"),

  /// The list of orphans cannot be followed.
  ORPHAN_LIST(Severity.DAMAGE, "the list of orphans leads nowhere"),
  /// The orphan file is damaged.
  ORPHAN_FILE(Severity.DAMAGE, "the orphan file is damaged"),
  /// Inodes wait to be freed.
  ORPHANS(Severity.NOTE, "inodes wait to be freed when the volume is opened next"),

  /// The checksum of a bitmap is wrong.
  BITMAP_CHECKSUM(Severity.DAMAGE, "the checksum of a bitmap is wrong"),
  /// Bits behind the end of a group are not set.
  BITMAP_PADDING(Severity.DAMAGE, "bits of a bitmap behind its last block or inode are not set"),
  /// The block bitmap is not what was found.
  BLOCK_BITMAP(Severity.DAMAGE, "the block bitmap is not what was found"),
  /// The inode bitmap is not what was found.
  INODE_BITMAP(Severity.DAMAGE, "the inode bitmap is not what was found"),
  /// A count of free blocks is wrong.
  FREE_BLOCKS(Severity.DAMAGE, "a count of free blocks is wrong"),
  /// A count of free inodes is wrong.
  FREE_INODES(Severity.DAMAGE, "a count of free inodes is wrong"),
  /// A group's count of directories is wrong.
  DIRECTORIES(Severity.DAMAGE, "a count of directories is wrong");

  /// How much it matters.
  public enum Severity {
    /// The file system contradicts itself.
    DAMAGE,
    /// Worth knowing; the file system is consistent all the same.
    NOTE
  }

  private final Severity severity;
  private final String words;

  FindingCode(Severity severity, String words) {
    this.severity = severity;
    this.words = words;
  }

  /// {@return how much it matters}
  public Severity severity() {
    return severity;
  }

  /// {@return the code as it is printed, `block-shared`}
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /// {@return what it means in general}
  public String words() {
    return words;
  }
}
