/// A lab in which every design that was tried fails where it should.
///
/// Entry points: [Lab] explores; [Report] tells, as a table, a story or a picture; [Handbook] makes
/// docs/lab.md from a run.
///
/// May import the explorer and the rooms below: `lab.kernel`, what a scenario drives; `lab.design`,
/// the model and the designs; `lab.engine`, the production write path in the same place;
/// `lab.scenario`, situations and claims.
///
///     Scenario "X0 b" = Design.X0 in Situation.CROSS, claimed DEADLOCK by R-A2
///          |
///     World of one schedule: Kernel (the model with X0, or the engine), threads, judges
///          |
///     Explorer: every order of steps within the bound -> verdict, shortest schedule
///          |
///     Story, Picture, Report, Handbook
///
/// ## What is not here
///
/// The schedules: none is written down anywhere, the explorer finds them. Crashes at each write of
/// a device: those are explored in `sim`.
package org.pagewright.lab;
