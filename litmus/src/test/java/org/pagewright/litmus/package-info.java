/// A second opinion. The schedule explorer judges the locks, flags and look words of core; here
/// testers that others wrote judge the same programs, and all of them are shown bugs that are put
/// into core on purpose, so that each is known to see.
///
/// | tester   | what it drives                                                | what it cannot see     |
/// |----------|---------------------------------------------------------------|------------------------|
/// | explorer | our threads, one step at a time, a choice at schedule points  | reordered memory       |
/// | Lincheck | real code, a choice at each access to a field                 | bytes outside the heap |
/// | jcstress | real threads on real processors, compiled as in production    | rare schedules         |
///
/// Every tester runs in a JVM of its own ([Opinion], [Child]), on core as it is or on a [Mutant].
@NullMarked
package org.pagewright.litmus;

import org.jspecify.annotations.NullMarked;
