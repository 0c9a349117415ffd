/// Simulated devices: a library to test file systems and caches with.
@org.jspecify.annotations.NullMarked
module org.pagewright.sim {
  requires transitive org.pagewright.core;
  requires static transitive org.jspecify;

  exports org.pagewright.sim.device;
}
