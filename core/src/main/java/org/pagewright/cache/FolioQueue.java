package org.pagewright.cache;

import org.jspecify.annotations.Nullable;

/// A list of folios linked through the folios themselves: nothing is allocated, each folio is on
/// one list at most. Guarded by a lock of its owner, which all lists of one cache share.
public final class FolioQueue {
  private @Nullable Folio head; // newest
  private @Nullable Folio tail; // oldest
  private int size;

  /// An empty list.
  public FolioQueue() {}

  /// Puts a folio at the young end. It must not be on a list.
  ///
  /// @param folio what to add
  public void add(Folio folio) {
    assert folio.queue == null : folio;
    folio.queue = this;
    folio.queuePrevious = null;
    folio.queueNext = head;
    if (head != null) {
      head.queuePrevious = folio;
    } else {
      tail = folio;
    }
    head = folio;
    size++;
  }

  /// The oldest folio, which stays on the list.
  ///
  /// @return null if the list is empty
  public @Nullable Folio oldest() {
    return tail;
  }

  /// Takes the oldest folio off.
  ///
  /// @return null if the list is empty
  public @Nullable Folio poll() {
    Folio oldest = tail;
    if (oldest != null) {
      remove(oldest);
    }
    return oldest;
  }

  /// Takes a folio off.
  ///
  /// @param folio a folio on this list
  public void remove(Folio folio) {
    assert folio.queue == this : folio;
    Folio next = folio.queueNext;
    Folio previous = folio.queuePrevious;
    if (previous != null) {
      previous.queueNext = next;
    } else {
      head = next;
    }
    if (next != null) {
      next.queuePrevious = previous;
    } else {
      tail = previous;
    }
    folio.queueNext = null;
    folio.queuePrevious = null;
    folio.queue = null;
    size--;
  }

  /// Number of folios.
  ///
  /// @return at least 0
  public int size() {
    return size;
  }

  /// The list that a folio is on.
  ///
  /// @param folio any folio
  /// @return null if it is on none
  public static @Nullable FolioQueue of(Folio folio) {
    return folio.queue;
  }
}
