/// Tests that read the project itself: its sources, its documents and its class files.
///
/// | test           | what it holds                                                              |
/// |----------------|----------------------------------------------------------------------------|
/// | [SourceTest]   | banned calls, names and layout in Java sources and scripts                 |
/// | [DocsTest]     | links that lead somewhere, no paths of one machine, the licence            |
/// | [RulesTest]    | each rule that main code cites exists and is proven by a test              |
/// | [LayeringTest] | a package imports only rooms below it, and core only the JDK               |
///
/// Every complaint reads `file:line: what is wrong; what to do`, all of them at once. An exception
/// with a good reason is a line of `allowed.txt` with that reason; a line that no longer excuses
/// anything is itself a complaint, so the list only holds what is true.
///
/// [JavaText] blanks comments and literals, so that a word in a sentence is not taken for a call.
@org.jspecify.annotations.NullMarked
package org.pagewright.tidy;
