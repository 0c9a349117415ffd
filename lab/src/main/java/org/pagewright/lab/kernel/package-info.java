/// What scenarios drive: a small system with files, user memory and a device.
///
/// Entry points: [Kernel], which the model of the page cache and the production engine both
/// implement; [UserPage] and [Source], where the bytes of a write come from.
///
/// May import errno and the explorer's words.
package org.pagewright.lab.kernel;
