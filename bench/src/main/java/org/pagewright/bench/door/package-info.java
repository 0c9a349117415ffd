/// Ways to the bytes of files that are in memory: ours, and those of the peers. Each in its best
/// form: buffers made once, positions given, nothing copied twice.
///
/// [Doors] opens one by its name; a [Door] gives each thread a [Door.Lane] to a file, which reads
/// and writes pieces of one size. A process opens one door, so that the call of a lane has one
/// target.
///
/// | class         | doors                                                                     |
/// |---------------|---------------------------------------------------------------------------|
/// | `CopyDoor`    | bare memory: the limit                                                    |
/// | `VolumeDoor`  | ours through OpenFile: an ext4 image, a volume in memory, a host's folder |
/// | `ChannelDoor` | FileChannel: kernel's ext4 and tmpfs, jimfs, H2's nioMemFS, our provider  |
/// | `MapDoor`     | the kernel's mapping of a file                                            |
/// | `ValueDoor`   | Caffeine with values of 4 KiB                                             |
///
/// May import the engine and the peers; nothing of bench.
package org.pagewright.bench.door;
