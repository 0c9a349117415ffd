/// The page about results: [Page] makes docs/benchmarks.md of them, [Plot] its pictures, [Spread]
/// is how the figures of several rounds become one statement.
///
/// What a row is and should come to is from the table ([org.pagewright.bench.measure.Rows]), what
/// it came to from the results, and why it misses its target, if it does, from `why.md` beside this
/// package's classes, written by hand, a heading for each row.
///
/// ## Rules
///
/// - The same results make the same page, byte for byte: a test compares it with the committed one.
/// - Medians and extremes are of ratios within a round, not ratios of medians.
/// - No row is left out: one without figures is told with its reason.
///
/// May import `measure`.
package org.pagewright.bench.report;
