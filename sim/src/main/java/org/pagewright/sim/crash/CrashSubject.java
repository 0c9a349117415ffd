package org.pagewright.sim.crash;

import java.io.IOException;
import java.util.List;
import org.pagewright.block.BlockDevice;
import org.pagewright.errno.FsException;

/// What is explored: something that keeps its state on a block device and promises that some of it
/// survives.
///
/// The same operations must make the same requests each time they run, or a failing case cannot be
/// replayed: a clock that stands still, one thread, nothing in the background.
///
/// @param <O> an operation of a workload; its content is part of the case that is printed
/// @param <V> what can be seen of an image after recovery; compared by `equals`
public interface CrashSubject<O, V> {

  /// The image before the first operation. The explorer writes to forks of it only.
  ///
  /// @return the same content each time
  /// @throws FsException if it cannot be made
  OverlayDevice start() throws FsException;

  /// The device that records stands on this one; another than the image itself may end requests
  /// late.
  ///
  /// @param image where the writes of the run go; thrown away after it
  /// @return a device that shows the image
  default BlockDevice deviceOf(OverlayDevice image) {
    return image;
  }

  /// Opens the device, performs the operations one after the other, and closes it. Calls
  /// [RecordingDevice#mark()] whenever what may be seen, or must be seen, changes by the progress
  /// of the run alone: before an operation starts, and after it has returned.
  ///
  /// @param device records what is written
  /// @param operations perhaps a part of a list that ran before: an operation that makes no sense
  ///     by now does nothing
  /// @return what knows which sights are legal
  /// @throws FsException if the run fails without any power cut
  CrashOracle<V> run(RecordingDevice device, List<O> operations) throws FsException;

  /// Opens an image that a power cut left, with all of recovery, looks at everything, and closes
  /// it.
  ///
  /// @param image may be written to
  /// @return what is there
  /// @throws FsException if it cannot be opened, which is a finding
  V open(BlockDevice image) throws FsException;

  /// Whether a write may be there in part, sector by sector. One that may not is assumed to reach
  /// the medium whole or not at all: each such assumption is to be told to users.
  ///
  /// @param pos first byte
  /// @param length more than one sector
  /// @return true unless the subject relies on the medium here
  default boolean mayTear(long pos, int length) {
    return true;
  }

  /// Writes operations as text that [#parse] reads, in one line without a semicolon.
  ///
  /// @param operations a workload
  /// @return text
  String print(List<O> operations);

  /// Reads what [#print] wrote.
  ///
  /// @param text one line
  /// @return the operations
  /// @throws IllegalArgumentException if it is no workload
  List<O> parse(String text);

  /// Asks others, for a share of the states: a checker, another implementation.
  ///
  /// @param crashed the image as the cut left it; not to be changed
  /// @param recovered the same after [#open]; not to be changed
  /// @param seen what was seen in it
  /// @throws IOException if they cannot be asked
  /// @throws AssertionError if they object
  default void secondOpinion(OverlayDevice crashed, OverlayDevice recovered, V seen)
      throws IOException {}
}
