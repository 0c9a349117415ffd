package org.pagewright.sim.contract;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;
import org.pagewright.cache.AddressSpaceOperations;
import org.pagewright.sync.Lockdep;

/// What every implementor of [AddressSpaceOperations] has to do, rule by rule. To be subclassed:
///
///     final class MyFilesTest extends AddressSpaceOperationsContract {
///       @Override
///       protected FileFixture newFixture() {
///         return VolumeFileFixture.stored(new MyVolumes());
///       }
///     }
///
/// | suite  | rules                                                                    |
/// |--------|--------------------------------------------------------------------------|
/// | write  | B1, B2, B5, B7, B8, B10, B11, C1 to C5, D1, D2, D5, E7, J7               |
/// | store  | D3, H1, H2, H4, H7, H8, H10, I4, and what invalidate and release leave   |
/// | read   | B9, B11, E1, I8, I9, J1 to J3                                            |
/// | random | all of them at once: A10, A13, B7 with sources of every kind             |
///
/// All calls that a case makes itself go through [CheckedOperations]. Run it with assertions on.
public abstract class AddressSpaceOperationsContract {
  /// A case that hangs is a case that failed. No case takes a tenth of it.
  private static final Duration HANGS_AFTER = Duration.ofSeconds(30);

  private static final List<Class<? extends FileSuite>> SUITES =
      List.of(
          FileWriteContract.class,
          FileStoreContract.class,
          FileReadContract.class,
          FileRandomContract.class);

  /// For subclasses.
  protected AddressSpaceOperationsContract() {}

  /// Makes the fixture of one case.
  ///
  /// @return a fixture on which nothing was made yet
  /// @throws IOException any
  protected abstract FileFixture newFixture() throws IOException;

  /// All cases that the file system can run.
  ///
  /// @return a test for each
  /// @throws IOException any
  @TestFactory
  @SuppressWarnings("exports") // who runs it has JUnit
  public final Stream<DynamicTest> keepsTheRules() throws IOException {
    return cases().stream()
        .map(method -> DynamicTest.dynamicTest(nameOf(method), () -> run(method)));
  }

  /// The cases that the file system can run, in the order of their names.
  final List<Method> cases() throws IOException {
    FileFixture fixture = newFixture();
    List<Method> cases = new ArrayList<>();
    for (Class<? extends FileSuite> suite : SUITES) {
      Arrays.stream(suite.getDeclaredMethods())
          .filter(method -> method.isAnnotationPresent(FileCase.class))
          .filter(
              method ->
                  Arrays.stream(method.getAnnotation(FileCase.class).needs())
                      .allMatch(fixture::has))
          .sorted(Comparator.comparing(Method::getName))
          .forEach(cases::add);
    }
    return cases;
  }

  static String nameOf(Method method) {
    return method.getDeclaringClass().getSimpleName() + ": " + method.getName();
  }

  /// Runs one case on a fixture of its own.
  final void run(Method method) throws IOException {
    FileFixture fixture = newFixture();
    Executable body =
        () -> {
          boolean passed = false;
          try {
            FileSuite suite =
                (FileSuite)
                    method
                        .getDeclaringClass()
                        .getDeclaredConstructor(FileFixture.class)
                        .newInstance(fixture);
            method.invoke(suite);
            suite.assertQuiet();
            assert Lockdep.holdsNothing();
            passed = true;
          } catch (InvocationTargetException e) {
            throw e.getCause();
          } finally {
            if (passed) {
              fixture.dispose();
            } else {
              disposeQuietly(fixture);
            }
          }
        };
    assertTimeoutPreemptively(HANGS_AFTER, body);
  }

  /// The case has failed already: what its volume still says would only hide why.
  private static void disposeQuietly(FileFixture fixture) {
    try {
      fixture.dispose();
    } catch (IOException | AssertionError e) {
      return;
    }
  }
}
