import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassElement;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.lang.constant.ClassDesc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/// Copies a jar and gives its classes the format of Java 8 where theirs is older.
///
/// An ahead-of-time cache leaves out classes whose format is older than Java 6: there the verifier
/// works out types anew each time, where later ones have them written down. Such classes are read,
/// checked and linked at each start. What the code does is not changed.
///
/// Run by ./pagewright: `java tools/RecentClasses.java OLD.jar NEW.jar`.
final class RecentClasses {
  private RecentClasses() {}

  /// Copies.
  ///
  /// @param args the old jar and the new one
  /// @throws IOException what cannot be read or written
  public static void main(String[] args) throws IOException {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    try (ZipInputStream in = new ZipInputStream(Files.newInputStream(Path.of(args[0])))) {
      for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        if (!entry.isDirectory()) {
          entries.put(entry.getName(), in.readAllBytes());
        }
      }
    }
    ClassHierarchyResolver hierarchy =
        ClassHierarchyResolver.ofResourceParsing(type -> open(entries, type)).cached();
    ClassFile format =
        ClassFile.of(
            ClassFile.StackMapsOption.GENERATE_STACK_MAPS,
            ClassFile.ClassHierarchyResolverOption.of(hierarchy));
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(Path.of(args[1])))) {
      for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
        byte[] bytes = entry.getValue();
        if (entry.getKey().endsWith(".class")) {
          ClassModel old = format.parse(bytes);
          if (old.majorVersion() < ClassFile.JAVA_6_VERSION) {
            bytes =
                format.build(
                    old.thisClass().asSymbol(),
                    builder -> old.forEach(element -> copy(element, builder)));
          }
        }
        out.putNextEntry(new ZipEntry(entry.getKey()));
        out.write(bytes);
        out.closeEntry();
      }
    }
  }

  private static void copy(ClassElement element, ClassBuilder builder) {
    switch (element) {
      case ClassFileVersion _ -> builder.withVersion(ClassFile.JAVA_8_VERSION, 0);
      case MethodModel method ->
          builder.transformMethod(
              method, MethodTransform.transformingCode(CodeTransform.ACCEPT_ALL));
      default -> builder.with(element);
    }
  }

  /// The class file of a type that code of the jar mentions.
  private static InputStream open(Map<String, byte[]> entries, ClassDesc type) {
    String descriptor = type.descriptorString();
    String name = descriptor.substring(1, descriptor.length() - 1) + ".class";
    byte[] bytes = entries.get(name);
    return bytes != null
        ? new ByteArrayInputStream(bytes)
        : ClassLoader.getSystemResourceAsStream(name);
  }
}
