package org.pagewright.vfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.pagewright.errno.FsException;

final class NameTest {

  @Test
  void anyBytesComeBackFromText() {
    long seed = 4711;
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = new byte[random.nextInt(12)];
      random.nextBytes(bytes);
      String text = Name.textOf(bytes);
      assertArrayEquals(bytes, Name.bytesOf(text), () -> "seed " + seed + ": " + text);
    }
  }

  @Test
  void validTextIsUtf8() {
    String text = "a\u00e4\u20ac\ud83d\ude00\u07ff\u0800\uffff";
    assertArrayEquals(text.getBytes(StandardCharsets.UTF_8), Name.bytesOf(text));
    assertEquals(text, Name.textOf(text.getBytes(StandardCharsets.UTF_8)));
  }

  /// Overlong forms, surrogates and numbers beyond Unicode are bytes, not letters.
  @Test
  void malformedUtf8IsKeptByteByByte() {
    byte[][] malformed = {
      {(byte) 0xc0, (byte) 0x80}, {(byte) 0xe0, (byte) 0x80, (byte) 0x80},
      {(byte) 0xed, (byte) 0xa0, (byte) 0x80}, {(byte) 0xf4, (byte) 0x90, (byte) 0x80, (byte) 0x80},
      {(byte) 0xe2, (byte) 0x82}, {(byte) 0xff}
    };
    for (byte[] bytes : malformed) {
      String text = Name.textOf(bytes);
      assertEquals(bytes.length, text.length());
      assertArrayEquals(bytes, Name.bytesOf(text));
    }
  }

  @Test
  void slashesAndNulAndNothingAreNoNames() throws FsException {
    assertThrows(FsException.class, () -> Name.of(""));
    assertThrows(FsException.class, () -> Name.of("a/b"));
    assertThrows(FsException.class, () -> Name.of("a\0"));
    assertFalse(Name.isValid(new byte[] {'a', '/'}, 0, 2));
    assertTrue(Name.isValid(new byte[] {'a', '/'}, 0, 1));
    assertTrue(Name.of("..").isDots() && Name.of(".").isDots());
    assertFalse(Name.of("...").isDots() || Name.of(".a").isDots());
  }

  @Test
  void modesReadAsLsPrintsThem() {
    assertEquals("drwxr-sr-x", FileMode.toText(0042755));
    assertEquals("-rwSr--r-T", FileMode.toText(0105644));
    assertEquals("crw-rw-rwt".substring(0, 9) + "t", FileMode.toText(0021667));
    assertEquals("lrwxrwxrwx", FileMode.toText(0120777));
    long rdev = DeviceNumber.of(0xabcdef01, 0x12345678);
    assertEquals(0xabcdef01, DeviceNumber.major(rdev));
    assertEquals(0x12345678, DeviceNumber.minor(rdev));
  }
}
