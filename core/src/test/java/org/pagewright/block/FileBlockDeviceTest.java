package org.pagewright.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.block.FileBlockDevice.Options;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

class FileBlockDeviceTest implements BlockDeviceContract {
  @TempDir Path dir;

  @Override
  public BlockDevice newDevice() throws Exception {
    return FileBlockDevice.create(dir.resolve("disk.img"), SIZE, Options.READ_WRITE);
  }

  private Path image() throws IOException {
    Path path = dir.resolve("disk.img");
    FileBlockDevice.create(path, SIZE, Options.READ_WRITE).close();
    return path;
  }

  private static MemorySegment sector() {
    return MemorySegment.ofArray(new byte[512]);
  }

  private static FsException refused(Errno errno, Path path, Options options) {
    FsException e = assertThrows(FsException.class, () -> FileBlockDevice.open(path, options));
    assertEquals(errno, e.errno(), e.getMessage());
    assertTrue(e.getMessage().startsWith(path.toString()), e.getMessage());
    return e;
  }

  // --- opening ---------------------------------------------------------------------------------

  @Test
  void whatCannotBeADeviceIsRefusedByName() throws Exception {
    refused(Errno.ENOENT, dir.resolve("none.img"), Options.READ_WRITE);
    refused(Errno.EISDIR, dir, Options.READ_ONLY);
    refused(Errno.EINVAL, Path.of("/dev/null"), Options.READ_WRITE);
    Path path = image();
    FsException e =
        assertThrows(
            FsException.class, () -> FileBlockDevice.create(path, SIZE, Options.READ_WRITE));
    assertEquals(Errno.EEXIST, e.errno());
  }

  @Test
  void aSizeThatIsNotWholeSectorsIsRoundedDown() throws Exception {
    Path path = dir.resolve("odd.img");
    Files.write(path, new byte[1000]);
    try (FileBlockDevice device = FileBlockDevice.open(path, Options.READ_WRITE)) {
      assertEquals(512, device.sizeBytes());
      device.write(0, sector().fill((byte) 1));
    }
    try (FileBlockDevice device =
        FileBlockDevice.open(path, Options.READ_ONLY.withSectorSize(4096))) {
      assertEquals(0, device.sizeBytes());
    }
    assertEquals(1000, Files.size(path));
  }

  @Test
  void aReadOnlyDeviceReadsFlushesAndRefusesToWrite() throws Exception {
    try (FileBlockDevice device = FileBlockDevice.open(image(), Options.READ_ONLY)) {
      assertTrue(device.readOnly());
      device.read(0, sector());
      device.flush();
      FsException e = assertThrows(FsException.class, () -> device.write(0, sector()));
      assertEquals(Errno.EROFS, e.errno());
    }
  }

  @Test
  void optionsOutOfRangeAreTheCallersError() {
    Class<IllegalArgumentException> type = IllegalArgumentException.class;
    assertThrows(type, () -> Options.READ_WRITE.withPool(0, 1));
    assertThrows(type, () -> Options.READ_WRITE.withPool(1, 0));
    assertThrows(type, () -> Options.READ_WRITE.withSectorSize(1000));
  }

  // --- locks -----------------------------------------------------------------------------------

  @Test
  void oneProcessOpensAWritableImageOnce() throws Exception {
    Path path = image();
    Path link = Files.createSymbolicLink(dir.resolve("link.img"), path);
    try (FileBlockDevice device = FileBlockDevice.open(path, Options.READ_WRITE)) {
      FsException e = refused(Errno.EBUSY, link, Options.READ_ONLY);
      assertTrue(e.getMessage().contains("link.img is in use by this process"), e.getMessage());
      refused(Errno.EBUSY, path, Options.READ_WRITE);
      device.flush();
    }
    FileBlockDevice.open(link, Options.READ_WRITE).close();
  }

  @Test
  void readersShareAnImageAndTheLastOneGivesItBack() throws Exception {
    Path path = image();
    FileBlockDevice first = FileBlockDevice.open(path, Options.READ_ONLY);
    FileBlockDevice second = FileBlockDevice.open(path, Options.READ_ONLY);
    assertEquals("opened", openInChild(path, "ro"));
    first.close();
    // The kernel drops a process's locks when it closes any descriptor of the file.
    assertTrue(openInChild(path, "rw").contains("disk.img is in use by another process"));
    refused(Errno.EBUSY, path, Options.READ_WRITE);
    second.read(0, sector());
    second.close();
    assertEquals("opened", openInChild(path, "rw"));
    FileBlockDevice.open(path, Options.READ_WRITE).close();
  }

  @Test
  void anImageInUseByAnotherProcessIsBusyUntilThatProcessEnds() throws Exception {
    Path path = image();
    Process child = child(path, "rw");
    try (BufferedReader said = child.inputReader(StandardCharsets.UTF_8)) {
      assertEquals("opened", said.readLine());
      FsException e = refused(Errno.EBUSY, path, Options.READ_WRITE);
      assertTrue(e.getMessage().contains("disk.img is in use by another process"), e.getMessage());
      refused(Errno.EBUSY, path, Options.READ_ONLY);
    } finally {
      child.destroyForcibly(); // a lock dies with its process, however it dies
      child.waitFor();
    }
    FileBlockDevice.open(path, Options.READ_WRITE).close();
  }

  /// What another JVM says when it opens the image; it has ended when this returns.
  private static String openInChild(Path path, String mode) throws Exception {
    Process child = child(path, mode);
    try (BufferedReader said = child.inputReader(StandardCharsets.UTF_8)) {
      String line = said.readLine();
      child.getOutputStream().close();
      return line == null ? "" : line;
    } finally {
      child.waitFor();
    }
  }

  private static Process child(Path path, String mode) throws Exception {
    String java = ProcessHandle.current().info().command().orElseThrow();
    Path classes =
        Path.of(LockedFile.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    String tests = classes.resolveSibling("test-classes").toString();
    return new ProcessBuilder(
            java,
            "-cp",
            classes + File.pathSeparator + tests,
            OpenInAnotherProcess.class.getName(),
            path.toString(),
            mode)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  // --- interrupts ------------------------------------------------------------------------------

  /// Goal: an interrupt that closes the channel costs nothing but time. Method: a thread interrupts
  /// the workers without end, until the file was reopened 20 times under load. Ends: an interrupt
  /// that meets a thread in an operation closes the channel, and the load goes on until then.
  @Test
  void interruptsThatCloseTheChannelAreSurvived() throws Exception {
    Path path = image();
    AtomicBoolean stop = new AtomicBoolean();
    try (FileBlockDevice device = FileBlockDevice.open(path, Options.READ_WRITE);
        Arena arena = Arena.ofShared()) {
      List<Thread> workers =
          Thread.getAllStackTraces().keySet().stream()
              .filter(t -> t.getName().startsWith("pagewright-io-disk.img-"))
              .toList();
      assertEquals(4, workers.size());
      Thread interrupter =
          Thread.ofPlatform()
              .start(
                  () -> {
                    while (!stop.get()) {
                      for (Thread worker : workers) {
                        worker.interrupt();
                      }
                      for (int i = 0; i < 20_000; i++) {
                        Thread.onSpinWait(); // else no operation would ever get through
                      }
                    }
                  });
      try {
        MemorySegment source = arena.allocate(1 << 20, 4096);
        MemorySegment target = arena.allocate(1 << 20, 4096);
        for (int round = 1; device.reopens() < 20; round++) {
          source.fill((byte) round);
          device.write(0, source);
          device.flush();
          device.read(0, target.fill((byte) 0));
          assertEquals(-1, source.mismatch(target), "round " + round);
        }
      } finally {
        stop.set(true);
        interrupter.join();
      }
      device.write(0, sector());
      assertTrue(openInChild(path, "ro").contains("is in use by another process"));
    }
  }

  @Test
  void anInterruptInTheMiddleKeepsTheInterruptAndLeavesTheFileOpen() throws Exception {
    LockedFile file = LockedFile.open(image(), false, false);
    try {
      Thread.currentThread().interrupt();
      assertEquals(SIZE, file.size());
      file.force();
      assertTrue(Thread.interrupted());
      assertEquals(0, file.reopens()); // an interrupt from before never reaches the channel
    } finally {
      file.release();
    }
  }

  @Test
  void theFileIsLostWhenAnotherOneTookItsPathBeforeItCouldBeReopened() throws Exception {
    Path path = image();
    AtomicReference<FsException> failure = new AtomicReference<>();
    AtomicBoolean stop = new AtomicBoolean();
    try (FileBlockDevice device =
        FileBlockDevice.open(path, Options.READ_WRITE.withPool(1, 1))) {
      Thread worker =
          Thread.getAllStackTraces().keySet().stream()
              .filter(t -> t.getName().startsWith("pagewright-io-disk.img-"))
              .findFirst()
              .orElseThrow();
      Files.move(path, dir.resolve("moved.img"));
      Files.write(path, new byte[(int) SIZE]);
      Thread interrupter =
          Thread.ofPlatform()
              .start(
                  () -> {
                    while (!stop.get()) {
                      worker.interrupt();
                    }
                  });
      MemorySegment memory = MemorySegment.ofArray(new byte[1 << 20]);
      while (failure.get() == null) {
        try {
          device.write(0, memory.fill((byte) 1));
        } catch (FsException e) {
          failure.set(e);
        }
      }
      stop.set(true);
      interrupter.join();
      assertEquals(Errno.EIO, failure.get().errno());
      FsException later = assertThrows(FsException.class, () -> device.read(0, sector()));
      assertTrue(later.getMessage().contains("lost"), later.getMessage());
    }
    byte[] other = Files.readAllBytes(path);
    for (byte b : other) {
      assertEquals(0, b); // nothing of ours went into the other file
    }
  }

  // --- requests --------------------------------------------------------------------------------

  @Test
  void aFileThatWasCutUnderTheDeviceGivesEioNamingTheByte() throws Exception {
    Path path = image();
    try (FileBlockDevice device = FileBlockDevice.open(path, Options.READ_ONLY)) {
      // A process of its own, as the same one may not close a descriptor of a locked file.
      new ProcessBuilder("truncate", "-s", "5000", path.toString()).start().waitFor();
      MemorySegment memory = MemorySegment.ofArray(new byte[4096]);
      device.read(0, memory);
      FsException e = assertThrows(FsException.class, () -> device.read(4096, memory));
      assertEquals(Errno.EIO, e.errno());
      assertTrue(e.getMessage().contains("disk.img: read of 4096 bytes at byte 4096"));
      assertTrue(e.getMessage().contains("ends at byte 5000"), e.getMessage());
    }
  }

  @Test
  void memoryOfAnotherThreadEndsABioWithEfault() throws Exception {
    try (BlockDevice device = newDevice();
        Arena arena = Arena.ofConfined()) {
      Bio bio = Bio.read(0, arena.allocate(512));
      FsException e = assertThrows(FsException.class, () -> bio.submitAndWait(device));
      assertEquals(Errno.EFAULT, e.errno());
      assertTrue(e.getMessage().contains("use a shared arena"), e.getMessage());
    }
  }

  /// By the caller's own thread, as it is native.
  @Test
  void memoryThatIsReadOnlyIsCalledSo() throws Exception {
    try (BlockDevice device = newDevice();
        Arena arena = Arena.ofConfined()) {
      MemorySegment readOnly = arena.allocate(4096, 4096).asReadOnly();
      FsException e = assertThrows(FsException.class, () -> device.read(0, readOnly));
      assertEquals(Errno.EFAULT, e.errno());
      assertTrue(e.getMessage().contains("memory is read-only"), e.getMessage());
      device.write(0, readOnly);
    }
  }

  /// Goal: no deadlock when completions submit more than the queue holds, on one thread.
  @Test
  void completionsThatSubmitIntoAFullQueueDoNotWaitForThemselves() throws Exception {
    int fan = 50;
    CountDownLatch done = new CountDownLatch(fan + fan * fan);
    try (FileBlockDevice device =
        FileBlockDevice.create(
            dir.resolve("disk.img"), SIZE, Options.READ_WRITE.withPool(1, 1))) {
      Bio.Completion leaf = (bio, error) -> done.countDown();
      Bio.Completion inner =
          (bio, error) -> {
            for (int i = 0; i < fan; i++) {
              device.submit(Bio.read(0, sector()).whenEnded(leaf, null));
            }
            done.countDown();
          };
      for (int i = 0; i < fan; i++) {
        device.submit(Bio.write(0, sector()).whenEnded(inner, null));
      }
      done.await();
    }
  }

  @Test
  void aCompletionThatThrowsCostsNoWorker() throws Exception {
    AtomicInteger told = new AtomicInteger();
    Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
    Thread.setDefaultUncaughtExceptionHandler((thread, e) -> told.incrementAndGet());
    try (FileBlockDevice device =
        FileBlockDevice.create(
            dir.resolve("disk.img"), SIZE, Options.READ_WRITE.withPool(1, 8))) {
      for (int i = 0; i < 3; i++) {
        device.submit(
            Bio.read(0, sector())
                .whenEnded(
                    (bio, error) -> {
                      throw new IllegalStateException("as the test wants");
                    },
                    null));
      }
      device.read(0, sector());
      assertEquals(3, told.get());
    } finally {
      Thread.setDefaultUncaughtExceptionHandler(before);
    }
  }

  @Test
  void whatTheKernelSaysBecomesAnErrorNumber() {
    Object[][] cases = {
      {"No space left on device", Errno.ENOSPC},
      {"Disk quota exceeded", Errno.EDQUOT},
      {"File too large", Errno.EFBIG},
      {"Read-only file system", Errno.EROFS},
      {"Input/output error", Errno.EIO},
    };
    for (Object[] c : cases) {
      IOException said = new IOException((String) c[0]);
      assertEquals(c[1], LockedFile.translated("disk.img: flush", said).errno());
    }
  }

  @Test
  void workersEndWithTheDevice() throws Exception {
    FileBlockDevice device =
        FileBlockDevice.create(
            dir.resolve("gone.img"), SIZE, Options.READ_WRITE.withPool(8, 2));
    device.close();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      assertFalse(thread.getName().startsWith("pagewright-io-gone.img"), thread.getName());
    }
  }

  // --- direct I/O ------------------------------------------------------------------------------

  @Test
  void directIoNeedsSectorsOfTheFileSystemsBlock() throws Exception {
    Path path = image();
    long block = Files.getFileStore(path).getBlockSize();
    if (block <= 512) {
      System.out.println("skipped: " + dir + " has blocks of " + block + " bytes");
      return;
    }
    Options options = Options.READ_WRITE.withDirect(true).withSectorSize(512);
    FsException e =
        assertThrows(FsException.class, () -> FileBlockDevice.open(path, options));
    assertEquals(Errno.EINVAL, e.errno(), e.getMessage());
    FileBlockDevice.open(path, Options.READ_WRITE).close(); // nothing was left open or locked
    Path fresh = dir.resolve("fresh.img");
    assertThrows(FsException.class, () -> FileBlockDevice.create(fresh, SIZE, options));
    assertFalse(Files.exists(fresh));
  }

  @Test
  void directIoWhereItIsRefusedSaysSo() throws Exception {
    Path proc = Path.of("/proc/version");
    if (!Files.isRegularFile(proc)) {
      System.out.println("skipped: no /proc/version");
      return;
    }
    FsException e = refused(Errno.EINVAL, proc, Options.READ_ONLY.withDirect(true));
    assertTrue(e.getMessage().contains("refuses direct I/O"), e.getMessage());
  }

  @Test
  void contentWrittenAroundTheKernelsCacheIsInTheFile() throws Exception {
    Path path = image();
    try (FileBlockDevice device =
        FileBlockDevice.open(path, Options.READ_WRITE.withDirect(true))) {
      assertTrue(device.direct());
      MemorySegment notAligned = MemorySegment.ofArray(new byte[device.sectorSize()]);
      device.write(0, notAligned.fill((byte) 3));
    } catch (FsException e) {
      assertEquals(Errno.EINVAL, e.errno());
      System.out.println("skipped: " + e.getMessage());
      return;
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      assertEquals(1, channel.read(one, 511));
      assertEquals(3, one.get(0));
    }
  }
}
