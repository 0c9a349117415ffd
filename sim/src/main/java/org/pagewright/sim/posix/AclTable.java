package org.pagewright.sim.posix;

import static org.pagewright.sim.posix.User.ANN;
import static org.pagewright.sim.posix.User.BOB;
import static org.pagewright.sim.posix.User.CAT;
import static org.pagewright.sim.posix.User.ROOT;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.FileMode;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.XattrMode;

/// Access control lists: who may what by a list, how modes and lists move each other, what new
/// files take from the default list of their directory.
///
/// Lists are written as `u:7 U1001:6 g:5 G300:4 m:7 o:0`: the owner, a user, the group, another
/// group, the mask, all others.
final class AclTable {
  private static final String ACCESS = "system.posix_acl_access";
  private static final String DEFAULT = "system.posix_acl_default";
  private static final int GROUP = 200; // of the file; ann and bob are in it

  private AclTable() {}

  private static int tag(char letter) {
    return switch (letter) {
      case 'u' -> 1;
      case 'U' -> 2;
      case 'g' -> 4;
      case 'G' -> 8;
      case 'm' -> 16;
      case 'o' -> 32;
      default -> 64;
    };
  }

  /// The value of the attribute for a list written out.
  private static byte[] bytes(String text) {
    String[] entries = text.isEmpty() ? new String[0] : text.split(" ");
    ByteBuffer out =
        ByteBuffer.allocate(4 + 8 * entries.length).order(ByteOrder.LITTLE_ENDIAN).putInt(2);
    for (String entry : entries) {
      int colon = entry.indexOf(':');
      String id = entry.substring(1, colon);
      out.putShort((short) tag(entry.charAt(0)))
          .putShort((short) Integer.parseInt(entry.substring(colon + 1)))
          .putInt(id.isEmpty() ? -1 : Integer.parseInt(id));
    }
    return out.array();
  }

  private static String text(byte @Nullable [] value) {
    if (value == null) {
      return "none";
    }
    ByteBuffer in = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN);
    StringBuilder text = new StringBuilder();
    in.getInt();
    while (in.remaining() >= 8) {
      int tag = in.getShort();
      int perms = in.getShort();
      int id = in.getInt();
      text.append(text.isEmpty() ? "" : " ")
          .append("uUgGmo".charAt(Integer.numberOfTrailingZeros(tag)))
          .append(tag == 2 || tag == 8 ? Integer.toString(id) : "")
          .append(':')
          .append(perms);
    }
    return text.toString();
  }

  private static String get(Scene s, String name, String which) throws FsException {
    return text(s.door().getXattr(s.at(name), which, true));
  }

  private static void set(Scene s, String name, String which, String list) throws FsException {
    s.door().setXattr(s.at(name), which, bytes(list), XattrMode.SET, true);
  }

  /// The permissions an entry of a list has; -1 if there is none.
  private static int perms(String list, String who) {
    for (String entry : list.split(" ")) {
      if (entry.startsWith(who + ":")) {
        return entry.charAt(entry.length() - 1) - '0';
      }
    }
    return -1;
  }

  /// The rule of 1003.1e: the first class that fits decides; of groups any that allows it.
  private static boolean permits(String list, User user, int mode, int mask) {
    if (user == ROOT) {
      return (mask & 1) == 0 || (mode & 0111) != 0;
    }
    if (user == ANN) {
      return (perms(list, "u") & mask) == mask;
    }
    int limit = perms(list, "m") < 0 ? 7 : perms(list, "m");
    if (limit == 0) { // Linux: without group bits the list is not asked
      boolean member = user.inGroup(GROUP);
      return ((member ? 0 : mode & 7) & mask) == mask;
    }
    int named = perms(list, "U" + user.uid());
    if (named >= 0) {
      return (named & limit & mask) == mask;
    }
    boolean found = false;
    for (String entry : list.split(" ")) {
      boolean own = entry.startsWith("g:");
      boolean other =
          entry.startsWith("G")
              && user.inGroup(Integer.parseInt(entry.substring(1, entry.indexOf(':'))));
      if (own && user.inGroup(GROUP) || other) {
        found = true;
        int allowed = entry.charAt(entry.length() - 1) - '0';
        if ((allowed & mask) == mask) {
          return (allowed & limit & mask) == mask;
        }
      }
    }
    return !found && (perms(list, "o") & mask) == mask;
  }

  private static int mode(String list) {
    int group = perms(list, "m") >= 0 ? perms(list, "m") : perms(list, "g");
    return perms(list, "u") << 6 | group << 3 | perms(list, "o");
  }

  private static final List<String> LISTS =
      List.of(
          "u:6 g:4 o:0",
          "u:7 U1001:7 g:0 m:7 o:0",
          "u:7 U1001:0 g:7 m:7 o:7",
          "u:0 U1000:7 g:7 m:7 o:7",
          "u:7 U1001:7 g:0 m:4 o:0",
          "u:7 U1001:7 U1002:2 g:0 m:6 o:1",
          "u:7 U1002:7 g:4 m:0 o:5",
          "u:6 g:4 G102:2 m:6 o:0",
          "u:6 g:4 G101:2 m:6 o:7",
          "u:6 g:5 G101:6 G102:0 m:7 o:7",
          "u:7 U5:7 g:6 m:5 o:2",
          "u:4 g:2 G102:1 m:7 o:0",
          "u:7 g:7 m:3 o:4");

  /// Who may do what by a list.
  static List<Row> rights() {
    Rows rows = new Rows("rights by access control lists");
    for (String list : LISTS) {
      for (boolean directory : new boolean[] {false, true}) {
        for (User user : List.of(ANN, BOB, CAT, ROOT)) {
          for (int mask = 1; mask < 8; mask++) {
            int wanted = mask;
            boolean may =
                permits(list, user, mode(list), mask) || directory && user == ROOT;
            rows.add(
                "access " + mask + " of a " + (directory ? "directory " : "file ") + list + " by "
                    + user,
                may ? "ok" : "EACCES",
                s -> {
                  make(s, "f", directory);
                  set(s, "f", ACCESS, list);
                  return s.attempt(user, () -> s.door().access(s.at("f"), wanted));
                },
                Row.Need.ACLS);
          }
          boolean may = directory ? permits(list, user, mode(list), 3) || user == ROOT
              : permits(list, user, mode(list), 6);
          rows.add(
              (directory ? "create in " : "open ") + list + " by " + user,
              may ? "ok" : "EACCES",
              s -> {
                make(s, "f", directory);
                set(s, "f", ACCESS, list);
                return s.attempt(
                    user,
                    () -> {
                      if (directory) {
                        s.open("f/n", OpenFlags.CREAT | 1, 0600);
                      } else {
                        s.open("f", OpenFlags.RDWR, 0);
                      }
                    });
              },
              Row.Need.ACLS);
        }
      }
    }
    return rows.all();
  }

  private static void make(Scene s, String name, boolean directory) throws FsException {
    if (directory) {
      s.dir(name, ANN, GROUP, 0700);
    } else {
      s.file(name, ANN, GROUP, 0600);
    }
  }

  /// How lists and modes move each other, who may set a list, and what is no list.
  static List<Row> changes() {
    Rows rows = new Rows("changes of access control lists");
    Row.Need[] needs = {Row.Need.ACLS};
    for (String list : LISTS) {
      boolean minimal = perms(list, "m") < 0;
      for (int before : new int[] {0600, 06755, 01777}) {
        int after = before & 07000 | mode(list);
        rows.add(
            "set " + list + " on " + Rows.octal(before),
            Rows.octal(after) + " " + (minimal ? "none" : list),
            s -> {
              s.file("f", ANN, GROUP, before);
              set(s, "f", ACCESS, list);
              return s.mode("f") + " " + get(s, "f", ACCESS);
            },
            needs);
      }
      for (int mode : new int[] {0, 0777, 0640, 0751, 02770}) {
        String changed = list.replaceFirst("u:.", "u:" + (mode >> 6 & 7))
            .replaceFirst(minimal ? "g:." : "m:.", (minimal ? "g:" : "m:") + (mode >> 3 & 7))
            .replaceFirst("o:.", "o:" + (mode & 7));
        rows.add(
            "chmod " + Rows.octal(mode) + " of " + list,
            Rows.octal(mode) + " " + (minimal ? "none" : changed),
            s -> {
              s.file("f", ANN, GROUP, 0600);
              set(s, "f", ACCESS, list);
              s.door().chmod(s.at("f"), mode);
              return s.mode("f") + " " + get(s, "f", ACCESS);
            },
            needs);
      }
      rows.add(
          "remove " + list,
          Rows.octal(mode(list)) + " none",
          s -> {
            s.file("f", ANN, GROUP, 0600);
            set(s, "f", ACCESS, list);
            s.door().removeXattr(s.at("f"), ACCESS, true);
            return s.mode("f") + " " + get(s, "f", ACCESS);
          },
          needs);
      rows.add(
          "set " + list + " as the default of a directory",
          "0700 none " + list,
          s -> {
            s.dir("d", ANN, GROUP, 0700);
            set(s, "d", DEFAULT, list);
            return s.mode("d") + " " + get(s, "d", ACCESS) + " " + get(s, "d", DEFAULT);
          },
          needs);
      for (User user : List.of(ANN, BOB, ROOT)) {
        rows.add(
            "set " + list + " by " + user,
            user == BOB ? "EPERM" : "ok",
            s -> {
              s.file("f", ANN, GROUP, 0666);
              return s.attempt(user, () -> set(s, "f", ACCESS, list));
            },
            needs);
      }
    }
    for (String bad :
        List.of(
            "u:6", "u:6 g:4", "g:4 u:6 o:0", "u:6 U1001:7 g:4 o:0", "u:6 g:4 G5:4 o:0",
            "u:6 g:4 m:8 o:0", "u:6 u:6 g:4 o:0", "u:6 g:4 o:0 o:0", "u:6 g:4 m:4 m:4 o:0",
            "u:6 g:4 x:4 o:0", "u:6 G5:4 g:4 m:4 o:0", "u:6 U:4 g:4 m:4 o:0")) {
      rows.add(
          "set what is no list: " + bad,
          "EINVAL",
          s -> {
            s.file("f", ANN, GROUP, 0600);
            return s.attempt(() -> set(s, "f", ACCESS, bad));
          },
          needs);
    }
    Map<String, byte[]> odd = new LinkedHashMap<>();
    odd.put("three bytes", new byte[3]);
    odd.put("a version 1", new byte[] {1, 0, 0, 0});
    odd.put("half an entry", new byte[] {2, 0, 0, 0, 1, 0, 7, 0});
    for (Map.Entry<String, byte[]> value : odd.entrySet()) {
      rows.add(
          "set a value of " + value.getKey(),
          value.getKey().equals("a version 1") ? "EOPNOTSUPP" : "EINVAL",
          s -> {
            s.file("f", ANN, GROUP, 0600);
            return s.attempt(
                () ->
                    s.door().setXattr(s.at("f"), ACCESS, value.getValue(), XattrMode.SET, true));
          },
          needs);
    }
    String some = "u:7 U1001:7 g:0 m:7 o:0";
    rows.add(
        "set a list without entries",
        "ok 0670 none",
        s -> {
          s.file("f", ANN, GROUP, 0600);
          set(s, "f", ACCESS, "u:6 U1001:7 g:0 m:7 o:0");
          return s.attempt(() -> set(s, "f", ACCESS, "")) + " " + s.mode("f") + " "
              + get(s, "f", ACCESS);
        },
        needs);
    for (String which : List.of(ACCESS, DEFAULT)) {
      rows.add(
          "remove " + which + " that is not there",
          "ok",
          s -> {
            s.dir("f", ANN, GROUP, 0700);
            return s.attempt(() -> s.door().removeXattr(s.at("f"), which, true));
          },
          needs);
      rows.add(
          "set " + which + " of a file",
          which.equals(ACCESS) ? "ok" : "EACCES",
          s -> {
            s.file("f", ANN, GROUP, 0600);
            return s.attempt(() -> set(s, "f", which, some));
          },
          needs);
      rows.add(
          "set " + which + " of a symbolic link",
          "EOPNOTSUPP",
          s -> {
            s.door().symlink("x", s.at("l"));
            return s.attempt(
                () -> s.door().setXattr(s.at("l"), which, bytes(some), XattrMode.SET, false));
          },
          needs);
      rows.add(
          "get " + which + " of a symbolic link",
          "EOPNOTSUPP",
          s -> {
            s.door().symlink("x", s.at("l"));
            return s.attempt(() -> s.door().getXattr(s.at("l"), which, false));
          },
          needs);
      rows.add(
          "names of attributes with " + which,
          "[" + which + "]",
          s -> {
            s.dir("f", ANN, GROUP, 0700);
            set(s, "f", which, some);
            return s.door().listXattrs(s.at("f"), true).toString();
          },
          needs);
      rows.add(
          "get " + which + " for a stranger",
          "ok",
          s -> {
            s.dir("f", ANN, GROUP, 0700);
            set(s, "f", which, some);
            return s.attempt(CAT, () -> s.door().getXattr(s.at("f"), which, true));
          },
          needs);
    }
    rows.add(
        "a list set by an owner out of the group takes the set-group-id bit",
        "0770",
        s -> {
          s.file("f", ANN, 300, 02750);
          s.attempt(ANN, () -> set(s, "f", ACCESS, some));
          return s.mode("f");
        },
        needs);
    rows.add(
        "set-id bits go when a stranger writes by a list",
        "ok 0777",
        s -> {
          s.file("f", ANN, GROUP, 06777);
          set(s, "f", ACCESS, "u:7 U1002:7 g:7 m:7 o:7");
          String outcome =
              s.attempt(
                  CAT,
                  () -> {
                    try (Door.File file = s.door().open(s.at("f"), OpenFlags.WRONLY, 0)) {
                      file.write(new byte[1]);
                    }
                  });
          return outcome + " " + s.mode("f");
        },
        needs);
    return rows.all();
  }

  /// What new files take from the default list of their directory; the umask does not matter then.
  static List<Row> inheritance() {
    Rows rows = new Rows("inherited access control lists");
    for (String list : LISTS) {
      boolean minimal = perms(list, "m") < 0;
      for (boolean directory : new boolean[] {false, true}) {
        for (int mode : new int[] {0777, 0666, 0640, 0600, 0, 02755}) {
          for (int umask : new int[] {022, 0777}) {
            boolean setGid = mode == 02755;
            int asked = directory ? mode & 01777 : mode;
            int user = perms(list, "u") & asked >> 6;
            String group = minimal ? "g" : "m";
            int mask = perms(list, group) & asked >> 3;
            int others = perms(list, "o") & asked;
            String inherited =
                list.replaceFirst("u:.", "u:" + user)
                    .replaceFirst(group + ":.", group + ":" + mask)
                    .replaceFirst("o:.", "o:" + others);
            int bits = user << 6 | mask << 3 | others | asked & FileMode.SET_GID;
            String expected =
                Rows.octal(bits) + " " + (minimal ? "none" : inherited) + " "
                    + (directory ? list : "none");
            rows.add(
                (directory ? "directory" : "file") + " of mode " + Rows.octal(mode) + ", umask "
                    + Rows.octal(umask) + " below " + list,
                expected,
                s -> {
                  s.dir("d", ROOT, 0, 0777);
                  set(s, "d", DEFAULT, list);
                  s.door().as(ANN, umask);
                  if (directory) {
                    s.door().mkdir(s.at("d/n"), mode);
                  } else {
                    s.open("d/n", OpenFlags.CREAT | 1, mode);
                  }
                  s.door().as(ROOT, 0);
                  return s.mode("d/n") + " " + get(s, "d/n", ACCESS) + " "
                      + (directory ? get(s, "d/n", DEFAULT) : "none");
                },
                Row.Need.ACLS);
            assert !setGid || directory || (bits & FileMode.SET_GID) != 0;
          }
        }
      }
      rows.add(
          "symbolic link below " + list,
          "0777",
          s -> {
            s.dir("d", ROOT, 0, 0777);
            set(s, "d", DEFAULT, list);
            s.door().symlink("x", s.at("d/n"));
            return s.mode("d/n");
          },
          Row.Need.ACLS);
      int mode = mode(list) & 0666;
      rows.add(
          "a file without a name below " + list,
          Rows.octal(mode),
          s -> {
            s.dir("d", ROOT, 0, 0777);
            set(s, "d", DEFAULT, list);
            try (Door.File file = s.door().open(s.at("d"), OpenFlags.TMPFILE | 2, 0666)) {
              return Rows.octal(file.stat().mode() & 07777);
            }
          },
          Row.Need.ACLS,
          Row.Need.TMPFILE);
    }
    return rows.all();
  }
}
