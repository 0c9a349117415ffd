package org.pagewright.lab.design;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.lab.kernel.Kernel;
import org.pagewright.lab.kernel.UserPage;
import org.pagewright.sim.explore.Failure;
import org.pagewright.sim.explore.Stage;
import org.pagewright.sim.explore.Verdict;
import org.pagewright.sync.SchedulePoint;

/// The user's memory: one address range with its lock, a page table, and the fault path.
///
/// The fault path is what a write must not meet under a folio lock: it takes the lock of the range
/// shared, then that of the folio it maps (and, on a cluster, the cluster lock in between).
final class Mm {
  /// One entry of the page table.
  static final class Pte {
    final UserPage page;
    boolean valid;
    boolean resident;
    boolean writable;
    @Nullable Folio folio; // what a mapped page of a file shows

    Pte(UserPage page) {
      this.page = page;
      this.valid = page.valid();
      this.resident = page.resident();
    }

    char at(int offset) {
      Folio shown = folio;
      return shown != null ? shown.data[offset] : page.bytes().charAt(offset);
    }
  }

  final Lock lock = new Lock("mm");
  final Stage stage;
  private final Map<UserPage, Pte> table = new IdentityHashMap<>();
  private final List<Pte> order = new ArrayList<>();

  /// Frames left for user pages; only X10 runs out of them.
  int freeFrames = 100;

  /// The lock that X10 adds: whoever removes a page takes it alone.
  @Nullable Lock unpaging;

  /// Whether reclaim may take a page just before a copy.
  boolean evicts;

  int walks;

  /// What somebody held, of all that the fault path may want, when a fault was served (R-A4).
  String heldAtFaults = "";

  /// Every lock that a fault may want: of folios, of clusters, and those that designs add.
  final List<Lock> inner = new ArrayList<>();

  Mm(Stage stage) {
    this.stage = stage;
  }

  Pte pte(UserPage page) {
    Pte known = table.get(page);
    if (known == null) {
      known = new Pte(page);
      table.put(page, known);
      order.add(known);
    }
    return known;
  }

  /// The entry of a page, to be looked at.
  Pte look(UserPage page) {
    SchedulePoint.touch(page, false);
    return pte(page);
  }

  /// Makes a page resident, as an access to it would.
  ///
  /// @return false if nothing is mapped there
  boolean touch(UserPage page) {
    while (!look(page).resident) {
      if (!fault(page)) {
        return false;
      }
    }
    return true;
  }

  /// Serves a fault.
  ///
  /// @return false if nothing is mapped there: EFAULT
  boolean fault(UserPage page) {
    Pte pte = pte(page);
    SchedulePoint.reach(SchedulePoint.Kind.FAULT_IN, page);
    stage.note("faults on " + page);
    for (Lock wanted : inner) {
      if (wanted.isMine() && heldAtFaults.isEmpty()) {
        heldAtFaults = wanted.toString();
      }
    }
    lock.lockShared();
    walks++;
    boolean good = faultLocked(pte);
    lock.unlock();
    stage.note(good ? page + " is in core" : page + " is a bad address");
    return good;
  }

  /// The range lock is held, shared or alone.
  boolean faultLocked(Pte pte) {
    SchedulePoint.touch(pte.page, false);
    if (pte.resident || !pte.valid) {
      return pte.valid;
    }
    File file = (File) pte.page.file();
    if (file != null) {
      return file.fault(pte);
    }
    SchedulePoint.touch(this, true);
    if (freeFrames == 0) {
      reclaim();
    }
    freeFrames--;
    SchedulePoint.touch(pte.page, true);
    pte.resident = true;
    return true;
  }

  /// Frees a frame: of this task, because it has all of them (R-E6).
  private void reclaim() {
    stage.note("no frame is free: reclaims one of this very task");
    for (Pte victim : order) {
      if (victim.resident && victim.page.file() == null) {
        drop(victim.page);
        return;
      }
    }
  }

  /// Takes a page out of core; the next access faults.
  void drop(UserPage page) {
    Lock pin = unpaging;
    if (pin != null) {
      pin.lock();
    }
    Pte pte = pte(page);
    SchedulePoint.reach(SchedulePoint.Kind.EVICT, page);
    if (pte.resident && page.file() == null) {
      SchedulePoint.touch(this, true);
      freeFrames++;
    }
    forget(pte);
    stage.note("takes " + page + " out of core");
    Lock.unlockIfHeld(pin);
  }

  void munmap(UserPage page) {
    lock.lock();
    Lock pin = unpaging;
    if (pin != null) {
      pin.lock();
    }
    Pte pte = pte(page);
    SchedulePoint.touch(page, true);
    pte.valid = false;
    forget(pte);
    stage.note("unmaps " + page);
    Lock.unlockIfHeld(pin);
    lock.unlock();
  }

  /// As mlock once did: faults in with the range lock held alone (S1, b to g).
  void mlock(UserPage page) {
    lock.lock();
    boolean good = faultLocked(pte(page));
    stage.note(good ? "locks " + page + " in core" : page + " is a bad address");
    lock.unlock();
  }

  private static void forget(Pte pte) {
    SchedulePoint.touch(pte.page, true);
    pte.resident = false;
    pte.writable = false;
    pte.folio = null;
  }

  /// Removes a folio from every page table, before it leaves the cache.
  void unmap(Folio folio) {
    boolean mapped = false;
    for (Pte pte : order) {
      SchedulePoint.touch(pte.page, false);
      mapped |= pte.folio == folio;
    }
    Lock pin = unpaging;
    if (!mapped) {
      return;
    }
    if (pin != null) {
      pin.lock();
    }
    for (Pte pte : order) {
      if (pte.folio == folio) {
        forget(pte);
      }
    }
    Lock.unlockIfHeld(pin);
  }

  /// Makes an entry writable. The page begins at a byte of the file; is it inside?
  void makeWritable(Pte pte, int begin, File file) {
    SchedulePoint.touch(pte.page, true);
    SchedulePoint.touch(file, false);
    pte.writable = true;
    stage.note("makes " + pte.page + " writable");
    if (begin >= file.size && !file.is(Kernel.Trait.UNOWNED)) {
      throw new Failure(
          Verdict.LOST_WRITE,
          "a store at " + begin + " is taken although " + file + " ends at " + file.size
              + ": the page is dirty and nobody will write it out");
    }
  }

  /// Write-protects a folio, so that the next store is heard of again (R-F14).
  void protect(Folio folio) {
    for (Pte pte : order) {
      if (pte.folio == folio) {
        SchedulePoint.touch(pte.page, true);
        pte.writable = false;
      }
    }
  }
}
