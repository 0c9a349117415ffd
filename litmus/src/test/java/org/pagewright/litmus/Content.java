package org.pagewright.litmus;

import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.AddressSpaceOperations;
import org.pagewright.cache.Folio;
import org.pagewright.cache.PageCache;
import org.pagewright.cache.WriteOp;
import org.pagewright.cache.WritebackControl;
import org.pagewright.errno.FsException;

/// A file that is nowhere but in memory; the programs handle its folios by hand.
final class Content implements AddressSpaceOperations {
  private boolean promised; // guarded by FOLIO: room in the store for a dirty folio

  private Content() {}

  void promise() {
    promised = true;
  }

  boolean isPromised() {
    return promised;
  }

  /// Uses room up.
  ///
  /// @return false if there was none
  boolean usePromise() {
    boolean was = promised;
    promised = false;
    return was;
  }

  @Override
  public MkwriteResult pageMkwrite(AddressSpace mapping, Folio folio) throws FsException {
    MkwriteResult result = AddressSpaceOperations.super.pageMkwrite(mapping, folio);
    if (result == MkwriteResult.LOCKED) {
      promise();
    }
    return result;
  }

  /// A file of one folio, without the folio.
  static AddressSpace mapping(PageCache cache) {
    AddressSpace mapping = new AddressSpace(cache, new Content(), m -> {}, null, "f");
    mapping.setSize(AddressSpace.FOLIO_SIZE);
    return mapping;
  }

  @Override
  public FillResult readFolio(AddressSpace mapping, Folio folio) {
    throw new IllegalStateException("nothing to read");
  }

  @Override
  public Folio writeBegin(AddressSpace mapping, long pos, int length, WriteOp op) {
    throw new IllegalStateException("written by hand");
  }

  @Override
  public int writeEnd(
      AddressSpace mapping, long pos, int length, int copied, Folio folio, WriteOp op) {
    throw new IllegalStateException("written by hand");
  }

  @Override
  public void writepages(AddressSpace mapping, WritebackControl control) {
    throw new IllegalStateException("written out by hand");
  }
}
