package org.pagewright.sim.explore;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Walks the tree of all decisions, deepest alternatives first. Which alternatives a decision has
/// is up to the subclass.
///
/// Each schedule follows the path that the stack of nodes holds and goes on from its end as it
/// likes; a schedule that meets other choices on the way than the last one did shows that the
/// program is not deterministic.
abstract class DepthFirst extends Strategy {

  /// One decision of the path.
  static final class Node {
    /// A choice within a step has options instead of threads.
    boolean isChoice;
    int options;

    /// Threads that could make the step.
    long enabled;
    /// Threads that are to be tried here.
    long wanted;
    /// Threads that have been.
    long done;
    /// Threads whose turn here would lead to nothing new.
    long asleep;
    /// The thread, or the option, of the present path.
    int chosen;
    /// Who made the step before.
    int last;
    /// Preemptions before this decision.
    int preemptions;
    /// Objects that had a number before the step.
    int known;
    /// Where the threads stood.
    int places;
    /// What the first step of a thread from here touches; by thread.
    @Nullable Footprint @Nullable [] footprints;
    /// Below which number an object is the same in each of those; by thread.
    int @Nullable [] knownThen;

    void clear() {
      isChoice = false;
      options = 0;
      enabled = 0;
      wanted = 0;
      done = 0;
      asleep = 0;
      preemptions = 0;
      known = 0;
      footprints = null;
      knownThen = null;
    }
  }

  private final List<Node> nodes = new ArrayList<>();
  private int size;
  private int depth;

  /// Nodes below this are as they were in the schedule before.
  int changed;

  /// The node of the step under way, or -1.
  int stepNode;

  Node node(int i) {
    return nodes.get(i);
  }

  @Override
  void begin(Run run) {
    depth = 0;
    stepNode = -1;
    changed = Math.max(0, size - 1);
    while (changed > 0 && nodes.get(changed).isChoice) {
      changed--; // another option makes another step of the one it belongs to
    }
  }

  @Override
  int pick(Run run, long enabled, int last) {
    Node node;
    if (depth < size) {
      node = nodes.get(depth);
      if (node.isChoice || node.enabled != enabled || node.places != run.places()) {
        return differs(run);
      }
    } else {
      node = push();
      node.enabled = enabled;
      node.last = last;
      node.known = run.objectCount();
      node.places = run.places();
      int chosen = open(run, node);
      if (chosen == CUT) {
        size--;
        return CUT;
      }
      node.chosen = chosen;
    }
    stepNode = depth++;
    return node.chosen;
  }

  @Override
  int choose(Run run, int options) {
    Node node;
    if (depth < size) {
      node = nodes.get(depth);
      if (!node.isChoice || node.options != options) {
        differs(run);
        return 0;
      }
    } else {
      node = push();
      node.isChoice = true;
      node.options = options;
      node.chosen = 0;
    }
    depth++;
    return node.chosen;
  }

  private int differs(Run run) {
    run.reject(
        new Run.Trouble(
            Verdict.ERROR,
            "the program is not deterministic: after step "
                + run.step()
                + " of the same schedule other threads can run, or stand elsewhere, than before",
            List.of(),
            null));
    return CUT;
  }

  private Node push() {
    if (size == nodes.size()) {
      nodes.add(new Node());
    }
    Node node = nodes.get(size++);
    node.clear();
    return node;
  }

  /// A new node: sets what is wanted of it and says who goes first, or CUT.
  abstract int open(Run run, Node node);

  @Override
  boolean again(Run run) {
    while (size > 0) {
      Node node = nodes.get(size - 1);
      if (node.isChoice) {
        if (node.chosen + 1 < node.options) {
          node.chosen++;
          return true;
        }
      } else {
        node.done |= 1L << node.chosen;
        long left = node.wanted & ~node.done & ~node.asleep;
        if (left != 0) {
          node.chosen = unhurried(left, node.last);
          return true;
        }
      }
      size--;
    }
    return false;
  }

  /// A guess how much of the tree has been walked: each branch of a node counts alike.
  double share() {
    double share = 0;
    double width = 1;
    for (int i = 0; i < size; i++) {
      Node node = nodes.get(i);
      int all = node.isChoice ? node.options : Long.bitCount(node.wanted & ~node.asleep);
      int done = node.isChoice ? node.chosen : Long.bitCount(node.done & ~node.asleep);
      width /= Math.max(1, all);
      share += width * done;
    }
    return Math.min(1, share);
  }
}
