package org.pagewright.fuse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/// The kernel's switch for FUSE through io_uring, turned on for the time of a test.
final class Rings implements AutoCloseable {
  static final String OPTION = "io_uring";

  private static final Path SWITCH = Path.of("/sys/module/fuse/parameters/enable_uring");

  private final String before;

  private Rings(String before) {
    this.before = before;
  }

  /// Turns it on; skips the test where that cannot be done, or nothing can be mounted.
  static Rings turnedOn() throws IOException {
    Assumptions.assumeTrue(Files.isWritable(Path.of("/dev/fuse")), "no /dev/fuse here");
    Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "root only");
    Assumptions.assumeTrue(Files.isWritable(SWITCH), "no FUSE through io_uring here");
    String before = Files.readString(SWITCH).strip();
    Files.writeString(SWITCH, "Y");
    return new Rings(before);
  }

  /// Whether nobody has turned it off meanwhile.
  boolean areOn() throws IOException {
    return Files.readString(SWITCH).strip().equals("Y");
  }

  @Override
  public void close() throws IOException {
    Files.writeString(SWITCH, before);
  }
}
