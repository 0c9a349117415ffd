package org.pagewright.nio;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.CompletionHandler;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.channels.FileLock;
import java.nio.channels.FileLockInterruptionException;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.Ext4;
import org.pagewright.fs.ext4.Ext4Options;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.sim.device.FaultyBlockDevice;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Channels beyond what the comparison with the JDK's own covers: interrupts, errors of write-out,
/// locks against other doors, mapping, asynchronous ones.
@Timeout(60)
final class ChannelTest {
  private static final long SECONDS = 30;

  private VolumeFileSystem memory;
  private Path file;

  @BeforeEach
  void open() throws IOException {
    memory = VolumeFileSystem.inMemory("channels", Map.of("cacheBytes", "2M"));
    file = Files.writeString(memory.getPath("/file"), "0123456789");
  }

  @AfterEach
  void close() throws IOException {
    Thread.interrupted();
    memory.close();
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(UTF_8));
  }

  // ---- Interrupts -------------------------------------------------------------------------------

  private interface Use {
    void run(FileChannel channel) throws IOException;
  }

  @Test
  void anInterruptedThreadFindsTheChannelClosed() throws IOException {
    List<Use> uses =
        List.of(
            c -> c.read(ByteBuffer.allocate(1)),
            c -> c.read(ByteBuffer.allocate(1), 0),
            c -> c.read(new ByteBuffer[] {ByteBuffer.allocate(1)}),
            c -> c.write(bytes("x")),
            c -> c.write(bytes("x"), 0),
            c -> c.write(new ByteBuffer[] {bytes("x")}),
            c -> c.position(),
            c -> c.position(1),
            c -> c.size(),
            c -> c.truncate(0),
            c -> c.force(true),
            c -> c.transferTo(0, 1, c),
            c -> c.transferFrom(c, 0, 1));
    for (Use use : uses) {
      try (FileChannel channel = FileChannel.open(file, READ, WRITE)) {
        Thread.currentThread().interrupt();
        assertThrows(ClosedByInterruptException.class, () -> use.run(channel));
        assertTrue(Thread.interrupted(), "the interrupt stays for the thread to see");
        assertFalse(channel.isOpen());
        assertThrows(ClosedChannelException.class, () -> use.run(channel));
      }
    }
    assertEquals("0123456789", Files.readString(file));
  }

  /// Goal: an interrupt ends no stream and no copy, where it would end a write that waits for
  /// memory, or a read that waits long. Method: much more than the cache holds, while another
  /// thread interrupts again and again.
  @Test
  void interruptsEndNoStreamAndNoCopyThoughMemoryIsShort(@TempDir Path temp) throws IOException {
    Path image = TestImages.make(temp.resolve("disk.img"), 64 << 20);
    byte[] content = new byte[6 << 20];
    new Random(1).nextBytes(content);
    try (FileSystem disk = FileSystems.newFileSystem(image, Map.of("cacheBytes", "1M"))) {
      Thread me = Thread.currentThread();
      AtomicBoolean stop = new AtomicBoolean();
      Thread pest =
          Thread.ofPlatform()
              .start(
                  () -> {
                    while (!stop.get()) {
                      me.interrupt();
                      Thread.onSpinWait();
                    }
                  });
      try {
        Path one = Files.write(disk.getPath("/one"), content);
        Path two = Files.copy(one, disk.getPath("/two"));
        assertArrayEquals(content, Files.readAllBytes(two));
        AsynchronousFileChannel three =
            AsynchronousFileChannel.open(disk.getPath("/three"), CREATE_NEW, WRITE);
        three.force(true);
        three.close();
      } finally {
        stop.set(true);
        while (pest.isAlive()) {
          Thread.onSpinWait();
        }
      }
      assertTrue(Thread.interrupted(), "the interrupts stay for the thread to see");
    }
  }

  /// A thread that waits for a lock of another door, in a virtual thread or not.
  private Future<Throwable> waiting(FileChannel channel, boolean virtual, Thread[] who)
      throws InterruptedException {
    CompletableFuture<Throwable> ended = new CompletableFuture<>();
    Runnable wait =
        () -> {
          try {
            channel.lock(0, 4, false);
            ended.complete(null);
          } catch (IOException e) {
            ended.complete(e);
          }
        };
    who[0] = virtual ? Thread.ofVirtual().start(wait) : Thread.ofPlatform().start(wait);
    while (who[0].getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    return ended;
  }

  @Test
  void whoWaitsForALockOfAnotherDoorIsWokenByInterruptByCloseAndByTheLock() throws Exception {
    Volume volume = memory.volume();
    try (OpenFile other = volume.open("/file", OpenFlags.RDWR, 0)) {
      org.pagewright.vfs.FileLock theirs =
          org.pagewright.vfs.FileLock.range(
              new org.pagewright.vfs.LockOwner(this, 1, 1), true, 2, 3);
      Thread[] who = new Thread[1];
      for (boolean virtual : new boolean[] {false, true}) {
        assertTrue(other.tryLock(theirs));
        try (FileChannel channel = FileChannel.open(file, READ, WRITE)) {
          assertNull(channel.tryLock(0, 4, false));
          assertNotNull(channel.tryLock(4, 4, false));
          Future<Throwable> ended = waiting(channel, virtual, who);
          assertThrows(OverlappingFileLockException.class, () -> channel.tryLock(0, 1, true));
          who[0].interrupt();
          assertInstanceOf(
              FileLockInterruptionException.class, ended.get(SECONDS, TimeUnit.SECONDS));
          assertFalse(channel.isOpen());
        }
        try (FileChannel channel = FileChannel.open(file, READ, WRITE)) {
          Future<Throwable> ended = waiting(channel, virtual, who);
          closeEarly(channel);
          assertInstanceOf(
              AsynchronousCloseException.class, ended.get(SECONDS, TimeUnit.SECONDS));
        }
        try (FileChannel channel = FileChannel.open(file, READ, WRITE)) {
          Future<Throwable> ended = waiting(channel, virtual, who);
          other.unlock(theirs);
          assertNull(ended.get(SECONDS, TimeUnit.SECONDS));
          assertFalse(other.tryLock(theirs), "the channel has it");
        }
        assertTrue(other.tryLock(theirs), "and let it go when it was closed");
        other.unlock(theirs);
      }
    }
  }

  private static void closeEarly(java.io.Closeable closeable) throws IOException {
    closeable.close();
  }

  // ---- Locks ------------------------------------------------------------------------------------

  @Test
  void locksAreOfTheProcessWhicheverFileSystemOfTheVolumeAChannelIsOf() throws IOException {
    try (FileSystem second = VolumeFileSystem.of("second", memory.volume(), Map.of());
        FileChannel a = FileChannel.open(file, READ, WRITE);
        FileChannel b = FileChannel.open(second.getPath("/file"), READ, WRITE)) {
      FileLock lock = a.lock(0, 10, true);
      assertThrows(OverlappingFileLockException.class, () -> b.lock(5, 1, true));
      lock.release();
      b.lock(5, 1, true);
      assertThrows(OverlappingFileLockException.class, a::tryLock);
    }
    try (FileChannel c = FileChannel.open(file, READ, WRITE)) {
      assertNotNull(c.tryLock(), "closing lets go");
    }
  }

  // ---- Errors of write-out ----------------------------------------------------------------------

  @Test
  void anErrorOfWriteOutIsToldOnceByForceOrByCloseToEachChannel() throws IOException {
    // R-H7
    FaultyBlockDevice device = new FaultyBlockDevice(RamBlockDevice.of("ram", 16 << 20));
    Mkfs.make(device, new MkfsOptions());
    try (CacheMemory cache = CacheMemory.ofBytes(4 << 20);
        Volume volume = Ext4.mount(device, cache, Ext4Options.DEFAULTS);
        FileSystem disk = VolumeFileSystem.of("faulty", volume, Map.of())) {
      Path path = disk.getPath("/f");
      Files.write(path, new byte[8192]);
      volume.sync();
      try (FileChannel one = FileChannel.open(path, READ, WRITE);
          FileChannel two = FileChannel.open(path, READ, WRITE)) {
        FileChannel three = FileChannel.open(path, READ);
        AsynchronousFileChannel four = AsynchronousFileChannel.open(path, READ);
        device.reset();
        device.failFrom(FaultyBlockDevice.Kind.WRITE, 1, Errno.EIO);
        one.write(bytes("accepted"), 0);
        FileSystemException told =
            assertThrows(FileSystemException.class, () -> one.force(false));
        assertEquals("/f", told.getFile());
        assertInstanceOf(FsException.class, told.getCause());
        device.heal();
        one.force(true); // told once; what had failed was kept, and is written now
        assertThrows(FileSystemException.class, () -> two.force(true));
        two.force(true);
        assertThrows(FileSystemException.class, three::close);
        three.close();
        assertThrows(FileSystemException.class, four::close);
        try (FileChannel late = FileChannel.open(path, READ)) {
          late.force(true); // all who were there have heard
        }
      }
      assertTrue(Files.readString(path).startsWith("accepted"));
    }
  }

  // ---- Mapping ----------------------------------------------------------------------------------

  @Test
  void mappingGivesACopyOrAClearRefusal() throws IOException {
    try (FileChannel channel = FileChannel.open(file, READ, WRITE);
        FileChannel reader = FileChannel.open(file, READ);
        FileChannel writer = FileChannel.open(file, WRITE);
        Arena arena = Arena.ofConfined()) {
      MemorySegment copy = reader.map(MapMode.READ_ONLY, 2, 5, arena);
      assertTrue(copy.isReadOnly());
      channel.write(bytes("XXXXX"), 0);
      assertEquals('2', copy.get(ValueLayout.JAVA_BYTE, 0));
      MemorySegment mine = channel.map(MapMode.PRIVATE, 0, 10, arena);
      mine.set(ValueLayout.JAVA_BYTE, 9, (byte) '!');
      assertEquals("XXXXX56789", Files.readString(file));
      assertEquals(0, channel.map(MapMode.READ_ONLY, 10, 0, arena).byteSize());

      UnsupportedOperationException refused =
          assertThrows(
              UnsupportedOperationException.class,
              () -> channel.map(MapMode.READ_WRITE, 0, 10, arena));
      assertTrue(refused.getMessage().contains("MappedRegion"), refused.getMessage());
      assertThrows(
          UnsupportedOperationException.class, () -> channel.map(MapMode.READ_ONLY, 0, 10));
      assertThrows(
          NonWritableChannelException.class, () -> reader.map(MapMode.PRIVATE, 0, 1, arena));
      assertThrows(
          NonReadableChannelException.class, () -> writer.map(MapMode.READ_ONLY, 0, 1, arena));
      assertThrows(IOException.class, () -> reader.map(MapMode.READ_ONLY, 5, 6, arena));
      assertThrows(
          IllegalArgumentException.class, () -> reader.map(MapMode.READ_ONLY, -1, 6, arena));
    }
  }

  // ---- Options ----------------------------------------------------------------------------------

  private static OpenOption direct() throws ReflectiveOperationException {
    for (Object option :
        Class.forName("com.sun.nio.file.ExtendedOpenOption").getEnumConstants()) {
      if (option.toString().equals("DIRECT")) {
        return (OpenOption) option;
      }
    }
    throw new AssertionError("the JDK has no DIRECT");
  }

  @Test
  void directChannelsGoPastTheCacheAndAgreeWithIt() throws Exception {
    RamBlockDevice device = RamBlockDevice.of("ram", 16 << 20);
    Mkfs.make(device, new MkfsOptions());
    try (CacheMemory cache = CacheMemory.ofBytes(4 << 20);
        Volume volume = Ext4.mount(device, cache, Ext4Options.DEFAULTS);
        FileSystem disk = VolumeFileSystem.of("direct", volume, Map.of())) {
      Path path = disk.getPath("/f");
      byte[] content = new byte[64 << 10];
      java.util.Arrays.fill(content, (byte) 7);
      try (FileChannel past = FileChannel.open(path, Set.of(CREATE_NEW, WRITE, direct()))) {
        past.write(ByteBuffer.wrap(content));
        past.write(bytes("odd"), 5); // not aligned: by way of the cache
      }
      content[5] = 'o';
      content[6] = 'd';
      content[7] = 'd';
      assertArrayEquals(content, Files.readAllBytes(path));
      try (FileChannel past = FileChannel.open(path, Set.of(READ, direct()))) {
        ByteBuffer read = ByteBuffer.allocateDirect(content.length);
        assertEquals(content.length, past.read(read));
        assertEquals(ByteBuffer.wrap(content), read.flip());
      }
    }
  }

  @Test
  void anUnknownOptionOrAttributeIsRefused() {
    OpenOption odd = new OpenOption() {};
    assertThrows(UnsupportedOperationException.class, () -> FileChannel.open(file, READ, odd));
    assertThrows(
        UnsupportedOperationException.class,
        () ->
            Files.createFile(
                memory.getPath("/x"),
                new java.nio.file.attribute.FileAttribute<String>() {
                  @Override
                  public String name() {
                    return "posix:owner";
                  }

                  @Override
                  public String value() {
                    return "me";
                  }
                }));
  }

  // ---- Against a model --------------------------------------------------------------------------

  /// Buffers of every kind: on the heap and off it, whole, sliced, read-only for writing.
  private static ByteBuffer buffer(Random random, int size, boolean forWriting) {
    int before = random.nextInt(3) * 5;
    ByteBuffer whole =
        random.nextBoolean()
            ? ByteBuffer.allocateDirect(before + size + 7)
            : ByteBuffer.allocate(before + size + 7);
    for (int i = 0; i < whole.capacity(); i++) {
      whole.put(i, (byte) random.nextInt());
    }
    ByteBuffer part =
        random.nextBoolean()
            ? whole.slice(before, size)
            : whole.position(before).limit(before + size);
    return forWriting && random.nextInt(4) == 0 ? part.asReadOnlyBuffer() : part;
  }

  @Test
  void everyKindOfBufferHoldsWhatAModelSays() throws IOException {
    long seed = 20261122;
    Random random = new Random(seed);
    byte[] model = new byte[200_000];
    int size = 0;
    ByteBuffer kept = ByteBuffer.allocateDirect(5000);
    Path path = memory.getPath("/model");
    try (FileChannel channel = FileChannel.open(path, CREATE_NEW, READ, WRITE)) {
      for (int step = 0; step < 4000; step++) {
        int pos = random.nextInt(190_000);
        int length = random.nextInt(1 << random.nextInt(13));
        String told = "seed " + seed + ", step " + step;
        ByteBuffer used =
            random.nextInt(3) == 0
                ? kept.clear().position(11).limit(11 + Math.min(length, 4000))
                : buffer(random, length, true);
        int n = used.remaining();
        if (random.nextBoolean()) {
          used.duplicate().get(model, pos, n);
          assertEquals(n, channel.write(used, pos), told);
          size = n == 0 ? size : Math.max(size, pos + n);
        } else {
          ByteBuffer target = used.isReadOnly() ? buffer(random, n, false) : used;
          int start = target.position();
          int expected = n == 0 ? 0 : pos >= size ? -1 : Math.min(n, size - pos);
          assertEquals(expected, channel.read(target, pos), told);
          assertEquals(start + Math.max(expected, 0), target.position(), told);
          for (int i = 0; i < expected; i++) {
            assertEquals(model[pos + i], target.get(start + i), told);
          }
        }
        assertFalse(used.position() > used.limit(), told);
      }
      assertEquals(size, channel.size());
    }
  }

  // ---- Closing ----------------------------------------------------------------------------------

  @Test
  void readersThatAreInTheMiddleWhenTheFileSystemClosesGetTheExceptionOfAClosedChannel()
      throws Exception {
    for (int round = 0; round < 20; round++) {
      VolumeFileSystem fs = VolumeFileSystem.inMemory("closing", Map.of("cacheBytes", "1M"));
      Path path = Files.write(fs.getPath("/f"), new byte[200_000]);
      int readers = 3;
      CountDownLatch started = new CountDownLatch(readers);
      try (ExecutorService pool = Executors.newFixedThreadPool(readers)) {
        List<Future<IOException>> ended = new java.util.ArrayList<>();
        for (int i = 0; i < readers; i++) {
          FileChannel channel = FileChannel.open(path, READ, WRITE);
          ByteBuffer buffer = ByteBuffer.allocateDirect(8192);
          ended.add(
              pool.submit(
                  () -> {
                    started.countDown();
                    for (long n = 0; ; n++) {
                      try {
                        channel.read(buffer.clear(), n % 20 * 8192);
                        channel.write(buffer.clear(), n % 20 * 8192);
                      } catch (IOException e) {
                        return e;
                      }
                    }
                  }));
        }
        started.await();
        fs.close();
        for (Future<IOException> end : ended) {
          assertInstanceOf(ClosedChannelException.class, end.get(SECONDS, TimeUnit.SECONDS));
        }
      }
    }
  }

  // ---- Asynchronous -----------------------------------------------------------------------------

  /// Whatever an operation dies of is its outcome: here of a lock that its thread holds already.
  @Test
  void anOperationThatDiesIsToldToWhoWaitsForIt() throws Exception {
    Mutex held = new Mutex(LockClass.LRU, "held by the executor");
    ExecutorService executor =
        Executors.newSingleThreadExecutor(
            task ->
                Thread.ofPlatform()
                    .daemon()
                    .unstarted(
                        () -> {
                          held.lock();
                          task.run();
                        }));
    try (AsynchronousFileChannel channel =
        AsynchronousFileChannel.open(file, Set.of(WRITE), executor)) {
      assertThrows(NullPointerException.class, () -> channel.write(null, 0));
      Future<Integer> written = channel.write(bytes("x"), 100);
      ExecutionException e =
          assertThrows(ExecutionException.class, () -> written.get(SECONDS, TimeUnit.SECONDS));
      assertInstanceOf(AssertionError.class, e.getCause());
      CompletableFuture<Throwable> told = new CompletableFuture<>();
      channel.write(
          bytes("x"),
          100,
          told,
          new CompletionHandler<Integer, CompletableFuture<Throwable>>() {
            @Override
            public void completed(Integer n, CompletableFuture<Throwable> future) {
              future.completeExceptionally(new AssertionError("wrote " + n));
            }

            @Override
            public void failed(Throwable failure, CompletableFuture<Throwable> future) {
              future.complete(failure);
            }
          });
      assertInstanceOf(AssertionError.class, told.get(SECONDS, TimeUnit.SECONDS));
    } finally {
      executor.shutdownNow();
    }
  }

  @Test
  void asynchronousChannelsReadWriteAndLock() throws Exception {
    try (AsynchronousFileChannel channel = AsynchronousFileChannel.open(file, READ, WRITE)) {
      assertEquals(3, channel.write(bytes("abc"), 4).get(SECONDS, TimeUnit.SECONDS));
      ByteBuffer into = ByteBuffer.allocate(20);
      assertEquals(10, channel.read(into, 0).get(SECONDS, TimeUnit.SECONDS));
      assertEquals("0123abc789", new String(into.array(), 0, 10, UTF_8));
      assertEquals(-1, channel.read(into, 10).get(SECONDS, TimeUnit.SECONDS));
      CompletableFuture<String> told = new CompletableFuture<>();
      channel.read(
          ByteBuffer.allocate(4),
          8,
          "attachment",
          new CompletionHandler<Integer, String>() {
            @Override
            public void completed(Integer n, String attachment) {
              told.complete(attachment + " " + n);
            }

            @Override
            public void failed(Throwable e, String attachment) {
              told.completeExceptionally(e);
            }
          });
      assertEquals("attachment 2", told.get(SECONDS, TimeUnit.SECONDS));
      channel.truncate(2).force(true);
      assertEquals(2, channel.size());
      FileLock lock = channel.lock().get(SECONDS, TimeUnit.SECONDS);
      assertTrue(lock.isValid());
      assertThrows(OverlappingFileLockException.class, () -> channel.lock(0, 1, true));
      assertThrows(IllegalArgumentException.class, () -> channel.read(into, -1));
      lock.release();
      assertNotNull(channel.tryLock());
    }
    try (AsynchronousFileChannel channel = AsynchronousFileChannel.open(file, READ);
        Arena confined = Arena.ofConfined()) {
      ByteBuffer mine = confined.allocate(8).asByteBuffer();
      Future<Integer> elsewhere = channel.read(mine, 0);
      ExecutionException e =
          assertThrows(ExecutionException.class, () -> elsewhere.get(SECONDS, TimeUnit.SECONDS));
      assertInstanceOf(WrongThreadException.class, e.getCause());
    }
    AsynchronousFileChannel closed = AsynchronousFileChannel.open(file, READ);
    assertThrows(NonWritableChannelException.class, () -> closed.write(bytes("x"), 0));
    closed.close();
    ExecutionException e =
        assertThrows(
            ExecutionException.class,
            () -> closed.read(ByteBuffer.allocate(1), 0).get(SECONDS, TimeUnit.SECONDS));
    assertInstanceOf(ClosedChannelException.class, e.getCause());
  }

  @Test
  void anAsynchronousLockWaitsForOtherDoorsWithoutAThread() throws Exception {
    try (OpenFile other = memory.volume().open("/file", OpenFlags.RDWR, 0);
        ExecutorService pool = Executors.newSingleThreadExecutor();
        AsynchronousFileChannel channel =
            AsynchronousFileChannel.open(file, Set.of(READ, WRITE, CREATE), pool)) {
      org.pagewright.vfs.FileLock theirs =
          org.pagewright.vfs.FileLock.range(
              new org.pagewright.vfs.LockOwner(this, 2, 2), true, 0, 9);
      assertTrue(other.tryLock(theirs));
      Future<FileLock> waiting = channel.lock();
      assertEquals(1, channel.read(ByteBuffer.allocate(1), 0).get(SECONDS, TimeUnit.SECONDS));
      assertThrows(TimeoutException.class, () -> waiting.get(1, TimeUnit.MILLISECONDS));
      other.unlock(theirs);
      waiting.get(SECONDS, TimeUnit.SECONDS).release();

      assertTrue(other.tryLock(theirs));
      Future<FileLock> never = channel.lock();
      closeEarly(channel);
      ExecutionException e =
          assertThrows(ExecutionException.class, () -> never.get(SECONDS, TimeUnit.SECONDS));
      assertInstanceOf(AsynchronousCloseException.class, e.getCause());
    }
  }

  /// Who waits for a lock for a while only gives it up by a cancel: it must not come later, when
  /// nobody could release it.
  @Test
  void aLockWhoseFutureWasCancelledIsNobodys() throws Exception {
    try (OpenFile other = memory.volume().open("/file", OpenFlags.RDWR, 0);
        AsynchronousFileChannel channel = AsynchronousFileChannel.open(file, READ, WRITE)) {
      org.pagewright.vfs.FileLock theirs =
          org.pagewright.vfs.FileLock.range(
              new org.pagewright.vfs.LockOwner(this, 2, 2), true, 0, 9);
      assertTrue(other.tryLock(theirs));
      Future<FileLock> waiting = channel.lock();
      assertThrows(TimeoutException.class, () -> waiting.get(1, TimeUnit.MILLISECONDS));
      assertTrue(waiting.cancel(true));
      assertNull(channel.tryLock(), "theirs stands in the way, and nothing of ours");
      other.unlock(theirs);
      assertTrue(other.tryLock(theirs), "nobody took it meanwhile");
      other.unlock(theirs);
      channel.lock().get(SECONDS, TimeUnit.SECONDS).release();
    }
  }

  /// An executor that takes no more work is a trouble of whoever gave it, and of nobody else.
  @Test
  void oneWaiterWhoseExecutorHasEndedIsInNobodysWay() throws Exception {
    ExecutorService pool = Executors.newSingleThreadExecutor();
    try (OpenFile other = memory.volume().open("/file", OpenFlags.RDWR, 0);
        AsynchronousFileChannel early =
            AsynchronousFileChannel.open(file, Set.of(READ, WRITE), pool);
        AsynchronousFileChannel late = AsynchronousFileChannel.open(file, READ, WRITE)) {
      org.pagewright.vfs.FileLock theirs =
          org.pagewright.vfs.FileLock.range(
              new org.pagewright.vfs.LockOwner(this, 2, 2), true, 0, 9);
      assertTrue(other.tryLock(theirs));
      Future<FileLock> unheard = early.lock(0, 4, false);
      Future<FileLock> waiting = late.lock(5, 4, false);
      pool.shutdown();
      other.unlock(theirs);
      assertTrue(waiting.get(SECONDS, TimeUnit.SECONDS).isValid());
      ExecutionException e =
          assertThrows(ExecutionException.class, () -> unheard.get(SECONDS, TimeUnit.SECONDS));
      assertInstanceOf(RejectedExecutionException.class, e.getCause().getCause());
      // What nobody heard of is not held.
      late.tryLock(0, 4, false).release();

      assertTrue(other.tryLock(org.pagewright.vfs.FileLock.range(theirs.owner(), true, 0, 3)));
    }
    assertEquals(0, memory.volume().superBlock().openFiles());
  }

  @Test
  void anAsynchronousChannelClosesThoughItsExecutorHasEnded() throws Exception {
    ExecutorService pool = Executors.newSingleThreadExecutor();
    try (OpenFile other = memory.volume().open("/file", OpenFlags.RDWR, 0)) {
      assertTrue(
          other.tryLock(
              org.pagewright.vfs.FileLock.range(
                  new org.pagewright.vfs.LockOwner(this, 2, 2), true, 0, 9)));
      AsynchronousFileChannel channel =
          AsynchronousFileChannel.open(file, Set.of(READ, WRITE), pool);
      channel.lock();
      pool.shutdown();
      channel.close();
      assertEquals(1, memory.volume().superBlock().openFiles(), "only the other");
    }
  }

  /// A lock that could not be had is in nobody's way later.
  @Test
  void aLockThatFoundNoRoomIsForgotten() throws Exception {
    org.pagewright.vfs.LockOwner owner = new org.pagewright.vfs.LockOwner(this, 2, 2);
    try (OpenFile other = memory.volume().open("/file", OpenFlags.RDWR, 0);
        FileChannel channel = FileChannel.open(file, READ, WRITE);
        AsynchronousFileChannel asynchronous = AsynchronousFileChannel.open(file, READ, WRITE)) {
      int full = 0;
      try {
        while (true) { // as many as the volume keeps
          long at = 100 + 2L * full;
          other.tryLock(org.pagewright.vfs.FileLock.range(owner, true, at, at));
          full++;
        }
      } catch (FsException e) {
        assertEquals(Errno.ENOLCK, e.errno());
      }
      assertThrows(FileSystemException.class, () -> channel.tryLock(0, 1, false));
      assertThrows(FileSystemException.class, () -> channel.lock(0, 1, false));
      assertThrows(FileSystemException.class, () -> asynchronous.tryLock(0, 1, false));
      Future<FileLock> refused = asynchronous.lock(0, 1, false);
      assertThrows(ExecutionException.class, () -> refused.get(SECONDS, TimeUnit.SECONDS));
      other.unlockAll(org.pagewright.vfs.LockKind.RANGE, owner);
      asynchronous.tryLock(0, 1, false).release();
      channel.tryLock(0, 1, false).release();
    }
  }
}
