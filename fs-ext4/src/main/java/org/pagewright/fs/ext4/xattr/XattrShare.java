package org.pagewright.fs.ext4.xattr;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;

/// The attribute blocks of one volume that were used lately, by content, so that inodes with equal
/// attributes share a block. Compare Linux's fs/mbcache.c. Bounded.
///
/// Its lock (XATTR) also guards the reference counts in the blocks: a block is found, and its count
/// raised, in one step; so it cannot be freed in between.
public final class XattrShare {
  private static final int BLOCKS_MAX = 1024;

  final Mutex lock = new Mutex(LockClass.XATTR, "attribute blocks");

  private final Map<Integer, Long> blockByHash = new HashMap<>(); // guarded by lock, as is the next
  private final LinkedHashMap<Long, Integer> hashByBlock = new LinkedHashMap<>(16, 0.75f, true);

  /// Knows no block yet.
  public XattrShare() {}

  /// A block whose content has a hash, 0 if none is known. Its content is to be compared.
  long find(int hash) {
    assert lock.isHeldByCaller();
    Long block = blockByHash.get(hash);
    return block == null ? 0 : block;
  }

  void put(int hash, long blockNr) {
    assert lock.isHeldByCaller();
    remove(blockNr);
    if (hash == 0) {
      return; // by convention not to be shared
    }
    if (hashByBlock.size() >= BLOCKS_MAX) {
      remove(hashByBlock.firstEntry().getKey());
    }
    hashByBlock.put(blockNr, hash);
    blockByHash.put(hash, blockNr);
  }

  void remove(long blockNr) {
    assert lock.isHeldByCaller();
    Integer hash = hashByBlock.remove(blockNr);
    if (hash != null) {
      blockByHash.remove(hash, blockNr);
    }
  }
}
