package org.pagewright.bench.door;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/// Caffeine with values of 4 KiB, as one would build a cache of blocks with it.
///
/// In its best form: keys are made once, and a write copies into the value in place, which promises
/// less than a file does. A piece is copied value by value, each after a lookup.
final class ValueDoor implements Door {
  private static final int VALUE_BYTES = 4096;

  private final Arena arena = Arena.ofShared();
  private final Map<Integer, Cache<Long, byte[]>> files = new HashMap<>();
  private final Long[] keys;
  private final boolean heap;

  ValueDoor(long fileBytes, boolean heap) {
    this.keys = new Long[Math.toIntExact(fileBytes / VALUE_BYTES)];
    this.heap = heap;
    for (int i = 0; i < keys.length; i++) {
      keys[i] = (long) i;
    }
  }

  @Override
  public Lane lane(int file, int pieceBytes) {
    Cache<Long, byte[]> cache =
        files.computeIfAbsent(
            file,
            f -> {
              // Twice the room that is needed, so that nothing leaves.
              Cache<Long, byte[]> fresh =
                  Caffeine.newBuilder().maximumSize(2L * keys.length).build();
              for (Long key : keys) {
                fresh.put(key, new byte[VALUE_BYTES]);
              }
              return fresh;
            });
    return new Piece(cache, keys, Doors.buffer(arena, pieceBytes, heap), pieceBytes);
  }

  @Override
  public void close() {
    arena.close();
  }

  private record Piece(Cache<Long, byte[]> cache, Long[] keys, MemorySegment buffer, int size)
      implements Lane {
    @Override
    public long read(long pos) {
      return move(pos, false);
    }

    @Override
    public long write(long pos) {
      return move(pos, true);
    }

    private long move(long pos, boolean write) {
      int done = 0;
      while (done < size) {
        int index = (int) ((pos + done) / VALUE_BYTES);
        int offset = (int) ((pos + done) % VALUE_BYTES);
        int length = Math.min(size - done, VALUE_BYTES - offset);
        byte[] value = cache.getIfPresent(keys[index]);
        if (value == null) {
          throw new IllegalStateException("value " + index + " has left");
        }
        MemorySegment bytes = MemorySegment.ofArray(value);
        if (write) {
          MemorySegment.copy(buffer, done, bytes, offset, length);
        } else {
          MemorySegment.copy(bytes, offset, buffer, done, length);
        }
        done += length;
      }
      return done;
    }
  }
}
