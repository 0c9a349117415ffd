/// What is done to a write path, and what each design is claimed to do then.
///
/// `Situation` sets the scene: files, threads, and what each does, in no order. `World` is one
/// schedule of it, with the judges. `Scenario` puts a design into a situation, as the claims do:
/// "X0 b".
///
/// May import the explorer, its oracles, `lab.kernel`, `lab.design` and `lab.engine`.
package org.pagewright.lab.scenario;
