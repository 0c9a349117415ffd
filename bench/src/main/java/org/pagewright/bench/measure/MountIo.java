package org.pagewright.bench.measure;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;

/// One job of fio in folders of several peers. The kernel is told to forget the file before each
/// pass, so that each read comes to the server, which has it in memory.
final class MountIo {
  private MountIo() {}

  /// A job.
  ///
  /// @param kind fio's `rw`: `read`, `randread`, `write`, `randwrite`
  /// @param block bytes of an operation, as fio writes it
  static TimedContest contest(String kind, String block) {
    return MountedPeers.contest(
        (mounted, deadline) -> {
          String fio = Program.find("fio");
          return new TimedContest.Subject() {
            @Override
            public double measure(int round, Deadline end)
                throws IOException, InterruptedException {
              return job(fio, kind, block, mounted, end);
            }

            @Override
            public void close() throws IOException {
              mounted.close();
            }
          };
        });
  }

  private static double job(
      String fio, String kind, String block, MountedPeers.Mounted mounted, Deadline deadline)
      throws IOException, InterruptedException {
    String printed =
        Program.run(
            deadline, fio, "--name=job", "--rw=" + kind, "--bs=" + block, "--size=64m",
            "--filename=" + mounted.folder().resolve("file"), "--ioengine=psync",
            "--time_based", "--runtime=500ms", "--invalidate=1", "--output-format=json");
    JsonObject job =
        JsonParser.parseString(printed.substring(printed.indexOf('{')))
            .getAsJsonObject()
            .getAsJsonArray("jobs")
            .get(0)
            .getAsJsonObject();
    JsonObject side = job.getAsJsonObject(kind.endsWith("read") ? "read" : "write");
    return side.get("bw_bytes").getAsDouble() / (1 << 20);
  }
}
