/// The numbers of volumes as management beans, for consoles and collectors that speak JMX.
///
/// [VolumeBean#register] makes one for an open volume; [VolumeMXBean] says what it has. A module of
/// its own, because of `java.management`: a program that does not ask for beans does without.
///
/// May import `observe`, `stats`, `vfs` of core.
package org.pagewright.jmx;
