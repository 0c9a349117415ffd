package org.pagewright.fuse.server;

/// How a server answers.
///
/// @param threads how many requests are worked on at a time, at least 1; a thread for each is made
///     when those there are all wait for something
/// @param writebackCache whether the kernel may keep writes for a while before it tells us of them
/// @param readOnly whether the mount refuses changes
/// @param sync whether each change of a name is durable before it is answered
/// @param uid who owns every file as the kernel sees it; -1 for who does
/// @param gid the group of every file as the kernel sees it; -1 for the one it has
/// @param timeoutMillis how long the kernel may believe what it was told of names and attributes
/// @param maxWriteBytes largest read and write, a multiple of 4096, at most 1 MiB
/// @param patienceMillis after what time a request that is not answered is told of; 0 for never
/// @param pinnedNodesMax nodes that hold their inode in memory
/// @param localLocks whether the kernel keeps locks on files for itself, unseen by other doors
public record ServerOptions(
    int threads,
    boolean writebackCache,
    boolean readOnly,
    boolean sync,
    int uid,
    int gid,
    long timeoutMillis,
    int maxWriteBytes,
    long patienceMillis,
    int pinnedNodesMax,
    boolean localLocks) {

  /// What suits most.
  public static final ServerOptions DEFAULTS =
      new ServerOptions(4, false, false, false, -1, -1, 10_000, 1 << 20, 30_000, 65536, false);

  /// Checks the bounds.
  public ServerOptions {
    if (threads < 1
        || threads > 256
        || timeoutMillis < 0
        || maxWriteBytes < 4096
        || maxWriteBytes > 1 << 20
        || (maxWriteBytes & 4095) != 0
        || patienceMillis < 0
        || pinnedNodesMax < 1) {
      throw new IllegalArgumentException("options of a FUSE server out of their bounds");
    }
  }
}
