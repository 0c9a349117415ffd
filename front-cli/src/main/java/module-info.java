/// The `pagewright` command.
@org.jspecify.annotations.NullMarked
module org.pagewright.cli {
  requires org.pagewright.core;
  requires org.pagewright.fs.ext4;
  requires org.pagewright.fuse;
  requires org.pagewright.lab;
  requires java.management;
  requires jdk.management;
  requires info.picocli;
  requires org.apache.commons.compress;
  requires org.tukaani.xz;
  requires static org.jspecify;

  // Commands are found and filled in by reflection.
  opens org.pagewright.cli to
      info.picocli;
}
