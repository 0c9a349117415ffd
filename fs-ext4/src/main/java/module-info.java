/// ext2, ext3 and ext4 on images and devices.
@org.jspecify.annotations.NullMarked
module org.pagewright.fs.ext4 {
  requires transitive org.pagewright.core;
  requires static transitive org.jspecify;
  // Events for the Flight Recorder.
  requires jdk.jfr;

  exports org.pagewright.fs.ext4;
  exports org.pagewright.fs.ext4.check;
  exports org.pagewright.fs.ext4.disk;
  exports org.pagewright.fs.ext4.mkfs;
}
