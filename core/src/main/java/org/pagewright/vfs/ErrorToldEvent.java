package org.pagewright.vfs;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import org.pagewright.errno.Errno;

/// An open file was told of an error of write-out, by a sync or its close (R-H7).
@Name("org.pagewright.ErrorTold")
@Label("Error told")
@Description("An open file was told that what it had written did not reach the store")
@Category({"Pagewright"})
final class ErrorToldEvent extends Event {
  @Label("File")
  private String file = "";

  @Label("Error")
  private String error = "";

  static void happened(String file, Errno errno) {
    ErrorToldEvent event = new ErrorToldEvent();
    if (event.shouldCommit()) {
      event.file = file;
      event.error = errno.name();
      event.commit();
    }
  }
}
