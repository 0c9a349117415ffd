/// Where the bytes of a write come from: cursors that copy without serving a fault, and that can be
/// made resident outside all locks.
///
/// May import errno. Rules: R-A1 to R-A11, R-A13.
package org.pagewright.iov;
