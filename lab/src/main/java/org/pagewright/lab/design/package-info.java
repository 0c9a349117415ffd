/// The designs that were tried, over one small model of the page cache.
///
/// Entry point: [Design], which lists them. To read one, open its class: each tells what it does,
/// why it looked right, and what it forgets, and the code under that is short.
///
/// The model is five classes. `File` is an inode with its blocks, its pages, and what a file system
/// does with them; `Folio` a page in memory; `Device` blocks that hold a secret until they are
/// written, and the ledger of promises; `Mm` a user's memory with its lock and its fault path;
/// `Cursor` where a write has got to in its source. `Lock` is the only way to wait. `ModelKernel`
/// puts them together as a [org.pagewright.lab.kernel.Kernel].
///
/// Everything between two schedule points happens at once: threads take turns, so the model's
/// fields are plain.
///
/// May import errno, sync, the explorer, and `lab.kernel`.
///
/// ## What we do differently
///
/// A page has four bytes and two blocks, so that a story fits on a page of paper. Locks are fair.
/// The device answers at once; what matters is that the page is unlocked or locked meanwhile, and
/// that is a schedule point. Metadata are on disk as soon as they change, except on a journalled
/// file.
package org.pagewright.lab.design;
