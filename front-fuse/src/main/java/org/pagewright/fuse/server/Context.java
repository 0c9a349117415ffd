package org.pagewright.fuse.server;

import org.jspecify.annotations.Nullable;
import org.pagewright.fuse.protocol.Reply;
import org.pagewright.fuse.protocol.Request;
import org.pagewright.vfs.Credentials;

/// One request being worked on, by one thread, which uses the object again for the next.
final class Context {
  final Request request;
  final Reply reply;
  final Channel channel;

  /// Given to the kernel with the answer; taken back if the answer finds nobody.
  long[] given = new long[16];

  int givenCount;
  @Nullable Handle opened;

  /// Whether somebody else answers, now or later.
  boolean deferred;

  Context(Request request, Reply reply, Channel channel) {
    this.request = request;
    this.reply = reply;
    this.channel = channel;
  }

  /// Begins the next one.
  void begin() {
    reply.clear();
    givenCount = 0;
    opened = null;
    deferred = false;
  }

  void gave(long nodeId) {
    if (givenCount == given.length) {
      given = java.util.Arrays.copyOf(given, 2 * givenCount);
    }
    given[givenCount++] = nodeId;
  }

  /// Who asks. The kernel has checked the rights, with groups and capabilities that it does not
  /// tell us: mounts are always made with `default_permissions`.
  Credentials who() {
    return Credentials.checked(request.uid(), request.gid());
  }
}
