/// Trees of files on their way from one place to another.
///
/// Entry points: the sources [HostSource], [ImageSource] and [TarSource]; the targets [ImageTarget]
/// and [HostTarget]; [TreeCount], a target that only counts; [TreePipe], between a source and a
/// target, so that one thread reads while another writes. May import: `report`, `image`, `os`,
/// core.
///
/// ```
///   host directory --\                       /--> image
///   image ------------+--> TreeTarget calls +---> host directory
///   tar -------------/     one by one        \--> TreeCount
/// ```
///
/// A source tells a target what there is, in order: a directory before what is in it, and again
/// after it, when its times are set; the first name of a file with its content, every other name of
/// it as a link to the first. Nothing is kept but the path from the root and the files that have
/// more names than were met, so that trees may be of any size.
///
/// Content goes through one buffer of a megabyte, or is written from where the pipe read it. Holes
/// are told by the source where it knows them; where it does not, whole blocks of zeros become
/// holes.
///
/// The order is fixed (names by their bytes, a tar as it is written), so that the same input gives
/// the same image.
package org.pagewright.cli.tree;
