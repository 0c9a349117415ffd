/// Explores what a program does under every order of its threads' steps.
package org.pagewright.sim.explore;
