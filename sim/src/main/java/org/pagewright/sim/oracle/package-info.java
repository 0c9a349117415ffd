/// Judges of what a program under test has done, for tests and for programs that are explored.
///
/// Entry point: [ByteHistory], which knows what each byte of a file may be.
///
/// May import the explorer's words, to name what went wrong.
package org.pagewright.sim.oracle;
