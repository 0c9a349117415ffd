package org.pagewright.lab.kernel;

import org.pagewright.errno.FsException;
import org.pagewright.lab.kernel.UserPage.Inode;

/// A system under test: what scenarios do to it. The model with one of the designs on it is one,
/// the production engine another, and both are driven by the same scenarios.
///
/// A page has [#PAGE] letters and two blocks. The model takes a letter for a byte; the engine,
/// whose folios are larger, repeats each letter.
///
/// Calls may wait and are made by the threads of a scenario, each in the name of one task. All
/// tasks share one mapped address range, and the lock over it.
public interface Kernel {
  /// Letters of a block.
  int BLOCK = 2;

  /// Letters of a page.
  int PAGE = 4;

  /// What a device block holds before it is first written: another file's secret.
  char SECRET = 'S';

  /// What a frame holds before it is first filled.
  char FRAME = '#';

  /// What a file is like, and what a system may be able to do beyond the plain.
  enum Trait {
    /// Blocks are allocated at write-out and reserved before.
    DELAYED,
    /// Blocks belong to a snapshot too: a write goes to a new block.
    SHARED,
    /// Data go through the journal.
    JOURNALLED,
    /// Holes are blocks that are allocated and marked unwritten.
    UNWRITTEN,
    /// A cluster lock, outside the folio locks, covers the file.
    CLUSTERED,
    /// Reads are served by a process, which may do other things first.
    SERVED,
    /// Pages of a driver: they belong to no address space.
    UNOWNED,
    /// The first preparation of a write asks to look everything up again.
    RETRIES,
    /// Of the system: it counts frames of user memory.
    FRAMES,
    /// Of the system: it has stores through mappings.
    STORES
  }

  /// Makes a file. Before the threads run.
  ///
  /// @param name a letter
  /// @param content its bytes on disk, whole blocks; two dots are a hole
  /// @param size its size, if it ends before its content does
  /// @param traits how it is stored
  /// @return the file, nothing of it cached
  Inode create(String name, String content, int size, Trait... traits);

  /// Tells how many more blocks the device has. Before the threads run.
  ///
  /// @param blocks free blocks
  void free(int blocks);

  /// Tells how many frames are left for user pages. Before the threads run.
  ///
  /// @param frames free frames
  void frames(int frames);

  /// Lets reclaim take a page of the source away just before any copy, if the explorer says so.
  void evictSources();

  /// Writes.
  ///
  /// @param file to
  /// @param pos first byte
  /// @param source the bytes
  /// @return how many were accepted; less than asked for is a short write
  /// @throws FsException none was accepted, and why
  int write(Inode file, int pos, Source source) throws FsException;

  /// Reads.
  ///
  /// @param file from
  /// @param pos first byte
  /// @param length most bytes
  /// @return the bytes up to the end of the file; [#FRAME] stands for those of an empty frame
  /// @throws FsException it cannot be read
  String read(Inode file, int pos, int length) throws FsException;

  /// Size of a file.
  ///
  /// @param file the file
  /// @return bytes
  int size(Inode file);

  /// Cuts a file.
  ///
  /// @param file the file
  /// @param size new size, a multiple of the page
  void truncate(Inode file, int size);

  /// Removes a clean page from the cache, as direct I/O and cluster locks do, and reclaim.
  ///
  /// @param file the file
  /// @param index the page
  void invalidate(Inode file, int index);

  /// Writes a file's dirty pages to the device.
  ///
  /// @param file the file
  /// @throws FsException ENOSPC: some cannot be
  void writeback(Inode file) throws FsException;

  /// Reclaim takes a page of user memory out of core: the next access faults.
  ///
  /// @param page which
  void drop(UserPage page);

  /// Reads a byte of user memory: faults, if it must.
  ///
  /// @param page which
  void touch(UserPage page);

  /// Faults a page in with the lock of the address range held exclusively, as mlock did.
  ///
  /// @param page which
  void mlock(UserPage page);

  /// Takes the lock of the address range exclusively and removes a page.
  ///
  /// @param page which
  void munmap(UserPage page);

  /// Does something in the process that serves the reads of a file, while they wait.
  ///
  /// @param file the file
  /// @param work what it does first
  void serve(Inode file, Runnable work);

  /// Stores one byte through a mapping.
  ///
  /// @param page a mapped page of a file
  /// @param offset byte in it
  /// @param letter the byte
  /// @return false if the task gets SIGBUS
  boolean store(UserPage page, int offset, char letter);

  /// Reserves every block that is neither used nor reserved.
  void fillDevice();

  /// Writes everything out and forgets the cache.
  ///
  /// @throws FsException ENOSPC: something cannot be written
  void remount() throws FsException;

  /// Pulls the plug: what was committed to the journal is replayed, the cache is gone.
  void crash();

  /// Checks what must hold when no call is under way: no lock is held, flags agree, each
  /// reservation has its dirty block. Throws a [org.pagewright.sim.explore.Failure] otherwise.
  void quiesce();

  /// What some thread held when a fault was served, of all that the fault path may want: a page, a
  /// cluster, or what a design adds (R-A4). A design that holds such a lock may be lucky with the
  /// schedules that were run.
  ///
  /// @return the first such lock; empty if there was none
  String heldAtFaults();

  /// Blocks that are used or reserved for a file.
  ///
  /// @param file the file
  /// @return how many
  int charged(Inode file);

  /// What the calls so far have cost.
  ///
  /// @return counts
  Cost cost();
}
