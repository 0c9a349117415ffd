package org.pagewright.bench.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.pagewright.bench.measure.Effort;
import org.pagewright.bench.measure.Results;
import org.pagewright.bench.measure.Row;
import org.pagewright.bench.measure.Rows;
import org.pagewright.bench.measure.Runner;
import org.pagewright.bench.report.Page;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Measures, or tells what was measured.
@Command(
    name = "pagewright bench",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Measures everything beside its peers, in rounds, and writes every figure as JSON.",
      "The page about it is made by `pagewright bench report`."
    },
    footer = {
      "",
      "Be alone on the machine, and run it as root if the kernel's ext4 is to be a peer. Files on",
      "a disk are made in TMPDIR."
    },
    subcommands = Main.Report.class)
public final class Main implements Callable<Integer> {
  @Option(
      names = "--quick",
      description = "Only the rows and peers that have targets; under 5 minutes instead of 25.")
  private boolean quick;

  @Option(
      names = "--rows",
      paramLabel = "GLOB",
      defaultValue = "",
      description = "Only rows of these names, such as read-*,build.")
  private String glob = "";

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "0",
      description = "So many rounds. Default: 5, with --quick 3.")
  private int rounds;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "Where the results go. Default: ${DEFAULT-VALUE}.",
      defaultValue = "target/benchmarks.json")
  private Path out = Path.of("");

  @Option(names = "--list", description = "List the rows, and measure nothing.")
  private boolean list;

  private Main() {}

  /// The program.
  ///
  /// @param args the command line
  public static void main(String[] args) {
    System.exit(new CommandLine(new Main()).execute(args));
  }

  /// The folder of the sources.
  private static Path root() {
    return Path.of(System.getProperty("pagewright.root", "."));
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    List<Row> rows = Runner.choose(glob, Rows.all());
    if (quick && glob.isEmpty()) {
      rows = rows.stream().filter(Row::inQuick).toList();
    }
    if (list) {
      for (Row row : rows) {
        System.out.printf("%-20s %s%n", row.id(), row.question());
      }
      return 0;
    }
    Effort effort = quick ? Effort.QUICK : Effort.FULL;
    if (rounds > 0) {
      effort = effort.withRounds(rounds);
    }
    Path file = out.isAbsolute() ? out : root().resolve(out);
    Path folder = file.getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    Runner runner =
        new Runner(root(), System.err, soFar -> Files.writeString(file, soFar.toJson()));
    Results results = runner.run(rows, effort);
    System.out.print(Page.summary(results));
    System.out.println("written to " + file);
    return 0;
  }

  /// Tells what was measured.
  @Command(
      name = "report",
      mixinStandardHelpOptions = true,
      sortOptions = false,
      description = {
        "Makes the page about results, benchmarks.md, and its pictures. Results that are given are",
        "copied beside the pictures first, and are what the page tells from then on."
      })
  static final class Report implements Callable<Integer> {
    @Option(
        names = "--doc",
        paramLabel = "DIR",
        defaultValue = "docs",
        description = "Where the page is. Default: ${DEFAULT-VALUE}.")
    private Path doc = Path.of("");

    @Parameters(index = "0", arity = "0..1", paramLabel = "FILE", description = "Results.")
    private @Nullable Path file;

    @Override
    public Integer call() throws IOException {
      Path folder = doc.isAbsolute() ? doc : root().resolve(doc);
      Path kept = folder.resolve(Page.RESULTS);
      Path given = file;
      if (given != null) {
        Results fresh = Results.read(given.isAbsolute() ? given : root().resolve(given));
        Files.createDirectories(kept.getParent());
        Files.writeString(kept, fresh.toJson());
      }
      Results results = Results.read(kept);
      for (Map.Entry<String, String> made : Page.files(results).entrySet()) {
        Path path = folder.resolve(made.getKey());
        Files.createDirectories(path.getParent());
        Files.writeString(path, made.getValue());
      }
      System.out.println("made " + folder.resolve(Page.NAME));
      return 0;
    }
  }
}
