package org.pagewright.fs.ext4.testing;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/// An image mounted by the kernel's driver through a loop device, until it is closed.
public final class KernelMount implements AutoCloseable {
  private static volatile boolean missing;

  private final Path root;

  private KernelMount(Path root) {
    this.root = root;
  }

  /// Whether loop mounts are to be had; says why not, once.
  ///
  /// @return false if a mount was refused before
  public static boolean missing() {
    return missing;
  }

  /// Mounts an image, or skips the rest of the test where that is not to be had.
  ///
  /// @param image the file
  /// @param root an empty directory
  /// @param readOnly whether the kernel may not write
  /// @return to be closed
  /// @throws IOException if mount cannot be run
  public static KernelMount mount(Path image, Path root, boolean readOnly) throws IOException {
    String options = readOnly ? "loop,ro,noload" : "loop,user_xattr,acl";
    E2fs.Result result =
        E2fs.run(
            List.of("mount", "-t", "ext4", "-o", options, image.toString(), root.toString()));
    if (result.code() != 0) {
      if (cannotLoop(result.output())) {
        missing = true;
        System.out.println("skipped: no loop mount here: " + result.output().strip());
        Assumptions.abort("no loop mount here");
      }
      throw new AssertionError("the kernel refuses " + image + ": " + result.output());
    }
    return new KernelMount(root);
  }

  private static boolean cannotLoop(String output) {
    return output.contains("loop device")
        || output.contains("permission denied")
        || output.contains("only root")
        || output.contains("superuser")
        || output.contains("Operation not permitted")
        || output.contains("unknown filesystem type");
  }

  /// The root directory of the image.
  ///
  /// @return a path of the host
  public Path root() {
    return root;
  }

  @Override
  public void close() throws IOException {
    E2fs.ok("umount", root.toString());
  }
}
