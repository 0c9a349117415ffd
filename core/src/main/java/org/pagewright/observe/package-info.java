/// The numbers of volumes for those who watch: in this process, and from another one.
///
/// ## Entry points
///
/// | type            | what                                                                  |
/// |-----------------|-----------------------------------------------------------------------|
/// | [Published]     | a volume that other processes may see the numbers of                  |
/// | [Reports]       | what the processes of this host have published                        |
/// | [ProcessReport] | one process at one moment, and the text it is told in                 |
/// | [VolumeReport]  | one volume at one moment; also for a volume that is not published     |
///
/// May import errno, sync, stats, cache, writeback, vfs.
///
/// ## From a counter to a terminal
///
///     Counters, BackingDevice, PageCache, DeviceStats      counted where it happens
///       VolumeReport.of                                    looked at
///         Published, once a second                         /run/user/1000/pagewright/4711
///           Reports.all, in another process                the living ones
///             since the report before                      pagewright top
///
/// ## Rules
///
/// - Watching changes nothing: a report takes no lock that a reader or writer of files takes.
/// - Who watches opens no port and attaches to nothing: a file that its owner may read is all.
/// - A report is written to no volume of ours: the folder lies in memory.
/// - What is read from the folder is of somebody else: it is checked, and bounded.
///
/// ## Not here
///
/// Counting (`stats`), events (each in its room), beans (`front-jmx`), drawing (`front-cli`).
package org.pagewright.observe;
