package org.pagewright.block;

import java.io.IOException;
import java.nio.file.Path;
import org.pagewright.block.FileBlockDevice.Options;

/// The other process of the lock tests: opens the image, says how it went, and holds it until its
/// standard input ends.
final class OpenInAnotherProcess {
  private OpenInAnotherProcess() {}

  /// @param args path, and `rw` or `ro`
  public static void main(String[] args) throws IOException {
    Options options = args[1].equals("rw") ? Options.READ_WRITE : Options.READ_ONLY;
    try (FileBlockDevice device = FileBlockDevice.open(Path.of(args[0]), options)) {
      device.flush();
      System.out.println("opened");
      while (System.in.read() >= 0) {
        // until the parent closes the pipe
      }
    } catch (IOException e) {
      System.out.println(e.getMessage());
    }
  }
}
