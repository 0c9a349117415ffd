/// Contract suites: what every file system has to do, written once and run by each.
///
/// | type              | what it tells of                                                         |
/// |-------------------|--------------------------------------------------------------------------|
/// | [VolumeFixture]   | how the file system under test makes and remounts a volume               |
/// | [VolumeContract]  | all suites below as JUnit tests                                          |
///
///     @TestFactory
///     Stream<DynamicTest> volume() {
///       return VolumeContract.of(new MyFixture());
///     }
///
/// The suites: path walk case by case, names (the rename matrix, links, sticky directories ...),
/// open files, and random operations against a plain model with the seed in every message.
///
/// Imports core. Not here: contracts of devices, and of one room alone; those lie with its tests.
package org.pagewright.sim.contract;
