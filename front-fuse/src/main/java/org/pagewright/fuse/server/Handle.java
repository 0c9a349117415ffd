package org.pagewright.fuse.server;

import org.pagewright.vfs.OpenFile;

/// An open file or directory of the kernel's.
final class Handle {
  final OpenFile file;

  /// The number that the kernel has for it. Written once before publication.
  long number;

  /// Up to which change of capabilities this file was looked at; see [FileOps].
  volatile int capabilitiesSeen = -1;

  Handle(OpenFile file) {
    this.file = file;
  }
}
