/// Volumes as mount points: any program works on them through the kernel's FUSE, and there is no
/// native library to install.
///
/// ## Use
///
///     try (Volume volume = Ext4.mount(device, memory, options);
///         FuseMount mount = FuseMount.mount(volume, Path.of("/mnt"), FuseOptions.DEFAULTS, log)) {
///       mount.awaitEnd();
///     }
///
/// ## Entry points
///
/// | type          | who uses it                                                              |
/// |---------------|--------------------------------------------------------------------------|
/// | [FuseMount]   | programs that mount a volume                                             |
/// | [Mounts]      | whoever wants to know of, or clear, a mount that is there                |
/// | [Doctor]      | whoever wants to know why mounting does not work                         |
///
/// May import `os`, `protocol` and `server` of this module, and the core.
///
/// ## From mount to unmount
///
///     /dev/fuse, mount(2) as root; else fusermount3, which hands the descriptor over a socket
///       server starts, the kernel's first request is answered: the mount is there
///         ... requests ...
///       unmount: the kernel writes back what it has, and the channels end
///     the volume is closed by whoever opened it
///
/// ## Rules
///
/// - The volume is closed only after the server has ended, so that everything is on the image.
/// - Nothing of this process may open a file of its own mount: it could wait for itself for ever.
///
/// ## Not here
///
/// Which file system it is: any volume of the core can be mounted.
package org.pagewright.fuse;
