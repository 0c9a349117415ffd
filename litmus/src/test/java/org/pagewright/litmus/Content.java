package org.pagewright.litmus;

import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.AddressSpaceOperations;
import org.pagewright.cache.Folio;
import org.pagewright.cache.PageCache;
import org.pagewright.cache.WriteOp;
import org.pagewright.cache.WritebackControl;

/// A file that is nowhere but in memory; the programs handle its folios by hand.
final class Content implements AddressSpaceOperations {
  private Content() {}

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
