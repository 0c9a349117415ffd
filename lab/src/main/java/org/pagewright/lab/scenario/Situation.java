package org.pagewright.lab.scenario;

import static org.pagewright.lab.kernel.Kernel.Trait.CLUSTERED;
import static org.pagewright.lab.kernel.Kernel.Trait.DELAYED;
import static org.pagewright.lab.kernel.Kernel.Trait.FRAMES;
import static org.pagewright.lab.kernel.Kernel.Trait.JOURNALLED;
import static org.pagewright.lab.kernel.Kernel.Trait.RETRIES;
import static org.pagewright.lab.kernel.Kernel.Trait.SERVED;
import static org.pagewright.lab.kernel.Kernel.Trait.SHARED;
import static org.pagewright.lab.kernel.Kernel.Trait.STORES;
import static org.pagewright.lab.kernel.Kernel.Trait.UNOWNED;
import static org.pagewright.lab.kernel.Kernel.Trait.UNWRITTEN;
import static org.pagewright.lab.kernel.UserPage.anonymous;
import static org.pagewright.lab.kernel.UserPage.bad;
import static org.pagewright.lab.kernel.UserPage.cold;
import static org.pagewright.lab.kernel.UserPage.of;

import java.util.EnumSet;
import java.util.Set;
import java.util.function.Consumer;
import org.pagewright.lab.kernel.Kernel;
import org.pagewright.lab.kernel.Kernel.Trait;
import org.pagewright.lab.kernel.Source;
import org.pagewright.lab.kernel.UserPage;
import org.pagewright.lab.kernel.UserPage.Inode;
import org.pagewright.sim.explore.Program;
import org.pagewright.sim.explore.Stage;

/// What can happen to a write: up to three threads, two files, two pages. No order is given: the
/// explorer tries all of them. Any design can be put into any situation that its file system knows.
///
/// In a file's content a letter is a byte on disk, two dots are a hole. A source that is "cold" has
/// to be faulted in; one that is "bad" has nothing mapped.
public enum Situation {
  /// R-A1.
  SELF(
      "the source is a mapping of the very page that is written",
      w -> {
        Inode f = w.file("F", "xxxx");
        w.thread("T1", () -> w.write(f, 0, Source.of(of(f, 0), 0, 4)));
      }),

  /// R-A2.
  CROSS(
      "two writers, each with the other's page as its source",
      w -> {
        Inode f = w.file("F", "ffff");
        Inode g = w.file("G", "gggg");
        UserPage uF = of(f, 0);
        UserPage uG = of(g, 0);
        w.thread("T1", () -> w.write(f, 0, Source.of(uG, 0, 4)));
        w.thread("T2", () -> w.write(g, 0, Source.of(uF, 0, 4)));
      }),

  /// R-A3.
  MLOCK(
      "mlock faults the page in that is written, with the lock of the address range held",
      w -> {
        Inode f = w.file("F", "xxxx");
        UserPage source = cold("u1", "yyyy");
        UserPage mapped = of(f, 0);
        w.thread("T1", () -> w.write(f, 0, Source.of(source, 0, 4)));
        w.thread("T2", () -> w.kernel().mlock(mapped));
      }),

  /// R-A3, the fair case.
  QUEUED_WRITER(
      "a reader of the page faults, and munmap waits in line behind it",
      w -> {
        Inode f = w.file("F", "xxxx");
        UserPage source = cold("u1", "yyyy");
        UserPage other = cold("u2", "zzzz");
        UserPage mapped = of(f, 0);
        w.thread("T1", () -> w.write(f, 0, Source.of(source, 0, 4)));
        w.thread("T2", () -> w.kernel().touch(mapped));
        w.thread("T3", () -> w.munmap(other));
      }),

  /// R-A5.
  DROPPED(
      "reclaim takes the source, a mapping of the page that is written, at any moment",
      w -> {
        Inode f = w.file("F", "xxxx");
        UserPage source = of(f, 0);
        w.thread("T1", () -> w.write(f, 0, Source.of(source, 0, 4)));
        w.thread("T2", () -> w.kernel().drop(source));
      }),

  /// R-A6.
  SECOND_SEGMENT(
      "a writev whose second segment is a mapping of the page that is written",
      w -> {
        Inode f = w.file("F", "xxxx");
        Source source = Source.of(anonymous("u1", "yyyy"), 0, 2).segment(of(f, 0), 2, 2);
        w.thread("T1", () -> w.write(f, 0, source));
      }),

  /// R-A6.
  MIDDLE_PAGE(
      "a source of three pages, the middle one a mapping of the page that is written",
      w -> {
        Inode f = w.file("F", "xxxxxxxx");
        Source source =
            Source.of(anonymous("u1", "yyyy"), 2, 2)
                .then(of(f, 0), 4)
                .then(anonymous("u2", "zzzz"), 2);
        w.thread("T1", () -> w.write(f, 0, source));
      }),

  /// R-A6.
  EMPTY_SEGMENT(
      "a writev whose first segment is empty",
      w -> {
        Inode f = w.file("F", "xxxx");
        Source source = Source.of(anonymous("u1", "yyyy"), 0, 0).segment(of(f, 0), 0, 4);
        w.thread("T1", () -> w.write(f, 0, source));
      }),

  /// R-B4, R-B5.
  TORN(
      "half of the source is a bad address, and somebody reads the page, which is in memory",
      w -> {
        Inode f = w.warm("F", "xxxx");
        Source source = Source.of(anonymous("u1", "yyyy"), 2, 2).then(bad("u2"), 2);
        w.thread("T1", () -> w.write(f, 0, source));
        w.thread("T2", () -> w.read(f, 4));
      }),

  /// R-C1.
  HOLE_DROPPED(
      "reclaim takes the source while a hole is written, and then somebody reads the hole",
      w -> {
        Inode f = w.file("F", "....");
        UserPage source = anonymous("u1", "yyyy");
        w.thread("T1", () -> w.write(f, 0, Source.of(source, 0, 4)));
        w.thread(
            "T2",
            () -> {
              w.kernel().drop(source);
              w.read(f, 4);
            });
      }),

  /// R-C1, R-B8.
  HOLE_FAULT(
      "a hole is written from a bad address, and then comes a remount",
      w -> {
        Inode f = w.file("F", "....");
        w.thread("T1", () -> w.write(f, 0, Source.of(bad("u1"), 0, 4)));
      }),

  /// R-B1, R-B2, R-B3.
  COLD(
      "a page that is not in memory is overwritten whole, while somebody reads it",
      w -> {
        Inode f = w.file("F", "xxxx");
        w.thread("T1", () -> w.write(f, 0, Source.of(anonymous("u1", "yyyy"), 0, 4)));
        w.thread("T2", () -> w.read(f, 4));
      }),

  /// R-B2, R-B10, R-A7, R-A8.
  COLD_TORN(
      "a page that is not in memory is written from a source that ends at a bad address",
      w -> {
        Inode f = w.file("F", "xxxx");
        Source source = Source.of(anonymous("u1", "yyyy"), 3, 1).then(bad("u2"), 3);
        w.thread(
            "T1",
            () -> {
              w.write(f, 0, source);
              w.writeback(f);
            });
      }),

  /// R-B2.
  COLD_REJECTED(
      "a page not in memory, a source that ends badly, and then even its start is unmapped",
      w -> {
        Inode f = w.file("F", "xxxx");
        UserPage first = anonymous("u1", "yyyy");
        Source source = Source.of(first, 1, 3).then(bad("u2"), 1);
        w.thread("T1", () -> w.write(f, 0, source));
        w.thread(
            "T2",
            () -> {
              w.munmap(first);
              w.writeback(f);
            });
      }),

  /// R-B9.
  HEAD_REJECTED(
      "a short write from the middle of a block, and then the source is unmapped",
      w -> {
        Inode f = w.file("F", "xxxx");
        UserPage first = anonymous("u1", "yyyy");
        Source source = Source.of(first, 2, 2).then(bad("u2"), 1);
        w.thread("T1", () -> w.write(f, 1, source));
        w.thread("T2", () -> w.munmap(first));
      }),

  /// R-A8, R-A11.
  SECOND_COLD(
      "a whole page from two segments, of which the second must be faulted in",
      w -> {
        Inode f = w.file("F", "xxxx");
        Source source = Source.of(anonymous("u1", "yyyy"), 0, 2).segment(cold("u2", "zzzz"), 0, 2);
        w.thread("T1", () -> w.write(f, 0, source));
      }),

  /// R-B8, R-C8.
  RESERVED(
      "space is reserved when a write begins, and its source is a bad address",
      w -> {
        Inode f = w.file("F", "....", DELAYED);
        w.thread("T1", () -> w.write(f, 0, Source.of(bad("u1"), 0, 4)));
      },
      DELAYED),

  /// R-C8.
  RESERVED_TORN(
      "space is reserved for two blocks, and the source ends in the first",
      w -> {
        Inode f = w.warm("F", "....", DELAYED);
        Source source = Source.of(anonymous("u1", "yyyy"), 3, 1).then(bad("u2"), 3);
        w.thread("T1", () -> w.write(f, 0, source));
        w.checkCharges();
      },
      DELAYED),

  /// R-D2, R-B6.
  APPEND_TORN(
      "a write at the end of a file, and the source ends at a bad address",
      w -> {
        Inode f = w.warm("F", "xx", 2);
        Source source = Source.of(anonymous("u1", "yyyy"), 3, 1).then(bad("u2"), 1);
        w.thread("T1", () -> w.write(f, 2, source));
      }),

  /// R-D2.
  COLD_APPEND_TORN(
      "a write at the end of a file, not in memory; the source ends badly, then all is unmapped",
      w -> {
        Inode f = w.file("F", "xx", 2);
        UserPage first = anonymous("u1", "yyyy");
        Source source = Source.of(first, 3, 1).then(bad("u2"), 1);
        w.thread("T1", () -> w.write(f, 2, source));
        w.thread("T2", () -> w.munmap(first));
      }),

  /// R-C2.
  HALF_NEW(
      "one block of the page is on disk, the other a hole that is written from a bad address",
      w -> {
        Inode f = w.file("F", "xx..");
        w.thread("T1", () -> w.write(f, 2, Source.of(bad("u1"), 0, 2)));
      }),

  /// R-C12.
  SHARED_BLOCKS(
      "the blocks belong to a snapshot too, and are written from a bad address",
      w -> {
        Inode f = w.file("F", "xxxx", SHARED);
        w.thread("T1", () -> w.write(f, 0, Source.of(bad("u1"), 0, 4)));
      },
      SHARED),

  /// R-C13.
  JOURNALLED_DATA(
      "data go through the journal, the source's file is truncated, and the power goes",
      w -> {
        Inode f = w.file("F", "....", JOURNALLED);
        Inode g = w.file("G", "gggg");
        UserPage source = of(g, 0);
        w.crashAtEnd();
        w.thread("T1", () -> w.write(f, 0, Source.of(source, 0, 4)));
        w.thread("T2", () -> w.truncate(g, 0));
      },
      JOURNALLED),

  /// R-C5.
  BEYOND_END(
      "a write to an empty file, from a bad address",
      w -> {
        Inode f = w.file("F", "");
        w.thread("T1", () -> w.write(f, 0, Source.of(bad("u1"), 0, 4)));
      }),

  /// R-C5, R-C6.
  BEYOND_END_OF_DATA(
      "a write from a bad address, behind bytes that were just written",
      w -> {
        Inode f = w.file("F", "");
        w.thread(
            "T1",
            () -> {
              w.write(f, 0, Source.of(anonymous("u1", "yyyy"), 0, 2));
              w.write(f, 2, Source.of(bad("u2"), 0, 2));
            });
      }),

  /// R-G1.
  INVALIDATED(
      "direct I/O throws the page out of the cache while it is written",
      w -> {
        Inode f = w.file("F", "xxxx");
        w.thread("T1", () -> w.write(f, 1, Source.of(anonymous("u1", "yyyy"), 0, 2)));
        w.thread(
            "T2",
            () -> {
              w.read(f, 4);
              w.kernel().invalidate(f, 0);
            });
      }),

  /// R-C7.
  FULL_DEVICE(
      "a hole is written, and there is no block left",
      w -> {
        Inode f = w.warm("F", "....");
        w.free(0);
        w.thread("T1", () -> w.write(f, 0, Source.of(anonymous("u1", "yyyy"), 0, 4)));
      }),

  /// R-C8.
  MAPPED_STORE(
      "a short write to a hole, and a store through a mapping into its other block",
      w -> {
        Inode f = w.warm("F", "....", DELAYED);
        UserPage mapped = of(f, 0);
        Source source = Source.of(anonymous("u1", "yyyy"), 3, 1).then(bad("u2"), 3);
        w.free(2);
        w.fillDeviceAtEnd();
        w.thread("T1", () -> w.write(f, 0, source));
        w.thread("T2", () -> w.store(mapped, 3, 'm'));
      },
      DELAYED,
      STORES),

  /// R-E4.
  TWO_WRITERS(
      "two writers of two files",
      w -> {
        Inode f = w.file("F", "ffff");
        Inode g = w.file("G", "gggg");
        w.thread("T1", () -> w.write(f, 0, Source.of(cold("u1", "yyyy"), 0, 4)));
        w.thread("T2", () -> w.write(g, 0, Source.of(cold("u2", "zzzz"), 0, 4)));
      }),

  /// R-E1.
  RETRY(
      "the file system asks once to look the page up again",
      w -> {
        Inode f = w.file("F", "xxxxxxxx", RETRIES);
        Source source = Source.of(anonymous("u1", "abcd"), 0, 4).then(anonymous("u2", "efgh"), 4);
        w.thread("T1", () -> w.write(f, 0, source));
      },
      RETRIES),

  /// R-E5.
  BECOMES_UPTODATE(
      "somebody reads the page while it is written from itself, and reclaim takes the source",
      w -> {
        Inode f = w.file("F", "xxxx");
        UserPage source = of(f, 0);
        w.thread("T1", () -> w.write(f, 0, Source.of(source, 0, 4)));
        w.thread(
            "T2",
            () -> {
              w.read(f, 4);
              w.kernel().drop(source);
            });
      }),

  /// R-A14.
  EVICTOR(
      "reclaim may take the source just before any copy, again and again",
      w -> {
        Inode f = w.warm("F", "xxxx");
        w.kernel().evictSources();
        w.thread("T1", () -> w.write(f, 0, Source.of(anonymous("u1", "yyyy"), 0, 4)));
      }),

  /// R-E6.
  MEMORY(
      "no frame is free, and the source must be faulted in",
      w -> {
        Inode f = w.file("F", "xxxx");
        UserPage mine = anonymous("u2", "zzzz");
        w.kernel().frames(0);
        w.kernel().touch(mine);
        w.thread("T1", () -> w.write(f, 0, Source.of(cold("u1", "yyyy"), 0, 4)));
      },
      FRAMES),

  /// R-E6.
  MEMORY_TAKEN(
      "the source was in core, is taken, and its frame goes to somebody else",
      w -> {
        Inode f = w.file("F", "xxxx");
        UserPage source = cold("u1", "yyyy");
        UserPage other = cold("u2", "zzzz");
        w.kernel().frames(1);
        w.thread("T1", () -> w.write(f, 0, Source.of(source, 0, 4)));
        w.thread(
            "T2",
            () -> {
              w.kernel().drop(source);
              w.kernel().touch(other);
            });
      },
      FRAMES),

  /// R-E6.
  MUNMAP(
      "munmap removes another page while the source is faulted in",
      w -> {
        Inode f = w.file("F", "xxxx");
        UserPage source = cold("u1", "yyyy");
        UserPage other = anonymous("u2", "zzzz");
        w.thread("T1", () -> w.write(f, 0, Source.of(source, 0, 4)));
        w.thread("T2", () -> w.munmap(other));
      }),

  /// R-E6.
  SERVER(
      "who serves the reads of the file first truncates the file that is the source",
      w -> {
        Inode f = w.file("F", "xxxx", SERVED);
        Inode g = w.warm("G", "gggg");
        UserPage source = of(g, 0);
        w.kernel().touch(source);
        w.thread("T1", () -> w.write(f, 1, Source.of(source, 0, 2)));
        w.thread("T2", () -> w.kernel().serve(f, () -> w.truncate(g, 0)));
      },
      SERVED),

  /// R-A4.
  CLUSTER(
      "a cluster lock covers the file that is both source and target",
      w -> {
        Inode f = w.file("F", "xxxx", CLUSTERED);
        w.thread("T1", () -> w.write(f, 0, Source.of(of(f, 0), 0, 4)));
      },
      CLUSTERED),

  /// R-A7.
  ONE_BYTE(
      "one byte of the source can be reached, and no more",
      w -> {
        Inode f = w.warm("F", "xxxx");
        Source source = Source.of(anonymous("u1", "yyyy"), 3, 1).then(bad("u2"), 3);
        w.thread("T1", () -> w.write(f, 0, source));
      }),

  /// R-A10.
  TWO_PAGES(
      "a write over two pages, and nothing goes wrong",
      w -> {
        Inode f = w.file("F", "xxxxxxxx");
        Source source = Source.of(anonymous("u1", "abcd"), 0, 4).then(anonymous("u2", "efgh"), 4);
        w.thread("T1", () -> w.write(f, 0, source));
      }),

  /// R-A9.
  SECOND_CHUNK(
      "a write over two pages, and the source of the second is a bad address",
      w -> {
        Inode f = w.file("F", "xxxxxxxx");
        Source source = Source.of(anonymous("u1", "abcd"), 0, 4).then(bad("u2"), 4);
        w.thread("T1", () -> w.write(f, 0, source));
      }),

  /// R-C10.
  UNWRITTEN_EXTENT(
      "a write over unwritten blocks; the last is stored to, written out and evicted meanwhile",
      w -> {
        Inode f = w.file("F", "........", UNWRITTEN);
        UserPage mapped = of(f, 1);
        Source source = Source.of(anonymous("u1", "yyyy"), 0, 4).then(anonymous("u2", "zzzz"), 1);
        w.thread("T1", () -> w.write(f, 0, source));
        w.thread(
            "T2",
            () -> {
              w.store(mapped, 3, 'm');
              w.writeback(f);
              w.kernel().invalidate(f, 1);
            });
      },
      UNWRITTEN,
      STORES),

  /// R-B14.
  TWO_RANGES(
      "two writes into one page that do not touch",
      w -> {
        Inode f = w.file("F", "xxxx");
        w.thread(
            "T1",
            () -> {
              w.write(f, 0, Source.of(anonymous("u1", "yyyy"), 0, 1));
              w.write(f, 3, Source.of(anonymous("u2", "zzzz"), 0, 1));
            });
        w.thread("T2", () -> w.read(f, 4));
      }),

  /// R-B9, R-B11.
  PART_OF_BLOCK(
      "a write into the middle of a page that is not in memory, and somebody reads it",
      w -> {
        Inode f = w.file("F", "xxxx");
        w.thread("T1", () -> w.write(f, 1, Source.of(anonymous("u1", "yyyy"), 0, 2)));
        w.thread("T2", () -> w.read(f, 4));
      }),

  /// R-D7.
  STORE_AT_END(
      "a store through a mapping into a page that truncation removes",
      w -> {
        Inode f = w.warm("F", "xxxxxxxx");
        UserPage mapped = of(f, 1);
        w.thread("T1", () -> w.store(mapped, 0, 'm'));
        w.thread("T2", () -> w.truncate(f, 4));
      },
      STORES),

  /// R-F9, R-F1.
  STORE_AND_SYNC(
      "a store through a mapping, and write-out in a transaction of the journal",
      w -> {
        Inode f = w.warm("F", "xxxx", JOURNALLED);
        UserPage mapped = of(f, 0);
        w.thread(
            "T1",
            () -> {
              w.write(f, 0, Source.of(anonymous("u1", "yyyy"), 0, 4));
              w.store(mapped, 0, 'm');
            });
        w.thread("T2", () -> w.writeback(f));
      },
      JOURNALLED,
      STORES),

  /// R-F13.
  STORE_TO_FULL_DEVICE(
      "a store through a mapping into a hole, and there is no block left",
      w -> {
        Inode f = w.warm("F", "....");
        UserPage mapped = of(f, 0);
        w.free(0);
        w.thread("T1", () -> w.store(mapped, 3, 'm'));
        w.thread("T2", () -> w.read(f, 4));
      },
      STORES),

  /// R-F2.
  STORE_AND_CLEAN(
      "a store through a mapping into a page that is dirty, and is written out meanwhile",
      w -> {
        Inode f = w.warm("F", "....", DELAYED);
        UserPage mapped = of(f, 0);
        w.free(2);
        w.fillDeviceAtEnd();
        w.thread(
            "T1",
            () -> {
              w.write(f, 0, Source.of(anonymous("u1", "yyyy"), 0, 2));
              w.store(mapped, 3, 'm');
            });
        w.thread("T2", () -> w.writeback(f));
      },
      DELAYED,
      STORES),

  /// R-F14, R-F19.
  STORES_AND_CLEANER(
      "stores through a mapping, and the page is written out and evicted again and again",
      w -> {
        Inode f = w.warm("F", "xxxx");
        UserPage mapped = of(f, 0);
        w.thread(
            "T1",
            () -> {
              w.store(mapped, 0, 'm');
              w.store(mapped, 3, 'n');
            });
        w.thread(
            "T2",
            () -> {
              w.writeback(f);
              w.kernel().invalidate(f, 0);
              w.writeback(f);
            });
      },
      STORES),

  /// R-F6.
  STORE_REMAPPED(
      "a store through a mapping while its page is cut off, and a hole takes its place",
      w -> {
        Inode f = w.warm("F", "xxxxxxxx");
        UserPage mapped = of(f, 1);
        w.kernel().touch(mapped);
        w.free(0);
        w.thread("T1", () -> w.store(mapped, 0, 'm'));
        w.thread(
            "T2",
            () -> {
              w.truncate(f, 4);
              w.free(0);
              w.truncate(f, 8);
              w.kernel().touch(mapped);
            });
      },
      STORES),

  /// R-F10.
  STORE_TO_DRIVER(
      "a store into pages of a driver, which belong to no address space",
      w -> {
        Inode d = w.kernel().create("D", "", 4, UNOWNED);
        UserPage mapped = of(d, 0);
        w.thread("T1", () -> w.kernel().store(mapped, 0, 'm'));
      },
      UNOWNED,
      STORES);

  private final String words;
  private final Consumer<World> scene;
  private final Set<Trait> needs;

  Situation(String words, Consumer<World> scene, Trait... needs) {
    this.words = words;
    this.scene = scene;
    this.needs = needs.length == 0 ? Set.of() : EnumSet.copyOf(Set.of(needs));
  }

  /// What happens.
  ///
  /// @return half a sentence
  public String words() {
    return words;
  }

  /// What the system must know for it to make sense.
  ///
  /// @return traits, perhaps none
  public Set<Trait> needs() {
    return needs;
  }

  /// The program to explore.
  ///
  /// @param maker makes the system under test
  /// @return a fresh world for each schedule
  public Program program(KernelMaker maker) {
    return stage -> scene.accept(new World(stage, maker.kernel(stage)));
  }

  /// Makes a system under test: `Design.X0::kernel`, `EngineKernel::new`.
  @FunctionalInterface
  public interface KernelMaker {
    /// Makes one.
    ///
    /// @param stage of the schedule
    /// @return a system without files
    Kernel kernel(Stage stage);
  }
}
