package org.pagewright.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.pagewright.cli.image.Cancellation;
import org.pagewright.cli.report.ErrorReport;
import org.pagewright.cli.report.ExitCode;
import picocli.CommandLine;

/// Runs the command line.
public final class Main {
  private static final Map<String, Supplier<Object>> COMMANDS = commands();

  private final OutputStream out;
  private final OutputStream err;
  private final Cancellation cancellation;

  /// A command with other streams than the process has, for tests and embedders.
  ///
  /// @param out standard output
  /// @param err standard error
  /// @param cancellation stops the work from another thread
  public Main(OutputStream out, OutputStream err, Cancellation cancellation) {
    this.out = out;
    this.err = err;
    this.cancellation = cancellation;
  }

  private static Map<String, Supplier<Object>> commands() {
    Map<String, Supplier<Object>> commands = new TreeMap<>();
    commands.put("bench", BenchCommand::new);
    commands.put("build", BuildCommand::new);
    commands.put("cat", CatCommand::new);
    commands.put("chmod", ChmodCommand::new);
    commands.put("chown", ChownCommand::new);
    commands.put("completion", CompletionCommand::new);
    commands.put("cp", CpCommand::new);
    commands.put("df", DfCommand::new);
    commands.put("du", DuCommand::new);
    commands.put("fallocate", FallocateCommand::new);
    commands.put("fsck", FsckCommand::new);
    commands.put("info", InfoCommand::new);
    commands.put("lab", LabCommand::new);
    commands.put("install-mount-helper", InstallMountHelperCommand::new);
    commands.put("ln", LnCommand::new);
    commands.put("ls", LsCommand::new);
    commands.put("mkdir", MkdirCommand::new);
    commands.put("mkfs", MkfsCommand::new);
    commands.put("mount", MountCommand::new);
    commands.put("mv", MvCommand::new);
    commands.put("rm", RmCommand::new);
    commands.put("stat", StatCommand::new);
    commands.put("top", TopCommand::new);
    commands.put("touch", TouchCommand::new);
    commands.put("tree", TreeCommand::new);
    commands.put("truncate", TruncateCommand::new);
    commands.put("umount", UmountCommand::new);
    commands.put("xattr", XattrCommand::new);
    return commands;
  }

  /// The program.
  ///
  /// @param args the command line
  public static void main(String[] args) {
    Cancellation cancellation = new Cancellation();
    cancellation.install();
    int code;
    try {
      code =
          new Main(
                  new FileOutputStream(FileDescriptor.out),
                  new FileOutputStream(FileDescriptor.err),
                  cancellation)
              .run(args);
    } finally {
      cancellation.done();
    }
    System.exit(code);
  }

  /// Runs one command line.
  ///
  /// @param args the command line
  /// @return the number of an [ExitCode]
  public int run(String... args) {
    PrintWriter writer =
        new PrintWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8), false);
    PrintWriter errors = new PrintWriter(new OutputStreamWriter(err, StandardCharsets.UTF_8), true);
    Pagewright root = new Pagewright(out, cancellation);
    CommandLine line = new CommandLine(root);
    for (String name : namedIn(args)) {
      line.addSubcommand(name, COMMANDS.getOrDefault(name, CompletionCommand::new).get());
    }
    line.setOut(writer).setErr(errors);
    line.setUsageHelpWidth(96).setUsageHelpAutoWidth(false);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setExecutionExceptionHandler((e, command, parsed) -> failed(e, command, root));
    line.setParameterExceptionHandler((e, rest) -> misused(e, errors));
    int code = line.execute(args);
    writer.flush();
    if (writer.checkError() && code == 0) {
      errors.println("pagewright: standard output cannot be written");
      return ExitCode.FAILED.number();
    }
    return code;
  }

  /// The commands that a command line may mean: all of them unless it names some.
  private static Iterable<String> namedIn(String[] args) {
    List<String> named = new ArrayList<>();
    for (String arg : args) {
      if (arg.equals("completion")) {
        return COMMANDS.keySet();
      }
      if (COMMANDS.containsKey(arg) && !named.contains(arg)) {
        named.add(arg);
      }
    }
    return named.isEmpty() ? COMMANDS.keySet() : named;
  }

  private static int failed(Exception e, CommandLine command, Pagewright root) {
    command.getOut().flush();
    ErrorReport report = ErrorReport.of(e);
    tell(report, e, command.getErr(), command.getCommandSpec().qualifiedName(), root);
    return report.exitCode().number();
  }

  /// Says what went wrong, as briefly or at length as was asked for.
  static void tell(
      ErrorReport report, Exception e, PrintWriter err, String command, Pagewright root) {
    report.print(err, command);
    if (root.stacktrace()) {
      trace(e, err, "");
    }
  }

  /// Where it was thrown and why, for the one who asked to see it.
  private static void trace(Throwable top, PrintWriter err, String indent) {
    Throwable e = top;
    for (int depth = 0; e != null && depth < 20; depth++) {
      err.println(indent + (depth == 0 ? "" : "cause: ") + e);
      for (StackTraceElement element : e.getStackTrace()) {
        err.println(indent + "    at " + element);
      }
      for (Throwable suppressed : e.getSuppressed()) {
        if (indent.length() < 20) {
          trace(suppressed, err, indent + "  also ");
        }
      }
      e = e.getCause();
    }
    err.flush();
  }

  private static int misused(CommandLine.ParameterException e, PrintWriter errors) {
    CommandLine command = e.getCommandLine();
    String name = command.getCommandSpec().qualifiedName();
    String message = String.valueOf(e.getMessage());
    List<String> suggestions = List.of();
    if (e instanceof CommandLine.UnmatchedArgumentException unmatched) {
      suggestions = unmatched.getSuggestions();
      if (command.getParent() == null && !unmatched.isUnknownOption()) {
        message = "no such command: " + unmatched.getUnmatched().getFirst();
      }
    }
    errors.println(name + ": " + message);
    if (!suggestions.isEmpty()) {
      errors.println("  next: did you mean " + String.join(" or ", suggestions) + "?");
    } else {
      errors.println("  next: see `" + name + " --help`");
    }
    errors.flush();
    return ExitCode.USAGE.number();
  }
}
