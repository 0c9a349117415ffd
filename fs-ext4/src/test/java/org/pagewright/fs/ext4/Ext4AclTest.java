package org.pagewright.fs.ext4;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.block.FileBlockDevice;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.KernelMount;
import org.pagewright.sim.os.HostDoor;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.Credentials;
import org.pagewright.vfs.FileMode;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;
import org.pagewright.vfs.XattrMode;

/// Access control lists on the disk: there after a remount, in the kernel's form, in a block of
/// their own if they are long.
final class Ext4AclTest {
  private static final String ACCESS = "system.posix_acl_access";
  private static final String DEFAULT = "system.posix_acl_default";
  private static final Credentials BOB = new Credentials(1001, 1001);

  @TempDir Path folder;
  private Path image = Path.of("");

  private interface Body {
    void run(Volume volume) throws Exception;
  }

  private void make(MkfsOptions options, int bytes) throws IOException {
    image = folder.resolve("image");
    Files.deleteIfExists(image);
    try (FileBlockDevice device =
        FileBlockDevice.create(image, bytes, FileBlockDevice.Options.READ_WRITE)) {
      Mkfs.make(device, options);
    }
  }

  private void onVolume(Body body) throws Exception {
    try (CacheMemory memory = CacheMemory.ofBytes(16 << 20);
        Volume volume =
            Ext4.mount(
                FileBlockDevice.open(image, FileBlockDevice.Options.READ_WRITE),
                memory,
                Ext4Options.DEFAULTS)) {
      body.run(volume);
    }
    E2fs.assertClean(image);
  }

  /// Owner rwx, users from 1001 on rwx, group and others nothing, mask rwx.
  private static byte[] list(int users) {
    ByteBuffer out = ByteBuffer.allocate(4 + 8 * (users + 4)).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(2);
    put(out, 1, 7, -1);
    for (int i = 0; i < users; i++) {
      put(out, 2, 7, 1001 + i);
    }
    put(out, 4, 0, -1);
    put(out, 16, 7, -1);
    put(out, 32, 0, -1);
    return out.array();
  }

  private static void put(ByteBuffer out, int tag, int permissions, int id) {
    out.putShort((short) tag).putShort((short) permissions).putInt(id);
  }

  @Test
  void listsAreThereAfterARemountAndDecide() throws Exception {
    for (int users : new int[] {1, 5, 200}) {
      make(new MkfsOptions().blockSize(4096), 32 << 20);
      onVolume(
          volume -> {
            volume.mkdir("/d", 0700);
            volume.setXattr("/d", DEFAULT, list(users), XattrMode.SET, true);
            volume.setXattr("/d", ACCESS, list(users), XattrMode.SET, true);
            volume.mkdir("/d/sub", 0777);
            volume.open("/d/sub/f", OpenFlags.CREAT | OpenFlags.RDWR, 0666).close();
          });
      onVolume(
          volume -> {
            assertArrayEquals(list(users), volume.getXattr("/d/sub", DEFAULT, true));
            assertEquals(0660, volume.stat("/d/sub/f").mode() & FileMode.PERMISSION_MASK);
            Volume bob = volume.as(BOB);
            bob.open("/d/sub/f", OpenFlags.RDWR, 0).close();
            FsException e =
                assertThrows(
                    FsException.class,
                    () -> volume.as(new Credentials(9, 9)).stat("/d/sub/f"));
            assertEquals(Errno.EACCES, e.errno());
            assertNotNull(volume.getXattr("/d/sub/f", ACCESS, true));
            volume.removeXattr("/d/sub/f", ACCESS, true);
            assertNull(volume.getXattr("/d/sub/f", ACCESS, true));
            volume.unlink("/d/sub/f");
          });
    }
  }

  @Test
  void theKernelReadsOurListsAndWeReadTheKernels() throws Exception {
    Assumptions.assumeTrue(HostDoor.isPossible(), "no system calls here");
    make(new MkfsOptions().blockSize(4096), 32 << 20);
    onVolume(
        volume -> {
          volume.mkdir("/d", 0755);
          volume.setXattr("/d", DEFAULT, list(150), XattrMode.SET, true);
          volume.open("/d/ours", OpenFlags.CREAT | OpenFlags.RDWR, 0640).close();
        });
    byte[][] seen = new byte[3][];
    Throwable[] failed = new Throwable[1];
    try (KernelMount mount =
        KernelMount.mount(image, Files.createDirectory(folder.resolve("mount")), false)) {
      Thread.ofPlatform()
          .start(
              () -> {
                try (HostDoor door = new HostDoor(mount.root())) {
                  seen[0] = door.getXattr("d", DEFAULT, true);
                  seen[1] = door.getXattr("d/ours", ACCESS, true);
                  door.open("d/theirs", OpenFlags.CREAT | OpenFlags.RDWR, 0640).close();
                  seen[2] = door.getXattr("d/theirs", ACCESS, true);
                } catch (Throwable e) {
                  failed[0] = e;
                }
              })
          .join();
    }
    if (failed[0] != null) {
      throw new AssertionError("on the host", failed[0]);
    }
    assertArrayEquals(list(150), seen[0]);
    assertArrayEquals(seen[2], seen[1], "made by us, and made by the kernel");
    onVolume(
        volume -> {
          assertArrayEquals(seen[1], volume.getXattr("/d/ours", ACCESS, true));
          assertArrayEquals(seen[1], volume.getXattr("/d/theirs", ACCESS, true));
        });
  }

  /// Method: fill the volume, then make files below a default list that needs a block each, until
  /// there is no room; each file is there whole, with its list, or not at all.
  @Test
  void aFileThatHasNoRoomForItsListIsNotMade() throws Exception {
    make(new MkfsOptions().blockSize(1024).inodeSize(128), 1 << 20);
    onVolume(
        volume -> {
          volume.mkdir("/d", 0755);
          try (OpenFile file = volume.open("/fill", OpenFlags.CREAT | OpenFlags.WRONLY, 0600)) {
            byte[] bytes = new byte[1 << 20];
            int n;
            do {
              n = writeSome(file, bytes);
            } while (n > 0);
            file.truncate(file.size() - 8 * 1024);
          }
          volume.sync();
          int made = 0;
          FsException full = null;
          while (full == null) {
            // Another list for each, so that they cannot share a block.
            byte[] list = list(20 + made);
            try {
              volume.setXattr("/d", DEFAULT, list, XattrMode.SET, true);
              volume.open("/d/f" + made, OpenFlags.CREAT | OpenFlags.WRONLY, 0666).close();
              made++;
            } catch (FsException e) {
              full = e;
            }
          }
          assertEquals(Errno.ENOSPC, full.errno(), full.getMessage());
          assertEquals(made, volume.list("/d").size());
          for (int i = 0; i < made; i++) {
            assertNotNull(volume.getXattr("/d/f" + i, ACCESS, true));
          }
        });
  }

  private static int writeSome(OpenFile file, byte[] bytes) throws FsException {
    try {
      return file.write(bytes, 0, bytes.length);
    } catch (FsException e) {
      assertEquals(Errno.ENOSPC, e.errno());
      return 0;
    }
  }

  /// A write that runs out of space in its middle tells how much it wrote; the next one fails.
  @Test
  void aWriteThatFillsTheVolumeTellsTheShortCount() throws Exception {
    make(new MkfsOptions().blockSize(1024), 4 << 20);
    onVolume(
        volume -> {
          try (OpenFile file = volume.open("/fill", OpenFlags.CREAT | OpenFlags.WRONLY, 0600)) {
            byte[] bytes = new byte[8 << 20];
            int n = file.write(bytes, 0, bytes.length);
            assertEquals(n, file.size());
            if (n <= 0 || n >= bytes.length) {
              throw new AssertionError(n + " bytes of " + bytes.length);
            }
            FsException e =
                assertThrows(FsException.class, () -> file.write(bytes, 0, bytes.length));
            assertEquals(Errno.ENOSPC, e.errno());
            assertEquals(n, file.size());
            file.fsync(false);
          }
          volume.unlink("/fill");
        });
  }
}
