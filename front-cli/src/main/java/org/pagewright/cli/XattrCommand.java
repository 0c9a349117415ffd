package org.pagewright.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.cli.image.Operand;
import org.pagewright.cli.report.CommandException;
import org.pagewright.cli.report.Json;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.Name;
import org.pagewright.vfs.Volume;
import org.pagewright.vfs.XattrMode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/// Extended attributes.
@Command(
    name = "xattr",
    sortOptions = false,
    description = {
      "Lists, reads, sets and removes extended attributes, such as user.comment.",
      "A value is text; 0x and digits are bytes, 0s and Base64 too."
    },
    subcommands = {
      XattrCommand.ListNames.class,
      XattrCommand.Get.class,
      XattrCommand.Set.class,
      XattrCommand.Remove.class
    })
final class XattrCommand extends Subcommand {
  @Override
  void run() throws IOException {
    throw new ParameterException(spec().commandLine(), "list, get, set or rm?");
  }

  private abstract static class OnOneFile extends Subcommand {
    @Option(names = "--no-dereference", description = "A symbolic link itself.")
    private boolean linkItself;

    @Parameters(index = "0", paramLabel = "IMAGE:/PATH", description = "The file.")
    private String file = "";

    /// Work on the file.
    abstract void work(Volume volume, String path, boolean follow) throws IOException;

    final void on(boolean write) throws IOException {
      Operand.InImage operand = Operand.parseInImage(file);
      Volume volume = open(operand, write).volume();
      Places.at(operand, () -> work(volume, operand.path(), !linkItself));
    }
  }

  @Command(name = "list", sortOptions = false, description = "Lists attributes and their values.")
  static final class ListNames extends OnOneFile {
    @Option(names = "--json", description = "An object; values are in Base64.")
    private boolean asJson;

    @Override
    void run() throws IOException {
      on(false);
    }

    @Override
    void work(Volume volume, String path, boolean follow) throws IOException {
      List<Name> names = volume.listXattrs(path, follow);
      Json json = new Json().object();
      for (Name name : names) {
        byte[] value = volume.getXattr(path, name.toString(), follow);
        byte[] bytes = value == null ? new byte[0] : value;
        if (asJson) {
          json.member(name.toString(), Base64.getEncoder().encodeToString(bytes));
        } else {
          out().println(Listing.printable(name.toString()) + "=" + shown(bytes));
        }
      }
      if (asJson) {
        out().println(json.endObject().take());
      }
    }
  }

  @Command(name = "get", sortOptions = false, description = "Writes a value to standard output.")
  static final class Get extends OnOneFile {
    @Parameters(index = "1", paramLabel = "NAME", description = "Such as user.comment.")
    private String name = "";

    @Override
    void run() throws IOException {
      on(false);
    }

    @Override
    void work(Volume volume, String path, boolean follow) throws IOException {
      byte[] value = volume.getXattr(path, name, follow);
      if (value == null) {
        throw new FsException(Errno.ENODATA, path + ": attribute " + name);
      }
      out().flush();
      root().bytes().write(value);
      root().bytes().flush();
    }
  }

  @Command(name = "set", sortOptions = false, description = "Makes or replaces an attribute.")
  static final class Set extends OnOneFile {
    @Option(names = "--create", description = "Fail if it is there.")
    private boolean create;

    @Option(names = "--replace", description = "Fail if it is not there.")
    private boolean replace;

    @Parameters(index = "1", paramLabel = "NAME", description = "Such as user.comment.")
    private String name = "";

    @Parameters(index = "2", paramLabel = "VALUE", description = "Text, 0xHEX or 0sBASE64.")
    private String value = "";

    @Override
    void run() throws IOException {
      on(true);
    }

    @Override
    void work(Volume volume, String path, boolean follow) throws IOException {
      XattrMode mode = create ? XattrMode.CREATE : replace ? XattrMode.REPLACE : XattrMode.SET;
      volume.setXattr(path, name, bytes(value), mode, follow);
    }
  }

  @Command(name = "rm", sortOptions = false, description = "Removes an attribute.")
  static final class Remove extends OnOneFile {
    @Parameters(index = "1", paramLabel = "NAME", description = "Such as user.comment.")
    private String name = "";

    @Override
    void run() throws IOException {
      on(true);
    }

    @Override
    void work(Volume volume, String path, boolean follow) throws IOException {
      volume.removeXattr(path, name, follow);
    }
  }

  private static byte[] bytes(String value) throws CommandException {
    try {
      if (value.startsWith("0x")) {
        return HexFormat.of().parseHex(value, 2, value.length());
      }
      if (value.startsWith("0s")) {
        return Base64.getDecoder().decode(value.substring(2));
      }
    } catch (IllegalArgumentException e) {
      throw CommandException.usage(
          "`" + value + "` is no value", "write 0x and pairs of digits, or 0s and Base64");
    }
    return value.getBytes(StandardCharsets.UTF_8);
  }

  /// In quotes if it is text, else in the form that `set` reads.
  private static String shown(byte[] value) {
    String text = textOrNull(value);
    return text == null
        ? "0x" + HexFormat.of().formatHex(value)
        : "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }

  private static @Nullable String textOrNull(byte[] value) {
    for (byte b : value) {
      if (b >= 0 && b < 0x20 || b == 0x7f) {
        return null;
      }
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(value)).toString();
    } catch (CharacterCodingException e) {
      return null;
    }
  }
}
