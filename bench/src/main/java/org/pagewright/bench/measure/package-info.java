/// Rows and how they are measured: each peer of a row in the same run, in rounds.
///
/// ## The walk
///
///     Runner    for each Row that is asked for, the ones with targets first, while there is time:
///       Contest   JmhContest: a process for each peer, all alive at once, each an iteration a turn
///                 TimedContest: a peer is something that is timed as a whole
///         round 0, 1, 2 ...    every peer once; each second round backwards
///       RowResult  the figures of every round, or why there are none
///
/// | type                     | what                                                            |
/// |--------------------------|-----------------------------------------------------------------|
/// | [Rows]                   | the one table of what is measured                               |
/// | [Row], [Target]          | a line of it: question, peers, what it should come to           |
/// | [Runner]                 | measures rows within a time                                     |
/// | [Results]                | what was measured, on what machine; JSON and back               |
/// | [JmhContest], [Turn][org.pagewright.bench.Turn] | how processes take turns                 |
///
/// ## Rules
///
/// - A figure is never shown alone: what counts is the ratio of two peers in one round.
/// - A row that fails, or a tool that is missing, is a result with a reason; the run goes on.
/// - The first rounds, in which code is compiled and memory is touched first, are not kept.
/// - What is set up, and what is written out afterwards, is not timed, for any peer.
///
/// May import the benchmarks, `door`, `policy`.
package org.pagewright.bench.measure;
