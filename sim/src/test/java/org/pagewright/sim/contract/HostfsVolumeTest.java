package org.pagewright.sim.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.hostfs.Hostfs;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Directories of the host, held to the contract of volumes as far as `java.nio.file` reaches.
final class HostfsVolumeTest {
  @TempDir Path folder;

  static final class Folders extends StoredVolumes {
    private final Path folder;
    private final boolean direct;
    private int directories;
    private Path directory = Path.of("");

    Folders(Path folder, boolean direct) {
      this(folder, direct, 16 << 20);
    }

    Folders(Path folder, boolean direct, long cacheBytes) {
      super(cacheBytes);
      this.folder = folder;
      this.direct = direct;
    }

    @Override
    protected void format() throws IOException {
      directory = folder.resolve("volume" + directories++);
      Files.createDirectory(directory);
    }

    @Override
    protected Volume mount(CacheMemory memory) throws IOException {
      return Hostfs.mount(directory, memory, MountOptions.DEFAULTS, direct);
    }

    @Override
    protected void checkAndRemove() throws IOException {
      List<Path> all;
      try (Stream<Path> walk = Files.walk(directory)) {
        all = walk.sorted(Comparator.reverseOrder()).toList();
      }
      for (Path path : all) {
        Files.delete(path);
      }
    }

    @Override
    public boolean has(Feature feature) {
      return switch (feature) {
        case OWNERS -> Path.of("/").toFile().canWrite(); // root may give files away
        default -> false;
      };
    }
  }

  @TestFactory
  Stream<DynamicTest> throughTheCacheOfTheHost() {
    return VolumeContract.of(new Folders(folder, false));
  }

  @TestFactory
  Stream<DynamicTest> pastTheCacheOfTheHost() {
    return VolumeContract.of(new Folders(folder, true));
  }

  @Test
  void bytesWrittenHereAreOnTheHostAfterSyncAndTheOtherWayRound() throws IOException {
    Files.write(folder.resolve("theirs"), Suite.pattern(100_000, 1));
    byte[] ours = Suite.pattern(70_000, 2);
    try (CacheMemory memory = CacheMemory.ofBytes(8 << 20);
        Volume volume = Hostfs.mount(folder, memory, MountOptions.DEFAULTS, true)) {
      try (OpenFile file = volume.open("/theirs", OpenFlags.RDONLY, 0)) {
        byte[] read = new byte[100_000];
        file.read(0, read, 0, read.length);
        assertArrayEquals(Suite.pattern(100_000, 1), read);
      }
      try (OpenFile file = volume.open("/ours", OpenFlags.WRONLY | OpenFlags.CREAT, 0644)) {
        file.write(ours, 0, ours.length);
        file.fsync(false);
        assertArrayEquals(ours, Files.readAllBytes(folder.resolve("ours")));
      }
    }
  }
}
