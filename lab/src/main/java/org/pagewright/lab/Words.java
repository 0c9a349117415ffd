package org.pagewright.lab;

import java.util.Map;
import java.util.TreeMap;
import org.pagewright.sim.explore.Verdict;

/// How verdicts and rules are told to people.
final class Words {
  private static final Map<String, String> RULES = new TreeMap<>();

  static {
    RULES.put("R-A1", "No fault on the source is served while the page that is written is locked.");
    RULES.put(
        "R-A2",
        "No fault is served while any page is locked: another writer may want it, and have ours.");
    RULES.put(
        "R-A3",
        "The lock of the address range is outside page locks; nobody waits for it under one.");
    RULES.put("R-A4", "The source is faulted in with no page, transaction or cluster lock held.");
    RULES.put(
        "R-A5", "Faulting in beforehand is a hint: the page may be gone again before the copy.");
    RULES.put("R-A6", "Faulting in visits every page of every segment, and skips the empty ones.");
    RULES.put(
        "R-A7",
        "A bad address ends a write only if not one byte can be reached; but some is not all.");
    RULES.put("R-A8", "After a short copy the next attempt is shorter.");
    RULES.put("R-A9", "If bytes were accepted the count is returned, not the error.");
    RULES.put("R-A10", "The source moves on by what was accepted, no more and no less.");
    RULES.put("R-A14", "Whoever keeps taking the source away must not stop the writer for ever.");
    RULES.put("R-B1", "Nothing is uptodate before its bytes are there.");
    RULES.put("R-B2", "A short commit does not make a page uptodate that was not.");
    RULES.put("R-B4", "A failed copy leaves no zeros behind, not even for a moment.");
    RULES.put(
        "R-B5",
        "On an uptodate page what was copied is committed, and the rest keeps its old bytes.");
    RULES.put(
        "R-B6", "A commit of more than was copied must not move the end or charge for space.");
    RULES.put(
        "R-B8", "After the end of a write nothing more may be needed: no other call may come.");
    RULES.put("R-B9", "A rejected copy leaves no trace in blocks that can be read.");
    RULES.put(
        "R-B10",
        "A block that is written in part is not uptodate, and one with accepted bytes is.");
    RULES.put("R-B11", "A block that is covered in part gets its old bytes first.");
    RULES.put(
        "R-B14",
        "Whole blocks, or ranges, of a short copy may be accepted if their state is known.");
    RULES.put(
        "R-C1", "New blocks that nobody wrote are zeroed before the page is unlocked, always.");
    RULES.put("R-C2", "Only new blocks are zeroed, and only where nobody wrote.");
    RULES.put(
        "R-C5", "Blocks beyond the end of a failed write are cut off, and nothing before it.");
    RULES.put("R-C7", "That there is no space is told before the old bytes are gone.");
    RULES.put(
        "R-C8", "A promise that is not needed goes back, but not from under somebody's store.");
    RULES.put("R-C10", "What was looked up before the page was locked may be old: look again.");
    RULES.put("R-C12", "The copy of a shared block gets the shared bytes, not zeros.");
    RULES.put("R-C13", "If data go through the journal, zeros do, too.");
    RULES.put("R-C15", "What a file system notes down about a write shrinks with it.");
    RULES.put("R-D2", "The size grows by accepted bytes only.");
    RULES.put("R-D7", "A page that begins at the end is beyond it: not `>`, but `>=`.");
    RULES.put("R-E1", "If everything is looked up again, nothing was consumed.");
    RULES.put("R-E4", "A second copy needs no second buffer while the first is held.");
    RULES.put(
        "R-E5", "After a page is locked again, look whether it is the file's and uptodate now.");
    RULES.put("R-E6", "No lock is held over a fault that whoever has to help would need.");
    RULES.put("R-F2", "One page lock covers preparing, making writable and marking dirty.");
    RULES.put("R-F9", "No work of the journal, such as a time stamp, under the page lock.");
    RULES.put("R-F10", "The mapping of a page is looked at before the unlock, and may be null.");
    RULES.put("R-G1", "After a page lock was waited for the page may be gone: look.");
  }

  private Words() {}

  /// A verdict as the table prints it.
  static String of(Verdict verdict) {
    return switch (verdict) {
      case OK -> "ok";
      case LOST_WRITE -> "LOST WRITE";
      case WRONG_COUNT -> "WRONG COUNT";
      case LOST_WAKEUP -> "LOST WAKEUP";
      default -> verdict.name();
    };
  }

  /// One letter for a verdict.
  static char letter(Verdict verdict) {
    return switch (verdict) {
      case OK -> '.';
      case DEADLOCK -> 'D';
      case LIVELOCK -> 'L';
      case LOST_WAKEUP -> 'P';
      case STALE -> 'S';
      case UNINITIALISED -> 'U';
      case ZEROS -> 'Z';
      case LOST_WRITE -> 'W';
      case WRONG_COUNT -> 'C';
      case LEAK -> 'K';
      case ERROR -> 'E';
    };
  }

  /// What a rule says, in one sentence.
  static String rule(String number) {
    return RULES.getOrDefault(number, "See docs/RULES.md.");
  }

  /// A sentence from half a sentence.
  static String capital(String words) {
    return Character.toUpperCase(words.charAt(0)) + words.substring(1);
  }

  /// The name of a lock or page without the name of its class.
  static String plain(String subject) {
    return subject.replaceAll("\\b(?:Lock|Folio|UserPage|Mutex|RwSem) (?=\\S)", "");
  }
}
