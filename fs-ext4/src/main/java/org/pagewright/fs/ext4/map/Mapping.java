package org.pagewright.fs.ext4.map;

/// A run of a file's blocks that are mapped alike; the answer to a lookup. Reused by its owner, so
/// that lookups allocate nothing.
public final class Mapping {
  /// How blocks of a file are mapped.
  public enum State {
    /// Nothing is there: reads as zeros.
    HOLE,
    /// Space is promised, the place is not chosen: the data are in the cache.
    DELALLOC,
    /// Allocated, reads as zeros until converted.
    UNWRITTEN,
    /// Allocated, holds data.
    MAPPED;

    private static final State[] VALUES = values();

    static State of(int ordinal) {
      return VALUES[ordinal];
    }
  }

  private long logical;
  private long count;
  private long blockNr;
  private State state = State.HOLE;
  private long cookie;
  private boolean fresh;

  /// A mapping to be filled.
  public Mapping() {}

  void set(State state, long logical, long count, long blockNr) {
    this.state = state;
    this.logical = logical;
    this.count = count;
    this.blockNr = blockNr;
    this.fresh = false;
  }

  void stamp(long cookie) {
    this.cookie = cookie;
  }

  void setFresh() {
    this.fresh = true;
  }

  /// {@return how the run is mapped}
  public State state() {
    return state;
  }

  /// {@return first block of the run, in blocks of the file}
  public long logical() {
    return logical;
  }

  /// {@return number of blocks of the run, at least 1}
  public long count() {
    return count;
  }

  /// {@return block of the device where the run begins; -1 if it has no place}
  public long blockNr() {
    return blockNr;
  }

  /// {@return whether the run was allocated or promised by the call that filled this}
  public boolean isNew() {
    return fresh;
  }

  /// {@return what [BlockMapper#stillValid] takes}
  public long cookie() {
    return cookie;
  }

  /// {@return whether the blocks exist on the device}
  public boolean isAllocated() {
    return state == State.MAPPED || state == State.UNWRITTEN;
  }

  /// {@return whether the run reads as zeros without asking the device or the cache}
  public boolean isZeros() {
    return state == State.HOLE || state == State.UNWRITTEN;
  }

  @Override
  public String toString() {
    return logical + "+" + count + " " + state + (isAllocated() ? " at " + blockNr : "");
  }
}
