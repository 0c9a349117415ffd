/// The `pagewright` command: one class for each subcommand, and the options that all of them have.
///
/// Entry points: [Main]. May import: everything below it, and picocli.
///
/// A command parses its operands, opens images through [Session], works on
/// [org.pagewright.vfs.Volume] as any program would that embeds the library, and closes. What goes
/// wrong is thrown: [Main] turns it into two lines of text and an exit code. Nothing here touches a
/// block of an image.
///
/// To start fast, picocli's model is made of those commands only that the command line names; help
/// and completion load all of them.
package org.pagewright.cli;
