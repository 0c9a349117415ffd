/// The designs that were tried for a buffered write, and the schedules that break them.
@org.jspecify.annotations.NullMarked
module org.pagewright.lab {
  requires transitive org.pagewright.core;
  requires transitive org.pagewright.sim;
  requires static transitive org.jspecify;

  exports org.pagewright.lab;
  exports org.pagewright.lab.design;
  exports org.pagewright.lab.kernel;
  exports org.pagewright.lab.scenario;
}
