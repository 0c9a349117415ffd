/// The command line of the measurer, `./pagewright bench`: [Main].
///
/// May import `measure` and `report`.
package org.pagewright.bench.command;
