package org.pagewright.sim.contract;

import java.io.IOException;
import org.pagewright.vfs.FileType;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// What the suites share: the volume of the case, and a few short words.
class Suite {
  final VolumeFixture fixture;
  private final Volume[] holder;

  Suite(VolumeFixture fixture, Volume[] holder) {
    this.fixture = fixture;
    this.holder = holder;
  }

  Volume volume() {
    return holder[0];
  }

  void remount() throws IOException {
    holder[0] = fixture.remount(holder[0]);
  }

  void file(String path) throws IOException {
    volume().mknod(path, FileType.REGULAR.modeBits() | 0644, 0);
  }

  void file(String path, byte[] content) throws IOException {
    try (OpenFile file = volume().open(path, OpenFlags.WRONLY | OpenFlags.CREAT, 0644)) {
      file.write(content, 0, content.length);
    }
  }

  void dir(String path) throws IOException {
    volume().mkdir(path, 0755);
  }

  byte[] content(String path) throws IOException {
    try (OpenFile file = volume().open(path, OpenFlags.RDONLY, 0)) {
      byte[] bytes = new byte[Math.toIntExact(file.size())];
      int n = file.read(0, bytes, 0, bytes.length);
      if (n != bytes.length) {
        throw new AssertionError(path + ": read " + n + " of " + bytes.length);
      }
      return bytes;
    }
  }

  static byte[] pattern(int length, int salt) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (salt + i * 31 + (i >> 8) * 7 + 1);
    }
    return bytes;
  }
}
