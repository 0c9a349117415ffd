package org.pagewright.bench.measure;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// What was measured: every figure of every round, and on what.
///
/// @param format of this object, [#FORMAT]
/// @param mode `quick` or `full`
/// @param machine on what, and when
/// @param rows in the order of the table
public record Results(int format, String mode, Machine machine, List<RowResult> rows) {
  /// The one format there is.
  public static final int FORMAT = 1;

  private static final Gson GSON =
      new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

  /// What became of a row.
  public enum Status {
    /// There are figures.
    MEASURED,
    /// Something went wrong.
    FAILED,
    /// It could not be had, or there was no time.
    SKIPPED
  }

  /// One row.
  ///
  /// @param id of the row
  /// @param status what became of it
  /// @param reason why there are no figures; empty if there are
  /// @param seconds what it took
  /// @param peers ours first
  public record RowResult(
      String id, Status status, String reason, double seconds, List<Peer> peers) {}

  /// One peer of a row.
  ///
  /// @param name of the peer
  /// @param status what became of it
  /// @param reason why there are no figures; empty if there are
  /// @param figures one for each round
  /// @param allocated bytes of heap for each operation, one for each round; none if not counted
  public record Peer(
      String name,
      Status status,
      String reason,
      List<Double> figures,
      List<Double> allocated) {

    static Peer with(String name, List<Double> figures, List<Double> allocated) {
      return new Peer(name, Status.MEASURED, "", figures, allocated);
    }

    static Peer failed(String name, String reason) {
      return new Peer(name, Status.FAILED, reason, List.of(), List.of());
    }

    static Peer skipped(String name, String reason) {
      return new Peer(name, Status.SKIPPED, reason, List.of(), List.of());
    }
  }

  /// The results as text.
  ///
  /// @return JSON
  public String toJson() {
    return GSON.toJson(this) + "\n";
  }

  /// Reads results.
  ///
  /// @param file with JSON
  /// @return the results
  /// @throws IOException if there are none in it
  public static Results read(Path file) throws IOException {
    Results results;
    try {
      results = GSON.fromJson(Files.readString(file), Results.class);
    } catch (JsonParseException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
    if (results == null || results.format != FORMAT || results.rows == null) {
      throw new IOException(file + " holds no results of format " + FORMAT);
    }
    return results;
  }
}
