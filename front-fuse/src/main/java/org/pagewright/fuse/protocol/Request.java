package org.pagewright.fuse.protocol;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.Name;

/// One request as it lies in a buffer, with every read within its bounds: what comes from the
/// device is not trusted more than a disk is. One object is used again and again by one thread.
public final class Request {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

  private final MemorySegment buffer;
  private int length;
  private @Nullable Opcode opcode;
  private long unique;
  private long nodeId;
  private @Nullable MemorySegment content;

  /// A view of a buffer.
  ///
  /// @param buffer where requests are received
  public Request(MemorySegment buffer) {
    this.buffer = buffer;
  }

  /// Where requests are received.
  ///
  /// @return the whole buffer
  public MemorySegment buffer() {
    return buffer;
  }

  /// Says where the bytes of a write lie if they did not come into the buffer.
  ///
  /// @param content what follows [Wire.WriteIn]; null if it is in the buffer
  public void setContent(@Nullable MemorySegment content) {
    this.content = content;
  }

  /// Takes what was received as the request.
  ///
  /// @param received bytes in the buffer
  /// @return false if it is not even a header, so that nobody can be answered
  public boolean take(int received) {
    if (received < Wire.InHeader.BYTES || received > buffer.byteSize()) {
      return false;
    }
    length = Math.clamp(
        Integer.toUnsignedLong(buffer.get(INT, Wire.InHeader.LEN)), Wire.InHeader.BYTES, received);
    opcode = Opcode.of(buffer.get(INT, Wire.InHeader.OPCODE));
    unique = buffer.get(LONG, Wire.InHeader.UNIQUE);
    nodeId = buffer.get(LONG, Wire.InHeader.NODEID);
    int extensions =
        8 * Short.toUnsignedInt(
            buffer.get(ValueLayout.JAVA_SHORT_UNALIGNED, Wire.InHeader.TOTAL_EXTLEN));
    if (extensions <= length - Wire.InHeader.BYTES) {
      length -= extensions; // none of which were agreed on
    }
    return true;
  }

  /// What is asked.
  ///
  /// @return null if we do not know it
  public @Nullable Opcode opcode() {
    return opcode;
  }

  /// The number on the wire, for messages.
  ///
  /// @return any number
  public int opcodeNumber() {
    return buffer.get(INT, Wire.InHeader.OPCODE);
  }

  /// Names the request.
  ///
  /// @return any number
  public long unique() {
    return unique;
  }

  /// The node it is about.
  ///
  /// @return any number
  public long nodeId() {
    return nodeId;
  }

  /// Who asks.
  ///
  /// @return user number
  public int uid() {
    return buffer.get(INT, Wire.InHeader.UID);
  }

  /// The group of who asks.
  ///
  /// @return group number
  public int gid() {
    return buffer.get(INT, Wire.InHeader.GID);
  }

  /// The thread that asks.
  ///
  /// @return its number; 0 for the kernel
  public int pid() {
    return buffer.get(INT, Wire.InHeader.PID);
  }

  /// Bytes behind the header.
  ///
  /// @return at least 0
  public int argumentsLength() {
    return length - Wire.InHeader.BYTES;
  }

  /// Throws unless the opcode's structure is there.
  ///
  /// @throws FsException EINVAL
  public void checkLength() throws FsException {
    if (opcode != null && argumentsLength() < opcode.argumentsMin()) {
      throw malformed();
    }
  }

  private FsException malformed() {
    return new FsException(
        Errno.EINVAL, (opcode == null ? "request" : opcode) + " of " + length + " bytes");
  }

  private void checkField(int offset, int size) throws FsException {
    if ((long) offset + size > argumentsLength()) {
      throw malformed();
    }
  }

  /// A field of 32 bits.
  ///
  /// @param offset in the structure behind the header
  /// @return its value
  /// @throws FsException EINVAL if the request ends before
  public int intAt(int offset) throws FsException {
    checkField(offset, 4);
    return buffer.get(INT, Wire.InHeader.BYTES + (long) offset);
  }

  /// A field of 64 bits.
  ///
  /// @param offset in the structure behind the header
  /// @return its value
  /// @throws FsException EINVAL if the request ends before
  public long longAt(int offset) throws FsException {
    checkField(offset, 8);
    return buffer.get(LONG, Wire.InHeader.BYTES + (long) offset);
  }

  /// A text that ends with a NUL.
  ///
  /// @param offset where it begins, behind the header
  /// @return its bytes without the NUL
  /// @throws FsException EINVAL if no NUL is there
  public byte[] textAt(int offset) throws FsException {
    if (offset >= argumentsLength()) {
      throw malformed();
    }
    long from = Wire.InHeader.BYTES + (long) offset;
    long end = from;
    while (buffer.get(ValueLayout.JAVA_BYTE, end) != 0) {
      if (++end == length) {
        throw malformed();
      }
    }
    return bytes(from, (int) (end - from));
  }

  /// A name that ends with a NUL.
  ///
  /// @param offset where it begins, behind the header
  /// @return the name
  /// @throws FsException EINVAL if no NUL is there or it holds a slash; ENOENT if empty
  public Name nameAt(int offset) throws FsException {
    return Name.of(textAt(offset));
  }

  /// Bytes without an end of their own.
  ///
  /// @param offset where they begin, behind the header
  /// @param size how many
  /// @return a copy
  /// @throws FsException EINVAL if the request ends before
  public byte[] bytesAt(int offset, int size) throws FsException {
    if (size < 0) {
      throw malformed();
    }
    checkField(offset, size);
    return bytes(Wire.InHeader.BYTES + (long) offset, size);
  }

  private byte[] bytes(long from, int size) {
    byte[] bytes = new byte[size];
    MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, from, bytes, 0, size);
    return bytes;
  }

  /// The bytes of a write, where they lie.
  ///
  /// @param size how many
  /// @return good until the next request, or until there is an answer with bytes of its own
  /// @throws FsException EINVAL if the request ends before
  public MemorySegment content(int size) throws FsException {
    if (size < 0) {
      throw malformed();
    }
    checkField(Wire.WriteIn.BYTES, size);
    MemorySegment elsewhere = content;
    if (elsewhere == null) {
      return buffer.asSlice(Wire.InHeader.BYTES + (long) Wire.WriteIn.BYTES, size);
    }
    if (size > elsewhere.byteSize()) {
      throw malformed();
    }
    return elsewhere.asSlice(0, size);
  }

  @Override
  public String toString() {
    return (opcode == null ? "opcode " + opcodeNumber() : opcode.name())
        + " #" + unique + " node " + nodeId + " pid " + pid();
  }
}
