package org.pagewright.vfs;

/// Major and minor number of a device node in one long, in the encoding of the C library.
public final class DeviceNumber {
  private DeviceNumber() {}

  /// Joins the two numbers.
  ///
  /// @param major 32 bits
  /// @param minor 32 bits
  /// @return the value of `st_rdev`
  public static long of(int major, int minor) {
    return (minor & 0xffL)
        | (major & 0xfffL) << 8
        | (minor & 0xffffff00L) << 12
        | (major & 0xfffff000L) << 32;
  }

  /// The major number: which driver.
  ///
  /// @param rdev a device number
  /// @return 32 bits
  public static int major(long rdev) {
    return (int) (rdev >>> 8 & 0xfff | rdev >>> 32 & 0xfffff000L);
  }

  /// The minor number: which of the driver's devices.
  ///
  /// @param rdev a device number
  /// @return 32 bits
  public static int minor(long rdev) {
    return (int) (rdev & 0xff | rdev >>> 12 & 0xffffff00L);
  }
}
