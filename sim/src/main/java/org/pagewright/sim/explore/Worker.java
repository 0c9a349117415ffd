package org.pagewright.sim.explore;

import java.lang.reflect.Constructor;
import java.lang.reflect.InaccessibleObjectException;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/// A virtual thread on which one logical thread after the other runs, and its scheduler: whoever
/// wants it to go on calls [#resume()], which returns when the thread yields.
///
/// A virtual thread and not a bare continuation, because the code under test asks for
/// `Thread.currentThread()` and keeps thread locals, lockdep first of all. A switch costs a third
/// of a microsecond; the thread is used again for the next schedule.
final class Worker implements Runnable, Executor {
  private static final Constructor<?> NEW = constructor();

  private final Run run;
  private final Thread thread;
  private @Nullable Runnable continuation;
  private @Nullable Logical job;

  Worker(Run run) {
    this.run = run;
    try {
      this.thread = (Thread) NEW.newInstance(this, null, 0, this);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("no virtual thread with a scheduler of our own", e);
    }
  }

  private static Constructor<?> constructor() {
    try {
      Constructor<?> found =
          Class.forName("java.lang.VirtualThread")
              .getDeclaredConstructor(Executor.class, String.class, int.class, Runnable.class);
      found.setAccessible(true);
      return found;
    } catch (InaccessibleObjectException e) {
      throw new IllegalStateException(
          "start the JVM with --add-opens java.base/java.lang=ALL-UNNAMED", e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("this JDK has no virtual threads that we know", e);
    }
  }

  Thread thread() {
    return thread;
  }

  void assign(@Nullable Logical logical) {
    job = logical;
  }

  /// The JDK wants the thread to run: it does when it is resumed.
  @Override
  public void execute(Runnable command) {
    continuation = command;
  }

  /// Lets the thread run until it yields or ends. By a platform thread.
  void resume() {
    if (continuation == null) {
      thread.start();
    }
    assert continuation != null;
    continuation.run();
  }

  /// On the virtual thread: one job after the other; none means that it is done for.
  @Override
  public void run() {
    Logical logical;
    while ((logical = job) != null) {
      job = null;
      run.perform(logical);
      Thread.yield();
    }
  }
}
