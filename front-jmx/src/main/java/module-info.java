/// The numbers of volumes as management beans.
@org.jspecify.annotations.NullMarked
module org.pagewright.jmx {
  requires transitive org.pagewright.core;
  requires transitive java.management;
  requires static transitive org.jspecify;

  exports org.pagewright.jmx;
}
