package org.pagewright.fuse.server;

import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.FilePin;
import org.pagewright.fuse.protocol.Reply;
import org.pagewright.fuse.protocol.Request;
import org.pagewright.vfs.Credentials;
import org.pagewright.vfs.OpenFile;

/// One request being worked on, by one thread, which uses the object again for the next.
final class Context {
  final Request request;
  final Reply reply;
  final Channel channel;

  /// Given to the kernel with the answer; taken back if the answer finds nobody.
  long[] given = new long[16];

  int givenCount;
  @Nullable Handle opened;

  /// What the answer has of the cache's frames, and who lent it; null if nothing is lent.
  private final FilePin pin;

  private @Nullable OpenFile lender;

  /// Whether somebody else answers, now or later.
  boolean deferred;

  /// Whether what was asked for is done, though it may not be durable yet: not to be done again.
  boolean changed;

  Context(Request request, Reply reply, Channel channel) {
    this.request = request;
    this.reply = reply;
    this.channel = channel;
    int folios = reply.bodyMax() / AddressSpace.FOLIO_SIZE + 1; // the first may begin in a middle
    this.pin = new FilePin(folios, folios);
  }

  /// Begins the next one.
  void begin() {
    giveBack();
    reply.clear();
    givenCount = 0;
    opened = null;
    deferred = false;
    changed = false;
  }

  /// Answers with bytes of a file as they lie in the cache, if all of them do. They are lent until
  /// [#giveBack()], and writers of the file wait that long: nothing but the sending follows.
  boolean lend(OpenFile file, long pos, int length) throws FsException {
    int n = (int) file.pin(pos, length, pin);
    if (n == 0) {
      return false;
    }
    lender = file;
    reply.growElsewhere(n);
    return true;
  }

  /// Sends the answer.
  boolean send() throws FsException {
    return reply.isElsewhere()
        ? channel.send(reply.buffer(), reply.length(), pin)
        : channel.send(reply.buffer(), reply.length());
  }

  /// Gives back what was lent, if anything was.
  void giveBack() {
    OpenFile file = lender;
    if (file != null) {
      lender = null;
      file.unpin(pin);
    }
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
