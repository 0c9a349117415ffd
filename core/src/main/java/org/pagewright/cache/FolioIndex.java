package org.pagewright.cache;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.pagewright.sync.SchedulePoint;

/// The folios of one file by index: a radix tree of 64-way nodes with tags, as Linux's xarray.
///
/// Lookups take no lock: they walk nodes that are published with release and read with acquire.
/// Changes are made under the CACHE_INDEX lock of the address space. A tag of an inner node is set
/// if it is set anywhere below, so a search for dirty folios touches only what is dirty.
///
///     level 1   node: 64 slots, 64 bits a tag     shift 6
///     level 0   node: 64 folios, 64 bits a tag    shift 0
///
/// A leaf also has the look words of its folios (see [Folio]), in an array of 64 for itself, or in
/// one of 4096 with its neighbours where there are many of them: then they lie close together, and
/// the processor needs few pages and lines to reach them all. [#slotIn] is where, either way.
///
/// The look words of the first [#NEAR] leaves are in a table besides, so that a hot path gets at
/// the word of a folio without walking the tree and without touching the leaf or the folio. The
/// table grows by copying; who still has an old one finds there a leaf that is gone, and in that no
/// word that is READABLE, or misses one that is new, and takes the long way.
///
/// Beside it, and many times smaller, is a table by which the frame of a folio can be guessed, for
/// neighbours in a file are given neighbouring frames where that can be.
final class FolioIndex {
  /// Newer than its store.
  static final int TAG_DIRTY = 0;

  /// Being written.
  static final int TAG_WRITEBACK = 1;

  /// Was dirty when an integrity sync began (R-H3).
  static final int TAG_TOWRITE = 2;

  private static final int TAGS = 3;
  private static final int BITS = 6;
  private static final int SLOTS = 1 << BITS;
  private static final int MASK = SLOTS - 1;

  /// Leaves under one node from which on they share an array of look words.
  private static final int DENSE = 8;

  /// Leaves in the table of look words: those of the first 4 GiB.
  private static final int NEAR = 1 << 14;

  /// With whatever index of a near folio, no number of a frame.
  private static final int NO_GUESS = Integer.MIN_VALUE;

  private static final int[] NO_GUESSES = {};

  private static final VarHandle LOOKS = MethodHandles.arrayElementVarHandle(long[][].class);
  private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(Object[].class);
  private static final VarHandle ROOT;
  private static final VarHandle NEAR_LOOKS;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      ROOT = lookup.findVarHandle(FolioIndex.class, "root", Node.class);
      NEAR_LOOKS = lookup.findVarHandle(FolioIndex.class, "nearLooks", long[][].class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final class Node {
    final int shift;
    @Nullable Node parent; // guarded by CACHE_INDEX, as all below but the slots
    final int slotInParent;
    final @Nullable Object[] slots = new @Nullable Object[SLOTS]; // Folio at shift 0, else Node
    final long[] tags = new long[TAGS];
    final long @Nullable [] looks; // of a leaf: its folios'
    long @Nullable [] sharedLooks; // of a node over leaves: those of the leaves that came late
    int count;

    Node(int shift, @Nullable Node parent, int slotInParent) {
      this.shift = shift;
      this.parent = parent;
      this.slotInParent = slotInParent;
      looks = shift == 0 ? looksUnder(parent) : null;
    }

    private static long[] looksUnder(@Nullable Node parent) {
      if (parent == null || parent.count < DENSE) {
        return new long[SLOTS];
      }
      if (parent.sharedLooks == null) {
        parent.sharedLooks = new long[SLOTS * SLOTS];
      }
      return parent.sharedLooks;
    }

    int slotOf(long index) {
      return (int) (index >>> shift) & MASK;
    }

    /// Whether an index lies under this node, if it is the root.
    boolean spans(long index) {
      return shift + BITS >= Long.SIZE || index >>> (shift + BITS) == 0;
    }
  }

  private @Nullable Node root; // published through ROOT
  private long @Nullable [][] nearLooks = new long[1][]; // published through NEAR_LOOKS
  private int[] nearFrames = NO_GUESSES; // of each near leaf: its last new frame minus its index

  /// The folio at an index. No lock needed.
  @Nullable Folio get(long index) {
    SchedulePoint.touch(this, false);
    Node leaf = leafAcquire(index);
    return leaf == null ? null : (Folio) SLOT.getAcquire(leaf.slots, (int) index & MASK);
  }

  private @Nullable Node leafAcquire(long index) {
    Node node = (Node) ROOT.getAcquire(this);
    if (node == null || !node.spans(index)) {
      return null;
    }
    while (node != null && node.shift > 0) {
      node = (Node) SLOT.getAcquire(node.slots, node.slotOf(index));
    }
    return node;
  }

  /// The look words of the leaf that spans an index. No lock needed. Where the leaf is gone
  /// meanwhile, no word of it is READABLE.
  ///
  /// Plain reads: who sees the table or an array of words too early sees nothing in it, as memory
  /// is at its birth, and takes the long way.
  ///
  /// @return null if no folio is near
  long @Nullable [] looks(long index) {
    SchedulePoint.touch(this, false);
    long @Nullable [][] table = nearLooks;
    long leaf = index >>> BITS;
    if (leaf < table.length) {
      return table[(int) leaf];
    }
    Node far = leaf < NEAR ? null : leafAcquire(index);
    return far == null ? null : far.looks;
  }

  /// A guess at the frame of a folio: right if it lies as far from that of a neighbour as the two
  /// folios lie apart. No lock needed; nothing may depend on it but speed.
  ///
  /// @return number of a frame, or negative
  int guessFrame(long index) {
    int[] guesses = nearFrames;
    long leaf = index >>> BITS;
    return leaf < guesses.length ? guesses[(int) leaf] + (int) index : -1;
  }

  /// The frame that a new folio should have, so that the guess at it is right, and if it can be,
  /// that of the folio before the leaf goes on with it.
  ///
  /// @return number of a frame, or negative if any will do
  int wantedFrame(long index) {
    int wanted = guessFrame(index);
    long leaf = index >>> BITS;
    int[] guesses = nearFrames;
    return wanted < 0 && leaf > 0 && leaf <= guesses.length
        ? guesses[(int) leaf - 1] + (int) index
        : wanted;
  }

  private void rememberFrame(long index, int frame) {
    long leaf = index >>> BITS;
    if (leaf >= NEAR) {
      return;
    }
    int[] guesses = nearFrames;
    if (leaf >= guesses.length) {
      int length = guesses.length;
      guesses = Arrays.copyOf(guesses, Math.max(2 * length, (int) leaf + 1));
      Arrays.fill(guesses, length, guesses.length, NO_GUESS);
      nearFrames = guesses;
    }
    guesses[(int) leaf] = frame - (int) index;
  }

  /// Where the look word of a folio is.
  ///
  /// @param looks what [#looks(long)] returned for its index
  static int slotIn(long[] looks, long index) {
    return (int) index & (looks.length - 1);
  }

  private void rememberLooks(long index, long @Nullable [] looks) {
    long leaf = index >>> BITS;
    if (leaf >= NEAR) {
      return;
    }
    long @Nullable [][] table = nearLooks;
    if (leaf >= table.length) {
      table = Arrays.copyOf(table, Math.max(2 * table.length, (int) leaf + 1));
      NEAR_LOOKS.setRelease(this, table);
    }
    LOOKS.setRelease(table, (int) leaf, looks);
  }

  /// Puts a folio at an empty index.
  void insert(long index, Folio folio) {
    SchedulePoint.touch(this, true);
    Node node = root;
    if (node == null) {
      node = new Node(0, null, 0);
      ROOT.setRelease(this, node);
    }
    while (!node.spans(index)) {
      node = grow(node);
    }
    while (node.shift > 0) {
      int slot = node.slotOf(index);
      Node child = (Node) node.slots[slot];
      if (child == null) {
        child = new Node(node.shift - BITS, node, slot);
        SLOT.setRelease(node.slots, slot, child);
        node.count++;
      }
      node = child;
    }
    int slot = (int) index & MASK;
    assert node.slots[slot] == null && node.looks != null;
    if (node.count == 0) {
      rememberLooks(index, node.looks);
    }
    rememberFrame(index, folio.frame());
    folio.enter(node.looks);
    SLOT.setRelease(node.slots, slot, folio);
    node.count++;
  }

  /// Puts a new root over the present one, which keeps its place as the first child.
  private Node grow(Node old) {
    Node top = new Node(old.shift + BITS, null, 0);
    top.slots[0] = old;
    top.count = 1;
    for (int tag = 0; tag < TAGS; tag++) {
      top.tags[tag] = old.tags[tag] != 0 ? 1 : 0;
    }
    old.parent = top;
    ROOT.setRelease(this, top);
    return top;
  }

  /// Takes the folio at an index out, with its tags.
  void remove(long index) {
    SchedulePoint.touch(this, true);
    Node node = leaf(index);
    int slot = (int) index & MASK;
    assert node != null && node.slots[slot] != null;
    for (int tag = 0; tag < TAGS; tag++) {
      clearTag(node, slot, tag);
    }
    SLOT.setRelease(node.slots, slot, null);
    node.count--;
    if (node.count == 0) {
      rememberLooks(index, null);
    }
    while (node.count == 0) {
      Node parent = node.parent;
      if (parent == null) {
        ROOT.setRelease(this, null);
        return;
      }
      SLOT.setRelease(parent.slots, node.slotInParent, null);
      parent.count--;
      node = parent;
    }
  }

  private @Nullable Node leaf(long index) {
    Node node = root;
    if (node == null || !node.spans(index)) {
      return null;
    }
    while (node != null && node.shift > 0) {
      node = (Node) node.slots[node.slotOf(index)];
    }
    return node;
  }

  /// Sets a tag of a folio that is present.
  void setTag(long index, int tag) {
    Node node = leaf(index);
    int slot = (int) index & MASK;
    assert node != null && node.slots[slot] != null;
    while (node != null) {
      long bit = 1L << slot;
      if ((node.tags[tag] & bit) != 0) {
        return; // then it is set all the way up
      }
      node.tags[tag] |= bit;
      slot = node.slotInParent;
      node = node.parent;
    }
  }

  /// Clears a tag of a folio that is present.
  void clearTag(long index, int tag) {
    Node node = leaf(index);
    assert node != null;
    clearTag(node, (int) index & MASK, tag);
  }

  private static void clearTag(Node leaf, int slotInLeaf, int tag) {
    Node node = leaf;
    int slot = slotInLeaf;
    while (node != null) {
      node.tags[tag] &= ~(1L << slot);
      if (node.tags[tag] != 0) {
        return;
      }
      slot = node.slotInParent;
      node = node.parent;
    }
  }

  /// Whether a tag is set; false if no folio is there.
  boolean hasTag(long index, int tag) {
    Node node = leaf(index);
    return node != null && (node.tags[tag] >>> ((int) index & MASK) & 1) != 0;
  }

  /// Whether any folio has a tag.
  boolean anyTag(int tag) {
    return root != null && root.tags[tag] != 0;
  }

  /// Collects folios in ascending order.
  ///
  /// @param from first index
  /// @param to last index
  /// @param tag which, or -1 for all
  /// @param out receives them; at most its length
  /// @return how many
  int gather(long from, long to, int tag, @Nullable Folio[] out) {
    Node node = root;
    if (node == null || from > to) {
      return 0;
    }
    return gather(node, 0, from, to, tag, out, 0);
  }

  private static int gather(
      Node node, long base, long from, long to, int tag, @Nullable Folio[] out, int count) {
    int first = from > base ? (int) Math.min(SLOTS, (from - base) >>> node.shift) : 0;
    int n = count;
    for (int slot = first; slot < SLOTS && n < out.length; slot++) {
      long slotBase = base + ((long) slot << node.shift);
      if (slotBase > to) {
        break;
      }
      if (tag >= 0) {
        long rest = node.tags[tag] >>> slot;
        if (rest == 0) {
          break;
        }
        if ((rest & 1) == 0) {
          slot += Long.numberOfTrailingZeros(rest) - 1;
          continue;
        }
      }
      Object entry = node.slots[slot];
      if (entry instanceof Node child) {
        n = gather(child, slotBase, from, to, tag, out, n);
      } else if (entry instanceof Folio folio) {
        out[n++] = folio;
      }
    }
    return n;
  }

  /// Gives every folio of a range that is tagged DIRTY the tag TOWRITE.
  void tagDirtyToWrite(long from, long to) {
    Node node = root;
    if (node != null && from <= to) {
      tagDirtyToWrite(node, 0, from, to);
    }
  }

  private static void tagDirtyToWrite(Node node, long base, long from, long to) {
    long dirty = node.tags[TAG_DIRTY];
    while (dirty != 0) {
      int slot = Long.numberOfTrailingZeros(dirty);
      dirty &= dirty - 1;
      long slotBase = base + ((long) slot << node.shift);
      long slotEnd = slotBase + (1L << node.shift) - 1;
      if (slotEnd < from || slotBase > to) {
        continue;
      }
      if (node.slots[slot] instanceof Node child) {
        tagDirtyToWrite(child, slotBase, from, to);
        if (child.tags[TAG_TOWRITE] != 0) {
          node.tags[TAG_TOWRITE] |= 1L << slot;
        }
      } else {
        node.tags[TAG_TOWRITE] |= 1L << slot;
      }
    }
  }

  boolean isEmpty() {
    return root == null;
  }
}
