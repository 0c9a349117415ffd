package org.pagewright.sim.contract;

/// Files in memory, held to the contract of the operations of address spaces.
final class RamfsFilesTest extends AddressSpaceOperationsContract {
  @Override
  protected FileFixture newFixture() {
    return VolumeFileFixture.inMemory(new RamfsVolumeTest.Fixture());
  }
}
