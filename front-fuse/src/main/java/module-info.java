/// Volumes as mount points of the operating system: the FUSE protocol spoken to `/dev/fuse`.
@org.jspecify.annotations.NullMarked
module org.pagewright.fuse {
  requires transitive org.pagewright.core;
  requires static transitive org.jspecify;

  exports org.pagewright.fuse;
}
