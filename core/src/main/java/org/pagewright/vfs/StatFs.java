package org.pagewright.vfs;

/// What `statfs` tells of a volume.
///
/// @param type magic number of the file system, such as 0xEF53
/// @param blockSize bytes of a block
/// @param blocks all blocks that files could have
/// @param blocksFree blocks not in use
/// @param blocksAvailable blocks not in use that an ordinary user may take
/// @param files all inodes there can be
/// @param filesFree inodes not in use
/// @param fsid tells this volume from others
/// @param nameLengthMax longest name in bytes
public record StatFs(
    long type,
    int blockSize,
    long blocks,
    long blocksFree,
    long blocksAvailable,
    long files,
    long filesFree,
    long fsid,
    int nameLengthMax) {}
