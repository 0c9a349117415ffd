package org.pagewright.cli.tree;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.pagewright.cli.report.CommandException;
import org.pagewright.cli.report.ExitCode;
import org.tukaani.xz.MemoryLimitException;
import org.tukaani.xz.XZInputStream;

/// How a tar is compressed, told from its first bytes and never from its name.
///
/// What xz needs of memory is said by the file, not by us: up to 4 GiB. It gets twice what `xz -9`
/// makes needful, and no more than half of the heap.
final class Compression {
  private static final int MAGIC = 6;
  private static final int BUFFER = 64 << 10;
  private static final long XZ_MEMORY_MAX = 128L << 20;

  private Compression() {}

  /// The tar itself.
  ///
  /// @param tar the name of the file
  /// @param file its bytes, from the first
  /// @return `file` if it is not compressed
  /// @throws IOException a compression that is not supported; damage
  static InputStream unpacked(Path tar, BufferedInputStream file) throws IOException {
    file.mark(MAGIC);
    byte[] magic = file.readNBytes(MAGIC);
    file.reset();
    if (startsWith(magic, 0x1f, 0x8b)) {
      return new GZIPInputStream(file, BUFFER);
    }
    if (startsWith(magic, 'B', 'Z', 'h')) {
      return new BZip2CompressorInputStream(file, true);
    }
    if (startsWith(magic, 0xfd, '7', 'z', 'X', 'Z', 0)) {
      long memory = Math.min(XZ_MEMORY_MAX, Runtime.getRuntime().maxMemory() / 2);
      return new XZInputStream(file, (int) (memory >> 10));
    }
    if (startsWith(magic, 0x28, 0xb5, 0x2f, 0xfd)) {
      throw new CommandException(
          ExitCode.FAILED,
          tar + ": compressed with zstd, which is not supported (EOPNOTSUPP)",
          unpackFirst("zstd", tar));
    }
    return file;
  }

  /// The error of an xz file that wants more memory than it gets.
  ///
  /// @param tar the name of the file
  /// @param e of the library, which counts in KiB
  /// @return to be thrown
  static CommandException tooLarge(Path tar, MemoryLimitException e) {
    return new CommandException(
        ExitCode.FAILED,
        tar
            + ": unpacking it takes "
            + (e.getMemoryNeeded() + 1023 >> 10)
            + " MiB of memory, more than the "
            + (e.getMemoryLimit() >> 10)
            + " MiB that xz may have here (ENOMEM)",
        unpackFirst("xz", tar),
        e);
  }

  private static String unpackFirst(String program, Path tar) {
    return "unpack it first: " + program + " -dc " + tar + " >unpacked.tar, and give that";
  }

  private static boolean startsWith(byte[] bytes, int... magic) {
    if (bytes.length < magic.length) {
      return false;
    }
    for (int i = 0; i < magic.length; i++) {
      if ((bytes[i] & 0xff) != magic[i]) {
        return false;
      }
    }
    return true;
  }
}
