package org.pagewright.cli;

import java.io.IOException;
import org.pagewright.block.BlockDevice;
import org.pagewright.cli.image.Images;
import org.pagewright.cli.image.Operand;
import org.pagewright.cli.report.CommandException;
import org.pagewright.cli.report.ExitCode;
import org.pagewright.cli.report.Json;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.check.Finding;
import org.pagewright.fs.ext4.check.FindingCode;
import org.pagewright.fs.ext4.check.Fsck;
import org.pagewright.fs.ext4.check.Report;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Checks an image, and writes nothing to it.
@Command(
    name = "fsck",
    sortOptions = false,
    description =
        "Checks whether an image agrees with itself; writes nothing. Ends with 4 if it does not.")
final class FsckCommand extends Subcommand {
  @Option(names = "--json", description = "An object.")
  private boolean asJson;

  @Option(
      names = "--findings",
      paramLabel = "COUNT",
      defaultValue = "1000",
      description = "List so many findings at most; all are counted. Default: ${DEFAULT-VALUE}.")
  private int findingsMax;

  @Parameters(paramLabel = "IMAGE", description = "The image, or IMAGE@1 for a partition of it.")
  private String image = "";

  private boolean damaged;

  @Override
  void run() throws IOException {
    if (findingsMax < 0) {
      throw CommandException.usage(
          "--findings " + findingsMax + " makes no sense", "give 0 or more; 1000 is the default");
    }
    Operand.InImage operand = Operand.parseInImage(image);
    try (BlockDevice device = Images.openDevice(operand, false, settings().direct())) {
      Report report;
      try {
        report = Fsck.check(device, findingsMax);
      } catch (FsException e) {
        throw Images.notMounted(operand, device, e);
      }
      damaged = !report.isClean();
      if (asJson) {
        out().println(json(operand, report));
      } else {
        print(operand, report);
      }
    }
  }

  @Override
  ExitCode exitCode() {
    return damaged ? ExitCode.DAMAGED : ExitCode.OK;
  }

  private static boolean isNote(Finding finding) {
    return finding.code().severity() == FindingCode.Severity.NOTE;
  }

  private void print(Operand.InImage operand, Report report) {
    for (Finding finding : report.findings()) {
      out().println((isNote(finding) ? "note: " : "damage: ") + finding);
    }
    long hidden = report.damages() + report.notes() - report.findings().size();
    if (hidden > 0) {
      out().println(hidden + " more findings are not listed (give --findings)");
    }
    if (!report.complete()) {
      out().println(operand.imageName() + ": damaged: no more can be checked");
      return;
    }
    out().println(
        operand.imageName()
            + (report.isClean() ? ": clean: " : ": damaged: " + report.damages() + " findings; ")
            + report.inodes()
            + " inodes, "
            + report.directories()
            + " directories, "
            + report.blocks()
            + " blocks in use");
  }

  private static String json(Operand.InImage operand, Report report) {
    Json json = new Json().object();
    json.member("image", operand.imageName());
    json.name("clean").value(report.isClean());
    json.name("complete").value(report.complete());
    json.member("damages", report.damages()).member("notes", report.notes());
    json.member("inodes", report.inodes()).member("directories", report.directories());
    json.member("blocks", report.blocks());
    json.name("findings").array();
    for (Finding finding : report.findings()) {
      json.object().member("code", finding.code().label());
      json.member("severity", isNote(finding) ? "note" : "damage");
      json.member("inode", finding.ino()).member("block", finding.blockNr());
      json.member("what", finding.what()).endObject();
    }
    json.endArray();
    return json.endObject().take();
  }
}
