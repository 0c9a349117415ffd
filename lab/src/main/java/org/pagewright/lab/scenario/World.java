package org.pagewright.lab.scenario;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.lab.kernel.Kernel;
import org.pagewright.lab.kernel.Source;
import org.pagewright.lab.kernel.UserPage;
import org.pagewright.lab.kernel.UserPage.Inode;
import org.pagewright.sim.explore.Body;
import org.pagewright.sim.explore.Failure;
import org.pagewright.sim.explore.Stage;
import org.pagewright.sim.explore.Verdict;
import org.pagewright.sim.oracle.ByteHistory;
import org.pagewright.sync.SchedulePoint;

/// One schedule of a scenario: a system under test, and judges of all that is done to it.
///
/// At the end, whatever the scenario, it looks at everything once more: nothing is held, sizes are
/// what was accepted, each file reads as it should; and again after a remount.
final class World {
  private static final int CAPACITY = 2 * Kernel.PAGE;

  private final Stage stage;
  private final Kernel kernel;
  private final Map<Inode, ByteHistory> files = new LinkedHashMap<>();
  private final TreeSet<Byte> letters = new TreeSet<>();
  private boolean mayBeShort;
  private boolean crashes;
  private boolean fillsDevice;
  private boolean charges;
  private @Nullable String shortness; // of a write that had no reason for it

  World(Stage stage, Kernel kernel) {
    this.stage = stage;
    this.kernel = kernel;
    stage.atEnd(this::judge);
  }

  // ---- Setting the scene ------------------------------------------------------------------------

  Inode file(String name, String content, Kernel.Trait... traits) {
    return file(name, content, content.length(), traits);
  }

  Inode file(String name, String content, int size, Kernel.Trait... traits) {
    Inode file = kernel.create(name, content, size, traits);
    byte[] bytes = bytes(content.substring(0, size).replace('.', '\0'));
    for (byte letter : bytes) {
      letters.add(letter);
    }
    files.put(
        file,
        new ByteHistory(name, bytes, CAPACITY, (byte) Kernel.SECRET, (byte) Kernel.FRAME));
    return file;
  }

  /// A file of which everything is in memory.
  Inode warm(String name, String content, Kernel.Trait... traits) {
    return warm(name, content, content.length(), traits);
  }

  Inode warm(String name, String content, int size, Kernel.Trait... traits) {
    Inode file = file(name, content, size, traits);
    try {
      kernel.read(file, 0, size);
    } catch (FsException e) {
      throw new AssertionError(e);
    }
    return file;
  }

  Kernel kernel() {
    return kernel;
  }

  void thread(String name, Body body) {
    stage.thread(name, body);
  }

  /// The end is a power cut, not a remount.
  void crashAtEnd() {
    crashes = true;
  }

  /// Before the end everything that is not promised is taken.
  void fillDeviceAtEnd() {
    fillsDevice = true;
  }

  /// At the end no file may be charged for blocks in which it has no byte.
  void checkCharges() {
    charges = true;
  }

  void free(int blocks) {
    kernel.free(blocks);
    mayBeShort = true;
  }

  // ---- What threads do --------------------------------------------------------------------------

  /// Writes, and notes down what came of it.
  ///
  /// @return bytes accepted, 0 for an error
  int write(Inode file, int pos, Source source) {
    changes(file);
    ByteHistory.Write write = history(file).write(pos, choices(source));
    stage.note("write(" + file + ", " + pos + ", " + show(source) + ")");
    int count = 0;
    Errno errno = null;
    try {
      count = kernel.write(file, pos, source);
    } catch (FsException e) {
      errno = e.errno();
    }
    changes(file);
    write.end(count);
    int length = source.length();
    stage.note(errno == null ? "write returns " + count : "write fails with " + errno);
    boolean bad = mayBeShort || source.pieces().stream().anyMatch(p -> !p.page().valid());
    if (count < length && !bad) {
      shortness =
          "every byte of the source could be read, and the write "
              + (errno == null ? "returns " + count + " of " + length : "fails with " + errno);
    }
    return count;
  }

  private byte[][] choices(Source source) {
    for (Source.Piece piece : source.pieces()) {
      for (byte letter : bytes(piece.page().bytes())) {
        letters.add(letter); // a mapped page may show it, once it is written
      }
    }
    byte[][] choices = new byte[source.length()][];
    int i = 0;
    for (Source.Piece piece : source.pieces()) {
      for (int k = 0; k < piece.length(); k++) {
        choices[i++] = choices(piece, piece.offset() + k);
      }
    }
    return choices;
  }

  private byte[] choices(Source.Piece piece, int offset) {
    if (!piece.page().valid()) {
      return new byte[0];
    }
    String own = piece.page().bytes();
    return own.isEmpty() ? anyLetter() : bytes(own.substring(offset, offset + 1));
  }

  /// What a mapped page may show: any byte that some file had.
  private byte[] anyLetter() {
    byte[] all = new byte[letters.size()];
    int i = 0;
    for (byte letter : letters) {
      all[i++] = letter;
    }
    return all;
  }

  /// Reads the first bytes of a file, and judges them.
  void read(Inode file, int length) {
    stage.note("read(" + file + ")");
    look(file, length);
  }

  private void look(Inode file, int length) {
    changes(file);
    ByteHistory.Read read = history(file).read();
    try {
      String got = kernel.read(file, 0, length);
      stage.note("reads " + show(got));
      changes(file);
      read.end(0, length, bytes(got));
    } catch (FsException e) {
      throw new Failure(Verdict.ERROR, "read fails with " + e.errno());
    }
  }

  void truncate(Inode file, int size) {
    mayBeShort = true;
    stage.note("truncate(" + file + ", " + size + ")");
    kernel.truncate(file, size);
    changes(file);
    history(file).truncate(size);
  }

  void munmap(UserPage page) {
    mayBeShort = true;
    kernel.munmap(page);
  }

  void store(UserPage page, int offset, char letter) {
    Inode file = page.file();
    if (file == null) {
      throw new IllegalArgumentException(page + " maps no file");
    }
    byte[][] choice = {{(byte) letter}};
    changes(file);
    ByteHistory.Write write =
        history(file).write(page.index() * Kernel.PAGE + offset, choice);
    int stored = kernel.store(page, offset, letter) ? 1 : 0;
    changes(file);
    write.end(stored);
  }

  void writeback(Inode file) {
    try {
      kernel.writeback(file);
    } catch (FsException e) {
      throw new Failure(
          Verdict.LOST_WRITE, "bytes that were accepted cannot be written: " + e.getMessage());
    }
  }

  /// What is judged depends on the order of calls: the explorer is to try all of them.
  private void changes(Inode file) {
    SchedulePoint.touch(history(file), true);
  }

  private ByteHistory history(Inode file) {
    ByteHistory history = files.get(file);
    if (history == null) {
      throw new IllegalArgumentException(file + " is of another world");
    }
    return history;
  }

  // ---- The end ----------------------------------------------------------------------------------

  private void judge() {
    kernel.quiesce();
    for (Inode file : files.keySet()) {
      checkSize(file);
      if (charges) {
        checkCharge(file);
      }
    }
    readAll("at the end");
    if (shortness != null) {
      throw new Failure(Verdict.WRONG_COUNT, shortness);
    }
    if (fillsDevice) {
      kernel.fillDevice();
    }
    if (crashes) {
      kernel.crash();
    } else {
      try {
        kernel.remount();
      } catch (FsException e) {
        throw new Failure(
            Verdict.LOST_WRITE, "bytes that were accepted cannot be written: " + e.getMessage());
      }
    }
    readAll(crashes ? "after the crash" : "after a remount");
  }

  private void checkSize(Inode file) {
    int size = kernel.size(file);
    int right = history(file).size();
    if (size != right) {
      throw new Failure(
          Verdict.WRONG_COUNT,
          file + " has a size of " + size + ", but its writes have accepted bytes up to " + right);
    }
  }

  private void checkCharge(Inode file) {
    ByteHistory history = history(file);
    int needed = 0;
    for (int at = 0; at < CAPACITY; at += Kernel.BLOCK) {
      boolean any = false;
      for (int p = at; p < at + Kernel.BLOCK; p++) {
        any |= history.isWritten(p);
      }
      needed += any ? 1 : 0;
    }
    if (kernel.charged(file) > needed) {
      throw new Failure(
          Verdict.LEAK,
          file + " is charged for " + kernel.charged(file) + " blocks, and " + needed
              + " of them have a byte of it");
    }
  }

  private void readAll(String when) {
    for (Inode file : files.keySet()) {
      stage.note(when + ", a look at " + file);
      look(file, CAPACITY);
    }
  }

  private static byte[] bytes(String letters) {
    return letters.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static String show(Source source) {
    StringBuilder out = new StringBuilder();
    int segment = 0;
    for (Source.Piece piece : source.pieces()) {
      out.append(out.isEmpty() ? "" : piece.segment() == segment ? " and " : " | ");
      out.append(piece.length()).append(" of ").append(piece.page());
      out.append(piece.page().valid() ? "" : ", bad");
      segment = piece.segment();
    }
    return out.toString();
  }

  private static String show(String letters) {
    return "\"" + letters.replace('\0', '0') + "\"";
  }
}
