package org.pagewright.stats;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

/// What the Flight Recorder wrote down while something was done: all of our events, short ones too.
public final class Recorded {
  /// What is done.
  public interface Work {
    void run() throws Exception;
  }

  private Recorded() {}

  /// Records our events of one name, which begins with `org.pagewright.`, while work is done.
  public static List<RecordedEvent> during(String name, Work work) throws Exception {
    Path file = Files.createTempFile("pagewright-events", ".jfr");
    try (Recording recording = new Recording()) {
      recording.enable(name).withoutThreshold();
      recording.start();
      work.run();
      recording.stop();
      recording.dump(file);
      return read(file, name);
    } finally {
      Files.delete(file);
    }
  }

  private static List<RecordedEvent> read(Path file, String name) throws IOException {
    List<RecordedEvent> events = new ArrayList<>();
    for (RecordedEvent event : RecordingFile.readAllEvents(file)) {
      if (event.getEventType().getName().equals(name)) {
        events.add(event);
      }
    }
    return events;
  }
}
