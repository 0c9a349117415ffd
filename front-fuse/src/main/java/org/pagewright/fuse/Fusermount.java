package org.pagewright.fuse;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.os.Sys;

/// The program that mounts for users who may not: it opens `/dev/fuse`, mounts, and hands the
/// descriptor back over a socket, whose number it finds in its environment.
final class Fusermount {
  static final String PROGRAM = "fusermount3";

  private static final String SOCKET = "_FUSE_COMMFD";
  private static final int TIMEOUT_MILLIS = 10_000;

  private Fusermount() {}

  /// Mounts.
  ///
  /// @return a descriptor of `/dev/fuse`, tied to the mount
  static int mount(Sys sys, Path target, String options) throws FsException {
    int[] pair = sys.socketPair();
    try {
      String[] command = {PROGRAM, "-o", options, "--", target.toString()};
      int code = sys.run(command, environment(pair[0]), pair[0]);
      if (code == -Errno.ENOENT.number()) {
        throw new FsException(
            Errno.ENOENT, PROGRAM + ", with which users mount (package fuse3)");
      }
      if (code != 0) {
        throw new FsException(
            Errno.EPERM, PROGRAM + " -o " + options + " " + target + " failed");
      }
      return Sys.checked(
          sys.receiveDescriptor(pair[1], TIMEOUT_MILLIS), "descriptor from " + PROGRAM);
    } finally {
      sys.close(pair[0]);
      sys.close(pair[1]);
    }
  }

  static String[] unmount(Path target, boolean lazy) {
    return lazy
        ? new String[] {PROGRAM, "-u", "-z", "--", target.toString()}
        : new String[] {PROGRAM, "-u", "--", target.toString()};
  }

  /// Our environment, and the socket's number in it.
  static String[] environment(int socket) {
    List<String> list = new ArrayList<>();
    for (Map.Entry<String, String> variable : System.getenv().entrySet()) {
      if (!variable.getKey().equals(SOCKET)) {
        list.add(variable.getKey() + "=" + variable.getValue());
      }
    }
    if (socket >= 0) {
      list.add(SOCKET + "=" + socket);
    }
    return list.toArray(new String[0]);
  }
}
