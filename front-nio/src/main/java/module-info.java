/// Volumes through `java.nio.file`: a file system provider.
@org.jspecify.annotations.NullMarked
module org.pagewright.nio {
  requires transitive org.pagewright.core;
  requires transitive org.pagewright.fs.ext4;
  requires static transitive org.jspecify;

  exports org.pagewright.nio;

  provides java.nio.file.spi.FileSystemProvider with
      org.pagewright.nio.PagewrightFileSystemProvider;
}
