package org.pagewright.lab.kernel;

import org.jspecify.annotations.Nullable;

/// A page of the user's memory, as a scenario first describes it: anonymous bytes, a page of a
/// file, or an address where nothing is mapped. What becomes of it is the kernel's to know.
///
/// @param name what stories call it, such as `uF0` for a mapping of page 0 of F
/// @param file the file that is mapped there, or null
/// @param index the page of that file
/// @param bytes the content if no file is mapped
/// @param valid whether anything is mapped there at all
/// @param resident whether it can be read without a fault, to begin with
public record UserPage(
    String name, @Nullable Inode file, int index, String bytes, boolean valid, boolean resident) {

  /// A file as scenarios know it.
  public interface Inode {
    /// What stories call it.
    ///
    /// @return a letter
    String name();
  }

  /// Anonymous memory that is in core.
  ///
  /// @param name what stories call it
  /// @param bytes the content
  /// @return the page
  public static UserPage anonymous(String name, String bytes) {
    return new UserPage(name, null, 0, bytes, true, true);
  }

  /// Anonymous memory that has to be brought in first.
  ///
  /// @param name what stories call it
  /// @param bytes the content
  /// @return the page
  public static UserPage cold(String name, String bytes) {
    return new UserPage(name, null, 0, bytes, true, false);
  }

  /// An address where nothing is mapped.
  ///
  /// @param name what stories call it
  /// @return the page
  public static UserPage bad(String name) {
    return new UserPage(name, null, 0, "", false, false);
  }

  /// A mapped page of a file, not in core.
  ///
  /// @param file the file
  /// @param index its page
  /// @return the page
  public static UserPage of(Inode file, int index) {
    return new UserPage("u" + file.name() + index, file, index, "", true, false);
  }

  @Override
  public String toString() {
    return name;
  }
}
