package org.pagewright.sim.explore;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.Folio;
import org.pagewright.sync.Mutex;
import org.pagewright.sync.RwSem;

/// Numbers for the objects that steps are about: in the order in which they turn up, which is the
/// same whenever the same schedule runs. Never by identity hash, which differs from run to run.
final class Objects {
  /// From here on a map finds objects faster than a walk.
  private static final int WALK_MAX = 24;

  private static final int PAGE_SHIFT = 12;

  /// A page of memory that files share, an object of its own.
  private static final class Page {
    final long number;

    Page(long number) {
      this.number = number;
    }
  }

  private final List<Page> pages = new ArrayList<>();
  private Object[] objects = new Object[64];
  private int size;
  private @Nullable Map<Object, Integer> map;

  void clear() {
    Arrays.fill(objects, 0, size, null);
    size = 0;
    map = null;
    pages.clear();
  }

  int size() {
    return size;
  }

  Object get(int number) {
    return objects[number];
  }

  /// What stands for the page of memory at an address.
  Object page(long address) {
    long number = address >>> PAGE_SHIFT;
    for (int i = pages.size() - 1; i >= 0; i--) {
      if (pages.get(i).number == number) {
        return pages.get(i);
      }
    }
    Page page = new Page(number);
    pages.add(page);
    return page;
  }

  /// The number of an object, which it gets now if it has none.
  int number(Object object) {
    if (map != null) {
      Integer found = map.get(object);
      if (found != null) {
        return found;
      }
    } else {
      for (int i = size - 1; i >= 0; i--) {
        if (objects[i] == object) {
          return i;
        }
      }
      if (size == WALK_MAX) {
        map = new IdentityHashMap<>();
        for (int i = 0; i < size; i++) {
          map.put(objects[i], i);
        }
      }
    }
    if (size == objects.length) {
      objects = Arrays.copyOf(objects, size * 2);
    }
    objects[size] = object;
    if (map != null) {
      map.put(object, size);
    }
    return size++;
  }

  /// Names for all objects: as the program named them, else what they say of themselves, if that is
  /// the same in each run, else their class. Those with equal names are told apart by a number.
  List<String> names(Map<Object, String> given) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      String name = given.getOrDefault(objects[i], "");
      if (name.isEmpty()) {
        name = named(objects[i]);
      }
      int same = 1;
      String unique = name;
      while (names.contains(unique)) {
        same++;
        unique = name + " #" + same;
      }
      names.add(unique);
    }
    return names;
  }

  private static String named(Object object) {
    if (object instanceof Logical logical) {
      return "thread " + logical.name;
    }
    if (object instanceof Mutex mutex) {
      return mutex.lockClass() + "(" + mutex + ")";
    }
    if (object instanceof RwSem sem) {
      return sem.lockClass() + "(" + sem + ")";
    }
    if (object instanceof Folio folio) {
      return "FOLIO(" + folio.mapping() + "/" + folio.index() + ")"; // its state moves
    }
    String simple = object.getClass().getSimpleName();
    if (simple.isEmpty()) {
      simple = object.getClass().getName();
    }
    String words;
    try {
      if (object.getClass().getMethod("toString").getDeclaringClass() == Object.class) {
        return simple;
      }
      words = object.toString();
    } catch (NoSuchMethodException e) {
      return simple;
    }
    if (words == null || words.isEmpty() || words.length() > 60 || words.indexOf('@') >= 0) {
      return simple;
    }
    return simple + " " + words;
  }
}
