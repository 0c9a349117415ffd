/// A lab in which every design that was tried fails where it should.
///
/// Entry point: [Lab].
package org.pagewright.lab;
