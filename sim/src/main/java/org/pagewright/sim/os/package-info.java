/// System calls of the host, for judging by what its kernel does.
///
/// | type       | what                                                              |
/// |------------|-------------------------------------------------------------------|
/// | [HostDoor] | the tables' calls on a mounted directory, with any credentials    |
///
/// The only room of this module that calls native code.
package org.pagewright.sim.os;
