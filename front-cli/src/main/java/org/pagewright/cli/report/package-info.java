/// What a command tells: exit codes, errors with their next step, sizes, JSON, progress.
///
/// Entry points: [ExitCode], [CommandException], [ErrorReport]. May import: `errno`. Nothing here
/// knows an image or a command.
///
/// ```
///   FsException, IOException --> ErrorReport --> "pagewright ls: disk.img:/x: no such file ..."
///   CommandException --------/        |          "  next: ..."
///                                     +--------> ExitCode
/// ```
///
/// An error says four things: the path, the word for the reason, its cause, and what to do next.
/// There is never a stack trace unless it is asked for.
package org.pagewright.cli.report;
