/// Files as memory: regions, their page tables in software, and faults.
package org.pagewright.mm;
