package org.pagewright.cli.image;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.pagewright.cli.report.CommandException;
import org.pagewright.cli.report.ExitCode;

/// A file as the command line names it: `IMAGE:/path`, `IMAGE@1:/path`, or a path of the host.
public sealed interface Operand {
  /// What the user wrote.
  ///
  /// @return for messages
  String text();

  /// A file of the host.
  ///
  /// @param text what the user wrote
  /// @param path the same
  record Host(String text, Path path) implements Operand {}

  /// A file in an image.
  ///
  /// @param text what the user wrote
  /// @param image the image's file
  /// @param partition from 1; 0 for an image without a partition table
  /// @param path from the root of the image, begins with a slash
  record InImage(String text, Path image, int partition, String path) implements Operand {
    /// The image without the path.
    ///
    /// @return such as `disk.img@1`
    public String imageName() {
      return partition == 0 ? image.toString() : image + "@" + partition;
    }

    /// Another file of the same image.
    ///
    /// @param other its path
    /// @return another operand
    public InImage withPath(String other) {
      return new InImage(imageName() + ":" + other, image, partition, other);
    }
  }

  /// Reads an operand that may be of the host or in an image.
  ///
  /// @param text what the user wrote
  /// @return which of the two it is
  /// @throws CommandException if it is neither
  static Operand parse(String text) throws CommandException {
    int colon = colonOf(text);
    return colon < 0 ? new Host(text, pathOf(text)) : inImage(text, colon);
  }

  /// Reads an operand that is in an image; without a colon it is the image's root.
  ///
  /// @param text what the user wrote
  /// @return a place in an image
  /// @throws CommandException if it makes no sense
  static InImage parseInImage(String text) throws CommandException {
    int colon = colonOf(text);
    if (colon < 0 && text.indexOf(':') > 0 && !Files.exists(pathOf(text))) {
      int at = text.indexOf(':');
      throw CommandException.usage(
          text + ": a path in an image begins with a slash",
          "write " + text.substring(0, at) + ":/" + text.substring(at + 1));
    }
    return inImage(text, colon);
  }

  private static int colonOf(String text) {
    int colon = text.indexOf(":/");
    return colon < 0 && text.endsWith(":") ? text.length() - 1 : colon;
  }

  private static InImage inImage(String text, int colon) throws CommandException {
    String image = colon < 0 ? text : text.substring(0, colon);
    String path = colon < 0 ? "/" : text.substring(colon + 1);
    if (image.isEmpty()) {
      throw CommandException.usage(
          "`" + text + "` names no image", "write IMAGE:/path, such as disk.img:/etc");
    }
    int partition = 0;
    int at = image.lastIndexOf('@');
    if (at > 0 && isNumber(image, at + 1) && !Files.exists(pathOf(image))) {
      partition = Integer.parseInt(image, at + 1, image.length(), 10);
      image = image.substring(0, at);
      if (partition == 0) {
        throw CommandException.usage(
            text + ": partitions count from 1", "write " + image + "@1:" + path);
      }
    }
    return new InImage(text, pathOf(image), partition, path.isEmpty() ? "/" : path);
  }

  private static boolean isNumber(String text, int from) {
    for (int i = from; i < text.length(); i++) {
      if (text.charAt(i) < '0' || text.charAt(i) > '9') {
        return false;
      }
    }
    return from < text.length() && text.length() - from <= 4;
  }

  private static Path pathOf(String text) throws CommandException {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new CommandException(
          ExitCode.USAGE,
          "`" + text + "` is no path: " + e.getReason(),
          "run it in a UTF-8 locale if the name is not in ASCII",
          e);
    }
  }
}
