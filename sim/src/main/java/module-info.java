/// Simulated devices: a library to test file systems and caches with.
@org.jspecify.annotations.NullMarked
module org.pagewright.sim {
  requires transitive org.pagewright.core;
  requires static transitive org.jspecify;
  requires static org.junit.jupiter.api; // for the contract suites alone

  exports org.pagewright.sim.contract;
  exports org.pagewright.sim.crash;
  exports org.pagewright.sim.device;
  exports org.pagewright.sim.explore;
  exports org.pagewright.sim.oracle;
  exports org.pagewright.sim.os;
  exports org.pagewright.sim.posix;
}
