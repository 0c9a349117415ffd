package org.pagewright.block;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.block.FileBlockDevice.Options;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

class DirectFileBlockDeviceTest implements BlockDeviceContract {
  @TempDir Path dir;

  @Override
  public BlockDevice newDevice() throws Exception {
    Path path = dir.resolve("direct.img");
    try {
      return FileBlockDevice.create(path, SIZE, Options.READ_WRITE.withDirect(true));
    } catch (FsException e) {
      if (e.errno() != Errno.EINVAL) {
        throw e;
      }
      Files.deleteIfExists(path);
      System.out.println("skipped: " + e.getMessage());
      Assumptions.abort(e.getMessage());
      throw e;
    }
  }
}
