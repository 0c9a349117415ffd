package org.pagewright.lab.kernel;

import java.util.ArrayList;
import java.util.List;

/// Where a write takes its bytes: the segments of a writev, each a run of bytes over user pages.
///
/// @param pieces the parts, in order; each lies in one page
public record Source(List<Piece> pieces) {

  /// Bytes of one page.
  ///
  /// @param page the page
  /// @param offset first byte in it
  /// @param length bytes
  /// @param segment number of the segment it belongs to
  public record Piece(UserPage page, int offset, int length, int segment) {}

  /// Nothing yet.
  ///
  /// @return no segment
  public static Source empty() {
    return new Source(List.of());
  }

  /// One segment.
  ///
  /// @param page the page
  /// @param offset first byte in it
  /// @param length bytes
  /// @return the source
  public static Source of(UserPage page, int offset, int length) {
    return empty().segment(page, offset, length);
  }

  /// Adds a segment.
  ///
  /// @param page the page that it begins in
  /// @param offset first byte in it
  /// @param length bytes in it; may be 0
  /// @return a longer source
  public Source segment(UserPage page, int offset, int length) {
    int last = pieces.isEmpty() ? -1 : pieces.getLast().segment();
    return with(new Piece(page, offset, length, last + 1));
  }

  /// Goes on with the last segment in the next page.
  ///
  /// @param page the page that follows in memory
  /// @param length bytes from its start
  /// @return a longer source
  public Source then(UserPage page, int length) {
    return with(new Piece(page, 0, length, pieces.getLast().segment()));
  }

  private Source with(Piece piece) {
    List<Piece> longer = new ArrayList<>(pieces);
    longer.add(piece);
    return new Source(List.copyOf(longer));
  }

  /// Bytes in all.
  ///
  /// @return the sum
  public int length() {
    int sum = 0;
    for (Piece piece : pieces) {
      sum += piece.length();
    }
    return sum;
  }
}
