package org.pagewright.sim.contract;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.function.Executable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sync.Lockdep;
import org.pagewright.vfs.Volume;

/// What every file system has to do behind the VFS, as tests. Each runs on a volume of its own.
public final class VolumeContract {
  /// A case that hangs is a case that failed: it is interrupted, and the others go on. No case
  /// takes a tenth of this.
  private static final Duration HANGS_AFTER = Duration.ofMinutes(2);

  private VolumeContract() {}

  /// All cases of all suites that a file system can run.
  ///
  /// @param fixture the file system
  /// @return to be returned from a method with `@TestFactory`
  @SuppressWarnings("exports") // who runs it has JUnit
  public static Stream<DynamicTest> of(VolumeFixture fixture) {
    return Stream.of(
            PathWalkContract.class,
            NameContract.class,
            RightsContract.class,
            FileContract.class,
            VolumeStateContract.class,
            RandomContract.class)
        .flatMap(suite -> cases(suite, fixture));
  }

  private static Stream<DynamicTest> cases(Class<?> suite, VolumeFixture fixture) {
    return Arrays.stream(suite.getDeclaredMethods())
        .filter(method -> method.isAnnotationPresent(Case.class))
        .filter(
            method ->
                Arrays.stream(method.getAnnotation(Case.class).needs()).allMatch(fixture::has))
        .sorted(Comparator.comparing(Method::getName))
        .map(
            method ->
                DynamicTest.dynamicTest(
                    suite.getSimpleName() + ": " + method.getName(),
                    () ->
                        assertTimeoutPreemptively(
                            HANGS_AFTER, () -> run(suite, method, fixture))));
  }

  private static void run(Class<?> suite, Method method, VolumeFixture fixture) throws Throwable {
    Volume[] volume = {fixture.make()};
    boolean passed = false;
    try {
      Object instance =
          suite
              .getDeclaredConstructor(VolumeFixture.class, Volume[].class)
              .newInstance(fixture, volume);
      method.invoke(instance);
      assert Lockdep.holdsNothing();
      passed = true;
    } catch (InvocationTargetException e) {
      throw e.getCause();
    } finally {
      if (passed) {
        fixture.dispose(volume[0]);
      } else {
        disposeQuietly(fixture, volume[0]);
      }
    }
  }

  /// The case has failed already: what its volume still says would only hide why.
  private static void disposeQuietly(VolumeFixture fixture, Volume volume) {
    try {
      volume.superBlock().close(true);
      fixture.dispose(volume);
    } catch (IOException | AssertionError e) {
      return;
    }
  }

  /// Fails unless an operation ends with an error number.
  static void assertErrno(Errno expected, Executable operation, String what) {
    FsException e =
        assertThrows(FsException.class, operation, () -> what + ": " + expected + " expected");
    if (e.errno() != expected) {
      throw new AssertionError(what + ": " + expected + " expected, was " + e.errno(), e);
    }
  }

  static void assertErrno(Errno expected, Executable operation) {
    assertErrno(expected, operation, "operation");
  }
}
