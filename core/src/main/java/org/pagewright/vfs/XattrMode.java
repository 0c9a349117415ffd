package org.pagewright.vfs;

/// How setting an extended attribute treats one that is there.
public enum XattrMode {
  /// Make or replace.
  SET,
  /// Make; EEXIST if it is there.
  CREATE,
  /// Replace; ENODATA if it is not there.
  REPLACE
}
