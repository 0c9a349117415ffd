package org.pagewright.cli.report;

import java.io.PrintWriter;
import java.util.concurrent.TimeUnit;

/// How far a long copy has come: a bar with rate and time left, redrawn in place on a terminal.
///
/// Used by one thread. Nothing is drawn in the first moments, so that short work stays silent.
public final class Progress {
  private static final long FIRST_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
  private static final long EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final int BAR = 24;

  private final PrintWriter out;
  private final boolean shown;
  private final long start = System.nanoTime();
  private long totalBytes;
  private long totalFiles;
  private long bytes;
  private long files;
  private long nextNanos = FIRST_NANOS;
  private int drawn;

  /// Nothing done yet.
  ///
  /// @param out standard error
  /// @param shown whether to draw at all
  public Progress(PrintWriter out, boolean shown) {
    this.out = out;
    this.shown = shown;
  }

  /// Says how much there is to do; without it there is no bar and no time left.
  ///
  /// @param bytes of file content
  /// @param files of any kind
  public void expect(long bytes, long files) {
    totalBytes = bytes;
    totalFiles = files;
  }

  /// One more thing done, or a part of one.
  ///
  /// @param moreBytes bytes of content
  /// @param moreFiles 1 when it is finished
  public void advance(long moreBytes, int moreFiles) {
    bytes += moreBytes;
    files += moreFiles;
    if (shown) {
      long now = System.nanoTime() - start;
      if (now >= nextNanos) {
        nextNanos = now + EVERY_NANOS;
        draw(now);
      }
    }
  }

  /// Bytes of content so far.
  ///
  /// @return how many
  public long bytes() {
    return bytes;
  }

  /// Files so far.
  ///
  /// @return how many
  public long files() {
    return files;
  }

  private void draw(long nanos) {
    StringBuilder line = new StringBuilder(80).append('\r');
    double done =
        totalBytes > 0
            ? (double) bytes / totalBytes
            : totalFiles > 0 ? (double) files / totalFiles : -1;
    if (done >= 0) {
      int full = (int) (Math.min(done, 1) * BAR);
      line.append('[');
      line.repeat('#', full).repeat('.', BAR - full).append("] ");
      line.append((int) (Math.min(done, 1) * 100)).append("%  ");
    }
    double seconds = nanos / 1e9;
    line.append(ByteSize.format(bytes)).append("  ").append(files).append(" files  ");
    line.append(ByteSize.format((long) (bytes / seconds))).append("/s");
    if (done > 0.001 && done < 1) {
      line.append("  ").append(clock((long) (seconds * (1 - done) / done))).append(" left");
    }
    int length = line.length();
    line.repeat(' ', Math.max(0, drawn - length));
    drawn = length;
    out.print(line);
    out.flush();
  }

  private static String clock(long seconds) {
    long rest = seconds % 60;
    return seconds / 60 + (rest < 10 ? ":0" : ":") + rest;
  }

  /// Takes the bar off the screen.
  public void finish() {
    if (drawn > 0) {
      out.print("\r" + " ".repeat(drawn) + "\r");
      out.flush();
      drawn = 0;
    }
  }
}
