package org.pagewright.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.cli.report.CommandException;
import org.pagewright.cli.report.ExitCode;
import org.pagewright.cli.report.Json;
import org.pagewright.lab.Handbook;
import org.pagewright.lab.Lab;
import org.pagewright.lab.Report;
import org.pagewright.lab.scenario.Scenario;
import org.pagewright.sim.explore.Counterexample;
import org.pagewright.sim.explore.Exploration;
import org.pagewright.sim.explore.ScheduleException;
import org.pagewright.sim.explore.Step;
import org.pagewright.sim.explore.Wait;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// The lab: designs of a buffered write that were tried, and the schedules that break them.
@Command(
    name = "lab",
    sortOptions = false,
    description = {
      "Puts every design of a buffered write that was tried, and the one in production, into every",
      "situation, and finds the schedules on which each fails."
    },
    subcommands = {LabCommand.Show.class})
final class LabCommand extends Subcommand {

  /// How far an exploration goes.
  static final class Bounds {
    @Option(
        names = "--preemptions",
        paramLabel = "N",
        defaultValue = "" + Lab.PREEMPTIONS,
        description = "Interrupt threads at most so often. Default: ${DEFAULT-VALUE}.")
    private int preemptions;

    @Option(
        names = "--schedules",
        paramLabel = "N",
        defaultValue = "" + Lab.SCHEDULES_MAX,
        description = "Give up on a program after so many. Default: ${DEFAULT-VALUE}.")
    private long schedules;

    Lab lab() throws CommandException {
      if (preemptions < 0 || schedules < 1) {
        throw CommandException.usage(
            "at most " + preemptions + " preemptions and " + schedules + " schedules",
            "give --preemptions 0 or more and --schedules 1 or more");
      }
      if (!Lab.isReady()) {
        throw new CommandException(
            ExitCode.FAILED,
            "this JVM was not started for an exploration",
            "run ./pagewright lab, or start java with -Dpagewright.explore=true and --add-opens"
                + " java.base/java.lang=ALL-UNNAMED");
      }
      return new Lab(preemptions, schedules);
    }
  }

  @Mixin private Bounds bounds = new Bounds();

  @Option(names = "--json", description = "An object with claims, table and costs.")
  private boolean asJson;

  @Option(names = "--stats", description = "Schedules and steps a second, too.")
  private boolean stats;

  @Option(
      names = "--doc",
      paramLabel = "DIR",
      description = "Write the page about the designs, lab.md, and its pictures there.")
  private @Nullable Path doc;

  @Override
  void run() throws IOException {
    Lab lab = bounds.lab();
    Lab.Result result = lab.run((done, total) -> root().cancellation().check());
    Path folder = doc;
    if (folder != null) {
      write(folder, Handbook.files(result));
    } else if (asJson) {
      out().println(json(result, stats));
    } else {
      out().print(Report.text(result));
    }
    if (stats && (folder != null || !asJson)) {
      out().println();
      out().println(Report.statistics(result));
    }
    if (!result.isAsClaimed()) {
      out().flush();
      throw new CommandException(
          ExitCode.FAILED,
          "not every claim about a design holds within these bounds",
          "see which in the table; more preemptions or schedules may be needed");
    }
  }

  private static void write(Path folder, Map<String, String> files) throws IOException {
    for (Map.Entry<String, String> file : files.entrySet()) {
      Path path = folder.resolve(file.getKey());
      Path parent = path.getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      Files.writeString(path, file.getValue());
    }
  }

  private static String json(Lab.Result result, boolean withTimes) {
    Json json = new Json().object();
    json.member("preemptions", result.preemptions());
    json.name("claims").array();
    for (Lab.Finding finding : result.findings()) {
      json(finding, json);
    }
    json.endArray().name("table").array();
    for (Lab.Cell cell : result.cells()) {
      Exploration found = cell.found();
      if (found != null) {
        json.object();
        json.member("design", cell.contender().id());
        json.member("situation", cell.situation().name());
        json.member("verdict", Report.words(found.verdict()));
        json.name("complete").value(found.complete());
        json.member("schedules", found.schedules());
        json.endObject();
      }
    }
    json.endArray().name("costs").array();
    for (Lab.Price price : result.prices()) {
      json.object();
      json.member("design", price.contender().id());
      json.member("coldBytesCopied", price.cold().bytesCopied());
      json.member("partBytesCopied", price.part().bytesCopied());
      json.member("warmBytesCopied", price.warm().bytesCopied());
      json.member("coldBlockReads", price.cold().blockReads());
      json.member("partBlockReads", price.part().blockReads());
      json.member("locks", price.locks());
      json.member("pageWalks", price.warm().pageWalks());
      json.endObject();
    }
    json.endArray();
    if (withTimes) {
      json.member("schedules", result.schedules());
      json.member("steps", result.steps());
      json.member("nanos", result.nanos());
    }
    return json.endObject().take();
  }

  private static void json(Lab.Finding finding, Json json) {
    Scenario claim = finding.claim();
    Exploration found = finding.found();
    json.object();
    json.member("id", claim.id());
    json.member("design", claim.design().title());
    json.member("situation", claim.situation().words());
    json.member("rule", claim.rule());
    json.member("claimed", Report.words(claim.claimed()));
    json.member("verdict", Report.words(found.verdict()));
    json.member("coverage", found.coverage());
    json.name("complete").value(found.complete());
    json.member("schedules", found.schedules());
    Counterexample failure = found.failure();
    if (failure != null) {
      json.name("failure").object();
      json.member("words", failure.words());
      json.member("schedule", failure.schedule());
      json.member("preemptions", failure.preemptions());
      json.name("steps").array();
      for (Step step : failure.steps()) {
        json.object();
        json.member("number", step.number());
        json.member("thread", step.thread());
        json.member("words", Report.words(step));
        json.endObject();
      }
      json.endArray().name("cycle").array();
      for (Wait wait : failure.cycle()) {
        json.object();
        json.member("thread", wait.thread());
        json.member("wants", wait.wants());
        json.member("holder", wait.holder());
        json.endObject();
      }
      json.endArray().endObject();
    }
    json.endObject();
  }

  /// Tells one failure.
  @Command(
      name = "show",
      sortOptions = false,
      description = {
        "Tells what becomes of one design, such as X0 b: the shortest failing schedule, step by",
        "step, one column for each thread, and the rule that it breaks. Then what becomes of the",
        "engine in the same situation."
      })
  static final class Show extends Subcommand {
    @Mixin private Bounds bounds = new Bounds();

    @Option(names = "--svg", paramLabel = "FILE", description = "Draw the failure.")
    private @Nullable Path svg;

    @Option(
        names = "--replay",
        paramLabel = "SCHEDULE",
        description = "Run this schedule only, as a story or an object gave it.")
    private @Nullable String schedule;

    @Option(names = "--json", description = "An object.")
    private boolean asJson;

    @Option(names = "--stats", description = "Schedules and steps a second, too.")
    private boolean stats;

    @Parameters(index = "0", paramLabel = "DESIGN", description = "X0 to X16, X7', or S4.")
    private String design = "";

    @Parameters(
        index = "1",
        paramLabel = "LETTER",
        description = "The claim, such as b; or the number of a situation in the table.")
    private String letter = "";

    @Override
    void run() throws IOException {
      Scenario claim = find();
      Lab lab = bounds.lab();
      Lab.Finding finding = finding(lab, claim);
      if (asJson) {
        Json json = new Json();
        json(finding, json);
        out().println(json.take());
      } else {
        out().print(Report.story(finding));
        Exploration engine = schedule == null ? lab.engine(claim.situation()) : null;
        if (engine != null) {
          out().println();
          out().print(Report.engine(engine));
        }
      }
      if (stats) {
        Exploration found = finding.found();
        out().println();
        out().println(
            found.schedules() + " schedules, " + found.steps() + " steps, "
                + found.schedulesPerSecond() + " schedules a second");
      }
      Path file = svg;
      if (file != null) {
        String picture = Report.picture(finding);
        if (picture == null) {
          throw new CommandException(
              ExitCode.FAILED, claim.id() + " did not fail: there is nothing to draw",
              "draw one that fails, such as X0 b");
        }
        Files.writeString(file, picture);
      }
    }

    private Scenario find() throws CommandException {
      try {
        return Lab.find(design, letter);
      } catch (Lab.UnknownNameException e) {
        List<String> near = e.near();
        throw CommandException.usage(
            e.getMessage(),
            near.isEmpty()
                ? "see pagewright lab"
                : "did you mean " + String.join(", ", near) + "?");
      }
    }

    private Lab.Finding finding(Lab lab, Scenario claim) throws CommandException {
      String given = schedule;
      if (given == null) {
        return lab.explore(claim);
      }
      try {
        return lab.replay(claim, given);
      } catch (ScheduleException e) {
        throw CommandException.usage(
            "schedule " + given + " of " + claim.id() + ", step " + e.step() + ": "
                + e.getMessage(),
            "leave --replay away to find one that applies");
      }
    }
  }
}
