package org.pagewright.lab.design;

import static org.pagewright.lab.kernel.Kernel.BLOCK;
import static org.pagewright.lab.kernel.Kernel.PAGE;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.pagewright.errno.FsException;
import org.pagewright.lab.kernel.Cost;
import org.pagewright.lab.kernel.Kernel;
import org.pagewright.lab.kernel.Source;
import org.pagewright.lab.kernel.UserPage;
import org.pagewright.lab.kernel.UserPage.Inode;
import org.pagewright.sim.explore.Failure;
import org.pagewright.sim.explore.Stage;
import org.pagewright.sim.explore.Verdict;
import org.pagewright.sync.SchedulePoint;

/// The model as a system under test: one write path and one write fault over a few files, a device
/// and the memory of one user.
final class ModelKernel implements Kernel {
  final Mm mm;
  final Device device = new Device();
  private final Stage stage;
  private final WritePath path;
  private final WriteFault writeFault;
  private final List<File> files = new ArrayList<>();
  private int bytesCopied;

  ModelKernel(Stage stage, WritePath path, WriteFault writeFault) {
    this.stage = stage;
    this.path = path;
    this.writeFault = writeFault;
    this.mm = new Mm(stage);
    path.install(mm);
  }

  @Override
  public File create(String name, String content, int size, Trait... traits) {
    Set<Trait> set = EnumSet.noneOf(Trait.class);
    set.addAll(List.of(traits));
    File file = new File(name, device, mm, set);
    file.size = size;
    for (int at = 0; at < content.length(); at += BLOCK) {
      String block = content.substring(at, at + BLOCK);
      try {
        file.layOut(at / BLOCK, block.equals("..") ? null : block);
      } catch (FsException e) {
        throw new AssertionError("the device is too small for " + name, e);
      }
    }
    files.add(file);
    return file;
  }

  @Override
  public void free(int blocks) {
    device.setFree(blocks);
  }

  @Override
  public void frames(int frames) {
    mm.freeFrames = frames;
  }

  @Override
  public void evictSources() {
    mm.evicts = true;
  }

  @Override
  public int write(Inode inode, int pos, Source source) throws FsException {
    File file = (File) inode;
    Cursor from = new Cursor(mm, source);
    file.inode.lock();
    try {
      return path.write(file, pos, from);
    } finally {
      bytesCopied += from.copied;
      file.inode.unlock();
    }
  }

  @Override
  public String read(Inode inode, int pos, int length) {
    File file = (File) inode;
    StringBuilder out = new StringBuilder();
    for (int at = pos; at < pos + length; ) {
      int from = at % PAGE;
      int to = Math.min(PAGE, from + pos + length - at);
      SchedulePoint.touch(file, false);
      Folio folio = file.pages[at / PAGE];
      if (folio == null || !folio.isUptodate(from, to)) {
        folio = file.grab(at / PAGE);
        if (!folio.isUptodate(from, to)) {
          file.fill(folio);
        }
        folio.lock.unlock();
      }
      SchedulePoint.reach(SchedulePoint.Kind.COPY, folio);
      folio.seen();
      // The size after the bytes are known to be good (R-B12).
      int end = Math.clamp(file.size - at / PAGE * PAGE, from, to);
      out.append(folio.data, from, end - from);
      if (end < to) {
        break;
      }
      at += to - from;
    }
    return out.toString();
  }

  @Override
  public int size(Inode file) {
    return ((File) file).size;
  }

  @Override
  public void truncate(Inode inode, int size) {
    File file = (File) inode;
    file.inode.lock();
    file.truncate(size);
    file.inode.unlock();
  }

  @Override
  public void invalidate(Inode file, int index) {
    ((File) file).invalidate(index);
  }

  @Override
  public void writeback(Inode file) throws FsException {
    ((File) file).writeback();
  }

  @Override
  public void drop(UserPage page) {
    mm.drop(page);
  }

  @Override
  public void touch(UserPage page) {
    mm.touch(page);
  }

  @Override
  public void mlock(UserPage page) {
    mm.mlock(page);
  }

  @Override
  public void munmap(UserPage page) {
    mm.munmap(page);
  }

  @Override
  public void serve(Inode inode, Runnable work) {
    Lock server = ((File) inode).server;
    if (server == null) {
      throw new IllegalArgumentException(inode + " is not served");
    }
    server.lock();
    work.run();
    server.unlock();
  }

  @Override
  public boolean store(UserPage page, int offset, char letter) {
    Mm.Pte pte = mm.look(page);
    File file = (File) page.file();
    if (file == null) {
      throw new IllegalArgumentException(page + " maps no file");
    }
    while (true) {
      SchedulePoint.reach(SchedulePoint.Kind.ACCESS, page);
      Folio folio = mm.look(page).folio;
      if (folio != null && pte.writable) {
        folio.changed();
        folio.data[offset] = letter; // the processor sets the dirty bit as it stores
        folio.blockDirty[offset / BLOCK] = true;
        folio.dirty = true;
        stage.note("stores '" + letter + "' at " + page + "+" + offset);
        return true;
      }
      SchedulePoint.reach(SchedulePoint.Kind.FAULT_IN, page);
      mm.lock.lockShared();
      WriteFault.Result result = WriteFault.Result.BAD;
      if (mm.faultLocked(pte)) {
        folio = mm.look(page).folio;
        result =
            folio == null
                ? WriteFault.Result.RETRY
                : writeFault.makeWritable(mm, pte, folio, file);
      }
      mm.lock.unlock();
      if (result == WriteFault.Result.BAD) {
        stage.note("gets SIGBUS at " + page);
        return false;
      }
    }
  }

  @Override
  public void fillDevice() {
    device.reserved += device.unreserved();
  }

  @Override
  public void remount() throws FsException {
    for (File file : files) {
      file.writeback();
      file.forget();
    }
  }

  @Override
  public void crash() {
    device.replay();
    for (File file : files) {
      file.forget();
    }
  }

  @Override
  public void quiesce() {
    require(mm.lock.isFree(), "the lock of the address range is held");
    int promised = 0;
    for (File file : files) {
      require(file.inode.isFree(), file.inode + " is held");
      for (Folio folio : file.pages) {
        if (folio == null) {
          continue;
        }
        require(folio.lock.isFree(), folio + " is locked");
        for (int b = 0; b < Folio.BLOCKS; b++) {
          promised += folio.reserved[b] && folio.blockDirty[b] ? 1 : 0;
        }
      }
      int covered = (file.size + BLOCK - 1) / BLOCK;
      require(
          file.charged() <= covered,
          file.charged() + " blocks are taken for " + file + ", which has room for " + covered);
    }
    require(
        promised >= device.reserved,
        device.reserved + " blocks are promised, " + promised + " of them to dirty ones");
  }

  private static void require(boolean holds, String words) {
    if (!holds) {
      throw new Failure(Verdict.LEAK, words);
    }
  }

  @Override
  public String heldAtFaults() {
    return mm.heldAtFaults;
  }

  @Override
  public int charged(Inode file) {
    return ((File) file).charged();
  }

  @Override
  public Cost cost() {
    return new Cost(bytesCopied, device.reads, mm.walks);
  }
}
