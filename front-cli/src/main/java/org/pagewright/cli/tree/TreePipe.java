package org.pagewright.cli.tree;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/// Reads a tree by a thread of its own while another one takes it, in the same order.
///
/// ```
///   reader: source ---> steps, at most 512 ----------------> caller: target
///                  \--> bytes, a ring of 4 MiB in chunks --/
/// ```
///
/// The ring is given out and given back in order, so a chunk is a piece of it and the caller writes
/// from there: no byte is copied on its way. Memory is bounded by the ring and the steps; whoever
/// is ahead waits. A failure of the source reaches the target's caller where it happened in the
/// order. If the target fails, the reader is told to stop, and waited for.
public final class TreePipe {
  private static final int RING = 4 << 20;

  /// Bytes of one chunk, at most; a multiple of every unit that holes are looked for in.
  private static final int CHUNK = 1 << 20;

  private static final int STEPS_MAX = 512;

  /// A source: tells all it has, by one thread.
  @FunctionalInterface
  public interface Source {
    /// Tells a tree.
    ///
    /// @param target takes it
    /// @throws IOException what cannot be read, or what the target says
    void walk(TreeTarget target) throws IOException;
  }

  private sealed interface Item permits Step, Chunk, EndOfFile, End {}

  /// One call of the target, by the caller's thread.
  private non-sealed interface Step extends Item {
    void apply(TreeTarget target) throws IOException;
  }

  /// Bytes of the file whose step came before.
  private record Chunk(long pos, MemorySegment bytes, int permits) implements Item {}

  /// No more chunks; `cut` if the file was shorter than it said.
  private record EndOfFile(boolean cut) implements Item {}

  /// No more steps.
  private record End(@Nullable Throwable failure) implements Item {}

  /// What the reader throws to get out of the source when nobody listens any more.
  private static final class Abandoned extends IOException {
    private static final long serialVersionUID = 1;

    Abandoned(@Nullable InterruptedException cause) {
      super("the target has failed", cause);
    }
  }

  private final BlockingQueue<Item> items = new ArrayBlockingQueue<>(STEPS_MAX);
  private final Semaphore room = new Semaphore(RING);
  private volatile boolean abandoned;

  private TreePipe() {}

  /// Moves a tree.
  ///
  /// @param source walked by a thread of the pipe
  /// @param target called by this thread
  /// @throws IOException of the source or of the target, whichever comes first in the order
  public static void pump(Source source, TreeTarget target) throws IOException {
    new TreePipe().run(source, target);
  }

  private void run(Source source, TreeTarget target) throws IOException {
    Thread reader = new Thread(() -> read(source), "pagewright-read");
    reader.setDaemon(true);
    reader.start();
    try {
      while (take() instanceof Step step) {
        step.apply(target);
      }
    } finally {
      abandoned = true;
      reader.interrupt();
      join(reader);
    }
  }

  private static void join(Thread reader) {
    boolean interrupted = false;
    while (reader.isAlive()) { // ends: the reader looks at `abandoned` before each step
      try {
        reader.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /// The next item; the failure of the source instead, if that is next.
  private Item take() throws IOException {
    try {
      Item item = items.take();
      if (item instanceof End(Throwable failure) && failure != null) {
        switch (failure) {
          case IOException e -> throw e;
          case RuntimeException e -> throw e;
          case Error e -> throw e;
          default -> throw new IOException(failure);
        }
      }
      return item;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted = new InterruptedIOException("interrupted while reading");
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  // ---- the reader's side ------------------------------------------------------------------------

  private void read(Source source) {
    Throwable failure = null;
    try {
      source.walk(new Filler());
    } catch (Throwable t) {
      failure = t; // nothing is lost: the caller throws it
    }
    try {
      put(new End(failure));
    } catch (Abandoned e) {
      assert abandoned : e; // nobody waits for an end
    }
  }

  private void put(Item item) throws Abandoned {
    if (abandoned) {
      throw new Abandoned(null);
    }
    try {
      items.put(item);
    } catch (InterruptedException e) {
      throw new Abandoned(e);
    }
  }

  /// The target that the source sees.
  private final class Filler implements TreeTarget {
    private final MemorySegment ring = MemorySegment.ofBuffer(ByteBuffer.allocateDirect(RING));
    private int head;

    private void step(Step step) throws IOException {
      put(step);
    }

    @Override
    public void enterDirectory(String path, Attributes attributes) throws IOException {
      step(target -> target.enterDirectory(path, attributes));
    }

    @Override
    public void leaveDirectory(String path, Attributes attributes) throws IOException {
      step(target -> target.leaveDirectory(path, attributes));
    }

    @Override
    public void symlink(String path, Attributes attributes, String text) throws IOException {
      step(target -> target.symlink(path, attributes, text));
    }

    @Override
    public void special(String path, Attributes attributes) throws IOException {
      step(target -> target.special(path, attributes));
    }

    @Override
    public void hardLink(String path, String existing) throws IOException {
      step(target -> target.hardLink(path, existing));
    }

    @Override
    public void file(String path, Attributes attributes, Content content) throws IOException {
      long size = content.size();
      boolean knowsHoles = content.knowsHoles();
      step(
          target -> {
            Piped piped = new Piped(size, knowsHoles);
            target.file(path, attributes, piped);
            piped.skipRest();
          });
      put(new EndOfFile(!send(content, size)));
    }

    /// @return false if the file has become shorter
    private boolean send(Content content, long size) throws IOException {
      long pos = 0;
      while (pos < size) { // ends: each turn moves on, or returns
        long data = content.nextData(pos);
        if (data >= size) {
          break;
        }
        long end = Math.min(content.nextHole(data), size);
        while (data < end) {
          // Up to an aligned place, so that blocks of zeros are seen as such.
          int want = (int) Math.min(CHUNK - (data & CHUNK - 1), end - data);
          int permits = makeRoom(want);
          int length = content.read(data, ring.asSlice(head, want));
          if (length <= 0) {
            room.release(permits);
            return false;
          }
          put(new Chunk(data, ring.asSlice(head, length), permits));
          head += want;
          data += length;
        }
        pos = end;
      }
      return true;
    }

    /// Waits until so many bytes are free in one piece at the head.
    ///
    /// @return what to give back for them
    private int makeRoom(int want) throws Abandoned {
      int skipped = 0;
      if (RING - head < want) {
        skipped = RING - head;
        head = 0;
      }
      try {
        room.acquire(skipped + want);
      } catch (InterruptedException e) {
        throw new Abandoned(e);
      }
      return skipped + want;
    }
  }

  // ---- the caller's side ------------------------------------------------------------------------

  /// The content of the file whose step is being applied.
  private final class Piped implements Content {
    private final long size;
    private final boolean knowsHoles;
    private @Nullable Chunk chunk; // not used up yet, or just lent
    private @Nullable EndOfFile end;

    Piped(long size, boolean knowsHoles) {
      this.size = size;
      this.knowsHoles = knowsHoles;
    }

    @Override
    public long size() {
      return size;
    }

    @Override
    public boolean knowsHoles() {
      return knowsHoles;
    }

    /// The chunk that ends behind a position, null at the end of the file.
    private @Nullable Chunk chunkAt(long pos) throws IOException {
      while (end == null) { // ends: with a chunk, or with the file
        Chunk current = chunk;
        if (current != null && pos < current.pos + current.bytes.byteSize()) {
          return current;
        }
        if (current != null) {
          chunk = null;
          room.release(current.permits);
        }
        switch (take()) {
          case Chunk next -> chunk = next;
          case EndOfFile last -> end = last;
          case Step step -> throw new AssertionError("a step inside a file: " + step);
          case End last -> throw new AssertionError("an end inside a file: " + last);
        }
      }
      return null;
    }

    @Override
    public long nextData(long pos) throws IOException {
      Chunk next = chunkAt(pos);
      return next == null ? size : Math.max(pos, next.pos);
    }

    @Override
    public long nextHole(long pos) throws IOException {
      Chunk here = chunkAt(pos);
      return here == null ? size : here.pos + here.bytes.byteSize();
    }

    @Override
    public @Nullable MemorySegment lend(long pos, int length) throws IOException {
      Chunk here = chunkAt(pos);
      if (here == null || pos < here.pos) {
        return null;
      }
      long offset = pos - here.pos;
      return here.bytes.asSlice(offset, Math.min(length, here.bytes.byteSize() - offset));
    }

    @Override
    public int read(long pos, MemorySegment target) throws IOException {
      long length = Math.min(target.byteSize(), size - pos);
      MemorySegment lent = lend(pos, (int) length);
      if (lent != null) {
        target.copyFrom(lent);
        return (int) lent.byteSize();
      }
      Chunk next = chunk;
      if (end != null ? end.cut : next == null) {
        return 0;
      }
      // A hole, and somebody who wants its zeros.
      length = end != null ? length : Math.min(length, next.pos - pos);
      target.asSlice(0, length).fill((byte) 0);
      return (int) length;
    }

    /// What the target did not want goes by.
    void skipRest() throws IOException {
      Chunk rest = chunkAt(Long.MAX_VALUE);
      assert rest == null : rest;
    }
  }
}
