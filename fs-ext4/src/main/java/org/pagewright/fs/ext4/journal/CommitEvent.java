package org.pagewright.fs.ext4.journal;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.FsException;

/// A transaction was committed, by the thread that wanted it.
@Name("org.pagewright.JournalCommit")
@Label("Journal commit")
@Description("A transaction was written to the log and made durable")
@Category({"Pagewright"})
final class CommitEvent extends Event {
  @Label("Device")
  private String device = "";

  @Label("Transaction")
  @Description("Its number in the log")
  private long transaction;

  @Label("Log blocks")
  @Description("Blocks of the log that it takes")
  private int logBlocks;

  @Label("Revokes")
  @Description("Runs of blocks that a recovery must leave alone")
  private int revokes;

  @Label("Error")
  @Description("Empty if it is durable")
  private String error = "";

  /// To be called after `begin`.
  void ended(String device, Transaction t, int revokes, @Nullable FsException failed) {
    end();
    if (shouldCommit()) {
      this.device = device;
      transaction = t.sequence();
      logBlocks = t.logBlocks;
      this.revokes = revokes;
      error = failed == null ? "" : failed.errno().name();
      commit();
    }
  }
}
