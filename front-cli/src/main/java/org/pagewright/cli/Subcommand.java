package org.pagewright.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.pagewright.cli.image.Image;
import org.pagewright.cli.image.Images;
import org.pagewright.cli.image.Operand;
import org.pagewright.cli.image.Settings;
import org.pagewright.cli.report.ErrorReport;
import org.pagewright.cli.report.ExitCode;
import org.pagewright.cli.report.Progress;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/// What every subcommand has: its streams, the options of all commands, and images that are open
/// while it runs and closed when it ends, however it ends.
abstract class Subcommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;

  @ParentCommand private @Nullable Object parent;

  private @Nullable Images images;

  /// Of the first failure that was told already, while the work went on.
  private @Nullable ExitCode told;

  /// Does the work.
  ///
  /// @throws IOException what went wrong
  abstract void run() throws IOException;

  @Override
  public final Integer call() throws IOException {
    IOException failed = null;
    try {
      run();
    } catch (IOException e) {
      failed = e;
      throw e;
    } finally {
      closeImages(failed);
    }
    out().flush();
    ExitCode first = told;
    return (first == null ? exitCode() : first).number();
  }

  /// Work on one of several operands.
  interface Work {
    void on(String operand) throws IOException;
  }

  /// Works on each operand, like every Unix command: one that fails is told of, and the others are
  /// worked on.
  final void each(List<String> operands, Work work) throws IOException {
    for (String operand : operands) {
      try {
        work.on(operand);
      } catch (IOException e) {
        goOnAfter(e);
      }
    }
  }

  /// Works on one of many files of an image; if that fails it is told of, and the others are worked
  /// on.
  ///
  /// @return whether nothing was thrown
  final boolean tryAt(Operand.InImage operand, String path, Places.Work work) throws IOException {
    try {
      Places.at(operand.withPath(path), work);
      return true;
    } catch (IOException e) {
      goOnAfter(e);
      return false;
    }
  }

  /// Tells of a failure with one of many files, which the exit code remembers. Throws it again if
  /// the others would only meet the same, or if it is the wish to stop.
  final void goOnAfter(IOException e) throws IOException {
    ErrorReport report = ErrorReport.of(e);
    if (!report.concernsOneFile(e)) {
      throw e;
    }
    out().flush();
    Main.tell(report, e, err(), spec().qualifiedName(), root());
    if (told == null) {
      told = report.exitCode();
    }
  }

  /// What the command ends with when nothing was thrown.
  ExitCode exitCode() {
    return ExitCode.OK;
  }

  private void closeImages(@Nullable IOException failed) throws IOException {
    Images opened = images;
    images = null;
    if (opened == null) {
      return;
    }
    try {
      opened.close();
    } catch (IOException e) {
      if (failed == null) {
        throw e;
      }
      failed.addSuppressed(e);
    }
  }

  final CommandSpec spec() {
    CommandSpec known = spec;
    if (known == null) {
      throw new AssertionError("picocli did not say which command this is");
    }
    return known;
  }

  final Pagewright root() {
    Object above = parent;
    if (above instanceof Subcommand command) {
      return command.root();
    }
    if (above instanceof Pagewright root) {
      return root;
    }
    throw new AssertionError("picocli did not say which command is above this");
  }

  final PrintWriter out() {
    return spec().commandLine().getOut();
  }

  final PrintWriter err() {
    return spec().commandLine().getErr();
  }

  final void warn(String message) {
    err().println(spec().qualifiedName() + ": warning: " + message);
  }

  final Settings settings() throws IOException {
    return root().settings();
  }

  final Images images() throws IOException {
    Images opened = images;
    if (opened == null) {
      opened = new Images(settings());
      images = opened;
    }
    return opened;
  }

  final Image open(Operand.InImage operand, boolean write) throws IOException {
    return images().open(operand, write);
  }

  final Progress progress() {
    return new Progress(err(), root().showsProgress());
  }
}
