/// A file system in memory: [org.pagewright.ramfs.Ramfs], the worked example of what a file system
/// implements. Read it beside `vfs.SuperBlockOperations`, `vfs.InodeOperations` and
/// `cache.AddressSpaceOperations`.
///
///     Volume volume = Ramfs.mount(cache, MountOptions.DEFAULTS);
///
/// Its folios are the files: they count against the budget of the cache, are never written and
/// never evicted; a write that finds no frame ends with ENOMEM. Closing the volume forgets all.
///
/// May import errno, mem, cache, filemap and vfs.
///
/// What we do differently from Linux: extended attributes of every name space are kept, and space
/// is told by `statfs`. Not here: a limit of its own below the cache's budget.
package org.pagewright.ramfs;
