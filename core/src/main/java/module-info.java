/// The page cache, the file system interfaces on it, and the VFS that users start from.
@org.jspecify.annotations.NullMarked
module org.pagewright.core {
  requires static transitive org.jspecify;
  // com.sun.nio.file.ExtendedOpenOption.DIRECT, the JDK's only door to O_DIRECT.
  requires jdk.unsupported;
  // Events for the Flight Recorder.
  requires jdk.jfr;

  exports org.pagewright.errno;
  exports org.pagewright.sync;
  exports org.pagewright.stats;
  exports org.pagewright.vfs;
  exports org.pagewright.ramfs;
  exports org.pagewright.hostfs;
  exports org.pagewright.mem;
  exports org.pagewright.iov;
  exports org.pagewright.block;
  exports org.pagewright.cache;
  exports org.pagewright.mm;
  exports org.pagewright.filemap;
  exports org.pagewright.iomap;
  exports org.pagewright.writeback;
  exports org.pagewright.reclaim;
  exports org.pagewright.observe;
}
