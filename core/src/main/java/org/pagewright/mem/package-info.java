/// The memory of a cache. [org.pagewright.mem.FramePool] owns the one arena; others hold frame
/// numbers, and touch the memory only while they hold the folio that owns the frame.
///
/// May import os. Not here: which frame to free next (that is `reclaim`).
package org.pagewright.mem;
