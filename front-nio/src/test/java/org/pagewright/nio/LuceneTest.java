package org.pagewright.nio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.apache.lucene.analysis.standard.StandardAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.CheckIndex;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.IOContext;
import org.apache.lucene.store.IndexInput;
import org.apache.lucene.store.IndexOutput;
import org.apache.lucene.store.LockObtainFailedException;
import org.apache.lucene.store.MMapDirectory;
import org.apache.lucene.store.NIOFSDirectory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Lucene's indexes on volumes of ours: written, committed, searched, checked by its own
/// CheckIndex.
final class LuceneTest {
  private static final int DOCUMENTS = 900;

  @TempDir private Path dir;

  private static void index(FSDirectory directory) throws IOException {
    IndexWriterConfig config =
        new IndexWriterConfig(new StandardAnalyzer()).setRAMBufferSizeMB(0.5);
    Random random = new Random(7);
    try (IndexWriter writer = new IndexWriter(directory, config)) {
      for (int i = 0; i < DOCUMENTS; i++) {
        Document document = new Document();
        document.add(new StringField("id", "d" + i, Field.Store.YES));
        document.add(new NumericDocValuesField("number", i));
        StringBuilder text = new StringBuilder();
        for (int w = 0; w < 30; w++) {
          text.append("word").append(random.nextInt(500)).append(' ');
        }
        text.append(i % 3 == 0 ? "fizz" : "other");
        document.add(new TextField("text", text.toString(), Field.Store.YES));
        writer.addDocument(document);
        if (i % 300 == 0) {
          writer.commit();
        }
      }
      writer.deleteDocuments(new Term("id", "d3"));
      writer.forceMerge(1);
    }
  }

  private static void search(FSDirectory directory) throws IOException {
    try (DirectoryReader reader = DirectoryReader.open(directory)) {
      IndexSearcher searcher = new IndexSearcher(reader);
      assertEquals(DOCUMENTS / 3 - 1, searcher.count(new TermQuery(new Term("text", "fizz"))));
      var hit = searcher.search(new TermQuery(new Term("id", "d897")), 1).scoreDocs[0];
      Document found = reader.storedFields().document(hit.doc);
      assertTrue(found.get("text").endsWith("fizz"), found.get("text"));
    }
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    try (CheckIndex check = new CheckIndex(directory)) {
      check.setInfoStream(new PrintStream(said), true);
      check.setLevel(CheckIndex.Level.MIN_LEVEL_FOR_SLOW_CHECKS);
      assertTrue(check.checkIndex().clean, said::toString);
    }
  }

  @Test
  void anIndexOnAnImageIsThereWhenTheImageIsOpenedAgain() throws IOException {
    Path image = TestImages.make(dir.resolve("disk.img"), 64 << 20);
    try (FileSystem disk = FileSystems.newFileSystem(image, Map.of("cacheBytes", "4M"))) {
      try (FSDirectory directory = new NIOFSDirectory(disk.getPath("/index"))) {
        index(directory);
      }
    }
    try (FileSystem disk = FileSystems.newFileSystem(image, Map.of("cacheBytes", "1M"));
        FSDirectory directory = new NIOFSDirectory(disk.getPath("/index"))) {
      search(directory);
    }
  }

  @Test
  void anIndexInMemoryIsSearched() throws IOException {
    try (FileSystem memory = VolumeFileSystem.inMemory("lucene", Map.of());
        FSDirectory directory = new NIOFSDirectory(memory.getPath("/index"))) {
      index(directory);
      search(directory);
    }
  }

  /// The arena of a segment's files gives no memory, so there is not even a copy: NIOFSDirectory is
  /// the one to take. Files that have an arena of their own are read from a copy.
  @Test
  void theDirectoryThatMapsItsFilesIsRefusedInClearWords() throws IOException {
    try (FileSystem memory = VolumeFileSystem.inMemory("lucene-map", Map.of());
        FSDirectory directory = new MMapDirectory(memory.getPath("/index"))) {
      for (String name : java.util.List.of("alone", "_0.cfs")) {
        try (IndexOutput out = directory.createOutput(name, IOContext.DEFAULT)) {
          out.writeInt(42);
        }
      }
      try (IndexInput in = directory.openInput("alone", IOContext.DEFAULT)) {
        assertEquals(42, in.readInt());
      }
      UnsupportedOperationException e =
          assertThrows(
              UnsupportedOperationException.class,
              () -> directory.openInput("_0.cfs", IOContext.DEFAULT));
      assertTrue(e.getMessage().contains("/index/_0.cfs"), e.getMessage());
    }
  }

  @Test
  void anIndexIsLockedAgainstASecondWriter() throws IOException {
    try (FileSystem memory = VolumeFileSystem.inMemory("lucene-lock", Map.of());
        FSDirectory one = new NIOFSDirectory(memory.getPath("/index"));
        FSDirectory two = new NIOFSDirectory(memory.getPath("/index"));
        IndexWriter writer = new IndexWriter(one, new IndexWriterConfig())) {
      assertTrue(writer.isOpen());
      assertThrows(
          LockObtainFailedException.class, () -> new IndexWriter(two, new IndexWriterConfig()));
    }
  }

  /// What Lucene's own tests of a directory ask for.
  @Test
  void filesOfADirectoryAreMadeReadRenamedAndDeleted() throws IOException {
    Path image = TestImages.make(dir.resolve("disk.img"), 16 << 20);
    try (FileSystem disk = FileSystems.newFileSystem(image);
        FSDirectory directory = new NIOFSDirectory(disk.getPath("/files"))) {
      byte[] bytes = new byte[100_000];
      new Random(3).nextBytes(bytes);
      try (IndexOutput out = directory.createOutput("a", IOContext.DEFAULT)) {
        out.writeInt(42);
        out.writeBytes(bytes, bytes.length);
        out.writeString("\u00e4");
      }
      assertThrows(
          java.nio.file.FileAlreadyExistsException.class,
          () -> directory.createOutput("a", IOContext.DEFAULT));
      directory.sync(java.util.List.of("a"));
      directory.rename("a", "b");
      directory.syncMetaData();
      assertEquals(100_007, directory.fileLength("b"));
      try (IndexInput in = directory.openInput("b", IOContext.DEFAULT);
          IndexInput slice = in.slice("s", 4, bytes.length)) {
        assertEquals(42, in.readInt());
        byte[] read = new byte[bytes.length];
        slice.readBytes(read, 0, read.length);
        assertEquals(0, java.util.Arrays.compare(bytes, read));
        in.seek(4 + bytes.length);
        assertEquals("\u00e4", in.readString());
        assertThrows(java.io.EOFException.class, in::readByte);
      }
      directory.deleteFile("b");
      assertThrows(
          java.nio.file.NoSuchFileException.class,
          () -> directory.openInput("b", IOContext.DEFAULT));
      assertThrows(java.nio.file.NoSuchFileException.class, () -> directory.deleteFile("b"));
      assertEquals(0, directory.listAll().length);
      assertTrue(Files.isDirectory(disk.getPath("/files")));
    }
  }
}
