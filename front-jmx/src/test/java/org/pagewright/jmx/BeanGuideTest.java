package org.pagewright.jmx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.MBeanServer;
import org.junit.jupiter.api.Test;
import org.pagewright.ramfs.Ramfs;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.Volume;

/// The example of a bean in docs/observe.md stands here too, word for word, and runs.
final class BeanGuideTest {
  private static String unindented(String lines) {
    return lines.replaceAll("(?m)^ +", "");
  }

  private static String read(String file) throws IOException {
    Path at = Path.of("").toAbsolutePath();
    while (!Files.exists(at.resolve("docs/observe.md"))) {
      at = at.getParent();
    }
    return Files.readString(at.resolve(file));
  }

  @Test
  void theExampleOfTheGuideRuns() throws Exception {
    MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    try (CacheMemory memory = CacheMemory.ofBytes(64 << 20);
        Volume volume = Ramfs.mount(memory.cache(), MountOptions.DEFAULTS);
        VolumeBean bean = VolumeBean.register(server, volume.superBlock(), "scratch")) {
      System.out.println(server.getAttribute(bean.name(), "HitPercent"));
    }
  }

  @Test
  void theExampleIsTheOneAbove() throws IOException {
    String here = read("front-jmx/src/test/java/org/pagewright/jmx/BeanGuideTest.java");
    Matcher blocks = Pattern.compile("(?ms)^```java\n(.*?)^```").matcher(read("docs/observe.md"));
    int found = 0;
    while (blocks.find()) {
      if (blocks.group(1).contains("VolumeBean")) {
        found++;
        String example = unindented(blocks.group(1));
        assertTrue(unindented(here).contains(example), example);
      }
    }
    assertEquals(1, found);
  }
}
