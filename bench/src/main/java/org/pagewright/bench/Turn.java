package org.pagewright.bench;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/// Waits before each iteration until it is this process's turn: so the peers of a row, each in a
/// process of its own, take turns of a fraction of a second, and what else the machine does meets
/// all of them alike.
///
/// Another state asks for it in its setup. Who hands out the turns listens at the port of
/// `-Dpagewright.bench.turn=PORT:NUMBER`; without that property nobody does, and nothing waits.
///
///     process:  NUMBER --->            iteration          done --->            iteration ...
///     measurer:            <--- go                                  <--- go
@State(Scope.Benchmark)
public class Turn {
  /// The property that says where turns are handed out, and who we are.
  public static final String PROPERTY = "pagewright.bench.turn";

  private final ByteBuffer one = ByteBuffer.allocateDirect(1);
  private @Nullable SocketChannel measurer;

  /// Says who we are.
  @Setup(Level.Trial)
  public void connect() {
    String where = System.getProperty(PROPERTY);
    if (where == null) {
      return;
    }
    int colon = where.indexOf(':');
    int port = Integer.parseInt(where.substring(0, colon));
    try {
      SocketChannel channel =
          SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      measurer = channel;
      channel.write(one.clear().put(0, Byte.parseByte(where.substring(colon + 1))));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Waits for our turn.
  ///
  /// @throws IOException if whoever hands out turns is gone
  @Setup(Level.Iteration)
  public void await() throws IOException {
    SocketChannel channel = measurer;
    if (channel != null && channel.read(one.clear()) < 1) {
      throw new EOFException("no turn: the measurer is gone");
    }
  }

  /// Gives the turn back.
  ///
  /// @throws IOException if whoever hands out turns is gone
  @TearDown(Level.Iteration)
  public void done() throws IOException {
    SocketChannel channel = measurer;
    if (channel != null) {
      channel.write(one.clear());
    }
  }

  /// Leaves.
  ///
  /// @throws IOException never, in fact
  @TearDown(Level.Trial)
  public void leave() throws IOException {
    SocketChannel channel = measurer;
    if (channel != null) {
      channel.close();
    }
  }
}
