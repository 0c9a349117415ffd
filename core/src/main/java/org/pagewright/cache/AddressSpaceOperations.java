package org.pagewright.cache;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.FsException;

/// What a file system implements so that its files can live in the page cache.
///
/// | method              | INODE | INVALIDATE | FOLIO on entry | FOLIO on return        | may sleep |
/// |---------------------|-------|------------|----------------|------------------------|-----------|
/// | readFolio           | -     | shared     | held           | with the I/O, or free  | yes       |
/// | readahead           | -     | shared     | held, each     | with the I/O, or free  | yes       |
/// | writeBegin          | excl. | -          | no             | held; no if null/threw | yes       |
/// | writeEnd            | excl. | -          | held           | released, always       | yes       |
/// | pageMkwrite         | -     | -          | no             | held if LOCKED, or no  | yes       |
/// | writepages          | -     | -          | no             | no                     | yes       |
/// | isPartiallyUptodate | -     | -          | held           | held                   | no        |
/// | invalidateFolio     | -     | excl.      | held           | held                   | no        |
/// | releaseFolio        | -     | -          | held           | held                   | no        |
/// | directRead          | sh./- | -          | no             | no                     | yes       |
/// | directWrite         | excl. | -          | no             | no                     | yes       |
/// | contextOf           | -     | -          | held, or not   | the same               | no        |
/// | incompatible        | -     | -          | held, or not   | the same               | no        |
/// | attachedContext     | -     | -          | held           | held                   | no        |
/// | releasedContext     | -     | -          | held, or not   | the same               | no        |
///
/// "-" means that nothing is promised. The write loop calls writeBegin and writeEnd in pairs, with
/// the same token ([WriteOp]) and nothing in between but one atomic copy (R-E7).
public interface AddressSpaceOperations {

  /// How [#readFolio] ended.
  enum FillResult {
    /// The folio lock belongs to the I/O, which ends with [Folio#endRead(boolean)]; or it has ended
    /// already.
    STARTED,
    /// The folio is unlocked and may be gone: look it up again. The old AOP_TRUNCATED_PAGE (R-E1).
    RETRY
  }

  /// Starts to fill a folio with the file's bytes, zeros beyond its end (R-D3), without touching
  /// blocks of it that are uptodate already (R-B9).
  ///
  /// @param mapping the file
  /// @param folio attached, not uptodate
  /// @return see [FillResult]
  /// @throws FsException EIO or a corruption found on the way; the folio is unlocked
  FillResult readFolio(AddressSpace mapping, Folio folio) throws FsException;

  /// Starts to fill several folios that nobody has asked for yet. Errors are soft: the folio is
  /// unlocked and left not uptodate (R-I8).
  ///
  /// @param mapping the file
  /// @param folios new folios, contiguous, ascending, each locked; taken over one by one
  /// @param count how many of them
  default void readahead(AddressSpace mapping, Folio[] folios, int count) {
    for (int i = 0; i < count; i++) {
      try {
        readFolio(mapping, folios[i]);
      } catch (FsException e) {
        // Soft: whoever really reads this folio will read it again and hear of it.
        continue;
      }
    }
  }

  /// Makes a folio ready to take bytes: finds or creates it, brings in old content of blocks that
  /// will be covered in part (R-B11), reserves or allocates what is missing (R-C7), zeroes the rest
  /// of new blocks (R-C3). Does not make a folio uptodate whose bytes are not there (R-B1).
  ///
  /// @param mapping the file
  /// @param pos first byte of the chunk
  /// @param length bytes of the chunk, inside one folio
  /// @param op token of the write
  /// @return the folio, locked; null to look everything up again (R-E1)
  /// @throws FsException ENOSPC, EDQUOT, EIO, ENOMEM, EAGAIN with [WriteOp#nowait()]; then nothing
  ///     is locked and what was allocated half-way is zeroed or given back (R-C4)
  @Nullable Folio writeBegin(AddressSpace mapping, long pos, int length, WriteOp op)
      throws FsException;

  /// Takes the bytes that were copied: marks them dirty, grows the size while the folio is still
  /// locked (R-D1) by what was accepted (R-D2), zeroes new blocks that were not covered (R-C1),
  /// gives back what is not needed (R-C8), and unlocks. After it nothing more may be needed (R-B8).
  ///
  /// @param mapping the file
  /// @param pos first byte of the chunk, as given to writeBegin
  /// @param length bytes of the chunk, as given to writeBegin
  /// @param copied bytes offered, from the start of the chunk: all or nothing if the folio is not
  ///     uptodate (R-B7)
  /// @param folio what writeBegin returned
  /// @param op token of the write
  /// @return bytes accepted, 0 to `copied`
  /// @throws FsException EIO, ENOSPC; nothing was accepted, and the folio is unlocked
  int writeEnd(AddressSpace mapping, long pos, int length, int copied, Folio folio, WriteOp op)
      throws FsException;

  /// How [#pageMkwrite] ended.
  enum MkwriteResult {
    /// The folio is locked, attached and may be written to and marked dirty.
    LOCKED,
    /// The folio is not locked, and gone or about to go: look it up again. The old VM_FAULT_NOPAGE.
    RETRY
  }

  /// A folio that is mapped read-only is about to be stored to: takes all it needs so that its
  /// bytes inside the file can be marked dirty, which can neither wait nor fail (R-F3): space
  /// (R-F13), metadata that stays with the folio as long as it is dirty. Called unlocked, so that
  /// outer locks can be taken, and returns with the folio locked (R-F1): the caller keeps the lock
  /// until the entry is writable and the folio dirty, so that nobody cleans it in between (R-F2).
  ///
  /// A folio that was truncated meanwhile, or now begins at or beyond the end of the file, is RETRY
  /// (R-F5, R-D7); another one is not looked up. Only bytes inside the end get space, and what
  /// follows them is zeroed (R-F12). May mark the folio dirty itself, unless the file keeps
  /// contexts.
  ///
  /// The default is for file systems that need nothing.
  ///
  /// @param mapping the file
  /// @param folio uptodate; the caller has a reference
  /// @return see [MkwriteResult]
  /// @throws FsException ENOSPC, EDQUOT, EIO, ENOMEM: the store fails, the folio is unlocked, and
  ///     no entry became writable (R-F4)
  default MkwriteResult pageMkwrite(AddressSpace mapping, Folio folio) throws FsException {
    folio.lock();
    if (!folio.isAttached() || folio.pos() >= mapping.size()) {
      folio.unlock();
      return MkwriteResult.RETRY;
    }
    return MkwriteResult.LOCKED;
  }

  /// Whether a folio must not change while it is under write-out, because its store computes
  /// something over the bytes on the way: then writers wait for the end (R-F15).
  ///
  /// @return always the same
  default boolean needsStableFolios() {
    return false;
  }

  /// Writes dirty folios to the store as the control asks.
  ///
  /// @param mapping the file
  /// @param control range, mode and amount; updated
  /// @throws FsException the first error of starting a write; later ones go to
  ///     [AddressSpace#writebackErrors()]
  void writepages(AddressSpace mapping, WritebackControl control) throws FsException;

  /// Whether a range can be read although the folio as a whole is not uptodate (R-B9).
  ///
  /// @param folio attached
  /// @param offset first byte in the folio
  /// @param length bytes
  /// @return true if each byte of it is the file's
  default boolean isPartiallyUptodate(Folio folio, int offset, int length) {
    return false;
  }

  /// A range of the folio ceases to exist: forget what is dirty in it and, if it is the whole
  /// folio, what is attached. The folio is not under write-out.
  ///
  /// @param folio the folio
  /// @param offset first byte in the folio
  /// @param length bytes
  default void invalidateFolio(Folio folio, int offset, int length) {
    if (length == folio.size()) {
      folio.attach(null);
    }
  }

  /// Reclaim wants the folio: lets go of what is attached.
  ///
  /// @param folio clean, not under write-out
  /// @return false to keep it
  default boolean releaseFolio(Folio folio) {
    folio.attach(null);
    return true;
  }

  /// Reads past the cache; the caller has written back what is dirty in the range (R-J3).
  ///
  /// @param mapping the file
  /// @param pos first byte
  /// @param target memory; its size is the number of bytes wanted
  /// @return bytes read, 0 at the end of the file, -1 if this range cannot be read directly and the
  ///     cache is to be used
  /// @throws FsException EIO
  default long directRead(AddressSpace mapping, long pos, MemorySegment target)
      throws FsException {
    return -1;
  }

  /// Writes past the cache; the caller has written back and removed the range, and does so again
  /// afterwards (R-J1). Grows the size itself.
  ///
  /// @param mapping the file
  /// @param pos first byte
  /// @param source memory; its size is the number of bytes to write
  /// @return bytes written, -1 if this range cannot be written directly and the cache is to be used
  ///     (R-J2)
  /// @throws FsException EIO, ENOSPC
  default long directWrite(AddressSpace mapping, long pos, MemorySegment source)
      throws FsException {
    return -1;
  }

  // ---- Contexts of dirty folios -----------------------------------------------------------------

  /// Whether what is dirty belongs to somebody or something besides its place in the file (R-F17):
  /// the snapshot that is to hold it, as in Ceph, or the user whom a server has to be told of, as
  /// in NFS. Asked once for each file, when its address space is made; a file that says no pays
  /// nothing for those that say yes.
  ///
  /// A folio belongs to one context, from the moment it becomes dirty until it is on the store:
  ///
  ///     markDirty, was clean       contextOf -> attachedContext, once
  ///     written to, dirty or W     incompatible? then the old bytes are written out first
  ///     endWriteback, clean        releasedContext
  ///     written out in vain        keeps it: still dirty
  ///     detach                     releasedContext
  ///
  /// Before a file system truncates or zeroes what is dirty, it writes out what an older context
  /// is to keep: only it knows whether there is one. If the context that is current changes, it
  /// write-protects what is mapped, so that the next store is a fault again.
  ///
  /// @return true if the other methods of this section are to be asked
  default boolean keepsContexts() {
    return false;
  }

  /// The context in which this folio would become dirty now. Must neither sleep nor fail (R-F3):
  /// what it takes to make one was taken in writeBegin or pageMkwrite, under the same folio lock.
  ///
  /// @param folio about to become dirty
  /// @return null for none
  default @Nullable Object contextOf(Folio folio) {
    return null;
  }

  /// Whether bytes of one context may not join those of another that the folio holds and that are
  /// not on the store yet.
  ///
  /// @param folio dirty or under write-out, in the context [Folio#context()]
  /// @param context what [#contextOf(Folio)] says now
  /// @return true if what the folio holds must be written out first
  default boolean incompatible(Folio folio, @Nullable Object context) {
    return folio.context() != context;
  }

  /// A folio became dirty in a context: the place to count it.
  ///
  /// @param folio newly dirty
  /// @param context what [#contextOf(Folio)] said
  default void attachedContext(Folio folio, Object context) {}

  /// Nothing of a context is left in a folio: its bytes are on the store, or ceased to exist.
  ///
  /// @param folio was dirty in the context
  /// @param context what [#attachedContext(Folio, Object)] was told
  default void releasedContext(Folio folio, Object context) {}
}
