/// Files as memory: regions, their page tables in software, faults, and the reverse map by which
/// the cache takes back what it gave.
///
/// ## Entry points
///
/// | type                    | Linux                          | what                               |
/// |-------------------------|--------------------------------|------------------------------------|
/// | [MappedRegion]          | what mmap(2) returns           | loads, stores, pins, sync          |
/// | [MappedPin]             | pin_user_pages()               | the frames themselves, lent        |
/// | [MappedRegionException] | SIGBUS, SIGSEGV                | why an access could not be served  |
/// | [VmSpace]               | struct mm_struct               | the areas of a volume              |
/// | [VmOperations]          | struct vm_operations_struct    | upward call: the open file         |
/// | `VmArea`, `PageTable`   | struct vm_area_struct, a PTE   | one mapped range and its entries   |
/// | `FaultHandler`          | do_fault(), do_wp_page()       | what happens without an entry      |
/// | `PageRanges`            | areas that mprotect(2) splits  | pages read-only, locked in memory  |
/// | `ReverseMap`            | mm/rmap.c                      | [org.pagewright.cache.FolioMapper] |
/// | `Announcements`         | a TLB flush, paid by few       | stores under way                   |
/// | `MappedIter`            | a user's buffer                | a region as a source of write()    |
/// | `StartedSyncs`          | msync(2), MS_ASYNC             | syncs with a future to wait on     |
///
/// May import errno, os, sync, stats, mem, iov, cache, writeback.
///
/// ## One folio, seen by a region
///
///     no entry --load--> READ --store: pageMkwrite--> READ WRITE, folio dirty
///        ^                ^                               |
///        |                +------- write-out begins <-----+   waits for stores under way
///        +--- evicted (clean: waits for nobody) or truncated (waits for stores)
///
/// ## Rules
///
/// - **R-F1**, **R-F2**, **R-F6** The file system is asked unlocked and answers locked; the entry
///   is compared again; the lock is kept until the folio is dirty. Why: a write-out that began in
///   between would take the folio for clean, and what the file system keeps with a dirty folio
///   would be gone while somebody stores to it (S4).
/// - **R-F14** A writable entry implies D or L. So before a folio is cleaned its entries lose
///   WRITE, under its lock, and the stores that found them are waited for: they are in what is
///   written. WRITE may have been taken by somebody without that lock, from many entries at once,
///   who is waiting still: then both wait. Why: the second found no WRITE, cleaned and evicted the
///   folio, and a store that had looked before went into a frame of somebody else.
/// - **R-F3**, **R-F4**, **R-F7** All that can fail is done before; nothing is writable before it
///   succeeded; every way out gives everything back.
/// - **R-F8**, **R-F16** Who is throttled or meets a frozen volume waits without MMAP. Why: others
///   want to unmap.
/// - **R-F9**, **R-F18** Times are set before the folio is locked. Why: perhaps a journal handle.
/// - **R-F19** Stores, writes and their faults meet under the folio lock or change other bytes of a
///   frame that stays; so nothing is lost between them.
/// - **R-D4**, **R-D6** The size, then the entries, then the folios; a fault looks at the size
///   under the folio lock. Why: an entry that came after the truncation would show another file's
///   block.
/// - **R-D5** Growth from inside a folio takes WRITE away from it first, and no fault of it ends in
///   between. Why: a block that was beyond the end has no space.
/// - **R-A3**, **R-A4** Nothing from CLUSTER down is held when a fault is served, and MMAP is taken
///   outside every folio lock.
///
/// ## Why loads and stores are protected differently
///
/// An entry may be taken away at any time, and then the frame becomes another file's. A load that
/// was too late has read a wrong byte and can look again; a store that was too late has destroyed
/// one. So a load looks at the entry a second time, and taking the entry of a clean folio away
/// waits for nobody: reclaim pays nothing. A store is announced, and who takes WRITE away waits for
/// it.
///
/// How it became as fast as it is, 256 MiB, random places, in nanoseconds of processor time on two
/// busy cores of a virtual machine, each row beside the kernel's mapping of the same run:
///
/// | how                                                        | load      | store     | scan by load |
/// |------------------------------------------------------------|-----------|-----------|--------------|
/// | kernel's mapping, MemorySegment                            | 16..21    | 22..25    | 0.9          |
/// | bare memory, MemorySegment                                 | 17..23    | 16..20    | 0.7..1.1     |
/// | segments of chunks, full fence (no native access)          | 73 (3.8x) | 38 (1.8x) | 5.6          |
/// | segments of chunks, membarrier                             | 79 (3.7x) | 34 (1.5x) | 6.2          |
/// | addresses, membarrier                                      | 39 (2.5x) | 20 (0.8x) | 3.9          |
/// | addresses, membarrier, huge pages                          | 36 (1.8x) | 17 (0.7x) | 3.9          |
///
/// The entries of a region of up to 8 GiB lie in one array since, and what an accessor looks at
/// costs one test each. That is what is here; in turns with the kernel on a quiet machine, elapsed:
///
/// | what                              | ours       | kernel's mapping | bare memory |
/// |-----------------------------------|------------|------------------|-------------|
/// | load, 256 MiB                     | 32..37     | 35..44           | 32..37      |
/// | store, 256 MiB                    | 12..16     | 12..15           | 15..18      |
/// | load, 256 MiB, two threads        | 43         | 38               | 40          |
/// | store, 256 MiB, two threads       | 12         | 15               | 15          |
/// | scan by load, a long              | 3.2..3.8   | 0.65..0.8        | 1.0..1.15   |
/// | scan by pins, a long              | 0.7        | 0.7              | 1.1..1.3    |
/// | first store to a clean folio      | 340        | 4500             | -           |
///
/// Loads at random places do not wait for each other, so they count instructions: the processor has
/// several misses under way at once, and the fewer instructions lie between two, the more. A load
/// here is 34 of them, one of the kernel's mapping about 5; in a scan, which misses nothing,
/// nothing hides them, and a fence for the compiler between the two looks keeps it from lifting any
/// out of the loop. So who scans, pins: see [MappedRegion#pin]. Where each load waits for the one
/// before, ours takes 0.9 times as long as the kernel's mapping, because the frames lie in huge
/// pages ([org.pagewright.os.HugePages]). The benchmark `MappedAccess` has all of these beside each
/// other.
///
/// What was thought of besides: a reference count on each access is an atomic operation at each,
/// 2 to 3 times all the rest; announcing loads, too, is a store more, and makes reclaim wait; a
/// load from the look word of [org.pagewright.cache.Folio] needs no entries at all, but no
/// protection, private copy or end of a region could be told there.
///
/// What the other side pays: write-protection of one folio 220 to 300 ns, of which most is
/// membarrier(2), and 10 ns a folio for a run of 2048, which is how write-out and truncation do it;
/// a write fault on a clean folio of ext4 450 to 800 ns; a load's fault 140 to 310 ns a folio with
/// those around it; eviction of a mapped folio one compare-and-set for each area more than without.
///
/// With other threads that load from and store to the same part of a region every now and then
/// (`MappedUpkeep`, on an image in memory; nanoseconds a folio, 256 at a time, smallest to median;
/// in what 100 threads add are the faults that they take while it lasts, on two processors):
///
/// | what                                          | nobody else | 10 threads | 100 threads |
/// |-----------------------------------------------|-------------|------------|-------------|
/// | a dirty folio written out, with its copy      | 380..400    | 410..530   | 620..1030   |
/// | a clean folio evicted                         | 98..100     | 120..140   | 250..1010   |
/// | a dirty folio truncated                       | 130..160    | 130..150   | 190..330    |
///
/// ## What we do differently from Linux
///
/// No dirty bit in entries (see R-F14). A store beyond the end, to a full device, through a closed
/// region is an exception at the access. Store faults of a frozen volume hold no MMAP. A pin for
/// stores has each write-out leave its folio dirty, where Linux loses or delays such stores. There
/// is no swap: private copies stay in memory until their region is closed.
///
/// ## Not here
///
/// Which bytes a folio holds (`filemap`, file systems), when it is written (`writeback`), who
/// leaves (`reclaim`, which asks for the age of entries). Where a region comes from:
/// `OpenFile.map` in `vfs`.
package org.pagewright.mm;
