package org.pagewright.bench.measure;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.pagewright.bench.Turn;

/// Peers that JMH measures, each in a process of its own, all of them alive at once and taking
/// turns ([Turn]): a round is an iteration of each. With `-prof gc`.
///
/// JMH is told not to fork: the process is the fork, and has only one peer's code and profile.
public final class JmhContest implements Contest {
  private static final int START_SECONDS = 40;
  private static final int TURN_SECONDS = 20;

  private final String benchmark;
  private final Map<String, String> shared;
  private final List<Entry> entries = new ArrayList<>();
  private int patience = 1;

  /// A peer: what differs from the others; `threads` and `benchmark` are no parameters of JMH.
  private record Entry(String name, Map<String, String> params, boolean inQuick) {}

  /// A contest without peers.
  ///
  /// @param benchmark class and method in the package of the benchmarks
  /// @param params `name=value`, of all peers
  JmhContest(String benchmark, String... params) {
    this.benchmark = benchmark;
    this.shared = parse(params);
  }

  private static Map<String, String> parse(String... params) {
    Map<String, String> parsed = new TreeMap<>();
    for (String param : params) {
      int equals = param.indexOf('=');
      parsed.put(param.substring(0, equals), param.substring(equals + 1));
    }
    return parsed;
  }

  JmhContest peer(String name, String... params) {
    entries.add(new Entry(name, parse(params), true));
    return this;
  }

  /// A peer that `--quick` leaves out.
  JmhContest more(String name, String... params) {
    entries.add(new Entry(name, parse(params), false));
    return this;
  }

  /// Operations are long: so are iterations.
  JmhContest slow() {
    patience = 4;
    return this;
  }

  private List<Entry> entries(Effort effort) {
    return entries.stream().filter(e -> e.inQuick || !effort.quick()).toList();
  }

  @Override
  public List<String> peers(Effort effort) {
    return entries(effort).stream().map(Entry::name).toList();
  }

  /// A peer while it is measured.
  private static final class Running {
    final Entry entry;
    final Process process;
    final Path json;
    final Path log;
    @Nullable Socket socket;
    String reason = "";

    Running(Entry entry, Process process, Path json, Path log) {
      this.entry = entry;
      this.process = process;
      this.json = json;
      this.log = log;
    }

    /// Gives it up.
    void fail(String words) throws IOException {
      if (reason.isEmpty()) {
        String told = Files.exists(log) ? cause(Files.readString(log)) : "";
        reason = told.isEmpty() ? words : told;
      }
      Program.end(process);
    }

    /// The exception in what JMH printed, or the end of it.
    private static String cause(String log) {
      for (String line : log.lines().toList()) {
        if (line.matches("[\\w.$]+(?:Exception|Error)\\b.*")) {
          return Program.tail(line);
        }
      }
      return Program.tail(log);
    }
  }

  @Override
  public List<Results.Peer> run(Effort effort, Deadline deadline)
      throws IOException, InterruptedException {
    List<Running> all = new ArrayList<>();
    Path folder = Files.createTempDirectory("pagewright-bench");
    try (ServerSocket server = new ServerSocket(0, 64, InetAddress.getLoopbackAddress())) {
      for (Entry entry : entries(effort)) {
        all.add(start(entry, all.size(), server.getLocalPort(), folder, effort));
      }
      accept(server, all, deadline.orInSeconds(START_SECONDS));
      for (int round = 0; round < effort.warmups() + effort.rounds(); round++) {
        for (int i = 0; i < all.size(); i++) {
          Running each = all.get(round % 2 == 0 ? i : all.size() - 1 - i);
          takeTurn(each, deadline, round == 0 ? START_SECONDS : TURN_SECONDS);
        }
      }
      List<Results.Peer> results = new ArrayList<>();
      for (Running each : all) {
        results.add(finish(each, deadline.orInSeconds(TURN_SECONDS)));
      }
      return results;
    } finally {
      for (Running each : all) {
        Program.end(each.process);
        Socket socket = each.socket;
        if (socket != null) {
          socket.close();
        }
        Files.deleteIfExists(each.json);
        Files.deleteIfExists(each.log);
      }
      Files.deleteIfExists(folder);
    }
  }

  private Running start(Entry entry, int number, int port, Path folder, Effort effort)
      throws IOException {
    Map<String, String> params = new TreeMap<>(shared);
    params.putAll(entry.params);
    String named = params.containsKey("benchmark") ? params.remove("benchmark") : benchmark;
    String threads = params.containsKey("threads") ? params.remove("threads") : "1";
    try {
      Class.forName(
          "org.pagewright.bench." + named.substring(0, named.indexOf('.')), false,
          JmhContest.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new SkippedException("this build has no benchmark " + named);
    }
    Path json = folder.resolve(number + ".json");
    Path log = folder.resolve(number + ".log");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xmx2g", "-XX:-UsePerfData", "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow", "-Djmh.ignoreLock=true",
            "-D" + Turn.PROPERTY + "=" + port + ":" + number));
    for (String property : List.of("java.io.tmpdir", "pagewright.bench.disk")) {
      String value = System.getProperty(property);
      if (value != null) {
        command.add("-D" + property + "=" + value);
      }
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add("org.openjdk.jmh.Main");
    command.add("^org\\.pagewright\\.bench\\." + named.replace(".", "\\.") + "$");
    String iteration = patience * effort.iterationMillis() + "ms";
    command.addAll(
        List.of(
            "-f", "0", "-foe", "true", "-t", threads, "-prof", "gc",
            "-wi", "" + effort.warmups(), "-w", iteration,
            "-i", "" + effort.rounds(), "-r", iteration,
            "-rf", "json", "-rff", json.toString()));
    params.forEach((name, value) -> command.addAll(List.of("-p", name + "=" + value)));
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectOutput(log.toFile())
            .start();
    return new Running(entry, process, json, log);
  }

  /// Waits until every process has said who it is, or has ended.
  private static void accept(ServerSocket server, List<Running> all, Deadline deadline)
      throws IOException, InterruptedException {
    server.setSoTimeout(200);
    while (all.stream().anyMatch(r -> r.socket == null && r.reason.isEmpty())) {
      try {
        Socket socket = server.accept();
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(1000);
        int number = socket.getInputStream().read();
        if (number >= 0 && number < all.size() && all.get(number).socket == null) {
          all.get(number).socket = socket;
        } else {
          socket.close();
        }
      } catch (SocketTimeoutException e) {
        for (Running each : all) {
          if (each.socket == null && each.reason.isEmpty()) {
            if (!each.process.isAlive()) {
              each.fail("ended with " + each.process.waitFor());
            } else if (deadline.isOver()) {
              each.fail("does not start in time");
            }
          }
        }
      }
    }
  }

  private static void takeTurn(Running peer, Deadline all, int seconds) throws IOException {
    Socket socket = peer.socket;
    if (socket == null || !peer.reason.isEmpty()) {
      return;
    }
    try {
      socket.setSoTimeout((int) Math.max(1, all.orInSeconds(seconds).millisLeft()));
      socket.getOutputStream().write(1);
      if (socket.getInputStream().read() < 0) {
        peer.fail("left in the middle");
      }
    } catch (SocketTimeoutException e) {
      if (all.isOver()) {
        peer.reason = TimedContest.CUT; // whatever it has printed so far
      }
      peer.fail("a turn takes too long");
    } catch (IOException e) {
      peer.fail(e.toString());
    }
  }

  private static Results.Peer finish(Running peer, Deadline deadline)
      throws IOException, InterruptedException {
    if (peer.reason.isEmpty()) {
      if (!peer.process.waitFor(deadline.millisLeft(), TimeUnit.MILLISECONDS)) {
        peer.fail("does not end");
      } else if (peer.process.exitValue() != 0 || !Files.exists(peer.json)) {
        peer.fail("ended with " + peer.process.exitValue());
      }
    }
    if (!peer.reason.isEmpty()) {
      return Results.Peer.failed(peer.entry.name, peer.reason);
    }
    try {
      return parse(peer.entry.name, Files.readString(peer.json));
    } catch (JsonParseException | IllegalStateException | IndexOutOfBoundsException e) {
      return Results.Peer.failed(peer.entry.name, "what JMH wrote cannot be read: " + e);
    }
  }

  private static Results.Peer parse(String name, String json) {
    JsonObject result = JsonParser.parseString(json).getAsJsonArray().get(0).getAsJsonObject();
    boolean time = result.get("mode").getAsString().equals("avgt");
    int threads = result.get("threads").getAsInt();
    List<Double> figures = new ArrayList<>();
    for (JsonElement each : raw(result.getAsJsonObject("primaryMetric"))) {
      // JMH tells the time of an operation in one thread, and the rate of all of them.
      figures.add(rounded(time ? each.getAsDouble() / threads : each.getAsDouble()));
    }
    List<Double> allocated = new ArrayList<>();
    JsonObject more = result.getAsJsonObject("secondaryMetrics");
    for (String metric : more.keySet()) {
      if (metric.endsWith("gc.alloc.rate.norm")) {
        for (JsonElement each : raw(more.getAsJsonObject(metric))) {
          allocated.add(rounded(each.getAsDouble()));
        }
      }
    }
    return Results.Peer.with(name, figures, allocated);
  }

  private static JsonArray raw(JsonObject metric) {
    return metric.getAsJsonArray("rawData").get(0).getAsJsonArray();
  }

  /// Six digits are more than a measurement has.
  static double rounded(double value) {
    if (value == 0 || Double.isNaN(value) || Double.isInfinite(value)) {
      return value;
    }
    return new java.math.BigDecimal(value)
        .round(new java.math.MathContext(6))
        .doubleValue();
  }
}
