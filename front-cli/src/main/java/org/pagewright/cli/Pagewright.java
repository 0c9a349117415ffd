package org.pagewright.cli;

import java.io.Console;
import java.io.OutputStream;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.pagewright.cli.image.Cancellation;
import org.pagewright.cli.image.Settings;
import org.pagewright.cli.report.ByteSize;
import org.pagewright.cli.report.CommandException;
import org.pagewright.fs.ext4.DataMode;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/// The command without a subcommand: the options that all of them have.
@Command(
    name = "pagewright",
    version = "pagewright 0.1.0",
    mixinStandardHelpOptions = true,
    scope = ScopeType.INHERIT,
    sortOptions = false,
    description = "Makes ext4 images, and reads and writes the files in them, without a mount.",
    footer = {
      "",
      "An operand IMAGE:/path is a file in an image, IMAGE@1:/path one in its first partition;",
      "anything else is a file of the host. Sizes take K, M, G or T.",
      "",
      "Exit codes: 0 done; 1 an operation failed; 2 the command line makes no sense; 3 no ext2,",
      "ext3 or ext4 there, or unsupported features; 4 damaged; 5 no space left; 6 in use."
    })
final class Pagewright implements Runnable {
  private static final long CACHE_MIN = 1 << 20;

  /// Memory for content of a command that ends by itself.
  static final long CACHE_DEFAULT = 128L << 20;

  private final OutputStream out;
  private final Cancellation cancellation;

  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--cache",
      paramLabel = "SIZE",
      scope = ScopeType.INHERIT,
      converter = Pagewright.SizeConverter.class,
      description = {
        "Memory for the content of files. Default: 128M; of a mount an eighth of the",
        "machine's, 128M to 4G, taken when it is needed."
      })
  private @Nullable Long cacheBytes;

  @Option(
      names = "--direct",
      scope = ScopeType.INHERIT,
      description = "Go around the host's page cache to the image.")
  private boolean direct;

  @Option(
      names = "--read-only",
      scope = ScopeType.INHERIT,
      description = "Refuse every change of an image.")
  private boolean readOnly;

  @Option(
      names = "--force",
      scope = ScopeType.INHERIT,
      description = "Write an image that should be checked first; make one over what is there.")
  private boolean force;

  @Option(
      names = "--data",
      paramLabel = "MODE",
      defaultValue = "default",
      scope = ScopeType.INHERIT,
      description = {
        "What the journal of an image that is written promises of file content:",
        "ordered, writeback or journal; none leaves it alone. Default: what the image says."
      })
  private DataMode data = DataMode.DEFAULT;

  @Option(
      names = "--progress",
      negatable = true,
      scope = ScopeType.INHERIT,
      description = "Show how far long work has come. Default: on a terminal.")
  private @Nullable Boolean progress;

  @Option(
      names = "--stacktrace",
      scope = ScopeType.INHERIT,
      description = "After an error, show where it came from.")
  private boolean stacktrace;

  Pagewright(OutputStream out, Cancellation cancellation) {
    this.out = out;
    this.cancellation = cancellation;
  }

  @Override
  public void run() {
    CommandSpec known = spec;
    if (known != null) {
      throw new ParameterException(known.commandLine(), "which command?");
    }
  }

  boolean stacktrace() {
    return stacktrace;
  }

  boolean force() {
    return force;
  }

  /// Standard output for bytes, which are not to go through a writer.
  OutputStream bytes() {
    return out;
  }

  Cancellation cancellation() {
    return cancellation;
  }

  boolean showsProgress() {
    Boolean asked = progress;
    if (asked != null) {
      return asked;
    }
    Console console = System.console();
    return console != null && console.isTerminal();
  }

  Settings settings() throws CommandException {
    return settings(CACHE_DEFAULT);
  }

  /// What the options that every command has say.
  ///
  /// @param cacheDefault memory for content if nobody says how much
  Settings settings(long cacheDefault) throws CommandException {
    Long asked = cacheBytes;
    long bytes = asked == null ? cacheDefault : asked;
    if (bytes < CACHE_MIN) {
      throw CommandException.usage(
          "--cache " + ByteSize.format(bytes) + " is too small",
          "give 1M or more, or leave it out");
    }
    return new Settings(bytes, direct, readOnly, force, data, fixedTime());
  }

  /// The time that SOURCE_DATE_EPOCH fixes, so that the same input gives the same image.
  static @Nullable Instant fixedTime() throws CommandException {
    String text = System.getenv("SOURCE_DATE_EPOCH");
    if (text == null || text.isEmpty()) {
      return null;
    }
    try {
      return Instant.ofEpochSecond(Long.parseLong(text));
    } catch (NumberFormatException e) {
      throw CommandException.usage(
          "SOURCE_DATE_EPOCH is `" + text + "`, no number of seconds since 1970",
          "set it to one, such as the output of `git log -1 --format=%ct`, or unset it");
    }
  }

  /// Reads sizes such as `512M`.
  static final class SizeConverter implements CommandLine.ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
      try {
        return ByteSize.parse(text);
      } catch (IllegalArgumentException e) {
        throw new CommandLine.TypeConversionException(e.getMessage());
      }
    }
  }
}
