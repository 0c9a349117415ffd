package org.pagewright.cli;

import java.io.IOException;
import java.time.Instant;
import org.pagewright.cli.tree.Attributes;
import org.pagewright.cli.tree.Content;
import org.pagewright.cli.tree.TreeTarget;

/// Makes times reproducible: none is later than a fixed time, and the last read, which reading the
/// input changes, is taken to be the last change.
///
/// @param target takes the tree
/// @param latest the fixed time
record FixedTimes(TreeTarget target, Instant latest) implements TreeTarget {
  private Attributes fixed(Attributes attributes) {
    Instant mtime = attributes.mtime().isAfter(latest) ? latest : attributes.mtime();
    return attributes.withTimes(mtime, mtime);
  }

  @Override
  public void enterDirectory(String path, Attributes attributes) throws IOException {
    target.enterDirectory(path, fixed(attributes));
  }

  @Override
  public void leaveDirectory(String path, Attributes attributes) throws IOException {
    target.leaveDirectory(path, fixed(attributes));
  }

  @Override
  public void file(String path, Attributes attributes, Content content) throws IOException {
    target.file(path, fixed(attributes), content);
  }

  @Override
  public void symlink(String path, Attributes attributes, String to) throws IOException {
    target.symlink(path, fixed(attributes), to);
  }

  @Override
  public void special(String path, Attributes attributes) throws IOException {
    target.special(path, fixed(attributes));
  }

  @Override
  public void hardLink(String path, String existing) throws IOException {
    target.hardLink(path, existing);
  }
}
