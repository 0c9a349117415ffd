package org.pagewright.fs.ext4;

import org.pagewright.vfs.MountOptions;

/// How an ext4 image is opened. Start from [#DEFAULTS] and change what differs.
///
/// @param mount what every volume can be told: read-only, access times, clock
/// @param metadataBytes most memory for metadata blocks that are clean and unused
/// @param force write although the image was not closed cleanly or is marked as having errors
/// @param data what the journal promises of file content
/// @param commitSeconds age at which changes are committed though nobody asks; 0 for what the
///     superblock says, 5 if it says nothing
/// @param autoDaAlloc write a file's content out before it replaces another by a rename, and when
/// it
///     is closed after it was cut to nothing: programs that save files so lose nothing in a crash
/// @param onDamage what becomes of the volume when damage is met
public record Ext4Options(
    MountOptions mount,
    long metadataBytes,
    boolean force,
    DataMode data,
    int commitSeconds,
    boolean autoDaAlloc,
    OnDamage onDamage) {
  /// Read and write, 16 MiB for metadata, refuse what needs a check first, ordered data.
  public static final Ext4Options DEFAULTS =
      new Ext4Options(
          MountOptions.DEFAULTS, 16 << 20, false, DataMode.DEFAULT, 0, true, OnDamage.DEFAULT);

  /// Checks the bounds.
  public Ext4Options {
    if (commitSeconds < 0) {
      throw new IllegalArgumentException("commit every " + commitSeconds + " seconds");
    }
  }

  /// The same with other options of the volume.
  ///
  /// @param mount what every volume can be told
  /// @return changed options
  public Ext4Options withMount(MountOptions mount) {
    return new Ext4Options(
        mount, metadataBytes, force, data, commitSeconds, autoDaAlloc, onDamage);
  }

  /// The same with another bound for metadata.
  ///
  /// @param metadataBytes bytes
  /// @return changed options
  public Ext4Options withMetadataBytes(long metadataBytes) {
    return new Ext4Options(
        mount, metadataBytes, force, data, commitSeconds, autoDaAlloc, onDamage);
  }

  /// The same, but write whatever the image says of itself.
  ///
  /// @param force write although the image should be checked first
  /// @return changed options
  public Ext4Options withForce(boolean force) {
    return new Ext4Options(
        mount, metadataBytes, force, data, commitSeconds, autoDaAlloc, onDamage);
  }

  /// The same with another promise for content.
  ///
  /// @param data what the journal promises of file content
  /// @return changed options
  public Ext4Options withData(DataMode data) {
    return new Ext4Options(
        mount, metadataBytes, force, data, commitSeconds, autoDaAlloc, onDamage);
  }

  /// The same with another age for commits.
  ///
  /// @param commitSeconds seconds; 0 for what the superblock says
  /// @return changed options
  public Ext4Options withCommitSeconds(int commitSeconds) {
    return new Ext4Options(
        mount, metadataBytes, force, data, commitSeconds, autoDaAlloc, onDamage);
  }

  /// The same with or without care for programs that replace files.
  ///
  /// @param autoDaAlloc write content out before it replaces other content
  /// @return changed options
  public Ext4Options withAutoDaAlloc(boolean autoDaAlloc) {
    return new Ext4Options(
        mount, metadataBytes, force, data, commitSeconds, autoDaAlloc, onDamage);
  }

  /// The same with another answer to damage.
  ///
  /// @param onDamage what becomes of the volume when damage is met
  /// @return changed options
  public Ext4Options withOnDamage(OnDamage onDamage) {
    return new Ext4Options(
        mount, metadataBytes, force, data, commitSeconds, autoDaAlloc, onDamage);
  }

  /// Bits of the superblock's default mount options that choose the mode of data.
  private static final int DEFAULT_MODE = 0x60;

  private static final int DEFAULT_MODE_JOURNAL = 0x20;
  private static final int DEFAULT_MODE_WRITEBACK = 0x60;
  private static final int COMMIT_SECONDS = 5;

  /// The same with what a superblock says where nothing was chosen: first its string of options,
  /// then its bits. Words that are not known are the kernel's, and passed over.
  Ext4Options resolve(int defaultBits, String words, int errorsField) {
    DataMode mode =
        switch (defaultBits & DEFAULT_MODE) {
          case DEFAULT_MODE_JOURNAL -> DataMode.JOURNAL;
          case DEFAULT_MODE_WRITEBACK -> DataMode.WRITEBACK;
          default -> DataMode.ORDERED;
        };
    int seconds = COMMIT_SECONDS;
    boolean replace = autoDaAlloc;
    OnDamage damage = OnDamage.ofField(errorsField);
    for (String word : words.split(",")) {
      switch (word) {
        case "data=journal" -> mode = DataMode.JOURNAL;
        case "data=ordered" -> mode = DataMode.ORDERED;
        case "data=writeback" -> mode = DataMode.WRITEBACK;
        case "noauto_da_alloc" -> replace = false;
        default -> {
          OnDamage wanted = OnDamage.ofWord(word);
          damage = wanted == null ? damage : wanted;
          if (word.matches("commit=[0-9]{1,6}")) {
            int said = Integer.parseInt(word.substring("commit=".length()));
            seconds = said == 0 ? COMMIT_SECONDS : said;
          }
        }
      }
    }
    return new Ext4Options(
        mount,
        metadataBytes,
        force,
        data == DataMode.DEFAULT ? mode : data,
        commitSeconds == 0 ? seconds : commitSeconds,
        replace,
        onDamage == OnDamage.DEFAULT ? damage : onDamage);
  }
}
