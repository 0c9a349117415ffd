package org.pagewright.fuse.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.protocol.Opcode;
import org.pagewright.fuse.protocol.Wire;
import org.pagewright.fuse.testing.FakeKernel;
import org.pagewright.fuse.testing.FakeKernel.Args;
import org.pagewright.fuse.testing.FuseClient.Created;
import org.pagewright.fuse.testing.FuseClient.Dirent;
import org.pagewright.fuse.testing.FuseClient.Entry;
import org.pagewright.vfs.FileMode;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.RenameFlags;

/// The whole protocol, spoken to a server that has ext4 behind it, by a kernel that this test
/// plays: no device, no mount, no privileges.
class FuseServerTest extends WithServer {
  @Test
  void whatWasWrittenIsRead() throws FsException {
    Created file = client.create(ROOT, "a", OpenFlags.RDWR, 0644);
    long node = file.entry().node();
    assertEquals(5, client.write(node, file.handle(), 3, bytes("hello"), 0));
    assertArrayEquals(bytes("\0\0\0hello"), client.read(node, file.handle(), 0, 4096));
    assertArrayEquals(bytes("llo"), client.read(node, file.handle(), 5, 4096));
    assertEquals(0, client.read(node, file.handle(), 8, 4096).length);
    client.flush(node, file.handle());
    client.fsync(node, file.handle());
    client.release(node, file.handle());
    assertEquals(8, client.getattr(node).size());
    assertEquals(0100644, client.getattr(node).mode());
    client.forget(node, 1);
  }

  @Test
  void requestOfTheLargestSizePasses() throws FsException {
    Created file = client.create(ROOT, "big", OpenFlags.RDWR, 0644);
    byte[] million = new byte[1 << 20];
    new java.util.Random(1).nextBytes(million);
    long node = file.entry().node();
    assertEquals(1 << 20, client.write(node, file.handle(), 100, million, 0));
    assertArrayEquals(million, client.read(node, file.handle(), 100, 1 << 20));
    assertFails(Errno.EINVAL, () -> client.read(node, file.handle(), 0, (1 << 20) + 4096));
    client.release(node, file.handle());
  }

  /// R-B13: and the file has given its frames back when the next write comes.
  @Test
  void largeReadOfWhatIsInMemoryIsSentFromItsFrames() throws FsException {
    Created file = client.create(ROOT, "big", OpenFlags.RDWR, 0644);
    byte[] content = new byte[200_000];
    new java.util.Random(2).nextBytes(content);
    long node = file.entry().node();
    client.write(node, file.handle(), 0, content, 0);
    int before = kernel.pinnedAnswers();
    for (int pos : new int[] {0, 4096, 5000}) {
      byte[] there = java.util.Arrays.copyOfRange(content, pos, content.length);
      assertArrayEquals(there, client.read(node, file.handle(), pos, 1 << 20));
      content[pos + 70_000]++;
      client.write(node, file.handle(), 0, content, 0);
    }
    assertEquals(before + 3, kernel.pinnedAnswers());
    assertEquals(0, client.read(node, file.handle(), content.length, 1 << 20).length);
    kernel.setBreaksAnswers(1);
    client.read(node, file.handle(), 0, 1 << 20);
    client.write(node, file.handle(), 0, content, 0); // given back though it was refused
    assertEquals(before + 4, kernel.pinnedAnswers());
    client.release(node, file.handle());
  }

  @Test
  void appendingWriteGoesToTheEndButDirtyPagesGoWhereTheyBelong() throws FsException {
    Created file = client.create(ROOT, "log", OpenFlags.WRONLY | OpenFlags.APPEND, 0644);
    long node = file.entry().node();
    client.write(node, file.handle(), 0, bytes("one"), 0);
    byte[] appended =
        new Args().u64(file.handle()).u64(0).u32(3).u32(0).u64(0).u32(OpenFlags.APPEND).u32(0)
            .raw(bytes("two")).bytes();
    assertEquals(0, kernel.call(Opcode.WRITE, node, appended).errno());
    byte[] page =
        new Args().u64(file.handle()).u64(0).u32(1).u32(1).u64(0).u32(OpenFlags.APPEND).u32(0)
            .raw(bytes("O")).bytes();
    assertEquals(0, kernel.call(Opcode.WRITE, node, page).errno());
    client.release(node, file.handle());
    long handle = client.open(node, OpenFlags.RDONLY);
    assertArrayEquals(bytes("Onetwo"), client.read(node, handle, 0, 100));
    client.release(node, handle);
  }

  @Test
  void namesAreMadeMovedAndRemoved() throws FsException {
    Entry dir = client.mkdir(ROOT, "d", 0777);
    assertEquals(040755, dir.attr().mode());
    Created file = client.create(dir.node(), "f", OpenFlags.RDWR, 0600);
    client.release(file.entry().node(), file.handle());
    Entry second = client.link(file.entry().node(), ROOT, "g");
    assertEquals(file.entry().node(), second.node());
    assertEquals(2, second.attr().nlink());
    client.rename(dir.node(), "f", ROOT, "h", 0);
    assertFails(Errno.ENOENT, () -> client.lookup(dir.node(), "f"));
    assertEquals(file.entry().node(), client.lookup(ROOT, "h").node());
    assertFails(
        Errno.EEXIST, () -> client.rename(ROOT, "g", ROOT, "d", RenameFlags.NOREPLACE));
    client.rename(ROOT, "g", ROOT, "d", RenameFlags.EXCHANGE);
    assertEquals(dir.node(), client.lookup(ROOT, "g").node());
    assertFails(Errno.EINVAL, () -> client.rename(ROOT, "g", ROOT, "d", 8));
    client.rename(ROOT, "d", ROOT, "moved", RenameFlags.WHITEOUT);
    assertEquals(020000, client.lookup(ROOT, "d").attr().mode());
    client.rename(ROOT, "moved", ROOT, "d", 0);
    assertFails(Errno.ENOTDIR, () -> client.rmdir(ROOT, "d"));
    assertFails(Errno.EISDIR, () -> client.unlink(ROOT, "g"));
    client.rmdir(ROOT, "g");
    client.unlink(ROOT, "d");
    client.unlink(ROOT, "h");
    assertFails(Errno.ENOENT, () -> client.unlink(ROOT, "h"));
  }

  @Test
  void symbolicLinkSaysWhatItWasGiven() throws FsException {
    Entry link = client.symlink(ROOT, "l", "over/there");
    assertEquals("over/there", client.readlink(link.node()));
    assertFails(Errno.EINVAL, () -> client.readlink(ROOT));
  }

  @Test
  void fileWithoutANameLivesUntilItIsClosedAndForgotten() throws FsException {
    Created file = client.create(ROOT, "a", OpenFlags.RDWR, 0644);
    long node = file.entry().node();
    client.write(node, file.handle(), 0, bytes("still here"), 0);
    client.unlink(ROOT, "a");
    assertEquals(0, client.getattr(node).nlink());
    assertArrayEquals(bytes("still here"), client.read(node, file.handle(), 0, 100));
    client.release(node, file.handle());
    assertEquals(10, client.getattr(node).size());
    client.forget(node, 1);
    awaitForgotten();
    assertFails(Errno.ESTALE, () -> client.getattr(node));
  }

  @Test
  void nodeIsForgottenWhenEveryLookupWasTakenBack() throws FsException {
    client.release(0, client.create(ROOT, "a", OpenFlags.RDWR, 0644).handle());
    long node = client.lookup(ROOT, "a").node();
    client.lookup(ROOT, "a");
    assertEquals(1, server.knownNodes());
    client.forget(node, 2);
    assertEquals(1, client.getattr(node).nlink());
    byte[] batch = new Args().u32(2).u32(0).u64(node).u64(1).u64(77).u64(5).bytes();
    kernel.tell(Opcode.BATCH_FORGET, 0, batch);
    awaitForgotten();
    assertFails(Errno.ESTALE, () -> client.getattr(node));
    // A handle that a program kept finds it again by number and generation.
    Entry again = client.lookup(node, ".");
    assertEquals(node, again.node());
  }

  @Test
  void directoryIsReadInSmallPiecesWhileItChanges() throws FsException {
    Set<String> stay = new TreeSet<>();
    for (int i = 0; i < 300; i++) {
      Created file = client.create(ROOT, "file-with-a-long-name-" + i, OpenFlags.RDWR, 0644);
      client.release(0, file.handle());
      client.forget(file.entry().node(), 1);
      if (i % 3 != 0) {
        stay.add("file-with-a-long-name-" + i);
      }
    }
    long handle = client.opendir(ROOT);
    Set<String> seen = new HashSet<>();
    long offset = 0;
    for (int turn = 0; ; turn++) {
      List<Dirent> some = client.readdir(ROOT, handle, offset, 512, turn % 2 == 0);
      if (some.isEmpty()) {
        break;
      }
      for (Dirent entry : some) {
        assertTrue(seen.add(entry.name()), () -> entry.name() + " seen twice");
        if (entry.node() != 0) {
          client.forget(entry.node(), 1);
        }
      }
      offset = some.getLast().offset();
      if (turn < 100) {
        client.unlink(ROOT, "file-with-a-long-name-" + 3 * turn);
        client.release(
            0, client.create(ROOT, "new-" + turn, OpenFlags.RDWR | 0200, 0600).handle());
      }
    }
    client.releasedir(ROOT, handle);
    assertTrue(seen.contains(".") && seen.contains(".."));
    assertTrue(seen.containsAll(stay), "what was there all the time was seen");
  }

  @Test
  void entriesWithAttributesAreThoseWithout() throws FsException {
    client.mkdir(ROOT, "d", 0755);
    client.symlink(ROOT, "l", "x");
    client.release(0, client.create(ROOT, "f", OpenFlags.RDWR, 0644).handle());
    List<Dirent> plain = client.list(ROOT, false);
    List<Dirent> plus = client.list(ROOT, true);
    assertEquals(
        plain.stream().map(d -> d.name() + d.ino() + d.offset() + d.type()).toList(),
        plus.stream().map(d -> d.name() + d.ino() + d.offset() + d.type()).toList());
    for (Dirent entry : plus) {
      boolean dots = entry.name().startsWith(".");
      assertEquals(dots, entry.node() == 0, entry.name());
    }
  }

  @Test
  void writeTakesSetIdBitsAndCapabilitiesAway() throws FsException {
    Created file = client.create(ROOT, "su", OpenFlags.RDWR, 0755);
    long node = file.entry().node();
    client.chmod(node, 06755);
    client.setxattr(node, "security.capability", bytes("cap"), 0);
    client.write(node, file.handle(), 0, bytes("x"), 0);
    assertEquals(06755, client.getattr(node).mode() & FileMode.PERMISSION_MASK);
    assertFails(Errno.ENODATA, () -> client.getxattr(node, "security.capability", 100));
    client.write(node, file.handle(), 0, bytes("x"), 4);
    assertEquals(0755, client.getattr(node).mode() & FileMode.PERMISSION_MASK);
    client.setxattr(node, "security.capability", bytes("cap"), 0);
    client.truncate(node, 0);
    assertFails(Errno.ENODATA, () -> client.getxattr(node, "security.capability", 100));
    client.release(node, file.handle());
  }

  @Test
  void attributesAreSetAskedForAndListed() throws FsException {
    Created file = client.create(ROOT, "x", OpenFlags.RDWR, 0644);
    long node = file.entry().node();
    client.release(node, file.handle());
    client.setxattr(node, "user.a", bytes("value"), 0);
    assertArrayEquals(bytes("value"), client.getxattr(node, "user.a", 100));
    assertEquals(5, client.getxattr(node, "user.a", 0)[0]);
    assertFails(Errno.ERANGE, () -> client.getxattr(node, "user.a", 4));
    assertFails(Errno.EEXIST, () -> client.setxattr(node, "user.a", bytes("v"), 1));
    assertFails(Errno.ENODATA, () -> client.setxattr(node, "user.b", bytes("v"), 2));
    assertArrayEquals(bytes("user.a\0"), client.listxattr(node, 100));
    client.removexattr(node, "user.a");
    assertFails(Errno.ENODATA, () -> client.removexattr(node, "user.a"));
    assertEquals(0, client.listxattr(node, 100).length);
  }

  @Test
  void spaceIsMadePunchedSoughtAndCopied() throws FsException {
    Created file = client.create(ROOT, "s", OpenFlags.RDWR, 0644);
    long node = file.entry().node();
    client.fallocate(node, file.handle(), 0, 0, 1 << 20);
    assertEquals(1 << 20, client.getattr(node).size());
    client.write(node, file.handle(), 65536, new byte[] {1, 2, 3}, 0);
    assertEquals(65536, client.lseek(node, file.handle(), 0, 3));
    client.fallocate(node, file.handle(), 3, 0, 1 << 20);
    assertFails(Errno.ENXIO, () -> client.lseek(node, file.handle(), 0, 3));
    client.write(node, file.handle(), 0, bytes("copied"), 0);
    Created other = client.create(ROOT, "t", OpenFlags.RDWR, 0644);
    long to = other.entry().node();
    assertEquals(6, client.copy(node, file.handle(), 0, to, other.handle(), 10, 6));
    assertArrayEquals(bytes("copied"), client.read(to, other.handle(), 10, 100));
    assertEquals(0, kernel.call(Opcode.SYNCFS, ROOT, new byte[8]).errno());
    assertTrue(client.statfs()[1] > 0);
    client.release(node, file.handle());
    client.release(to, other.handle());
  }

  @Test
  void closedHandleIsNobodysAfterwards() throws FsException {
    Created file = client.create(ROOT, "a", OpenFlags.RDWR, 0644);
    client.release(0, file.handle());
    Created other = client.create(ROOT, "b", OpenFlags.RDWR, 0644);
    assertNotEquals(file.handle(), other.handle());
    assertFails(Errno.EBADF, () -> client.read(0, file.handle(), 0, 10));
    assertFails(Errno.EBADF, () -> client.release(0, file.handle()));
    client.release(0, other.handle());
  }

  @Test
  void answerThatNobodyWantsGivesNothingAway() throws FsException {
    client.release(0, client.create(ROOT, "a", OpenFlags.RDWR, 0644).handle());
    client.forget(client.lookup(ROOT, "a").node(), 2);
    assertFails(Errno.ENOENT, () -> client.lookup(ROOT, "nothing"));
    kernel.setRefusesAnswers(true);
    client.lookup(ROOT, "a");
    client.create(ROOT, "b", OpenFlags.RDWR, 0644);
    kernel.setRefusesAnswers(false);
    client.getattr(ROOT); // by then the other answers were sent, or soon are: the end waits
  }

  @Test
  void ownProcessMayNotOpenItsOwnMount() throws FsException {
    kernel.setPid(4711);
    assertFails(Errno.EDEADLK, () -> client.opendir(ROOT));
    assertFails(Errno.EDEADLK, () -> client.create(ROOT, "a", OpenFlags.RDWR, 0644));
    client.getattr(ROOT);
    kernel.setPid(1);
    client.releasedir(ROOT, client.opendir(ROOT));
  }

  @Test
  void newFilesBelongToWhoAsks() throws FsException {
    kernel.setUid(1000);
    Created file = client.create(ROOT, "mine", OpenFlags.RDWR, 0644);
    assertEquals(1000, file.entry().attr().uid());
    kernel.setUid(0);
    assertEquals(7, client.chown(file.entry().node(), 7, 8).uid());
    client.release(0, file.handle());
  }

  @Test
  void kernelOfLongAgoIsToldSo() {
    byte[] old = new Args().u32(7).u32(12).u32(0).u32(0).bytes();
    assertEquals(Errno.EOPNOTSUPP.number(), kernel.call(Opcode.INIT, 0, old).errno());
    byte[] future = new Args().u32(8).u32(0).u32(0).u32(0).zeros(48).bytes();
    FakeKernel.Answer answer = kernel.call(Opcode.INIT, 0, future);
    assertEquals(7, answer.intAt(Wire.InitOut.MAJOR));
  }

  @Test
  void unknownRequestIsNotImplemented() {
    assertEquals(38, FakeKernel.await(kernel.askNumber(4096, ROOT, new byte[8])).errno());
    assertEquals(38, kernel.call(Opcode.BMAP, ROOT, new byte[16]).errno());
  }

  @Test
  void spaceOfARemovedFileIsThereOnceTheKernelHasLetItGo() throws FsException {
    Created big = client.create(ROOT, "big", OpenFlags.RDWR, 0644);
    client.fallocate(0, big.handle(), 0, 0, 20 << 20);
    client.release(0, big.handle());
    client.unlink(ROOT, "big");
    Created next = client.create(ROOT, "next", OpenFlags.RDWR, 0644);
    byte[] arguments =
        new Args().u64(next.handle()).u64(0).u64(20 << 20).u32(0).u32(0).bytes();
    var answer = kernel.ask(Opcode.FALLOCATE, next.entry().node(), arguments);
    client.forget(big.entry().node(), 1); // the kernel says so a moment later
    assertEquals(0, FakeKernel.await(answer).errno());
    client.release(0, next.handle());
  }
}
