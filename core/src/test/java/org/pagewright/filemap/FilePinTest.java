package org.pagewright.filemap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.cache.PageCache;
import org.pagewright.errno.FsException;
import org.pagewright.ramfs.Ramfs;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Bytes that are lent where they lie.
final class FilePinTest {
  private static final int FOLIO = AddressSpace.FOLIO_SIZE;
  private static final int SIZE = 9 * FOLIO + 100;

  private final PageCache cache = new PageCache(4 << 20);
  private final FilePin pin = new FilePin(64, 16);
  private final byte[] content = new byte[SIZE];
  private Volume volume;
  private OpenFile file;

  @BeforeEach
  void open() throws FsException {
    volume = Ramfs.mount(cache, MountOptions.DEFAULTS);
    file = volume.open("/f", OpenFlags.CREAT | OpenFlags.RDWR, 0644);
    new Random(5).nextBytes(content);
    assertEquals(SIZE, file.write(0, content, 0, SIZE));
    file.read(0, new byte[1], 0, 1); // settles the access time
  }

  @AfterEach
  void close() throws FsException {
    file.close();
    volume.close();
    cache.close();
  }

  private byte[] bytes() {
    byte[] bytes = new byte[SIZE];
    int done = 0;
    for (int i = 0; i < pin.pieces(); i++) {
      MemorySegment.copy(
          pin.chunk(i), ValueLayout.JAVA_BYTE, pin.offset(i), bytes, done, pin.length(i));
      done += pin.length(i);
    }
    return Arrays.copyOf(bytes, done);
  }

  private byte[] lend(long pos, long length) throws FsException {
    long n = file.pin(pos, length, pin);
    byte[] bytes = bytes();
    assertEquals(n, bytes.length);
    if (n > 0) {
      file.unpin(pin);
    }
    assertEquals(0, pin.folios());
    return bytes;
  }

  private Folio folio(int index) {
    Folio folio = file.inode().mapping().find(index);
    assertTrue(folio != null);
    return folio;
  }

  @Test
  void anyRangeIsLentAndEndsWithTheFile() throws FsException {
    Random random = new Random(7);
    for (int i = 0; i < 200; i++) {
      int pos = random.nextInt(SIZE);
      int length = 1 + random.nextInt(SIZE);
      int end = Math.min(SIZE, pos + length);
      assertArrayEquals(Arrays.copyOfRange(content, pos, end), lend(pos, length));
    }
    assertEquals(0, lend(SIZE, 10).length);
    assertEquals(0, lend(-1, 10).length, "an ordinary read says what is wrong");
    assertEquals(0, lend(0, 0).length);
  }

  @Test
  void framesThatLieOneBehindTheOtherAreOnePiece() throws FsException {
    assertEquals(SIZE, file.pin(0, SIZE, pin));
    assertEquals(10, pin.folios());
    int jumps = 0;
    for (int i = 1; i < 10; i++) {
      jumps += folio(i).place() == folio(i - 1).place() + FOLIO ? 0 : 1;
    }
    assertEquals(jumps + 1, pin.pieces());
    assertTrue(pin.pieces() < 10, "frames are handed out in order");
    file.unpin(pin);
  }

  @Test
  void whatDoesNotFitIsNotLentAtAll() throws FsException {
    FilePin small = new FilePin(4, 4);
    assertEquals(4 * FOLIO, file.pin(FOLIO, 4 * FOLIO, small));
    file.unpin(small);
    assertEquals(0, file.pin(FOLIO, 4 * FOLIO + 1, small));
    assertEquals(0, small.folios());
    // Of more folios than the first chunk of frames has, two neighbours lie in different chunks.
    FilePin one = new FilePin(64, 1);
    OpenFile large = volume.open("/large", OpenFlags.CREAT | OpenFlags.RDWR, 0644);
    byte[] bytes = new byte[300 * FOLIO];
    large.write(0, bytes, 0, bytes.length);
    int jump = 0;
    while (place(large, jump + 1) == place(large, jump) + FOLIO) {
      jump++; // ends: else the next folio is not there
    }
    assertEquals(FOLIO, large.pin((long) jump * FOLIO, FOLIO, one));
    large.unpin(one);
    assertEquals(0, large.pin((long) jump * FOLIO, 2 * FOLIO, one));
    assertEquals(0, one.folios());
    large.close();
  }

  private static long place(OpenFile file, long index) {
    Folio folio = file.inode().mapping().find(index);
    assertTrue(folio != null, "no folio " + index);
    return folio.place();
  }

  @Test
  void whatIsChangingOrMarkedOrNotThereIsLeftToARead() throws FsException {
    folio(3).setReadahead(true);
    assertEquals(0, lend(0, SIZE).length, "R-I8: the read starts the next window");
    assertEquals(3 * FOLIO, lend(0, 3 * FOLIO).length);
    folio(3).setReadahead(false);
    folio(3).setDropBehind(true);
    assertEquals(0, lend(0, SIZE).length, "R-J6: the read decides");
    folio(3).setDropBehind(false);
    assertEquals(SIZE, lend(0, SIZE).length);
    file.inode().rwsem().lock();
    assertEquals(0, lend(0, SIZE).length, "R-B13: somebody may write");
    file.inode().rwsem().unlock();
    OpenFile hole = volume.open("/hole", OpenFlags.CREAT | OpenFlags.RDWR, 0644);
    hole.write(4L * FOLIO, content, 0, FOLIO);
    assertEquals(0, hole.pin(0, 5 * FOLIO, pin), "nothing in memory there");
    hole.close();
  }

  @Test
  void whatIsLentIsNotEvictedAndItsFrameStays() throws FsException {
    Folio folio = folio(1);
    assertEquals(FOLIO, file.pin(FOLIO, FOLIO, pin));
    assertEquals(1, folio.references());
    assertFalse(file.inode().rwsem().tryLock(), "a writer waits");
    assertArrayEquals(Arrays.copyOfRange(content, FOLIO, 2 * FOLIO), bytes());
    file.unpin(pin);
    assertEquals(0, folio.references());
    assertTrue(file.inode().rwsem().tryLock());
    file.inode().rwsem().unlock();
  }

  @Test
  void aReadThatWouldHoldMuchOfTheCacheIsLentNothing() throws FsException {
    OpenFile large = volume.open("/large", OpenFlags.CREAT | OpenFlags.RDWR, 0644);
    byte[] bytes = new byte[20 * FOLIO]; // a 64th of the cache are 16
    large.write(0, bytes, 0, bytes.length);
    large.read(0, new byte[1], 0, 1);
    assertEquals(0, large.pin(0, bytes.length, pin));
    assertEquals(16 * FOLIO, large.pin(0, 16 * FOLIO, pin));
    large.unpin(pin);
    assertEquals(FOLIO, large.pin(19 * FOLIO, 20 * FOLIO, pin), "no more is there");
    large.unpin(pin);
    large.close();
  }

  @Test
  void aFileThatIsClosedOrNotOpenForReadingLendsNothing() throws FsException {
    OpenFile blind = volume.open("/f", OpenFlags.WRONLY, 0);
    assertEquals(0, blind.pin(0, FOLIO, pin), "the read says EBADF");
    blind.close();
    OpenFile closed = volume.open("/f", OpenFlags.RDONLY | OpenFlags.NOATIME, 0);
    closed.close();
    assertThrows(FsException.class, () -> closed.pin(0, FOLIO, pin));
    assertEquals(0, pin.folios());
  }
}
