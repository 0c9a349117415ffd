package org.pagewright.nio;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.FileOwnerAttributeView;
import java.nio.file.attribute.FileStoreAttributeView;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import org.jspecify.annotations.Nullable;
import org.pagewright.vfs.StatFs;
import org.pagewright.vfs.Volume;

/// The space of a volume.
///
/// Besides the attributes every store has, [#getAttribute(String)] knows `blockSize`,
/// `totalInodes`, `freeInodes`, `volumeId` and `nameLengthMax`.
final class VolumeFileStore extends FileStore {
  private static final long EXT4_MAGIC = 0xEF53;
  private static final long RAMFS_MAGIC = 0x858458f6L;

  private final VolumeFileSystem fileSystem;

  VolumeFileStore(VolumeFileSystem fileSystem) {
    this.fileSystem = fileSystem;
  }

  private StatFs statfs() throws IOException {
    return fileSystem.call(fileSystem, Volume::statfs);
  }

  @Override
  public String name() {
    return fileSystem.volume().superBlock().toString();
  }

  @Override
  public String type() {
    try {
      long magic = statfs().type();
      return magic == EXT4_MAGIC ? "ext4" : magic == RAMFS_MAGIC ? "ramfs" : "hostfs";
    } catch (IOException e) {
      return "unknown"; // this method has no way to say why
    }
  }

  @Override
  public boolean isReadOnly() {
    return fileSystem.isReadOnly();
  }

  private static long bytes(long blocks, int blockSize) {
    long bytes = blocks * blockSize;
    return Math.multiplyHigh(blocks, blockSize) != 0 || bytes < 0 ? Long.MAX_VALUE : bytes;
  }

  @Override
  public long getTotalSpace() throws IOException {
    StatFs s = statfs();
    return bytes(s.blocks(), s.blockSize());
  }

  @Override
  public long getUsableSpace() throws IOException {
    StatFs s = statfs();
    return bytes(s.blocksAvailable(), s.blockSize());
  }

  @Override
  public long getUnallocatedSpace() throws IOException {
    StatFs s = statfs();
    return bytes(s.blocksFree(), s.blockSize());
  }

  @Override
  public long getBlockSize() throws IOException {
    return statfs().blockSize();
  }

  @Override
  public boolean supportsFileAttributeView(Class<? extends FileAttributeView> type) {
    return type == BasicFileAttributeView.class
        || type == PosixFileAttributeView.class
        || type == FileOwnerAttributeView.class
        || type == UserDefinedFileAttributeView.class;
  }

  @Override
  public boolean supportsFileAttributeView(String name) {
    return FileAttributeNames.VIEWS.contains(name);
  }

  @Override
  public <V extends FileStoreAttributeView> @Nullable V getFileStoreAttributeView(Class<V> type) {
    if (type == null) {
      throw new NullPointerException("type");
    }
    return null;
  }

  @Override
  public Object getAttribute(String attribute) throws IOException {
    return switch (attribute) {
      case "totalSpace" -> getTotalSpace();
      case "usableSpace" -> getUsableSpace();
      case "unallocatedSpace" -> getUnallocatedSpace();
      case "blockSize" -> getBlockSize();
      case "totalInodes" -> statfs().files();
      case "freeInodes" -> statfs().filesFree();
      case "volumeId" -> statfs().fsid();
      case "nameLengthMax" -> statfs().nameLengthMax();
      default -> throw new UnsupportedOperationException("no such attribute: " + attribute);
    };
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof VolumeFileStore that
        && that.fileSystem.volume().superBlock() == fileSystem.volume().superBlock();
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(fileSystem.volume().superBlock());
  }

  @Override
  public String toString() {
    return fileSystem + " (" + name() + ")";
  }
}
