package org.pagewright.sim.crash;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// One state that a power cut could leave: when it came, and what of the writes that were not
/// durable by then is not on the medium.
///
/// As text: `37` (everything submitted among the first 37 events is there), `37/lost=5,8` (but not
/// writes 5 and 8), `37/torn=7:3` (of write 7 the first two sectors only: the bits of a hexadecimal
/// number), `37/lost=5/then=12` (then recovery was cut after 12 events of its own).
///
/// @param at number of events before the cut
/// @param lost writes that left no trace
/// @param torn writes that are there in part: which of their sectors, the lowest bit the first
/// @param then where the recovery of this state was cut in turn; null if it was not
public record Cut(
    int at, SortedSet<Integer> lost, SortedMap<Integer, BigInteger> torn, @Nullable Cut then) {

  /// Nothing is lost.
  ///
  /// @param at number of events before the cut
  /// @return a cut
  public static Cut at(int at) {
    return new Cut(at, new TreeSet<>(), new TreeMap<>(), null);
  }

  Cut then(@Nullable Cut next) {
    return new Cut(at, lost, torn, next);
  }

  /// The same without the loss of one write.
  Cut withWhole(int id) {
    SortedSet<Integer> less = new TreeSet<>(lost);
    less.remove(id);
    SortedMap<Integer, BigInteger> whole = new TreeMap<>(torn);
    whole.remove(id);
    return new Cut(at, less, whole, then);
  }

  /// Reads what [#toString()] wrote.
  ///
  /// @param text one cut
  /// @return the cut
  /// @throws IllegalArgumentException if it is none
  public static Cut parse(String text) {
    List<String> words = List.of(text.split("/"));
    List<Cut> chain = new ArrayList<>();
    for (String word : words) {
      String value = word.substring(word.indexOf('=') + 1);
      if (!word.contains("=") || word.startsWith("then=")) {
        chain.add(at(Integer.parseInt(value)));
      } else if (word.startsWith("lost=")) {
        for (String id : value.split(",")) {
          chain.getLast().lost.add(Integer.valueOf(id));
        }
      } else if (word.startsWith("torn=")) {
        for (String torn : value.split(",")) {
          int colon = torn.indexOf(':');
          chain
              .getLast()
              .torn
              .put(
                  Integer.valueOf(torn.substring(0, colon)),
                  new BigInteger(torn.substring(colon + 1), 16));
        }
      } else {
        throw new IllegalArgumentException("no cut: " + text);
      }
    }
    Cut cut = null;
    for (Cut outer : chain.reversed()) {
      cut = outer.then(cut);
    }
    if (cut == null) {
      throw new IllegalArgumentException("no cut: " + text);
    }
    return cut;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder().append(at);
    if (!lost.isEmpty()) {
      text.append("/lost=").append(String.join(",", lost.stream().map(String::valueOf).toList()));
    }
    if (!torn.isEmpty()) {
      List<String> words = new ArrayList<>();
      torn.forEach((id, mask) -> words.add(id + ":" + mask.toString(16)));
      text.append("/torn=").append(String.join(",", words));
    }
    return then == null ? text.toString() : text + "/then=" + then;
  }
}
