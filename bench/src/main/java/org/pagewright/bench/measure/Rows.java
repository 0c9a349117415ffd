package org.pagewright.bench.measure;

import static org.pagewright.bench.measure.Target.Kind.ADDED_AT_MOST;
import static org.pagewright.bench.measure.Target.Kind.AT_MOST;
import static org.pagewright.bench.measure.Target.Kind.BEHIND_AT_MOST;
import static org.pagewright.bench.measure.Target.Kind.SPEED_AT_LEAST;
import static org.pagewright.bench.measure.Target.Kind.TIME_AT_MOST;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.pagewright.bench.measure.Row.Group;

/// The one table of what is measured.
public final class Rows {
  private static final String COPY = "copy";
  private static final String LOCKED_COPY = "copy, one atomic each";
  private static final String EXT4 = "kernel ext4";
  private static final String TMPFS = "kernel tmpfs";
  private static final String LOOP = "kernel ext4, loop";
  private static final String MAP = "kernel mapping";
  private static final String BARE = "bare memory";

  private final List<Row> rows = new ArrayList<>();

  private Rows() {
    cached();
    ways();
    threads();
    mapped();
    cold();
    eviction();
    sync();
    tools();
    mounts();
    memory();
    growth();
    Set<String> ids = new HashSet<>();
    for (Row row : rows) {
      if (!ids.add(row.id())) {
        throw new AssertionError("two rows are called " + row.id());
      }
    }
  }

  /// All rows, in the order of the page.
  ///
  /// @return with different ids
  public static List<Row> all() {
    return List.copyOf(new Rows().rows);
  }

  private static Row row(
      String id, Group group, Unit unit, String question, Contest contest) {
    return new Row(id, group, question, unit, contest, "", List.of(), false);
  }

  private void add(Row row) {
    rows.add(row);
  }

  /// The doors that the targets name.
  private static JmhContest doors(String method, String... params) {
    return new JmhContest("CachedIo." + method, params)
        .peer("ours", "door=pagewright")
        .peer(COPY, "door=copy")
        .peer(EXT4, "door=ext4")
        .peer(TMPFS, "door=tmpfs");
  }

  private static String words(String size) {
    return switch (size) {
      case "64" -> "64 B";
      case "512" -> "512 B";
      case "4096" -> "4 KiB";
      case "65536" -> "64 KiB";
      default -> "1 MiB";
    };
  }

  private static String name(String size) {
    return words(size).replace(" ", "").replace("iB", "").replace("B", "").toLowerCase(
        java.util.Locale.ROOT);
  }

  private void cached() {
    for (String size : List.of("64", "512", "4096", "65536", "1048576")) {
      for (String method : List.of("read", "write")) {
        boolean read = method.equals("read");
        JmhContest doors = doors(method, "size=" + size);
        if (!read && size.equals("64")) {
          doors.peer(LOCKED_COPY, "door=lockedcopy");
        }
        Row row =
            row(
                    method + "-" + name(size), Group.CACHED, Unit.NANOS,
                    "Cached " + method + " of " + words(size) + ", random over 256 MiB", doors)
                .limit(COPY);
        if (size.equals("4096") && read) {
          row =
              row.target(TIME_AT_MOST, COPY, 1.15).target(SPEED_AT_LEAST, EXT4, 2.5).quick();
        } else if (size.equals("4096")) {
          row =
              row.target(TIME_AT_MOST, COPY, 1.15)
                  .target(SPEED_AT_LEAST, EXT4, 10)
                  .target(SPEED_AT_LEAST, TMPFS, 2.3)
                  .quick();
        } else if (size.equals("64")) {
          row =
              row.target(TIME_AT_MOST, COPY, read ? 1.7 : 3)
                  .target(SPEED_AT_LEAST, EXT4, 7)
                  .target(SPEED_AT_LEAST, TMPFS, 7)
                  .quick();
        }
        add(row);
      }
    }
  }

  private void ways() {
    for (String method : List.of("read", "write")) {
      String title = "Cached " + method + " of ";
      for (String size : List.of("64", "4096", "65536")) {
        add(
            row(
                    method + "-" + name(size) + "-seq", Group.WAYS, Unit.NANOS,
                    title + words(size) + ", sequential",
                    doors(method, "size=" + size, "pattern=sequential"))
                .limit(COPY));
      }
      for (String size : List.of("64", "4096")) {
        add(
            row(
                    method + "-" + name(size) + "-heap", Group.WAYS, Unit.NANOS,
                    title + words(size) + ", random, the caller's buffer an array",
                    doors(method, "size=" + size, "buffer=heap"))
                .limit(COPY));
      }
      add(
          row(
                  method + "-4k-doors", Group.WAYS, Unit.NANOS,
                  title + "4 KiB, random, through every door",
                  new JmhContest("CachedIo." + method, "size=4096")
                      .peer("ours", "door=pagewright")
                      .peer("ours, in memory only", "door=ramfs")
                      .peer("ours, a host's folder", "door=hostfs")
                      .peer("ours, java.nio", "door=nio")
                      .peer(COPY, "door=copy")
                      .peer(MAP, "door=map")
                      .peer("H2 nioMemFS", "door=h2")
                      .peer("jimfs", "door=jimfs")
                      .peer("Caffeine", "door=caffeine"))
              .limit(COPY));
      add(
          row(
                  "nio-" + method, Group.WAYS, Unit.NANOS,
                  "What the channel of java.nio adds to OpenFile, " + method + " of 4 KiB",
                  new ChannelCost(method))
              .target(ADDED_AT_MOST, "ours, OpenFile", 30)
              .quick());
    }
  }

  private void threads() {
    for (String method : List.of("read", "write")) {
      for (String files : List.of("separate", "same")) {
        boolean hasTarget = files.equals("separate") || method.equals("read");
        JmhContest contest =
            new JmhContest("CachedIo." + method, "size=4096", "files=" + files)
                .peer("ours, 2 threads", "door=pagewright", "threads=2")
                .peer("ours, 1 thread", "door=pagewright")
                .peer("copy, 2 threads", "door=copy", "threads=2")
                .peer("copy, 1 thread", "door=copy")
                .more("kernel ext4, 2 threads", "door=ext4", "threads=2");
        Row row =
            row(
                    method + "-2t-" + files, Group.THREADS, Unit.NANOS,
                    "Two threads, " + method + " of 4 KiB, " + files
                        + (files.equals("same") ? " file" : " files"),
                    contest)
                .limit("copy, 2 threads");
        add(hasTarget ? row.target(SPEED_AT_LEAST, "ours, 1 thread", 1.8).quick() : row);
      }
    }
  }

  private void mapped() {
    for (String method : List.of("get", "put", "cas", "scanGet", "scanPin", "writeFault")) {
      Row row =
          mapped(
              "mapped-" + method.toLowerCase(java.util.Locale.ROOT),
              switch (method) {
                case "get" -> "A long loaded at a random place of 256 MiB";
                case "put" -> "A long stored at a random place of 256 MiB";
                case "cas" -> "A long at a random place of 256 MiB compared and set";
                case "scanGet" -> "Each long of 256 MiB loaded, one after the other";
                case "scanPin" -> "The same from memory that was pinned, 1 MiB at a time";
                default -> "The first store to a folio that is clean";
              },
              method);
      add(
          switch (method) {
            case "get", "put" -> row.target(TIME_AT_MOST, MAP, 1.3).quick();
            case "scanGet" -> row.target(TIME_AT_MOST, BARE, 3).quick();
            case "scanPin" -> row.target(TIME_AT_MOST, BARE, 1.15);
            case "writeFault" -> row.target(AT_MOST, "", 2_000);
            default -> row;
          });
    }
    for (String method : List.of("get", "put")) {
      String did = method.equals("get") ? "loaded" : "stored";
      for (String threads : List.of("1", "2")) {
        String who = threads.equals("1") ? "" : ", by two threads";
        String id = "mapped-" + method + (who.isEmpty() ? "-2g" : "-2g-2t");
        if (!who.isEmpty()) {
          Row two =
              mapped(
                      "mapped-" + method + "-2t",
                      "A long " + did + " at a random place of 256 MiB" + who,
                      method, "threads=2")
                  .target(TIME_AT_MOST, MAP, 1.4);
          add(method.equals("get") ? two.quick() : two);
        }
        add(
            mapped(
                    id, "A long " + did + " at a random place of 2 GiB" + who, method,
                    "threads=" + threads, "span=2048")
                .target(TIME_AT_MOST, MAP, 1.4));
      }
    }
    for (String method : List.of("writeOut", "reclaim", "truncate")) {
      add(
          row(
              "mapped-" + method.toLowerCase(java.util.Locale.ROOT), Group.MAPPED, Unit.NANOS,
              switch (method) {
                case "writeOut" -> "A dirty folio written out";
                case "reclaim" -> "A clean folio evicted";
                default -> "A dirty folio truncated";
              } + ", while others use the region",
              new JmhContest("MappedUpkeep." + method)
                  .peer("ours, 100 threads", "users=100")
                  .peer("ours, 10 threads", "users=10")
                  .peer("ours, nobody else", "users=0")));
    }
  }

  private static Row mapped(String id, String question, String method, String... params) {
    return row(
            id, Group.MAPPED, Unit.NANOS, question,
            new JmhContest("MappedAccess." + method, params)
                .peer("ours, MappedRegion", "door=pagewright")
                .peer(MAP, "door=kernel")
                .peer(BARE, "door=bare"))
        .limit(MAP);
  }

  private void cold() {
    add(
        row(
                "cold-stream", Group.COLD, Unit.MIB_PER_SECOND,
                "512 MiB read from the disk, one piece of 1 MiB after the other",
                ColdRead.stream())
            .limit("dd, O_DIRECT")
            .target(SPEED_AT_LEAST, "dd, O_DIRECT", 0.9)
            .quick());
    add(
        row(
                "cold-random", Group.COLD, Unit.PER_SECOND,
                "4,000 reads of 4 KiB at random places of 512 MiB on the disk",
                ColdRead.random())
            .limit("kernel, O_DIRECT"));
  }

  private void eviction() {
    for (HitRate.Pattern pattern : HitRate.Pattern.values()) {
      for (int times : List.of(2, 10)) {
        String words =
            switch (pattern) {
              case ZIPF -> "Zipf";
              case SCANS -> "Zipf with scans in between";
              case LOOP -> "round and round";
            };
        Row row =
            row(
                    "hits-" + pattern.name().toLowerCase(java.util.Locale.ROOT) + "-" + times,
                    Group.EVICTION, Unit.PERCENT,
                    "Hits: " + words + ", over " + times + " times the memory",
                    HitRate.contest(pattern, times))
                .limit("W-TinyLFU");
        add(
            pattern == HitRate.Pattern.LOOP
                ? row
                : row.target(new Target(BEHIND_AT_MOST, List.of("W-TinyLFU", "S3-FIFO"), 1))
                    .quick());
      }
    }
  }

  private void sync() {
    add(
        row(
                "sync-stream", Group.SYNC, Unit.PER_SECOND,
                "64 MiB written to an image and synced",
                synced("stream", "1"))
            .target(SPEED_AT_LEAST, LOOP, 0.8)
            .quick());
    add(
        row(
            "sync-overwrite", Group.SYNC, Unit.PER_SECOND,
            "4 KiB of a file overwritten and synced", synced("overwrite", "1")));
    add(
        row(
            "sync-create", Group.SYNC, Unit.PER_SECOND,
            "A small file created, written and synced", synced("create", "1")));
    add(
        row(
            "sync-create-8t", Group.SYNC, Unit.PER_SECOND,
            "The same by eight threads: commits are shared", synced("create", "8")));
    add(
        row(
                "throttle", Group.SYNC, Unit.MIB_PER_SECOND,
                "Writing to a fast device while a slow one that shares the memory is flooded",
                Fairness.contest())
            .limit("ours, alone"));
  }

  private static JmhContest synced(String method, String threads) {
    return new JmhContest("SyncedIo." + method, "threads=" + threads)
        .peer("ours", "door=pagewright")
        .peer(LOOP, "door=kernel")
        .slow();
  }

  private void tools() {
    for (SmallFiles.Step step : SmallFiles.Step.values()) {
      String word = step.name().toLowerCase(java.util.Locale.ROOT);
      add(
          row(
              "files-" + word, Group.TOOLS, Unit.MICROS,
              "3,000 files of 1 KiB in one folder: " + word + ", each file",
              SmallFiles.contest(step)));
    }
    add(
        row(
                "build", Group.TOOLS, Unit.SECONDS,
                "An image of a tree of 300 MB, from start to end of the command",
                ImageBuild.contest())
            .target(TIME_AT_MOST, "mke2fs -d", 1)
            .quick());
    add(
        row(
                "startup", Group.TOOLS, Unit.MILLIS,
                "The root of an image listed, from start to end of the command",
                Startup.contest())
            .target(AT_MOST, "", 350)
            .quick());
  }

  /// Through a mount: twice as fast as fuse2fs where bytes move, ahead of it elsewhere, and level
  /// with a server in C that only passes on.
  private void mounts() {
    for (String kind : List.of("read", "write", "randread", "randwrite")) {
      boolean random = kind.startsWith("rand");
      String words =
          (random ? "random " : "sequential ") + (random ? kind.substring(4) : kind) + " of ";
      for (String block : random ? List.of("4k", "128k") : List.of("4k", "128k", "1m")) {
        boolean plain = block.equals(random ? "4k" : "1m");
        String size = block.replace("k", " KiB").replace("m", " MiB");
        addMounted(
            row(
                "mount-" + kind + (plain ? "" : "-" + block), Group.MOUNTS, Unit.MIB_PER_SECOND,
                "fio: " + words + size + ", 64 MiB", MountIo.contest(kind, block)),
            2);
      }
    }
    for (SmallFiles.Step step : SmallFiles.Step.values()) {
      String word = step.name().toLowerCase(java.util.Locale.ROOT);
      addNames(
          row(
              "mount-" + word, Group.MOUNTS, Unit.MICROS,
              "3,000 files of 1 KiB in one folder: " + word + ", each file",
              SmallFiles.mounted(step)));
    }
    addNames(
        row(
            "mount-untar", Group.MOUNTS, Unit.MILLIS,
            "The sources of this project unpacked by tar", MountedPrograms.untar()));
    addNames(
        row(
            "mount-git", Group.MOUNTS, Unit.MILLIS,
            "git status in them, the kernel's names forgotten", MountedPrograms.gitStatus()));
    addMounted(
        row(
            "mount-commits", Group.MOUNTS, Unit.PER_SECOND,
            "Eight pages of 8 KiB written at random, one to a log, and fdatasync of the log",
            MountedPrograms.commits()),
        1);
  }

  private void addMounted(Row row, double overFuse2fs) {
    add(mounted(row, overFuse2fs));
  }

  private void addNames(Row row) {
    add(mounted(row, 1).target(SPEED_AT_LEAST, MountedPeers.PASSTHROUGH_SAME, 0.95));
  }

  private static Row mounted(Row row, double overFuse2fs) {
    return row.target(SPEED_AT_LEAST, MountedPeers.FUSE2FS, overFuse2fs)
        .target(SPEED_AT_LEAST, MountedPeers.PASSTHROUGH, 0.95);
  }

  private void memory() {
    add(
        row(
                "heap", Group.MEMORY, Unit.BYTES,
                "Heap that a cached folio of 4 KiB takes beside its bytes", FolioHeap.contest())
            .target(AT_MOST, "", 96)
            .quick());
    add(
        row(
            "grow-heap", Group.MEMORY, Unit.BYTES,
            "Heap a cached folio, as their number grows", FolioHeap.growth()));
  }

  private void growth() {
    add(
        row(
            "grow-size", Group.GROWTH, Unit.NANOS,
            "Cached read of 4 KiB, random, as the file grows",
            new JmhContest("CachedIo.read", "size=4096")
                .peer("ours, 400 MiB", "door=pagewright", "span=400")
                .peer("ours, 40 MiB", "door=pagewright", "span=40")
                .peer("ours, 4 MiB", "door=pagewright", "span=4")
                .peer("copy, 400 MiB", "door=copy", "span=400")
                .peer("copy, 4 MiB", "door=copy", "span=4")));
    add(
        row(
            "grow-threads", Group.GROWTH, Unit.NANOS,
            "Cached read of 4 KiB of one file, random, as threads grow",
            new JmhContest("CachedIo.read", "size=4096")
                .peer("ours, 100 threads", "door=pagewright", "threads=100")
                .peer("ours, 10 threads", "door=pagewright", "threads=10")
                .peer("ours, 1 thread", "door=pagewright")));
    add(
        row(
            "grow-files-create", Group.GROWTH, Unit.MICROS,
            "Creating a file, as those in its folder grow",
            SmallFiles.growth(SmallFiles.Step.CREATE)));
    add(
        row(
            "grow-files-stat", Group.GROWTH, Unit.MICROS,
            "Looking at a file, as those in its folder grow",
            SmallFiles.growth(SmallFiles.Step.STAT)));
    add(
        row(
            "grow-dirty", Group.GROWTH, Unit.MIB_PER_SECOND,
            "A sync, as what is dirty grows", DirtySync.growth()));
  }
}
