/// Images that a command works on: their names on the command line, opening, closing.
///
/// Entry points: [Operand] (what the user wrote), [Images] (all that a run has open). May import:
/// `report`, core, fs-ext4.
///
/// ```
///   disk.img@1:/etc/passwd
///   |      | |  +-- path in the image, always from its root
///   |      | +----- partition, from 1, of an MBR or GPT
///   +------+------- file of the host: FileBlockDevice -> PartitionBlockDevice -> Ext4.mount
/// ```
///
/// An image is opened once in a run, however many operands name it, so that a copy within an image
/// sees one volume. All share one memory budget. [Images#close()] writes everything and says what
/// could not be written: an error there fails the command, because only then is the work done. Of a
/// long job [EarlyFlush] makes durable what is there while more is made.
///
/// An interrupt from the keyboard ends the work between two steps and closes the images as any
/// other end does, see [Cancellation].
package org.pagewright.cli.image;
