package org.pagewright.nio;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.DELETE_ON_CLOSE;
import static java.nio.file.StandardOpenOption.DSYNC;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.SPARSE;
import static java.nio.file.StandardOpenOption.SYNC;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Files opened with each set of options that makes a difference, whatever is at their place.
final class OpeningAsTheJdkTest extends AsTheJdk {
  @Override
  void rows() {
    List<Set<OpenOption>> sets =
        List.of(
            Set.of(),
            Set.of(READ),
            Set.of(WRITE),
            Set.of(READ, WRITE),
            Set.of(APPEND),
            Set.of(APPEND, READ),
            Set.of(APPEND, TRUNCATE_EXISTING),
            Set.of(WRITE, TRUNCATE_EXISTING),
            Set.of(READ, TRUNCATE_EXISTING),
            Set.of(WRITE, CREATE),
            Set.of(READ, CREATE),
            Set.of(WRITE, CREATE_NEW),
            Set.of(READ, CREATE_NEW),
            Set.of(WRITE, CREATE, CREATE_NEW),
            Set.of(WRITE, CREATE, SPARSE),
            Set.of(WRITE, CREATE_NEW, SPARSE, SYNC),
            Set.of(WRITE, CREATE, DSYNC),
            Set.of(WRITE, CREATE, DELETE_ON_CLOSE),
            Set.of(READ, DELETE_ON_CLOSE),
            Set.of(WRITE, NOFOLLOW_LINKS),
            Set.of(WRITE, CREATE, NOFOLLOW_LINKS),
            Set.of(READ, NOFOLLOW_LINKS));
    for (Set<OpenOption> options : sets) {
      List<String> names = new ArrayList<>(options.stream().map(Object::toString).toList());
      names.sort(null);
      String label = "open " + String.join(" ", names);
      for (String what : List.of("absent", "file", "dir", "link", "broken", "loop", "file-below")) {
        row(
            label + ", " + what,
            dir -> {
              write(dir.resolve("file"), "0123456789");
              Files.createDirectory(dir.resolve("dir"));
              Files.createSymbolicLink(dir.resolve("link"), dir.getFileSystem().getPath("file"));
              Files.createSymbolicLink(
                  dir.resolve("broken"), dir.getFileSystem().getPath("nothing"));
              Files.createSymbolicLink(dir.resolve("loop"), dir.getFileSystem().getPath("loop"));
              Path path = dir.resolve(what.equals("file-below") ? "file/below" : what);
              List<Object> seen = new ArrayList<>();
              try (SeekableByteChannel channel = Files.newByteChannel(path, options)) {
                seen.add(Files.exists(path));
                seen.add(channel.position());
                if (!Files.isDirectory(path)) {
                  seen.add(channel.size());
                }
                ByteBuffer buffer = ByteBuffer.allocate(4);
                seen.add(outcome(() -> seen.add(channel.read(buffer))));
                seen.add(outcome(() -> seen.add(channel.write(bytes("ab")))));
                seen.add(channel.position());
                seen.add(outcome(() -> channel.truncate(5)));
              }
              return seen;
            });
      }
    }
    row(
        "open with permissions",
        dir -> {
          var perms = PosixFilePermissions.fromString("rw-r-----");
          Files.newByteChannel(
                  dir.resolve("a"),
                  Set.of(CREATE, WRITE),
                  PosixFilePermissions.asFileAttribute(perms))
              .close();
          return null;
        });
  }
}
