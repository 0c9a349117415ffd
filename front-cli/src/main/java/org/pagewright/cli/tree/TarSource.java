package org.pagewright.cli.tree;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveStructSparse;
import org.jspecify.annotations.Nullable;
import org.pagewright.cli.image.Cancellation;
import org.pagewright.cli.os.HostNames;
import org.pagewright.cli.report.CommandException;
import org.pagewright.cli.report.ExitCode;
import org.pagewright.vfs.DeviceNumber;
import org.pagewright.vfs.FileType;
import org.tukaani.xz.MemoryLimitException;

/// Reads a tree from a tar, in its order: ustar, pax and GNU, plain or compressed with gzip,
/// bzip2 or xz. Owners, modes, times, attributes and devices are those of the headers.
public final class TarSource {
  /// Names as they are: each byte a character. What is in pax records comes from [PaxTap].
  private static final String BYTES = "ISO-8859-1";

  private static final int BUFFER = 1 << 20;
  private static final int PERMISSIONS = 07777;
  private static final String CUT_OFF = "it ends before what was compressed does";
  private static final String XATTR = "SCHILY.xattr.";
  private static final String XATTR_LIBARCHIVE = "LIBARCHIVE.xattr.";
  private static final String[] SYMBOLIC_ACLS = {"SCHILY.acl.access", "SCHILY.acl.default"};

  private final Path tar;
  private final Cancellation cancellation;

  /// Directories that were made, with what their attributes will be.
  private final Map<String, Attributes> directories = new LinkedHashMap<>();

  /// What is no directory, though a later entry may take it for one.
  private final Set<String> symlinks = new HashSet<>();

  /// Numbers of names, from the headers: ACLs may have names only.
  private final Map<String, Integer> users = new HashMap<>(Map.of("root", 0));

  private final Map<String, Integer> groups = new HashMap<>(Map.of("root", 0));

  /// A reader of one tar.
  ///
  /// @param tar a file of the host
  /// @param cancellation asked between two files
  public TarSource(Path tar, Cancellation cancellation) {
    this.tar = tar;
    this.cancellation = cancellation;
  }

  /// Tells all that is in it, below the root of the target.
  ///
  /// @param target takes it
  /// @throws IOException what cannot be read or made
  public void walk(TreeTarget target) throws IOException {
    directories.clear();
    symlinks.clear();
    Attributes root =
        new Attributes(
            FileType.DIRECTORY.modeBits() | 0755,
            0, 0, 0, 0, Instant.EPOCH, Instant.EPOCH, List.of());
    try (BufferedInputStream file = new BufferedInputStream(Files.newInputStream(tar), BUFFER);
        InputStream unpacked = unpacked(file);
        PaxTap tap = new PaxTap(unpacked);
        TarArchiveInputStream entries = new TarArchiveInputStream(tap, BYTES)) {
      TarArchiveEntry entry;
      boolean any = false;
      while ((entry = nextEntry(entries)) != null) {
        any = true;
        cancellation.check();
        users.putIfAbsent(entry.getUserName(), (int) entry.getLongUserId());
        groups.putIfAbsent(entry.getGroupName(), (int) entry.getLongGroupId());
        String path = cleaned(nameOf(entry.getName(), tap, "GNU.sparse.name", "path"));
        if (path.equals("/")) {
          if (entry.isDirectory()) {
            directories.put("/", attributes(entry, tap));
          }
          continue;
        }
        makeParents(path, root, target);
        tell(entry, path, entries, tap, target);
      }
      if (!any) {
        checkNotEmptyByMistake();
      }
      if (unpacked != file) {
        readToTheEnd(unpacked);
      }
    }
    List<String> paths = new ArrayList<>(directories.keySet());
    for (String path : paths.reversed()) {
      target.leaveDirectory(path, directoryAttributes(path, root));
    }
  }

  private Attributes directoryAttributes(String path, Attributes otherwise) {
    Attributes attributes = directories.get(path);
    return attributes == null ? otherwise : attributes;
  }

  private InputStream unpacked(BufferedInputStream file) throws IOException {
    try {
      return Compression.unpacked(tar, file);
    } catch (CommandException e) {
      throw e;
    } catch (IOException e) {
      throw damaged(e);
    }
  }

  /// A tar ends before its file does, and the sums of what was compressed come last: whether all
  /// of it was sound is known at the end of the file.
  private void readToTheEnd(InputStream unpacked) throws IOException {
    byte[] some = new byte[64 << 10];
    int n;
    do { // ends: with the file
      cancellation.check();
      try {
        n = unpacked.read(some, 0, some.length);
      } catch (IOException e) {
        throw damaged(e);
      }
    } while (n >= 0);
  }

  private @Nullable TarArchiveEntry nextEntry(TarArchiveInputStream entries) throws IOException {
    try {
      return entries.getNextEntry();
    } catch (IOException | IllegalArgumentException e) {
      throw damaged(e);
    }
  }

  private CommandException damaged(Exception e) {
    if (e instanceof MemoryLimitException limit) {
      return Compression.tooLarge(tar, limit);
    }
    String why = e instanceof EOFException && e.getMessage() == null ? CUT_OFF : e.getMessage();
    return new CommandException(
        ExitCode.FAILED,
        tar + ": no tar, or a damaged one: " + why,
        "see what tar says: tar -tf " + tar,
        e);
  }

  /// A tar ends with zeros; a file that begins with other things is none.
  private void checkNotEmptyByMistake() throws IOException {
    if (Files.size(tar) == 0) {
      throw new CommandException(
          ExitCode.FAILED, tar + ": empty, no tar", "make one with tar -cf");
    }
  }

  /// A name byte for byte, from the first record that is there, else from the header.
  private static String nameOf(String header, PaxTap tap, String... keys) {
    for (String key : keys) {
      byte[] record = tap.records().get(key);
      if (record != null) {
        return HostNames.textOf(record, 0, record.length);
      }
    }
    byte[] bytes = header.getBytes(StandardCharsets.ISO_8859_1);
    return HostNames.textOf(bytes, 0, bytes.length);
  }

  /// From the root, without `.`; a name that leads out of the tree is refused.
  private String cleaned(String name) throws CommandException {
    StringBuilder path = new StringBuilder(name.length() + 1);
    int from = 0;
    while (from <= name.length()) { // ends: from grows
      int end = name.indexOf('/', from);
      end = end < 0 ? name.length() : end;
      String part = name.substring(from, end);
      from = end + 1;
      if (part.isEmpty() || part.equals(".")) {
        continue;
      }
      if (part.equals("..")) {
        throw new CommandException(
            ExitCode.FAILED,
            tar + ": entry `" + name + "` leads out of the tree (EINVAL)",
            "make the tar anew, from inside the tree: tar -C DIR -cf " + tar + " .");
      }
      path.append('/').append(part);
    }
    return path.isEmpty() ? "/" : path.toString();
  }

  private void makeParents(String path, Attributes made, TreeTarget target) throws IOException {
    for (int end = path.indexOf('/', 1); end > 0; end = path.indexOf('/', end + 1)) {
      String parent = path.substring(0, end);
      if (symlinks.contains(parent)) {
        throw new CommandException(
            ExitCode.FAILED,
            tar + ": entry `" + path + "` lies behind the symbolic link " + parent + " (EINVAL)",
            "make the tar anew from a tree");
      }
      if (!directories.containsKey(parent)) {
        directories.put(parent, made);
        target.enterDirectory(parent, made);
      }
    }
  }

  private void tell(
      TarArchiveEntry entry,
      String path,
      TarArchiveInputStream entries,
      PaxTap tap,
      TreeTarget target)
      throws IOException {
    if (entry.isDirectory()) {
      Attributes attributes = attributes(entry, tap);
      if (!directories.containsKey(path)) {
        target.enterDirectory(path, attributes);
      }
      directories.put(path, attributes);
    } else if (entry.isLink()) {
      target.hardLink(path, cleaned(nameOf(entry.getLinkName(), tap, "linkpath")));
    } else if (entry.isSymbolicLink()) {
      target.symlink(
          path, attributes(entry, tap), nameOf(entry.getLinkName(), tap, "linkpath"));
      symlinks.add(path);
    } else if (entry.isCharacterDevice() || entry.isBlockDevice() || entry.isFIFO()) {
      target.special(path, attributes(entry, tap));
    } else if (entry.isFile()) {
      target.file(path, attributes(entry, tap), new EntryContent(entry, entries));
    } else {
      throw new CommandException(
          ExitCode.FAILED,
          tar + ": entry `" + path + "` is of a kind that is not known (EOPNOTSUPP)",
          "make the tar anew with GNU tar or bsdtar");
    }
  }

  private Attributes attributes(TarArchiveEntry entry, PaxTap tap) throws IOException {
    FileType type =
        entry.isDirectory()
            ? FileType.DIRECTORY
            : entry.isSymbolicLink()
                ? FileType.SYMLINK
                : entry.isCharacterDevice()
                    ? FileType.CHARACTER_DEVICE
                    : entry.isBlockDevice()
                        ? FileType.BLOCK_DEVICE
                        : entry.isFIFO() ? FileType.FIFO : FileType.REGULAR;
    boolean device = entry.isCharacterDevice() || entry.isBlockDevice();
    Instant mtime = entry.getLastModifiedTime().toInstant();
    var accessed = entry.getLastAccessTime();
    return new Attributes(
        type.modeBits() | entry.getMode() & PERMISSIONS,
        (int) entry.getLongUserId(),
        (int) entry.getLongGroupId(),
        device ? DeviceNumber.of(entry.getDevMajor(), entry.getDevMinor()) : 0,
        type == FileType.REGULAR ? entry.getRealSize() : 0,
        accessed == null ? mtime : accessed.toInstant(),
        mtime,
        xattrs(entry, tap));
  }

  private List<Xattr> xattrs(TarArchiveEntry entry, PaxTap tap) throws IOException {
    Map<String, byte[]> records = tap.records();
    if (records.isEmpty()) {
      return List.of();
    }
    Map<String, byte[]> found = new TreeMap<>();
    for (Map.Entry<String, byte[]> record : records.entrySet()) {
      String key = record.getKey();
      if (key.startsWith(XATTR)) {
        found.put(key.substring(XATTR.length()), record.getValue());
      } else if (key.startsWith(XATTR_LIBARCHIVE)) {
        found.putIfAbsent(
            key.substring(XATTR_LIBARCHIVE.length()), decoded(entry, record.getValue()));
      }
    }
    for (String acl : SYMBOLIC_ACLS) {
      byte[] text = records.get(acl);
      String name = "system.posix_acl_" + acl.substring(acl.lastIndexOf('.') + 1);
      if (text != null && text.length > 0 && !found.containsKey(name)) {
        String where = tar + ": entry `" + entry.getName() + "`";
        found.put(name, AclText.toXattr(where, text, users::get, groups::get));
      }
    }
    List<Xattr> xattrs = new ArrayList<>(found.size());
    found.forEach((name, value) -> xattrs.add(new Xattr(name, value)));
    return xattrs;
  }

  private byte[] decoded(TarArchiveEntry entry, byte[] base64) throws CommandException {
    try {
      return Base64.getMimeDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      throw new CommandException(
          ExitCode.FAILED,
          tar + ": entry `" + entry.getName() + "`: attribute that is no Base64 (EINVAL)",
          "make the tar anew",
          e);
    }
  }

  /// The bytes of the entry that the stream stands at.
  private final class EntryContent implements Content {
    private final long size;
    private final TarArchiveInputStream in;
    private final @Nullable List<TarArchiveStructSparse> runs;
    private final byte[] buffer = new byte[64 << 10];
    private int run;
    private long at;

    EntryContent(TarArchiveEntry entry, TarArchiveInputStream in) throws IOException {
      this.size = entry.getRealSize();
      this.in = in;
      this.runs = entry.isSparse() ? entry.getOrderedSparseHeaders() : null;
    }

    @Override
    public long size() {
      return size;
    }

    @Override
    public boolean knowsHoles() {
      return runs != null;
    }

    @Override
    public long nextData(long pos) {
      if (runs == null) {
        return pos;
      }
      while (run < runs.size() && endOf(runs.get(run)) <= pos) {
        run++;
      }
      return run < runs.size() ? Math.max(pos, runs.get(run).getOffset()) : size;
    }

    private static long endOf(TarArchiveStructSparse run) {
      return run.getOffset() + run.getNumbytes();
    }

    @Override
    public long nextHole(long pos) {
      return runs == null || run >= runs.size() ? size : endOf(runs.get(run));
    }

    @Override
    public int read(long pos, MemorySegment target) throws IOException {
      try {
        while (at < pos) { // ends: a skip moves on, or the tar ends early
          long skipped = in.skip(pos - at);
          if (skipped <= 0) {
            throw new EOFException("it ends in the middle of a file");
          }
          at += skipped;
        }
        int length = (int) target.byteSize();
        int done = 0;
        while (done < length) { // ends: each turn reads something
          int n = in.read(buffer, 0, Math.min(buffer.length, length - done));
          if (n <= 0) {
            throw new EOFException("it ends in the middle of a file");
          }
          MemorySegment.copy(
              buffer, 0, target, ValueLayout.JAVA_BYTE, done, n);
          done += n;
        }
        at += done;
        return done;
      } catch (IOException e) {
        throw damaged(e);
      }
    }
  }
}
