package org.pagewright.nio;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardCopyOption.COPY_ATTRIBUTES;

import java.nio.ByteBuffer;
import java.nio.file.AccessMode;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Attributes by view and by name, access, and whose a file is.
final class AttributesAsTheJdkTest extends AsTheJdk {
  @Override
  void rows() {
    row(
        "times",
        dir -> {
          Path file = write(dir.resolve("f"), "x");
          List<Object> seen = new ArrayList<>();
          for (Instant time :
              List.of(
                  Instant.ofEpochSecond(1234567890L, 987654321),
                  Instant.EPOCH,
                  Instant.ofEpochSecond(3000000000L, 5))) {
            Files.setLastModifiedTime(file, FileTime.from(time));
            seen.add(Files.getLastModifiedTime(file));
            BasicFileAttributeView view =
                Files.getFileAttributeView(file, BasicFileAttributeView.class);
            view.setTimes(null, FileTime.from(time), FileTime.from(time));
            seen.add(view.readAttributes().lastAccessTime());
            Files.setAttribute(file, "basic:lastAccessTime", FileTime.fromMillis(77));
            seen.add(Files.getAttribute(file, "lastAccessTime"));
          }
          FileTime epoch = FileTime.fromMillis(0);
          seen.add(outcome(() -> Files.setLastModifiedTime(dir.resolve("g"), epoch)));
          return seen;
        });
    row(
        "permissions",
        dir -> {
          Path file = write(dir.resolve("f"), "x");
          Files.createSymbolicLink(dir.resolve("l"), dir.getFileSystem().getPath("f"));
          List<Object> seen = new ArrayList<>();
          for (String text : List.of("rwxrwxrwx", "---------", "rw-r--r--")) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(text));
            seen.add(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
            seen.add(Files.isExecutable(file));
          }
          Files.setAttribute(file, "unix:mode", 04711);
          seen.add(Files.getAttribute(file, "unix:mode"));
          Files.setAttribute(
              dir.resolve("l"), "posix:permissions", PosixFilePermissions.fromString("rw-------"));
          seen.add(Files.getAttribute(file, "unix:mode"));
          return seen;
        });
    row(
        "attributes by name",
        dir -> {
          Path file = write(dir.resolve("f"), "12345");
          List<Object> seen = new ArrayList<>();
          seen.add(Files.readAttributes(file, "size,isDirectory").entrySet().stream().sorted(
              Map.Entry.comparingByKey()).toList());
          for (String all :
              List.of("*", "basic:*", "posix:*", "owner:*", "unix:*", "posix:size,*")) {
            seen.add(Files.readAttributes(file, all).keySet().stream().sorted().toList());
          }
          for (String wrong :
              List.of("none", "none:*", "posix:none", "owner:size", "", "basic:", "unix:ino,x")) {
            seen.add(outcome(() -> Files.readAttributes(file, wrong)));
          }
          for (String wrong : List.of("size", "posix:mode", "none:x", "unix:ino", "isDirectory")) {
            seen.add(outcome(() -> Files.setAttribute(file, wrong, 1L)));
          }
          seen.add(outcome(() -> Files.setAttribute(file, "lastModifiedTime", "now")));
          seen.add(outcome(() -> Files.setAttribute(file, "posix:permissions", Set.of("r"))));
          seen.add(outcome(() -> Files.setAttribute(file, "posix:owner", "me")));
          seen.add(outcome(() -> Files.readAttributes(dir.resolve("x"), "*")));
          seen.add(Files.getAttribute(file, "unix:nlink"));
          return seen;
        });
    row(
        "user attributes",
        dir -> {
          Path file = write(dir.resolve("f"), "x");
          UserDefinedFileAttributeView view =
              Files.getFileAttributeView(file, UserDefinedFileAttributeView.class);
          List<Object> seen = new ArrayList<>();
          seen.add(view.list());
          ByteBuffer value = bytes("value");
          seen.add(view.write("a", value));
          seen.add(value.remaining());
          Files.setAttribute(file, "user:b", bytes("2"));
          Files.setAttribute(file, "user:c", "3".getBytes(UTF_8));
          seen.add(view.list().stream().sorted().toList());
          seen.add(view.size("a"));
          ByteBuffer into = ByteBuffer.allocateDirect(10);
          seen.add(view.read("a", into));
          seen.add(into.position());
          seen.add(outcome(() -> view.read("a", ByteBuffer.allocate(2))));
          seen.add(outcome(() -> view.read("a", ByteBuffer.allocate(9).asReadOnlyBuffer())));
          seen.add(outcome(() -> view.read("none", ByteBuffer.allocate(2))));
          seen.add(outcome(() -> view.size("none")));
          seen.add(outcome(() -> view.delete("none")));
          view.delete("a");
          seen.add(new String((byte[]) Files.getAttribute(file, "user:b"), UTF_8));
          seen.add(Files.readAttributes(file, "user:*").keySet().stream().sorted().toList());
          Files.copy(file, dir.resolve("g"), COPY_ATTRIBUTES);
          seen.add(Files.readAttributes(dir.resolve("g"), "user:*").size());
          return seen;
        });
    row(
        "access",
        dir -> {
          Path file = write(dir.resolve("f"), "x");
          FileSystem fs = dir.getFileSystem();
          return List.of(
              Files.isReadable(file),
              Files.isWritable(file),
              Files.isExecutable(file),
              Files.isExecutable(dir),
              Files.isReadable(dir.resolve("none")),
              outcome(() -> fs.provider().checkAccess(dir.resolve("none"))),
              outcome(() -> fs.provider().checkAccess(file, AccessMode.EXECUTE)),
              Files.isHidden(file),
              Files.isHidden(dir.resolve(".x")),
              Files.isRegularFile(file),
              Files.isDirectory(file),
              outcome(() -> Files.getFileStore(dir.resolve("none"))),
              Files.getFileStore(file).supportsFileAttributeView("posix"),
              Files.getFileStore(file).getTotalSpace() > 0,
              outcome(() -> Files.getFileStore(file).getAttribute("none")));
        });
    row(
        "mismatch, size and owner",
        dir -> {
          Path a = write(dir.resolve("a"), "same same different");
          Path b = write(dir.resolve("b"), "same same Different");
          Files.setOwner(b, Files.getOwner(a));
          return List.of(Files.mismatch(a, b), Files.size(a), Files.probeContentType(a) == null);
        });
  }
}
