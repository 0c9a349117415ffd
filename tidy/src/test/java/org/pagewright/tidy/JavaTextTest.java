package org.pagewright.tidy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/// The eye of the source checks: what it takes for code and what for words.
final class JavaTextTest {

  @Test
  void commentsAndLiteralsBecomeSpacesOfTheSameLength() {
    String source = "int a; // one\n/* two\n */ char c = 'x'; String s = \"four\";\n";
    String code = JavaText.blank(source);
    assertEquals(source.length(), code.length());
    assertEquals(source.lines().count(), code.lines().count());
    assertTrue(code.startsWith("int a;       \n"));
    assertFalse(code.contains("two") || code.contains("four") || code.contains("x"));
    assertTrue(code.contains("char c ="));
  }

  @Test
  void escapedQuotesDoNotEndALiteral() {
    assertEquals("a(      ) b", JavaText.blank("a(\"x\\\"y\") b"));
    assertEquals("a(    ) b", JavaText.blank("a('\\'') b"));
  }

  @Test
  void textBlocksMayHoldQuotes() {
    String code = JavaText.blank("s = \"\"\"\n  say \"lock\" \\\"\"\"\n  \"\"\"; call();");
    assertFalse(code.contains("lock"));
    assertTrue(code.endsWith("; call();"));
  }

  @Test
  void aCommentMarkInsideAStringIsNoComment() {
    assertTrue(JavaText.blank("open(\"//\"); call();").endsWith("); call();"));
  }
}
