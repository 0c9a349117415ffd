package org.pagewright.cli;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.pagewright.block.BlockDevice;
import org.pagewright.cli.image.Images;
import org.pagewright.cli.image.Operand;
import org.pagewright.cli.report.ByteSize;
import org.pagewright.cli.report.Json;
import org.pagewright.fs.ext4.disk.ErrorNote;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.Features;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.disk.Superblock;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Shows the superblock in words. Opens no files, so that it can tell of what cannot be mounted.
@Command(
    name = "info",
    sortOptions = false,
    description = "Shows what kind of file system an image holds, and what its features mean.")
final class InfoCommand extends Subcommand {
  @Option(names = "--json", description = "An object.")
  private boolean asJson;

  @Parameters(paramLabel = "IMAGE", description = "The image, or IMAGE@1 for a partition of it.")
  private String image = "";

  @Override
  void run() throws IOException {
    Operand.InImage operand = Operand.parseInImage(image);
    try (BlockDevice device = Images.openDevice(operand, false, settings().direct())) {
      Superblock sb = Images.superblock(operand, device);
      if (asJson) {
        out().println(json(operand, sb));
      } else {
        print(operand, sb);
      }
    }
  }

  private static String kind(Features features) {
    if (features.has(Feature.EXTENT) || features.has(Feature.BIT64)) {
      return "ext4";
    }
    return features.has(Feature.HAS_JOURNAL) ? "ext3" : "ext2";
  }

  private static String state(Superblock sb) {
    List<String> words = new ArrayList<>();
    if (sb.features().has(Feature.NEEDS_RECOVERY)) {
      words.add("its journal is to be replayed");
    }
    boolean clean = (sb.state() & Superblock.STATE_CLEAN) != 0;
    words.add(clean ? "clean" : "not closed cleanly");
    if ((sb.state() & Superblock.STATE_ERROR) != 0) {
      words.add("with errors");
    }
    return String.join(", ", words);
  }

  private void print(Operand.InImage operand, Superblock sb) {
    long unit = sb.blockSize();
    Geometry geometry = new Geometry(sb);
    line("image", operand.imageName());
    line("kind", kind(sb.features()));
    line("label", sb.label().isEmpty() ? "(none)" : Listing.printable(sb.label()));
    line("uuid", sb.uuid().toString());
    line("state", state(sb));
    line(
        "size",
        ByteSize.format(sb.blocksCount() * unit)
            + " in "
            + sb.blocksCount()
            + " blocks of "
            + unit);
    line(
        "free",
        ByteSize.format(sb.freeBlocksCount() * unit)
            + " in "
            + sb.freeBlocksCount()
            + " blocks; "
            + sb.reservedBlocksCount()
            + " kept for user "
            + sb.reservedUid());
    line(
        "inodes",
        sb.inodesCount()
            + " of "
            + sb.inodeSize()
            + " bytes, "
            + sb.freeInodesCount()
            + " free");
    line(
        "groups",
        geometry.groupCount()
            + " of "
            + sb.blocksPerGroup()
            + " blocks and "
            + sb.inodesPerGroup()
            + " inodes");
    line("made", time(sb.mkfsTime()));
    line("mounted", time(sb.mountTime()) + ", " + sb.mountCount() + " times since checked");
    line("written", time(sb.writeTime()));
    line("checked", time(sb.lastCheck()));
    if (sb.errorCount() > 0) {
      ErrorNote first = sb.firstError();
      String noted = ", first in " + first.function() + " at " + time(first.time());
      line("errors", sb.errorCount() + (first.time() == 0 ? "" : noted)); // troubles have no note
    }
    line("features", "");
    for (Feature feature : Feature.values()) {
      if (sb.features().has(feature)) {
        out().printf("  %-20s %s%n", feature.label(), FeatureWords.of(feature));
      }
    }
    String reason = sb.features().readOnlyReason();
    line("access", reason.isEmpty() ? "can be read and written" : "can be read: " + reason);
  }

  private void line(String name, String value) {
    out().println((name + ": ").concat(" ".repeat(Math.max(0, 10 - name.length()))) + value);
  }

  private static String time(long seconds) {
    return seconds == 0 ? "never" : Times.inFull(Instant.ofEpochSecond(seconds));
  }

  private static String json(Operand.InImage operand, Superblock sb) {
    Json json = new Json().object();
    json.member("image", operand.imageName()).member("kind", kind(sb.features()));
    json.member("label", sb.label()).member("uuid", sb.uuid().toString());
    json.member("state", state(sb)).member("blockSize", sb.blockSize());
    json.member("blocks", sb.blocksCount()).member("blocksFree", sb.freeBlocksCount());
    json.member("blocksReserved", sb.reservedBlocksCount());
    json.member("inodes", sb.inodesCount()).member("inodesFree", sb.freeInodesCount());
    json.member("inodeSize", sb.inodeSize()).member("blocksPerGroup", sb.blocksPerGroup());
    json.member("inodesPerGroup", sb.inodesPerGroup());
    json.member("made", sb.mkfsTime()).member("mounted", sb.mountTime());
    json.member("written", sb.writeTime()).member("mountCount", sb.mountCount());
    json.name("features").array();
    for (String name : sb.features().names()) {
      json.value(name);
    }
    json.endArray();
    json.member("readOnlyReason", sb.features().readOnlyReason());
    return json.endObject().take();
  }
}
