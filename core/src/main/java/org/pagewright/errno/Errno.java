package org.pagewright.errno;

/// The error numbers of Linux that a file operation of ours can end with.
///
/// The numbers are those of the Linux ABI on x86-64 and arm64, so that a front door that speaks a
/// kernel protocol can pass them on as they are.
public enum Errno {
  /// Operation not permitted.
  EPERM(1, "operation not permitted"),
  /// No such file or directory.
  ENOENT(2, "no such file or directory"),
  /// Interrupted before anything was done.
  EINTR(4, "interrupted"),
  /// The device failed.
  EIO(5, "input/output error"),
  /// No such device or address; also SEEK_DATA and SEEK_HOLE beyond the end of the file.
  ENXIO(6, "no such device or address"),
  /// The value is longer than any may be.
  E2BIG(7, "argument list too long"),
  /// The file is not open for this.
  EBADF(9, "bad file descriptor"),
  /// It would wait, and the caller asked not to.
  EAGAIN(11, "resource temporarily unavailable"),
  /// No memory within the budget.
  ENOMEM(12, "out of memory"),
  /// Permission denied.
  EACCES(13, "permission denied"),
  /// The caller's buffer is not readable or writable.
  EFAULT(14, "bad address"),
  /// In use.
  EBUSY(16, "device or resource busy"),
  /// The name is taken.
  EEXIST(17, "file exists"),
  /// Source and target lie on different file systems.
  EXDEV(18, "cross-device link"),
  /// No such device.
  ENODEV(19, "no such device"),
  /// A directory was needed.
  ENOTDIR(20, "not a directory"),
  /// A directory was not expected.
  EISDIR(21, "is a directory"),
  /// The argument makes no sense.
  EINVAL(22, "invalid argument"),
  /// Too many open files in this cache.
  ENFILE(23, "too many open files in system"),
  /// Not a terminal; here: the request is not known for this kind of file.
  ENOTTY(25, "inappropriate request for this kind of file"),
  /// The file is being executed or locked against writing.
  ETXTBSY(26, "text file busy"),
  /// Larger than this file system or the caller's limit allows.
  EFBIG(27, "file too large"),
  /// The device is full.
  ENOSPC(28, "no space left on device"),
  /// Not seekable.
  ESPIPE(29, "illegal seek"),
  /// The file system or the device is read-only.
  EROFS(30, "read-only file system"),
  /// The link count is at its limit.
  EMLINK(31, "too many links"),
  /// The result does not fit what the caller gave room for.
  ERANGE(34, "result too large"),
  /// Each of several owners would wait for a lock of the next.
  EDEADLK(35, "resource deadlock avoided"),
  /// No more file locks can be kept.
  ENOLCK(37, "no locks available"),
  /// A name component is longer than the file system allows.
  ENAMETOOLONG(36, "file name too long"),
  /// The directory has entries.
  ENOTEMPTY(39, "directory not empty"),
  /// Too many symbolic links on the way.
  ELOOP(40, "too many levels of symbolic links"),
  /// The extended attribute does not exist.
  ENODATA(61, "no data available"),
  /// The value does not fit its type.
  EOVERFLOW(75, "value too large for defined data type"),
  /// The file system or file does not offer this.
  EOPNOTSUPP(95, "operation not supported"),
  /// The structure on disk is damaged; Linux calls it EFSCORRUPTED.
  EUCLEAN(117, "structure needs cleaning"),
  /// The quota is used up.
  EDQUOT(122, "disk quota exceeded"),
  /// A checksum does not match; Linux calls it EFSBADCRC.
  EBADMSG(74, "bad message"),
  /// The object behind the handle is gone.
  ESTALE(116, "stale file handle");

  private final int number;
  private final String words;

  Errno(int number, String words) {
    this.number = number;
    this.words = words;
  }

  /// The number of the Linux ABI, positive.
  ///
  /// @return the number
  public int number() {
    return number;
  }

  /// What a person would call it, lower case, without a full stop.
  ///
  /// @return a few words
  public String words() {
    return words;
  }
}
