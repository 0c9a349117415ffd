package org.pagewright.hostfs;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.AddressSpaceOperations;
import org.pagewright.cache.Folio;
import org.pagewright.cache.WriteOp;
import org.pagewright.cache.WritebackControl;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.Inode;
import org.pagewright.writeback.FolioWriter;
import org.pagewright.writeback.Writeback;

/// Content of host files: the low-level interface, without blocks or extents.
///
/// Each request goes through a stage, a piece of aligned memory: so neighbouring folios become one
/// system call, and direct I/O can be used.
///
///     readahead    folios, locked --> request --> stage --> folios, endRead
///     writepages   folio: D -> W, copied into the stage, unlocked --> request --> endWriteback
///
/// Nothing is reserved when a write is accepted: a host disk that is full is told at the next sync,
/// and the bytes stay here, dirty.
final class HostContent implements AddressSpaceOperations {
  private static final int STAGE_FOLIOS = HostIo.STAGE_BYTES / AddressSpace.FOLIO_SIZE;

  private final HostIo io;

  HostContent(HostIo io) {
    this.io = io;
  }

  private static HostFile fileOf(AddressSpace mapping) {
    return ((HostInode) mapping.host()).file();
  }

  // ---- Reading ----------------------------------------------------------------------------------

  @Override
  public FillResult readFolio(AddressSpace mapping, Folio folio) {
    read(mapping, new Folio[] {folio}, 0, 1);
    return FillResult.STARTED;
  }

  @Override
  public void readahead(AddressSpace mapping, Folio[] folios, int count) {
    for (int from = 0; from < count; from += STAGE_FOLIOS) {
      read(mapping, folios, from, Math.min(STAGE_FOLIOS, count - from));
    }
  }

  private void read(AddressSpace mapping, Folio[] folios, int from, int count) {
    MemorySegment stage = io.takeStage();
    Folio[] mine = Arrays.copyOfRange(folios, from, from + count);
    for (Folio folio : mine) {
      folio.handLockToIo();
    }
    io.submit(() -> fill(mapping, mine, stage));
  }

  /// On a thread of HostIo.
  private void fill(AddressSpace mapping, Folio[] folios, MemorySegment stage) {
    int filled = 0;
    try {
      int length = folios.length * AddressSpace.FOLIO_SIZE;
      int n =
          fileOf(mapping).read(folios[0].pos(), stage.asSlice(0, length).asByteBuffer());
      stage.asSlice(n, length - n).fill((byte) 0); // beyond the end of the host file (R-D3)
      // Nor is what the host file holds behind the end of ours anybody's to see.
      long inside = Math.clamp(mapping.size() - folios[0].pos(), 0L, length);
      stage.asSlice(inside, length - inside).fill((byte) 0);
      for (Folio folio : folios) {
        long at = folio.pos() - folios[0].pos();
        MemorySegment.copy(stage, at, folio.chunk(), folio.chunkOffset(), folio.size());
        filled++;
        folio.endRead(true);
      }
    } catch (IOException e) {
      // Whoever waits finds the folio not uptodate, and says EIO.
      for (int i = filled; i < folios.length; i++) {
        folios[i].endRead(false);
      }
    } finally {
      io.giveStage(stage);
    }
  }

  // ---- Writing ----------------------------------------------------------------------------------

  @Override
  public Folio writeBegin(AddressSpace mapping, long pos, int length, WriteOp op)
      throws FsException {
    int flags = op.nowait() ? AddressSpace.NOWAIT : 0;
    flags |= op.dontcache() ? AddressSpace.DONTCACHE : 0;
    Folio folio = mapping.getOrCreate(AddressSpace.indexOf(pos), flags);
    if (folio.isUptodate() || coversAll(mapping, folio, pos, length)) {
      return folio;
    }
    boolean ready = false;
    try {
      if (folio.pos() >= mapping.size()) {
        folio.zero(0, folio.size());
      } else if (op.nowait()) {
        throw new FsException(Errno.EAGAIN, mapping + ": the folio has to be read first");
      } else {
        readIntoLocked(mapping, folio); // covered in part: the rest are old bytes (R-B11)
      }
      folio.markUptodate();
      ready = true;
      return folio;
    } finally {
      if (!ready) {
        folio.unlock();
      }
    }
  }

  /// Whether nothing but zeros lies in the folio around a chunk.
  private static boolean coversAll(AddressSpace mapping, Folio folio, long pos, int length) {
    return pos == folio.pos()
        && (length == folio.size() || pos + length >= mapping.size());
  }

  private void readIntoLocked(AddressSpace mapping, Folio folio) throws FsException {
    MemorySegment stage = io.takeStage();
    try {
      int size = folio.size();
      io.call(
          mapping + ": read at " + folio.pos(),
          () -> {
            int n = fileOf(mapping).read(folio.pos(), stage.asSlice(0, size).asByteBuffer());
            stage.asSlice(n, size - n).fill((byte) 0);
          });
      folio.beginChange();
      MemorySegment.copy(stage, 0, folio.chunk(), folio.chunkOffset(), size);
      folio.endChange();
    } finally {
      io.giveStage(stage);
    }
  }

  @Override
  public int writeEnd(
      AddressSpace mapping, long pos, int length, int copied, Folio folio, WriteOp op) {
    boolean takes = copied == length || folio.isUptodate(); // R-B7
    int accepted = takes ? copied : 0;
    if (accepted > 0) {
      if (!folio.isUptodate()) { // then the chunk is whole and covers all but zeros
        folio.zero(length, folio.size() - length);
        folio.markUptodate();
      }
      folio.markDirty();
      if (mapping.growSize(pos + accepted)) {
        Inode inode = (Inode) mapping.host();
        inode.setBlocks((mapping.size() + 511) / 512);
        inode.markDirty(Inode.DIRTY_DATASYNC);
      }
    }
    folio.unlock();
    return accepted;
  }

  @Override
  public void writepages(AddressSpace mapping, WritebackControl control) throws FsException {
    Writeback.writeCachePages(mapping, control, new Writer(mapping));
  }

  /// Joins neighbouring folios into requests.
  private final class Writer implements FolioWriter {
    private final AddressSpace mapping;
    private Folio[] folios = new Folio[STAGE_FOLIOS];
    private int count;
    private long pos;
    private int length;
    private MemorySegment stage = MemorySegment.NULL;

    Writer(AddressSpace mapping) {
      this.mapping = mapping;
    }

    @Override
    public boolean writeFolio(Folio folio, WritebackControl control) {
      long inside = mapping.size() - folio.pos();
      if (inside <= 0) {
        folio.unlock(); // the size went down since the walk looked: it is about to be dropped
        return false;
      }
      if (count > 0 && (folio.pos() != pos + length || count == folios.length)) {
        flush();
      }
      if (count == 0) {
        stage = io.takeStage();
        pos = folio.pos();
        length = 0;
      }
      folio.clearDirtyForIo();
      int n = (int) Math.min(folio.size(), inside);
      MemorySegment.copy(folio.chunk(), folio.chunkOffset(), stage, length, n);
      length += n;
      folios[count++] = folio;
      folio.startWriteback();
      folio.unlock();
      if (n < folio.size()) {
        flush(); // the file's end: nothing follows
      }
      return true;
    }

    @Override
    public void flush() {
      if (count > 0) {
        Folio[] mine = Arrays.copyOf(folios, count);
        MemorySegment source = stage;
        long at = pos;
        int bytes = length;
        count = 0;
        stage = MemorySegment.NULL;
        io.submit(() -> writeOut(mapping, mine, source, at, bytes));
      }
    }
  }

  /// On a thread of HostIo.
  private void writeOut(
      AddressSpace mapping, Folio[] folios, MemorySegment stage, long pos, int length) {
    boolean written = false;
    try {
      fileOf(mapping).write(pos, stage.asSlice(0, length).asByteBuffer());
      ((HostInode) mapping.host()).noteWritten();
      written = true;
    } catch (IOException e) {
      mapping.recordWriteFailure(HostIo.errnoOf(e));
    } finally {
      io.giveStage(stage);
      for (Folio folio : folios) {
        folio.endWriteback(written);
      }
    }
  }
}
