package org.pagewright.sim.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.pagewright.sim.contract.VolumeContract.assertErrno;

import java.io.IOException;
import java.time.Instant;
import org.pagewright.errno.Errno;
import org.pagewright.vfs.Credentials;
import org.pagewright.vfs.FileMode;
import org.pagewright.vfs.FileType;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;
import org.pagewright.vfs.XattrMode;

/// Who may do what.
final class RightsContract extends Suite {
  private static final Credentials ANN = new Credentials(1000, 100, 200);
  private static final Credentials BOB = new Credentials(1001, 101, 200);

  RightsContract(VolumeFixture fixture, Volume[] holder) {
    super(fixture, holder);
  }

  private Volume ann() {
    return volume().as(ANN);
  }

  private Volume bob() {
    return volume().as(BOB);
  }

  private void open(String path, int mode) throws IOException {
    volume().mkdir(path, 0);
    volume().chmod(path, mode);
  }

  private static void touch(Volume volume, String path, int mode) throws IOException {
    volume.mknod(path, FileType.REGULAR.modeBits() | mode, 0);
  }

  @Case(needs = VolumeFixture.Feature.OWNERS)
  void newFilesBelongToTheirMakerLessTheUmask() throws IOException {
    open("/d", 0777);
    touch(ann().withUmask(027), "/d/f", 0666);
    Stat stat = volume().stat("/d/f");
    assertEquals(1000, stat.uid());
    assertEquals(100, stat.gid());
    assertEquals(0640, stat.mode() & 07777);
    ann().withUmask(0777).symlink("x", "/d/s");
    assertEquals(0777, volume().lstat("/d/s").mode() & 07777);
  }

  @Case(needs = VolumeFixture.Feature.OWNERS)
  void modeBitsDecideForOwnerGroupAndOthersInThisOrder() throws IOException {
    open("/d", 0777);
    touch(ann(), "/d/f", 0);
    volume().chown("/d/f", 1000, 200, true);
    volume().chmod("/d/f", 0046); // the owner has less than the group: what it says goes
    assertErrno(Errno.EACCES, () -> ann().open("/d/f", OpenFlags.RDONLY, 0));
    bob().open("/d/f", OpenFlags.RDONLY, 0).close();
    assertErrno(Errno.EACCES, () -> bob().open("/d/f", OpenFlags.WRONLY, 0));
    Volume other = volume().as(new Credentials(5, 5));
    other.open("/d/f", OpenFlags.RDWR, 0).close();
    volume().open("/d/f", OpenFlags.RDWR, 0).close();
    assertErrno(Errno.EACCES, () -> volume().access("/d/f", FileMode.MAY_EXECUTE));
    // Its maker may write a file that is read-only from the start.
    ann().open("/d/ro", OpenFlags.RDWR | OpenFlags.CREAT, 0444).close();
    assertErrno(Errno.EACCES, () -> ann().open("/d/ro", OpenFlags.RDWR | OpenFlags.CREAT, 0));
    assertErrno(Errno.EACCES, () -> ann().open("/d/ro", OpenFlags.TRUNC, 0));
    assertErrno(Errno.EACCES, () -> ann().truncate("/d/ro", 0));
  }

  @Case(needs = VolumeFixture.Feature.OWNERS)
  void directoriesNeedSearchToWalkReadToListAndWriteToChange() throws IOException {
    open("/d", 0700);
    file("/d/f");
    assertErrno(Errno.EACCES, () -> ann().stat("/d/f"));
    assertErrno(Errno.EACCES, () -> ann().stat("/d/absent"));
    assertErrno(Errno.EACCES, () -> ann().list("/d"));
    ann().stat("/d");
    volume().chmod("/d", 0711);
    ann().stat("/d/f");
    assertErrno(Errno.ENOENT, () -> ann().stat("/d/absent"));
    assertErrno(Errno.EACCES, () -> ann().list("/d"));
    volume().chmod("/d", 0744);
    assertEquals(1, ann().list("/d").size());
    assertErrno(Errno.EACCES, () -> ann().stat("/d/f"));
    volume().chmod("/d", 0755);
    assertErrno(Errno.EACCES, () -> ann().mkdir("/d/x", 0755));
    assertErrno(Errno.EACCES, () -> ann().unlink("/d/f"));
    assertErrno(Errno.EACCES, () -> ann().rename("/d/f", "/d/g"));
    assertErrno(Errno.EACCES, () -> ann().link("/d/f", "/d/g"));
    assertErrno(Errno.EEXIST, () -> ann().mkdir("/d/f", 0755));
  }

  @Case(needs = VolumeFixture.Feature.OWNERS)
  void stickyDirectoriesGuardOtherPeoplesFiles() throws IOException {
    open("/tmp", 01777);
    touch(ann(), "/tmp/anns", 0666);
    touch(bob(), "/tmp/bobs", 0666);
    assertErrno(Errno.EPERM, () -> bob().unlink("/tmp/anns"));
    assertErrno(Errno.EPERM, () -> bob().rename("/tmp/anns", "/tmp/mine"));
    assertErrno(Errno.EPERM, () -> bob().rename("/tmp/bobs", "/tmp/anns"));
    ann().rename("/tmp/anns", "/tmp/anns2");
    ann().unlink("/tmp/anns2");
    volume().unlink("/tmp/bobs");
  }

  @Case(needs = VolumeFixture.Feature.OWNERS)
  void setGroupIdDirectoriesHandDownTheirGroup() throws IOException {
    open("/d", 0777);
    volume().chown("/d", 0, 300, true);
    volume().chmod("/d", 02777);
    touch(ann(), "/d/f", 0644);
    ann().mkdir("/d/sub", 0755);
    assertEquals(300, volume().stat("/d/f").gid());
    assertEquals(300, volume().stat("/d/sub").gid());
    assertEquals(02755, volume().stat("/d/sub").mode() & 07777);
    touch(ann().withUmask(0), "/d/prog", 02775); // not a member of group 300
    assertEquals(0775, volume().stat("/d/prog").mode() & 07777);
  }

  @Case(needs = VolumeFixture.Feature.OWNERS)
  void onlyTheOwnerChangesModeAndTimes() throws IOException {
    open("/d", 0777);
    touch(ann().withUmask(0), "/d/f", 0666);
    assertErrno(Errno.EPERM, () -> bob().chmod("/d/f", 0777));
    assertErrno(
        Errno.EPERM, () -> bob().utimens("/d/f", Instant.EPOCH, Instant.EPOCH, true));
    assertErrno(Errno.EPERM, () -> bob().utimens("/d/f", Volume.OMIT, Volume.NOW, true));
    bob().utimens("/d/f", Volume.NOW, Volume.NOW, true); // may write: that is enough for now
    volume().chmod("/d/f", 0644);
    assertErrno(Errno.EACCES, () -> bob().utimens("/d/f", Volume.NOW, Volume.NOW, true));
    assertErrno(Errno.EPERM, () -> bob().open("/d/f", OpenFlags.NOATIME, 0));
    ann().chmod("/d/f", 02755); // in its group: the bit stays
    assertEquals(02755, volume().stat("/d/f").mode() & 07777);
    volume().chown("/d/f", -1, 300, true);
    ann().chmod("/d/f", 02755);
    assertEquals(0755, volume().stat("/d/f").mode() & 07777);
  }

  @Case(needs = VolumeFixture.Feature.OWNERS)
  void onlyRootGivesFilesAwayAndTheSetIdBitsGo() throws IOException {
    open("/d", 0777);
    touch(ann(), "/d/f", 0644);
    assertErrno(Errno.EPERM, () -> ann().chown("/d/f", 1001, -1, true));
    assertErrno(Errno.EPERM, () -> ann().chown("/d/f", -1, 300, true));
    ann().chown("/d/f", -1, 200, true);
    assertEquals(200, volume().stat("/d/f").gid());
    volume().chmod("/d/f", 06755);
    volume().chown("/d/f", 1001, -1, true);
    assertEquals(0755, volume().stat("/d/f").mode() & 07777);
    volume().chmod("/d/f", 06745); // without group execution the group bit is no set-group-id
    volume().chown("/d/f", 1000, 100, true);
    assertEquals(02745, volume().stat("/d/f").mode() & 07777);
  }

  /// Done before the copy, with no folio locked (R-F9).
  @Case(needs = VolumeFixture.Feature.OWNERS)
  void aWriteTakesTheSetIdBitsAway() throws IOException {
    open("/d", 0777);
    touch(ann().withUmask(0), "/d/f", 0777);
    volume().chmod("/d/f", 06777);
    try (OpenFile file = bob().open("/d/f", OpenFlags.WRONLY, 0)) {
      assertEquals(06777, volume().stat("/d/f").mode() & 07777);
      file.write(new byte[1], 0, 1);
    }
    assertEquals(0777, volume().stat("/d/f").mode() & 07777);
    volume().chmod("/d/f", 06777);
    bob().truncate("/d/f", 0);
    assertEquals(0777, volume().stat("/d/f").mode() & 07777);
    volume().chmod("/d/f", 06777);
    try (OpenFile file = volume().open("/d/f", OpenFlags.WRONLY, 0)) {
      file.write(new byte[1], 0, 1);
    }
    assertEquals(06777, volume().stat("/d/f").mode() & 07777, "root's writes leave them");
  }

  @Case(needs = {VolumeFixture.Feature.OWNERS, VolumeFixture.Feature.XATTRS})
  void attributesAskForRightsByNameSpace() throws IOException {
    open("/d", 0777);
    touch(ann().withUmask(0), "/d/f", 0640);
    byte[] value = {1};
    ann().setXattr("/d/f", "user.a", value, XattrMode.SET, true);
    assertErrno(Errno.EACCES, () -> bob().getXattr("/d/f", "user.a", true));
    assertErrno(
        Errno.EACCES, () -> bob().setXattr("/d/f", "user.b", value, XattrMode.SET, true));
    assertErrno(
        Errno.EPERM, () -> ann().setXattr("/d/f", "trusted.t", value, XattrMode.SET, true));
    volume().setXattr("/d/f", "trusted.t", value, XattrMode.SET, true);
    assertNull(ann().getXattr("/d/f", "trusted.t", true));
    assertFalse(
        ann().listXattrs("/d/f", true).stream().anyMatch(name -> name.startsWith("trusted.")));
  }

  @Case(needs = VolumeFixture.Feature.DEVICES)
  void onlyRootMakesDevices() throws IOException {
    open("/d", 0777);
    assertErrno(
        Errno.EPERM,
        () -> ann().mknod("/d/dev", FileType.CHARACTER_DEVICE.modeBits() | 0666, 0x103));
    ann().mknod("/d/pipe", FileType.FIFO.modeBits() | 0666, 0);
    assertErrno(Errno.EINVAL, () -> volume().mknod("/d/x", 0130000, 0));
  }
}
