package org.pagewright.tidy;

import java.util.List;

/// One text file.
///
/// @param path relative to the root, with slashes
/// @param text its content
record SourceFile(String path, String text) {

  /// The lines without their ends; the part after the last newline counts only if it holds text.
  List<String> lines() {
    return text.lines().toList();
  }

  /// The text with comments and literals blanked, positions unchanged.
  String code() {
    return JavaText.blank(text);
  }

  String name() {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /// The first folder of the path, the module for sources.
  String module() {
    int slash = path.indexOf('/');
    return slash < 0 ? "" : path.substring(0, slash);
  }

  /// Ships to users: the engine, file systems, front ends.
  boolean isMain() {
    String module = module();
    return path.contains("/src/main/java/")
        && (module.equals("core") || module.startsWith("fs-") || module.startsWith("front-"));
  }

  /// Proves rules: tests anywhere but here, the simulator and the lab.
  boolean isTest() {
    String module = module();
    return !module.equals("tidy")
        && (path.contains("/src/test/java/") || module.equals("sim") || module.equals("lab"));
  }

  boolean isScript() {
    return path.endsWith(".sh") || text.startsWith("#!");
  }

  /// True if the file lies in the package of one of these rooms of core.
  boolean isInRoom(String... rooms) {
    for (String room : rooms) {
      if (path.contains("core/src/main/java/org/pagewright/" + room + "/")) {
        return true;
      }
    }
    return false;
  }

  /// The line number, from 1, of a position in the text.
  int lineAt(int position) {
    int line = 1;
    for (int i = 0; i < position; i++) {
      if (text.charAt(i) == '\n') {
        line++;
      }
    }
    return line;
  }
}
