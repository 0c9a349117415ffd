/// Block devices: fixed-size stores of sectors with asynchronous requests, flush and FUA.
///
/// May import errno and mem.
package org.pagewright.block;
