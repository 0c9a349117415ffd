package org.pagewright.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.cli.image.Image;
import org.pagewright.cli.image.Operand;
import org.pagewright.cli.os.HostNames;
import org.pagewright.cli.report.CommandException;
import org.pagewright.cli.report.ExitCode;
import org.pagewright.cli.report.Progress;
import org.pagewright.cli.tree.HostSource;
import org.pagewright.cli.tree.HostTarget;
import org.pagewright.cli.tree.ImageSource;
import org.pagewright.cli.tree.ImageTarget;
import org.pagewright.cli.tree.Keep;
import org.pagewright.cli.tree.TreeTarget;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.Stat;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Copies files into, out of and between images.
@Command(
    name = "cp",
    sortOptions = false,
    description = {
      "Copies files into, out of and between images.",
      "If the target is a directory, the copies go into it; of IMAGE:/ or DIR/. what is in it."
    })
final class CpCommand extends Subcommand {
  @Mixin private final CopyOptions options = new CopyOptions();

  @Option(
      names = {"-n", "--no-clobber"},
      description = "Leave files that are there.")
  private boolean noClobber;

  @Option(names = {"-v", "--verbose"}, description = "Say what is copied.")
  private boolean verbose;

  @Parameters(
      arity = "2..*",
      paramLabel = "SOURCE... TARGET",
      description = "IMAGE:/PATH, or a path of the host.")
  private List<String> operands = List.of();

  /// One for each image: names of one file in several operands stay names of one file.
  private final Map<Image, ImageSource> imageSources = new HashMap<>();

  @Override
  void run() throws IOException {
    List<Operand> sources = new ArrayList<>();
    boolean image = false;
    for (String text : operands) {
      Operand operand = Operand.parse(text);
      image |= operand instanceof Operand.InImage;
      sources.add(operand);
    }
    if (!image) {
      throw CommandException.usage(
          "no operand is in an image", "write IMAGE:/PATH; files of the host alone: use cp");
    }
    Operand target = sources.removeLast();
    Keep keep = options.keep();
    Progress progress = progress();
    try (HostSource host = new HostSource(keep, root().cancellation(), this::goOnAfter)) {
      switch (target) {
        case Operand.InImage in -> intoImage(sources, in, keep, progress, host);
        case Operand.Host out -> ontoHost(sources, out, keep, progress);
      }
    } finally {
      progress.finish();
    }
  }

  private void intoImage(
      List<Operand> sources, Operand.InImage target, Keep keep, Progress progress, HostSource host)
      throws IOException {
    Image image = open(target, true);
    Stat there;
    try {
      there = Places.statOrNull(image.volume(), target.path(), true);
    } catch (FsException e) {
      throw CommandException.at(image.name(), target.path(), e);
    }
    boolean into = there != null && there.isDirectory();
    checkTarget(sources, target, into, target.path().endsWith("/"));
    TreeTarget tree =
        new ImageTarget(
            image.name(),
            image.volume(),
            keep,
            false,
            ImageTarget.Way.CACHED,
            null,
            progress,
            root().cancellation());
    for (Operand source : sources) {
      String name = into ? nameOf(source) : "";
      String path = name.isEmpty() ? target.path() : Places.in(target.path(), name);
      if (noClobber && existsIn(image, path)) {
        continue;
      }
      copy(source, path, target, tree, keep, host);
    }
  }

  private static boolean existsIn(Image image, String path) throws IOException {
    try {
      return Places.statOrNull(image.volume(), path, false) != null;
    } catch (FsException e) {
      throw CommandException.at(image.name(), path, e);
    }
  }

  private void ontoHost(List<Operand> sources, Operand.Host target, Keep keep, Progress progress)
      throws IOException {
    Path path = target.path();
    boolean into = Files.isDirectory(path);
    checkTarget(sources, target, into, target.text().endsWith("/"));
    Path directory = into ? path : path.toAbsolutePath().getParent();
    Path last = path.getFileName();
    if (directory == null || last == null) {
      throw new FsException(Errno.EISDIR, target.text());
    }
    if (!Files.isDirectory(directory)) {
      throw new FsException(Errno.ENOENT, directory.toString());
    }
    try (HostTarget tree =
            new HostTarget(directory, keep, progress, root().cancellation(), this::warn);
        HostSource none = new HostSource(keep, root().cancellation(), this::goOnAfter)) {
      for (Operand source : sources) {
        String name = into ? nameOf(source) : HostNames.textOf(last);
        boolean whole = name.isEmpty();
        if (noClobber && !whole
            && Files.exists(HostNames.resolve(directory, name), LinkOption.NOFOLLOW_LINKS)) {
          continue;
        }
        copy(source, whole ? "" : "/" + name, target, tree, keep, none);
      }
    }
  }

  private static void checkTarget(
      List<Operand> sources, Operand target, boolean into, boolean mustBeDirectory)
      throws CommandException {
    if (!into && (sources.size() > 1 || mustBeDirectory)) {
      throw new CommandException(
          ExitCode.FAILED,
          target.text() + ": " + Errno.ENOTDIR.words() + " (ENOTDIR)",
          "make it with mkdir; several files are copied into a directory");
    }
  }

  /// Copies one operand; if that fails, the next may do better.
  private void copy(
      Operand source,
      String targetPath,
      Operand target,
      TreeTarget tree,
      Keep keep,
      HostSource host)
      throws IOException {
    try {
      copyOne(source, targetPath, target, tree, keep, host);
    } catch (IOException e) {
      goOnAfter(e);
    }
  }

  private void copyOne(
      Operand source,
      String targetPath,
      Operand target,
      TreeTarget tree,
      Keep keep,
      HostSource host)
      throws IOException {
    if (verbose) {
      out().println(source.text() + " -> " + target.text());
    }
    // As every cp: links in a tree are copied, one that is named is followed.
    boolean follow = !options.recursive();
    switch (source) {
      case Operand.Host file -> {
        boolean directory =
            follow
                ? Files.isDirectory(file.path())
                : Files.isDirectory(file.path(), LinkOption.NOFOLLOW_LINKS);
        checkRecursive(source, directory);
        host.walk(file.path(), targetPath, follow, tree);
      }
      case Operand.InImage in -> {
        Image image = open(in, false);
        try {
          Stat stat = follow ? image.volume().stat(in.path()) : image.volume().lstat(in.path());
          checkRecursive(source, stat.isDirectory());
          checkNotIntoItself(in, target, targetPath, stat);
        } catch (FsException e) {
          throw CommandException.at(image.name(), in.path(), e);
        }
        ImageSource opened = imageSources.get(image);
        if (opened == null) {
          opened =
              new ImageSource(
                  image.name(), image.volume(), keep, root().cancellation(), this::goOnAfter);
          imageSources.put(image, opened);
        }
        opened.walk(in.path(), targetPath, follow, tree);
      }
    }
  }

  private void checkRecursive(Operand source, boolean directory) throws CommandException {
    if (directory && !options.recursive()) {
      throw new CommandException(
          ExitCode.FAILED,
          source.text() + ": " + Errno.EISDIR.words() + " (EISDIR)",
          "give -r to copy a directory with all that is in it");
    }
  }

  private void checkNotIntoItself(
      Operand.InImage source, Operand target, String targetPath, @Nullable Stat stat)
      throws IOException {
    if (!(target instanceof Operand.InImage in) || stat == null) {
      return;
    }
    Image from = open(source, false);
    if (from != open(in, true)) {
      return;
    }
    // Every directory on the way to the target, and the target.
    for (int end = targetPath.length(); end >= 0; end = targetPath.lastIndexOf('/', end - 1)) {
      String above = end == 0 ? "/" : targetPath.substring(0, end);
      Stat there = Places.statOrNull(from.volume(), above, true);
      boolean same = there != null && there.ino() == stat.ino();
      if (same && (stat.isDirectory() || end == targetPath.length())) {
        throw new CommandException(
            ExitCode.FAILED,
            source.text() + ": cannot be copied to itself or below itself (EINVAL)",
            "choose a target outside of it");
      }
      if (end == 0) {
        break;
      }
    }
  }

  /// The name under which something is copied into a directory. Empty for the root of an image and
  /// for `DIR/.`: what is in it is copied then.
  private static String nameOf(Operand operand) throws CommandException {
    String name =
        switch (operand) {
          case Operand.Host host -> {
            Path last = host.path().getFileName();
            yield last == null ? "" : HostNames.textOf(last);
          }
          case Operand.InImage in -> Places.nameOf(in.path());
        };
    if (name.equals("..")) {
      throw CommandException.usage(
          operand.text() + " has no name to be copied under", "give the name of the directory");
    }
    return name.equals(".") ? "" : name;
  }
}
