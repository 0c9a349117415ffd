/// Extended attributes of ext4, in the inode and in blocks that inodes share.
///
/// | type             | what                                                                    |
/// |------------------|-------------------------------------------------------------------------|
/// | [Xattrs]         | get, list, set for all inodes of a volume                               |
/// | [XattrHost]      | upward call: what the attributes of an inode need of it                 |
/// | [XattrShare]     | blocks used lately, by content; guards the reference counts             |
/// | [XattrBlockType] | checks a block when it is loaded, sets its checksum when it is written  |
///
/// May import errno, sync, and of this module `disk`, `buffer`, `journal`.
///
///     set: read both areas -> new lists -> room in the inode? -> else the block -> else ENOSPC
///                                                                  |
///                          equal block known: share it; own block: change it; else a new block
///
/// Access control lists are kept in ext4's compact format and shown in the one programs use; they
/// are stored, not obeyed. Attribute values in inodes of their own (the ea_inode feature) are
/// refused when the volume is opened.
package org.pagewright.fs.ext4.xattr;
