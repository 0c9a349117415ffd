/// Contract suites: what every file system has to do, written once and run by each.
///
/// | type                             | what it tells of                                              |
/// |----------------------------------|---------------------------------------------------------------|
/// | [VolumeFixture]                  | how the file system under test makes and remounts a volume    |
/// | [VolumeContract]                 | what it does behind the VFS, as JUnit tests                   |
/// | [FileFixture]                    | how it makes one file in the page cache                       |
/// | [AddressSpaceOperationsContract] | what it does below the VFS, rule by rule, as JUnit tests      |
/// | [CheckedOperations]              | the promises of both sides of that interface, at run time     |
/// | [StoreDevice]                    | a device that fails, holds back and counts for those tests    |
///
///     @TestFactory
///     Stream<DynamicTest> volume() {
///       return VolumeContract.of(new MyFixture());
///     }
///
/// Of volumes: path walk case by case, names (the rename matrix, links, sticky directories ...),
/// open files, and random operations against a plain model with the seed in every message.
///
/// Of files: begin and end of writes, whole and short, at every kind of place; fills, readahead and
/// direct I/O; write-out and its errors; and random sequences of it all. A file system that has a
/// [VolumeFixture] needs only a [VolumeFileFixture] around it. The suite itself is held to account:
/// file systems with one flaw each must fail it.
///
/// Imports core. Not here: contracts of devices, and of one room alone; those lie with its tests.
package org.pagewright.sim.contract;
