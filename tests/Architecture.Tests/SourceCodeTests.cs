namespace Atelier.Architecture.Tests;

/// <summary>The scanner that the rules rest on.</summary>
public sealed class SourceCodeTests
{
    [Theory]
    [InlineData("a(); // unsafe", "a(); ")]
    [InlineData("a(/* unsafe */1);", "a(1);")]
    [InlineData("a(\"unsafe // \\\" \"); b();", "a(\"\"); b();")]
    [InlineData("a(@\"c:\\\", 'x'); b();", "a(\"\", \"\"); b();")]
    [InlineData("/* one\ntwo */b();", "\nb();")]
    public void Strip_TextsAndComments_AreBlank(string code, string expected) => Assert.Equal(expected, SourceCode.Strip(code));

    [Fact]
    public void Strip_Code_Stays() => Assert.Equal("unsafe void F(int* p) { }", SourceCode.Strip("unsafe void F(int* p) { }"));
}
