/// What tests of the protocol need: a kernel that they play, and calls that a kernel makes.
@org.jspecify.annotations.NullMarked
package org.pagewright.fuse.testing;
