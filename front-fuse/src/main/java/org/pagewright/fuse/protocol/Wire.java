package org.pagewright.fuse.protocol;

/// Where the fields of the protocol's structures lie. Every number has the byte order of the host.
///
/// Names are the kernel's, in its include/uapi/linux/fuse.h; each size is asserted when the class
/// of the structure loads.
public final class Wire {
  private Wire() {}

  /// `fuse_in_header`: what every request begins with.
  public static final class InHeader {
    private static final Struct S =
        Struct.of(
            "fuse_in_header",
            40,
            "u32 len", "u32 opcode", "u64 unique", "u64 nodeid", "u32 uid", "u32 gid", "u32 pid",
            "u16 total_extlen", "u16 padding");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Bytes of the whole request.
    public static final int LEN = S.at("len");

    /// What is asked, see [Opcode].
    public static final int OPCODE = S.at("opcode");

    /// Names the request in its answer.
    public static final int UNIQUE = S.at("unique");

    /// The node it is about.
    public static final int NODEID = S.at("nodeid");

    /// Who asks.
    public static final int UID = S.at("uid");

    /// The group of who asks.
    public static final int GID = S.at("gid");

    /// The thread that asks; 0 for the kernel.
    public static final int PID = S.at("pid");

    /// Length of extensions at the end, in 8 bytes.
    public static final int TOTAL_EXTLEN = S.at("total_extlen");

    private InHeader() {}
  }

  /// `fuse_out_header`: what every answer begins with.
  public static final class OutHeader {
    private static final Struct S =
        Struct.of(
            "fuse_out_header",
            16,
            "u32 len", "u32 error", "u64 unique");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Bytes of the whole answer.
    public static final int LEN = S.at("len");

    /// 0, a negated error number, or the code of a notification.
    public static final int ERROR = S.at("error");

    /// Of the request; 0 for a notification.
    public static final int UNIQUE = S.at("unique");

    private OutHeader() {}
  }

  /// `fuse_attr`: attributes of a node.
  public static final class Attr {
    private static final Struct S =
        Struct.of(
            "fuse_attr",
            88,
            "u64 ino", "u64 size", "u64 blocks", "u64 atime", "u64 mtime", "u64 ctime",
            "u32 atimensec", "u32 mtimensec", "u32 ctimensec", "u32 mode", "u32 nlink", "u32 uid",
            "u32 gid", "u32 rdev", "u32 blksize", "u32 flags");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Inode number.
    public static final int INO = S.at("ino");

    /// Bytes.
    public static final int SIZE = S.at("size");

    /// Units of 512 bytes.
    public static final int BLOCKS = S.at("blocks");

    /// Seconds.
    public static final int ATIME = S.at("atime");

    /// Seconds.
    public static final int MTIME = S.at("mtime");

    /// Seconds.
    public static final int CTIME = S.at("ctime");

    /// Nanoseconds.
    public static final int ATIMENSEC = S.at("atimensec");

    /// Nanoseconds.
    public static final int MTIMENSEC = S.at("mtimensec");

    /// Nanoseconds.
    public static final int CTIMENSEC = S.at("ctimensec");

    /// Type and permissions.
    public static final int MODE = S.at("mode");

    /// Number of names.
    public static final int NLINK = S.at("nlink");

    /// Owner.
    public static final int UID = S.at("uid");

    /// Group.
    public static final int GID = S.at("gid");

    /// Device number.
    public static final int RDEV = S.at("rdev");

    /// Good unit of I/O.
    public static final int BLKSIZE = S.at("blksize");

    private Attr() {}
  }

  /// `fuse_entry_out`: answers a lookup; attributes lie behind it.
  public static final class EntryOut {
    private static final Struct S =
        Struct.of(
            "fuse_entry_out",
            40,
            "u64 nodeid", "u64 generation", "u64 entry_valid", "u64 attr_valid",
            "u32 entry_valid_nsec", "u32 attr_valid_nsec");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// 0 for a name that is not there.
    public static final int NODEID = S.at("nodeid");

    /// Of the number.
    public static final int GENERATION = S.at("generation");

    /// How long the name is good, seconds.
    public static final int ENTRY_VALID = S.at("entry_valid");

    /// How long the attributes are, seconds.
    public static final int ATTR_VALID = S.at("attr_valid");

    /// And nanoseconds.
    public static final int ENTRY_VALID_NSEC = S.at("entry_valid_nsec");

    /// And nanoseconds.
    public static final int ATTR_VALID_NSEC = S.at("attr_valid_nsec");

    private EntryOut() {}
  }

  /// `fuse_attr_out`: answers a question for attributes, which lie behind it.
  public static final class AttrOut {
    private static final Struct S =
        Struct.of(
            "fuse_attr_out",
            16,
            "u64 attr_valid", "u32 attr_valid_nsec", "u32 dummy");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// How long they are good, seconds.
    public static final int ATTR_VALID = S.at("attr_valid");

    /// And nanoseconds.
    public static final int ATTR_VALID_NSEC = S.at("attr_valid_nsec");

    private AttrOut() {}
  }

  /// `fuse_forget_in`: the kernel lets a node go.
  public static final class ForgetIn {
    private static final Struct S =
        Struct.of(
            "fuse_forget_in",
            8,
            "u64 nlookup");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// So many lookups.
    public static final int NLOOKUP = S.at("nlookup");

    private ForgetIn() {}
  }

  /// `fuse_forget_one`: one of many that the kernel lets go.
  public static final class ForgetOne {
    private static final Struct S =
        Struct.of(
            "fuse_forget_one",
            16,
            "u64 nodeid", "u64 nlookup");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Which.
    public static final int NODEID = S.at("nodeid");

    /// So many lookups.
    public static final int NLOOKUP = S.at("nlookup");

    private ForgetOne() {}
  }

  /// `fuse_batch_forget_in`: how many follow.
  public static final class BatchForgetIn {
    private static final Struct S =
        Struct.of(
            "fuse_batch_forget_in",
            8,
            "u32 count", "u32 dummy");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// So many.
    public static final int COUNT = S.at("count");

    private BatchForgetIn() {}
  }

  /// `fuse_getattr_in`.
  public static final class GetattrIn {
    private static final Struct S =
        Struct.of(
            "fuse_getattr_in",
            16,
            "u32 getattr_flags", "u32 dummy", "u64 fh");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// 1: the handle is given.
    public static final int GETATTR_FLAGS = S.at("getattr_flags");

    /// The handle.
    public static final int FH = S.at("fh");

    private GetattrIn() {}
  }

  /// `fuse_statx_in`.
  public static final class StatxIn {
    private static final Struct S =
        Struct.of(
            "fuse_statx_in",
            24,
            "u32 getattr_flags", "u32 reserved", "u64 fh", "u32 sx_flags", "u32 sx_mask");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// 1: the handle is given.
    public static final int GETATTR_FLAGS = S.at("getattr_flags");

    /// The handle.
    public static final int FH = S.at("fh");

    /// Flags of `statx`.
    public static final int SX_FLAGS = S.at("sx_flags");

    /// What is wanted.
    public static final int SX_MASK = S.at("sx_mask");

    private StatxIn() {}
  }

  /// `fuse_statx_out`: answers statx; the structure lies behind it.
  public static final class StatxOut {
    private static final Struct S =
        Struct.of(
            "fuse_statx_out",
            32,
            "u64 attr_valid", "u32 attr_valid_nsec", "u32 flags", "u64 spare1", "u64 spare2");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// How long it is good, seconds.
    public static final int ATTR_VALID = S.at("attr_valid");

    /// And nanoseconds.
    public static final int ATTR_VALID_NSEC = S.at("attr_valid_nsec");

    private StatxOut() {}
  }

  /// `fuse_statx`: what `statx` tells.
  public static final class Statx {
    private static final Struct S =
        Struct.of(
            "fuse_statx",
            256,
            "u32 mask", "u32 blksize", "u64 attributes", "u32 nlink", "u32 uid", "u32 gid",
            "u16 mode", "u16 spare0", "u64 ino", "u64 size", "u64 blocks", "u64 attributes_mask",
            "u64 atime", "u32 atimensec", "u32 reserved1", "u64 btime", "u32 btimensec",
            "u32 reserved2", "u64 ctime", "u32 ctimensec", "u32 reserved3", "u64 mtime",
            "u32 mtimensec", "u32 reserved4", "u32 rdev_major", "u32 rdev_minor", "u32 dev_major",
            "u32 dev_minor", "u64 spare20", "u64 spare21", "u64 spare22", "u64 spare23",
            "u64 spare24", "u64 spare25", "u64 spare26", "u64 spare27", "u64 spare28",
            "u64 spare29", "u64 spare2a", "u64 spare2b", "u64 spare2c", "u64 spare2d");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// What is filled in.
    public static final int MASK = S.at("mask");

    /// Good unit of I/O.
    public static final int BLKSIZE = S.at("blksize");

    /// Immutable and the like.
    public static final int ATTRIBUTES = S.at("attributes");

    /// Number of names.
    public static final int NLINK = S.at("nlink");

    /// Owner.
    public static final int UID = S.at("uid");

    /// Group.
    public static final int GID = S.at("gid");

    /// Type and permissions.
    public static final int MODE = S.at("mode");

    /// Inode number.
    public static final int INO = S.at("ino");

    /// Bytes.
    public static final int SIZE = S.at("size");

    /// Units of 512 bytes.
    public static final int BLOCKS = S.at("blocks");

    /// Which attributes we know.
    public static final int ATTRIBUTES_MASK = S.at("attributes_mask");

    /// Seconds.
    public static final int ATIME = S.at("atime");

    /// Nanoseconds.
    public static final int ATIMENSEC = S.at("atimensec");

    /// Seconds.
    public static final int BTIME = S.at("btime");

    /// Nanoseconds.
    public static final int BTIMENSEC = S.at("btimensec");

    /// Seconds.
    public static final int CTIME = S.at("ctime");

    /// Nanoseconds.
    public static final int CTIMENSEC = S.at("ctimensec");

    /// Seconds.
    public static final int MTIME = S.at("mtime");

    /// Nanoseconds.
    public static final int MTIMENSEC = S.at("mtimensec");

    /// Device number.
    public static final int RDEV_MAJOR = S.at("rdev_major");

    /// Device number.
    public static final int RDEV_MINOR = S.at("rdev_minor");

    private Statx() {}
  }

  /// `fuse_setattr_in`.
  public static final class SetattrIn {
    private static final Struct S =
        Struct.of(
            "fuse_setattr_in",
            88,
            "u32 valid", "u32 padding", "u64 fh", "u64 size", "u64 lock_owner", "u64 atime",
            "u64 mtime", "u64 ctime", "u32 atimensec", "u32 mtimensec", "u32 ctimensec",
            "u32 mode", "u32 unused4", "u32 uid", "u32 gid", "u32 unused5");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Which of the rest, FATTR bits.
    public static final int VALID = S.at("valid");

    /// Handle.
    public static final int FH = S.at("fh");

    /// Bytes.
    public static final int SIZE = S.at("size");

    /// Seconds.
    public static final int ATIME = S.at("atime");

    /// Seconds.
    public static final int MTIME = S.at("mtime");

    /// Seconds.
    public static final int CTIME = S.at("ctime");

    /// Nanoseconds.
    public static final int ATIMENSEC = S.at("atimensec");

    /// Nanoseconds.
    public static final int MTIMENSEC = S.at("mtimensec");

    /// Nanoseconds.
    public static final int CTIMENSEC = S.at("ctimensec");

    /// Permissions.
    public static final int MODE = S.at("mode");

    /// Owner.
    public static final int UID = S.at("uid");

    /// Group.
    public static final int GID = S.at("gid");

    private SetattrIn() {}
  }

  /// `fuse_mknod_in`: the name follows.
  public static final class MknodIn {
    private static final Struct S =
        Struct.of(
            "fuse_mknod_in",
            16,
            "u32 mode", "u32 rdev", "u32 umask", "u32 padding");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Type and permissions.
    public static final int MODE = S.at("mode");

    /// Device number.
    public static final int RDEV = S.at("rdev");

    /// Of who asks.
    public static final int UMASK = S.at("umask");

    private MknodIn() {}
  }

  /// `fuse_mkdir_in`: the name follows.
  public static final class MkdirIn {
    private static final Struct S =
        Struct.of(
            "fuse_mkdir_in",
            8,
            "u32 mode", "u32 umask");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Permissions.
    public static final int MODE = S.at("mode");

    /// Of who asks.
    public static final int UMASK = S.at("umask");

    private MkdirIn() {}
  }

  /// `fuse_rename_in`: both names follow.
  public static final class RenameIn {
    private static final Struct S =
        Struct.of(
            "fuse_rename_in",
            8,
            "u64 newdir");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Where to.
    public static final int NEWDIR = S.at("newdir");

    private RenameIn() {}
  }

  /// `fuse_rename2_in`: both names follow.
  public static final class Rename2In {
    private static final Struct S =
        Struct.of(
            "fuse_rename2_in",
            16,
            "u64 newdir", "u32 flags", "u32 padding");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Where to.
    public static final int NEWDIR = S.at("newdir");

    /// Of `renameat2`.
    public static final int FLAGS = S.at("flags");

    private Rename2In() {}
  }

  /// `fuse_link_in`: the name follows.
  public static final class LinkIn {
    private static final Struct S =
        Struct.of(
            "fuse_link_in",
            8,
            "u64 oldnodeid");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// What gets a name.
    public static final int OLDNODEID = S.at("oldnodeid");

    private LinkIn() {}
  }

  /// `fuse_open_in`.
  public static final class OpenIn {
    private static final Struct S =
        Struct.of(
            "fuse_open_in",
            8,
            "u32 flags", "u32 open_flags");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Of `open`.
    public static final int FLAGS = S.at("flags");

    /// 1: take set-id bits away.
    public static final int OPEN_FLAGS = S.at("open_flags");

    private OpenIn() {}
  }

  /// `fuse_create_in`: the name follows.
  public static final class CreateIn {
    private static final Struct S =
        Struct.of(
            "fuse_create_in",
            16,
            "u32 flags", "u32 mode", "u32 umask", "u32 open_flags");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Of `open`.
    public static final int FLAGS = S.at("flags");

    /// Permissions.
    public static final int MODE = S.at("mode");

    /// Of who asks.
    public static final int UMASK = S.at("umask");

    /// 1: take set-id bits away.
    public static final int OPEN_FLAGS = S.at("open_flags");

    private CreateIn() {}
  }

  /// `fuse_open_out`.
  public static final class OpenOut {
    private static final Struct S =
        Struct.of(
            "fuse_open_out",
            16,
            "u64 fh", "u32 open_flags", "u32 padding");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Handle.
    public static final int FH = S.at("fh");

    /// FOPEN bits.
    public static final int OPEN_FLAGS = S.at("open_flags");

    private OpenOut() {}
  }

  /// `fuse_release_in`.
  public static final class ReleaseIn {
    private static final Struct S =
        Struct.of(
            "fuse_release_in",
            24,
            "u64 fh", "u32 flags", "u32 release_flags", "u64 lock_owner");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Handle.
    public static final int FH = S.at("fh");

    /// Of `open`.
    public static final int FLAGS = S.at("flags");

    /// 2: let its flock go.
    public static final int RELEASE_FLAGS = S.at("release_flags");

    /// Whose locks go.
    public static final int LOCK_OWNER = S.at("lock_owner");

    private ReleaseIn() {}
  }

  /// `fuse_flush_in`.
  public static final class FlushIn {
    private static final Struct S =
        Struct.of(
            "fuse_flush_in",
            24,
            "u64 fh", "u32 unused", "u32 padding", "u64 lock_owner");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Handle.
    public static final int FH = S.at("fh");

    /// Whose locks go.
    public static final int LOCK_OWNER = S.at("lock_owner");

    private FlushIn() {}
  }

  /// `fuse_read_in`.
  public static final class ReadIn {
    private static final Struct S =
        Struct.of(
            "fuse_read_in",
            40,
            "u64 fh", "u64 offset", "u32 size", "u32 read_flags", "u64 lock_owner", "u32 flags",
            "u32 padding");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Handle.
    public static final int FH = S.at("fh");

    /// First byte; of a directory a cookie.
    public static final int OFFSET = S.at("offset");

    /// Most bytes.
    public static final int SIZE = S.at("size");

    /// Of `open`.
    public static final int FLAGS = S.at("flags");

    private ReadIn() {}
  }

  /// `fuse_write_in`: the bytes follow.
  public static final class WriteIn {
    private static final Struct S =
        Struct.of(
            "fuse_write_in",
            40,
            "u64 fh", "u64 offset", "u32 size", "u32 write_flags", "u64 lock_owner", "u32 flags",
            "u32 padding");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Handle.
    public static final int FH = S.at("fh");

    /// First byte.
    public static final int OFFSET = S.at("offset");

    /// Bytes.
    public static final int SIZE = S.at("size");

    /// 1: from the kernel's cache; 4: take set-id bits away.
    public static final int WRITE_FLAGS = S.at("write_flags");

    /// Of `open`.
    public static final int FLAGS = S.at("flags");

    private WriteIn() {}
  }

  /// `fuse_write_out`.
  public static final class WriteOut {
    private static final Struct S =
        Struct.of(
            "fuse_write_out",
            8,
            "u32 size", "u32 padding");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Bytes taken.
    public static final int SIZE = S.at("size");

    private WriteOut() {}
  }

  /// `fuse_kstatfs`.
  public static final class StatfsOut {
    private static final Struct S =
        Struct.of(
            "fuse_kstatfs",
            80,
            "u64 blocks", "u64 bfree", "u64 bavail", "u64 files", "u64 ffree", "u32 bsize",
            "u32 namelen", "u32 frsize", "u32 padding", "u32 spare0", "u32 spare1", "u32 spare2",
            "u32 spare3", "u32 spare4", "u32 spare5");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// All.
    public static final int BLOCKS = S.at("blocks");

    /// Free.
    public static final int BFREE = S.at("bfree");

    /// Free for users.
    public static final int BAVAIL = S.at("bavail");

    /// Inodes.
    public static final int FILES = S.at("files");

    /// Free inodes.
    public static final int FFREE = S.at("ffree");

    /// Good unit of I/O.
    public static final int BSIZE = S.at("bsize");

    /// Longest name.
    public static final int NAMELEN = S.at("namelen");

    /// Bytes of a block.
    public static final int FRSIZE = S.at("frsize");

    private StatfsOut() {}
  }

  /// `fuse_fsync_in`.
  public static final class FsyncIn {
    private static final Struct S =
        Struct.of(
            "fuse_fsync_in",
            16,
            "u64 fh", "u32 fsync_flags", "u32 padding");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Handle.
    public static final int FH = S.at("fh");

    /// 1: only what reading needs.
    public static final int FSYNC_FLAGS = S.at("fsync_flags");

    private FsyncIn() {}
  }

  /// `fuse_setxattr_in`: name and value follow.
  public static final class SetxattrIn {
    private static final Struct S =
        Struct.of(
            "fuse_setxattr_in",
            16,
            "u32 size", "u32 flags", "u32 setxattr_flags", "u32 padding");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Of the value.
    public static final int SIZE = S.at("size");

    /// 1 make, 2 replace.
    public static final int FLAGS = S.at("flags");

    /// 1: take the set-group-id bit away.
    public static final int SETXATTR_FLAGS = S.at("setxattr_flags");

    private SetxattrIn() {}
  }

  /// `fuse_getxattr_in`: the name follows.
  public static final class GetxattrIn {
    private static final Struct S =
        Struct.of(
            "fuse_getxattr_in",
            8,
            "u32 size", "u32 padding");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Room; 0 to ask how much is needed.
    public static final int SIZE = S.at("size");

    private GetxattrIn() {}
  }

  /// `fuse_getxattr_out`.
  public static final class GetxattrOut {
    private static final Struct S =
        Struct.of(
            "fuse_getxattr_out",
            8,
            "u32 size", "u32 padding");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Needed.
    public static final int SIZE = S.at("size");

    private GetxattrOut() {}
  }

  /// `fuse_lk_in`.
  public static final class LkIn {
    private static final Struct S =
        Struct.of(
            "fuse_lk_in",
            48,
            "u64 fh", "u64 owner", "u64 start", "u64 end", "u32 type", "u32 pid", "u32 lk_flags",
            "u32 padding");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Handle.
    public static final int FH = S.at("fh");

    /// Of the lock.
    public static final int OWNER = S.at("owner");

    /// First byte.
    public static final int START = S.at("start");

    /// Last byte.
    public static final int END = S.at("end");

    /// 0 shared, 1 exclusive, 2 none.
    public static final int TYPE = S.at("type");

    /// Of the process.
    public static final int PID = S.at("pid");

    /// 1: flock.
    public static final int LK_FLAGS = S.at("lk_flags");

    private LkIn() {}
  }

  /// `fuse_lk_out`.
  public static final class LkOut {
    private static final Struct S =
        Struct.of(
            "fuse_lk_out",
            24,
            "u64 start", "u64 end", "u32 type", "u32 pid");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// First byte.
    public static final int START = S.at("start");

    /// Last byte.
    public static final int END = S.at("end");

    /// 0 shared, 1 exclusive, 2 none.
    public static final int TYPE = S.at("type");

    /// Of the process.
    public static final int PID = S.at("pid");

    private LkOut() {}
  }

  /// `fuse_access_in`.
  public static final class AccessIn {
    private static final Struct S =
        Struct.of(
            "fuse_access_in",
            8,
            "u32 mask", "u32 padding");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Of `access`.
    public static final int MASK = S.at("mask");

    private AccessIn() {}
  }

  /// `fuse_init_in`.
  public static final class InitIn {
    private static final Struct S =
        Struct.of(
            "fuse_init_in",
            64,
            "u32 major", "u32 minor", "u32 max_readahead", "u32 flags", "u32 flags2",
            "u32 unused0", "u32 unused1", "u32 unused2", "u32 unused3", "u32 unused4",
            "u32 unused5", "u32 unused6", "u32 unused7", "u32 unused8", "u32 unused9",
            "u32 unuseda");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Of the protocol.
    public static final int MAJOR = S.at("major");

    /// Of the protocol.
    public static final int MINOR = S.at("minor");

    /// Bytes.
    public static final int MAX_READAHEAD = S.at("max_readahead");

    /// What the kernel can.
    public static final int FLAGS = S.at("flags");

    /// And the upper half.
    public static final int FLAGS2 = S.at("flags2");

    private InitIn() {}
  }

  /// `fuse_init_out`.
  public static final class InitOut {
    private static final Struct S =
        Struct.of(
            "fuse_init_out",
            64,
            "u32 major", "u32 minor", "u32 max_readahead", "u32 flags", "u16 max_background",
            "u16 congestion_threshold", "u32 max_write", "u32 time_gran", "u16 max_pages",
            "u16 map_alignment", "u32 flags2", "u32 max_stack_depth", "u32 unused0", "u32 unused1",
            "u32 unused2", "u32 unused3", "u32 unused4", "u32 unused5");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Of the protocol.
    public static final int MAJOR = S.at("major");

    /// Of the protocol.
    public static final int MINOR = S.at("minor");

    /// Bytes.
    public static final int MAX_READAHEAD = S.at("max_readahead");

    /// What we want.
    public static final int FLAGS = S.at("flags");

    /// Requests nobody waits for.
    public static final int MAX_BACKGROUND = S.at("max_background");

    /// From so many on the kernel holds back.
    public static final int CONGESTION_THRESHOLD = S.at("congestion_threshold");

    /// Bytes.
    public static final int MAX_WRITE = S.at("max_write");

    /// Nanoseconds.
    public static final int TIME_GRAN = S.at("time_gran");

    /// Of one request.
    public static final int MAX_PAGES = S.at("max_pages");

    /// And the upper half.
    public static final int FLAGS2 = S.at("flags2");

    private InitOut() {}
  }

  /// `fuse_interrupt_in`.
  public static final class InterruptIn {
    private static final Struct S =
        Struct.of(
            "fuse_interrupt_in",
            8,
            "u64 unique");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// The request nobody waits for any more.
    public static final int UNIQUE = S.at("unique");

    private InterruptIn() {}
  }

  /// `fuse_bmap_in`.
  public static final class BmapIn {
    private static final Struct S =
        Struct.of(
            "fuse_bmap_in",
            16,
            "u64 block", "u32 blocksize", "u32 padding");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    private BmapIn() {}
  }

  /// `fuse_ioctl_in`: what is passed in follows.
  public static final class IoctlIn {
    private static final Struct S =
        Struct.of(
            "fuse_ioctl_in",
            32,
            "u64 fh", "u32 flags", "u32 cmd", "u64 arg", "u32 in_size", "u32 out_size");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Handle.
    public static final int FH = S.at("fh");

    /// 16: of a directory.
    public static final int FLAGS = S.at("flags");

    /// The command.
    public static final int CMD = S.at("cmd");

    /// The argument.
    public static final int ARG = S.at("arg");

    /// Bytes that follow.
    public static final int IN_SIZE = S.at("in_size");

    /// Room for what comes out.
    public static final int OUT_SIZE = S.at("out_size");

    private IoctlIn() {}
  }

  /// `fuse_ioctl_out`: what comes out follows.
  public static final class IoctlOut {
    private static final Struct S =
        Struct.of(
            "fuse_ioctl_out",
            16,
            "u32 result", "u32 flags", "u32 in_iovs", "u32 out_iovs");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Of `ioctl`.
    public static final int RESULT = S.at("result");

    private IoctlOut() {}
  }

  /// `fuse_poll_in`.
  public static final class PollIn {
    private static final Struct S =
        Struct.of(
            "fuse_poll_in",
            24,
            "u64 fh", "u64 kh", "u32 flags", "u32 events");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Handle.
    public static final int FH = S.at("fh");

    private PollIn() {}
  }

  /// `fuse_fallocate_in`.
  public static final class FallocateIn {
    private static final Struct S =
        Struct.of(
            "fuse_fallocate_in",
            32,
            "u64 fh", "u64 offset", "u64 length", "u32 mode", "u32 padding");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Handle.
    public static final int FH = S.at("fh");

    /// First byte.
    public static final int OFFSET = S.at("offset");

    /// Bytes.
    public static final int LENGTH = S.at("length");

    /// Of `fallocate`.
    public static final int MODE = S.at("mode");

    private FallocateIn() {}
  }

  /// `fuse_lseek_in`.
  public static final class LseekIn {
    private static final Struct S =
        Struct.of(
            "fuse_lseek_in",
            24,
            "u64 fh", "u64 offset", "u32 whence", "u32 padding");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Handle.
    public static final int FH = S.at("fh");

    /// From where.
    public static final int OFFSET = S.at("offset");

    /// 3 data, 4 hole.
    public static final int WHENCE = S.at("whence");

    private LseekIn() {}
  }

  /// `fuse_lseek_out`.
  public static final class LseekOut {
    private static final Struct S =
        Struct.of(
            "fuse_lseek_out",
            8,
            "u64 offset");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Found.
    public static final int OFFSET = S.at("offset");

    private LseekOut() {}
  }

  /// `fuse_copy_file_range_in`.
  public static final class CopyIn {
    private static final Struct S =
        Struct.of(
            "fuse_copy_file_range_in",
            56,
            "u64 fh_in", "u64 off_in", "u64 nodeid_out", "u64 fh_out", "u64 off_out", "u64 len",
            "u64 flags");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Handle to read.
    public static final int FH_IN = S.at("fh_in");

    /// First byte.
    public static final int OFF_IN = S.at("off_in");

    /// Node to write.
    public static final int NODEID_OUT = S.at("nodeid_out");

    /// Handle to write.
    public static final int FH_OUT = S.at("fh_out");

    /// First byte there.
    public static final int OFF_OUT = S.at("off_out");

    /// Bytes.
    public static final int LEN = S.at("len");

    /// None are known.
    public static final int FLAGS = S.at("flags");

    private CopyIn() {}
  }

  /// `fuse_syncfs_in`.
  public static final class SyncfsIn {
    private static final Struct S =
        Struct.of(
            "fuse_syncfs_in",
            8,
            "u64 padding");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    private SyncfsIn() {}
  }

  /// `fuse_dirent`: an entry of a directory; the name follows, filled up to 8 bytes.
  public static final class Dirent {
    private static final Struct S =
        Struct.of(
            "fuse_dirent",
            24,
            "u64 ino", "u64 off", "u32 namelen", "u32 type");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Inode number.
    public static final int INO = S.at("ino");

    /// Where to go on.
    public static final int OFF = S.at("off");

    /// Bytes.
    public static final int NAMELEN = S.at("namelen");

    /// `d_type`.
    public static final int TYPE = S.at("type");

    private Dirent() {}
  }

  /// `fuse_notify_inval_inode_out`: forget what you have of a node.
  public static final class InvalInode {
    private static final Struct S =
        Struct.of(
            "fuse_notify_inval_inode_out",
            24,
            "u64 ino", "u64 off", "u64 len");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Which node.
    public static final int INO = S.at("ino");

    /// First byte; negative: attributes only.
    public static final int OFF = S.at("off");

    /// Bytes; 0 to the end.
    public static final int LEN = S.at("len");

    private InvalInode() {}
  }

  /// `fuse_notify_inval_entry_out`: forget what you have of a name, which follows.
  public static final class InvalEntry {
    private static final Struct S =
        Struct.of(
            "fuse_notify_inval_entry_out",
            16,
            "u64 parent", "u32 namelen", "u32 flags");

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Its directory.
    public static final int PARENT = S.at("parent");

    /// Bytes.
    public static final int NAMELEN = S.at("namelen");

    /// 1: only let it expire.
    public static final int FLAGS = S.at("flags");

    private InvalEntry() {}
  }

  /// `fuse_uring_req_header`: what an entry of a ring has beside its payload. The header of the
  /// request lies where that of the answer will.
  public static final class RingHeader {
    private static final Struct ENTRY =
        Struct.of(
            "fuse_uring_ent_in_out",
            32,
            "u64 flags", "u64 commit_id", "u32 payload_sz", "u32 padding", "u64 reserved");

    /// Where the header of the request or of the answer begins.
    public static final int IN_OUT = 0;

    /// Where the structure of the opcode begins.
    public static final int OP_IN = 128;

    /// Bytes that a structure of an opcode can have.
    public static final int OP_IN_BYTES = 128;

    private static final int ENTRY_AT = OP_IN + OP_IN_BYTES;

    /// Length of the structure, in bytes.
    public static final int BYTES = ENTRY_AT + ENTRY.size();

    /// Names the request when it is answered.
    public static final int COMMIT_ID = ENTRY_AT + ENTRY.at("commit_id");

    /// Bytes of the payload, there or back.
    public static final int PAYLOAD_SZ = ENTRY_AT + ENTRY.at("payload_sz");

    private RingHeader() {}
  }

  /// `fuse_uring_cmd_req`: what a command on a ring says for itself.
  public static final class RingCommand {
    private static final Struct S =
        Struct.of(
            "fuse_uring_cmd_req",
            24,
            "u64 flags", "u64 commit_id", "u16 qid", "u16 padding1", "u16 padding2",
            "u16 padding3");

    /// Operation: none, which the device refuses.
    public static final int INVALID = 0;

    /// Operation: here is an entry, to be filled with a request.
    public static final int REGISTER = 1;

    /// Operation: the entry holds an answer; take it, and fill it again.
    public static final int COMMIT_AND_FETCH = 2;

    /// Length of the structure, in bytes.
    public static final int BYTES = S.size();

    /// Which request is answered.
    public static final int COMMIT_ID = S.at("commit_id");

    /// The queue, which is a processor.
    public static final int QID = S.at("qid");

    private RingCommand() {}
  }
}
