package org.pagewright.sim.contract;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// A case of a contract suite: a method without result that takes a fresh volume.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@interface Case {
  /// What the file system must have for it.
  VolumeFixture.Feature[] needs() default {};
}
