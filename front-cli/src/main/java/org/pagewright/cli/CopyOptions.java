package org.pagewright.cli;

import org.pagewright.cli.tree.Keep;
import picocli.CommandLine.Option;

/// What a copy keeps of a file.
final class CopyOptions {
  @Option(
      names = {"-p", "--preserve"},
      description = "Keep modes, owners, times, names of one file, attributes.")
  private boolean preserve;

  @Option(
      names = {"-r", "-R", "--recursive"},
      description = "Directories with all that is in them.")
  private boolean recursive;

  @Option(names = {"-a", "--archive"}, description = "The same as -r -p.")
  private boolean archive;

  @Option(
      names = "--sparse",
      paramLabel = "WHEN",
      defaultValue = "auto",
      description = "Holes: auto keeps them, always makes one of every block of zeros, never.")
  private Keep.Sparse sparse = Keep.Sparse.AUTO;

  boolean recursive() {
    return recursive || archive;
  }

  Keep keep() {
    boolean all = preserve || archive;
    return new Keep(all, all, sparse);
  }
}
