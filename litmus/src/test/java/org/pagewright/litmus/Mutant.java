package org.pagewright.litmus;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/// A bug put into core on purpose: one call left out, or one constant changed, in the compiled
/// class. A tester that does not find it is blind in that place.
enum Mutant {
  /// The mutex is given back and nobody is woken.
  MUTEX_UNLOCK_WAKES_NOBODY("org/pagewright/sync/Mutex", "unlock", without("wakeAll")),

  /// The mutex is taken whoever holds it.
  MUTEX_HELD_BY_TWO("org/pagewright/sync/Mutex", "lock", answering("compareAndSet", 1)),

  /// Readers come in while a writer is inside: the mask of what keeps them out is empty.
  READERS_PASS_WRITERS("org/pagewright/sync/RwSem", "tryReader", constant(0xC000_0000, 0)),

  /// The folio lock is given back and nobody is woken.
  FOLIO_UNLOCK_WAKES_NOBODY("org/pagewright/cache/Folio", "clearAndWake", without("wakeAll")),

  /// The folio lock is taken, but nobody can see it.
  FOLIO_LOCK_LEAVES_NO_TRACE(
      "org/pagewright/cache/Folio", "trySetLocked", answering("compareAndSet", 1)),

  /// A folio is cleaned while an overwriter is inside, and left open.
  CLEAN_WITHOUT_CLOSING("org/pagewright/cache/Folio", "clearDirtyForIo", without("close")),

  /// A look begins in the middle of a change.
  LOOK_IN_THE_MIDDLE(
      "org/pagewright/cache/Folio", "beginLook", constant(1L << 31 | 1L << 34, 1L << 31)),

  /// A copy without a lock begins in the middle of a change.
  COPY_IN_THE_MIDDLE(
      "org/pagewright/cache/FastPath",
      "copyOut",
      constant(1L << 31 | 1L << 34 | 1L << 29, 1L << 31)),

  /// A folio is evicted though somebody has a reference: the last look does not ask.
  EVICTION_IGNORES_REFERENCES(
      "org/pagewright/cache/Folio", "freezeDetached", constant(0xFFFF_0018, 0)),

  /// A folio is cleaned, and the entries that lead to it stay writable.
  CLEAN_LEAVES_ENTRIES_WRITABLE(
      "org/pagewright/cache/Folio", "clearDirtyForIo", without("writeProtect")),

  /// The window of S4: between the file system's consent to a store and the dirty folio the lock is
  /// given back.
  FAULT_LETS_GO_OF_THE_FOLIO("org/pagewright/mm/FaultHandler", "mkwrite", letGoAt("admit"));

  /// Changes one instruction, and counts.
  private interface Edit {
    boolean apply(CodeBuilder code, CodeElement element);
  }

  private final String className;
  private final String method;
  private final Edit edit;

  Mutant(String className, String method, Edit edit) {
    this.className = className;
    this.method = method;
    this.edit = edit;
  }

  /// Leaves the calls of a method out; what it would return is 0.
  private static Edit without(String called) {
    return answering(called, 0);
  }

  /// Leaves the calls of a method out.
  ///
  /// @param answer what it would return, if that is an int
  private static Edit answering(String called, int answer) {
    return (code, element) -> {
      if (!(element instanceof InvokeInstruction invoke)
          || !invoke.name().equalsString(called)) {
        return false;
      }
      MethodTypeDesc type = invoke.typeSymbol();
      for (int i = type.parameterCount() - 1; i >= 0; i--) {
        pop(code, type.parameterType(i));
      }
      if (invoke.opcode() != java.lang.classfile.Opcode.INVOKESTATIC) {
        code.pop();
      }
      switch (TypeKind.from(type.returnType())) {
        case VOID -> {}
        case LONG -> code.lconst_0();
        case REFERENCE -> code.aconst_null();
        default -> code.loadConstant(answer);
      }
      return true;
    };
  }

  private static void pop(CodeBuilder code, ClassDesc type) {
    if (TypeKind.from(type).slotSize() == 2) {
      code.pop2();
    } else {
      code.pop();
    }
  }

  /// In place of a static method that says yes or no to a folio: gives its lock back, takes it
  /// again, and says yes.
  private static Edit letGoAt(String called) {
    ClassDesc folio = ClassDesc.of("org.pagewright.cache.Folio");
    MethodTypeDesc nothing = MethodTypeDesc.ofDescriptor("()V");
    return (code, element) -> {
      if (!(element instanceof InvokeInstruction invoke)
          || !invoke.name().equalsString(called)) {
        return false;
      }
      code.dup().invokevirtual(folio, "unlock", nothing);
      code.invokevirtual(folio, "lock", nothing);
      code.iconst_1();
      return true;
    };
  }

  /// Changes a constant.
  private static Edit constant(Number from, Number to) {
    return (code, element) -> {
      if (!(element instanceof ConstantInstruction instruction)
          || !instruction.constantValue().equals(from)) {
        return false;
      }
      if (to instanceof Long l) {
        code.loadConstant(l.longValue());
      } else {
        code.loadConstant(to.intValue());
      }
      return true;
    };
  }

  /// Writes the changed class.
  ///
  /// @param root a folder to be put before core on the class path
  void write(Path root) throws IOException {
    byte[] original;
    try (InputStream in = Mutant.class.getResourceAsStream("/" + className + ".class")) {
      if (in == null) {
        throw new IOException(className + " is not on the class path");
      }
      original = in.readAllBytes();
    }
    ClassFile classFile = ClassFile.of();
    ClassModel model = classFile.parse(original);
    AtomicInteger edits = new AtomicInteger();
    CodeTransform change =
        (code, element) -> {
          if (edit.apply(code, element)) {
            edits.incrementAndGet();
          } else {
            code.with(element);
          }
        };
    byte[] changed =
        classFile.transformClass(
            model,
            ClassTransform.transformingMethodBodies(
                m -> m.methodName().equalsString(method), change));
    if (edits.get() == 0) {
      throw new IllegalStateException(this + ": " + className + "." + method + " has changed");
    }
    Path file = root.resolve(className + ".class");
    Files.createDirectories(file.getParent());
    Files.write(file, changed);
  }
}
