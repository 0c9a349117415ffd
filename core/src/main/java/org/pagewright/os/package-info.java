/// What core asks of the operating system beyond the JDK's own doors: the only place with
/// restricted methods of java.lang.foreign.
///
/// | type            | what                                                                       |
/// |-----------------|----------------------------------------------------------------------------|
/// | [Membarrier]    | a full fence in all threads of the process at once, paid by the caller     |
/// | [ScopedMemory]  | memory of a long-lived arena, lent under a short-lived one, or by address  |
/// | [HugePages]     | much memory, in few large pages and not touched before it is needed        |
///
/// Imports nothing of ours. All need native access: start the JVM with
/// `--enable-native-access=org.pagewright.core` (or `ALL-UNNAMED` on the class path). Without it
/// nothing here is called, no warning is printed, and callers take a slower way that each type
/// names.
package org.pagewright.os;
