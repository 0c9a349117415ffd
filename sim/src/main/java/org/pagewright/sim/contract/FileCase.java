package org.pagewright.sim.contract;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// A case of [AddressSpaceOperationsContract]: a method without result or arguments.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@interface FileCase {
  /// What the file system must have for it.
  FileFixture.Feature[] needs() default {};
}
