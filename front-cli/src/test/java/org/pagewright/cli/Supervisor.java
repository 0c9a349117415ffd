package org.pagewright.cli;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;

/// The other end of `NOTIFY_SOCKET`, as systemd has it: a socket for datagrams, with a name in the
/// file system or, if it begins with `@`, in the abstract namespace. The JDK has none.
final class Supervisor implements AutoCloseable {
  private static final int AF_UNIX = 1;
  private static final int SOCK_DGRAM = 2;
  private static final int SOL_SOCKET = 1;
  private static final int SO_RCVTIMEO = 20;
  private static final long TIMEOUT_SECONDS = 60;

  private final Arena arena = Arena.ofConfined();
  private final int socket;
  private boolean gone;

  /// A socket with a name.
  Supervisor(String address) throws IOException {
    byte[] name = address.getBytes(StandardCharsets.UTF_8);
    socket = call("socket", AF_UNIX, SOCK_DGRAM, 0);
    MemorySegment at = arena.allocate(2 + name.length, 2);
    at.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
    MemorySegment.copy(name, 0, at, ValueLayout.JAVA_BYTE, 2, name.length);
    if (name[0] == '@') {
      at.set(ValueLayout.JAVA_BYTE, 2, (byte) 0);
    }
    call("bind", socket, at, 2 + name.length);
    MemorySegment timeout = arena.allocate(ValueLayout.JAVA_LONG, 2);
    timeout.set(ValueLayout.JAVA_LONG, 0, TIMEOUT_SECONDS);
    call("setsockopt", socket, SOL_SOCKET, SO_RCVTIMEO, timeout, 16);
  }

  /// Waits for the next message.
  String next() throws IOException {
    MemorySegment text = arena.allocate(4096);
    int length = call("recv", socket, text, 4096L, 0);
    return new String(
        text.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
  }

  /// Goes away: from now on messages find nobody.
  void leave() throws IOException {
    if (!gone) {
      gone = true;
      call("close", socket);
      arena.close();
    }
  }

  @Override
  public void close() throws IOException {
    leave();
  }

  /// Calls a function of the C library whose arguments say what it takes.
  @SuppressWarnings("restricted")
  private static int call(String name, Object... arguments) throws IOException {
    FunctionDescriptor descriptor = FunctionDescriptor.of(ValueLayout.JAVA_INT);
    for (Object argument : arguments) {
      descriptor =
          descriptor.appendArgumentLayouts(
              argument instanceof Integer
                  ? ValueLayout.JAVA_INT
                  : argument instanceof Long ? ValueLayout.JAVA_LONG : ValueLayout.ADDRESS);
    }
    Linker linker = Linker.nativeLinker();
    MethodHandle function =
        linker.downcallHandle(linker.defaultLookup().findOrThrow(name), descriptor);
    int result;
    try {
      result = (int) function.invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw new AssertionError(name, e);
    }
    if (result < 0) {
      throw new IOException(name + " failed");
    }
    return result;
  }
}
