using Atelier.Core.Access;

namespace Atelier.Core.Tests.Access;

public sealed class TokenSourceTests : IDisposable
{
    private const string Text = "0123456789abcdef0123456789abcdef";

    private readonly string _folder = Directory.CreateTempSubdirectory("atelier-token-").FullName;

    private string Token => Path.Combine(_folder, "token");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Read_Nothing_IsNoToken()
    {
        Assert.Null(TokenSource.Read(AccessRole.Person, null, null));
        Assert.Null(TokenSource.Read(AccessRole.Person, null, ""));
    }

    [Theory]
    [InlineData(UnixFileMode.UserRead)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead)]
    public void Read_FileOfItsOwner_MatchesItsToken(UnixFileMode mode)
    {
        Write(Text + "\n", mode);
        var token = TokenSource.Read(AccessRole.Worker, Token, null)!;
        Assert.True(token.Matches(Text));
        Assert.False(token.Matches(Text + "\n"));
        Assert.False(token.Matches(null));
        Assert.DoesNotContain(Text, token.ToString());
    }

    [Fact]
    public void Read_Variable_MatchesItsToken() => Assert.True(TokenSource.Read(AccessRole.Person, null, Text + "\n")!.Matches(Text));

    [Fact]
    public void Read_FileThatAllCanRead_IsRefusedThroughLinksToo()
    {
        Write(Text, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        var link = Path.Combine(_folder, "link");
        File.CreateSymbolicLink(link, Token);
        Assert.All(new[] { Token, link }, path => Says(() => TokenSource.Read(AccessRole.Worker, path, null), path, "--worker-token-file", "chmod 600"));
    }

    [Fact]
    public void Read_FileAndVariable_AsksForOne()
    {
        Write(Text, UnixFileMode.UserRead);
        Says(() => TokenSource.Read(AccessRole.Person, Token, Text), "--token-file", "ATELIER_TOKEN");
    }

    [Fact]
    public void Read_MissingFileOrFolder_IsNamed()
    {
        Says(() => TokenSource.Read(AccessRole.Person, Token, null), Token, "file not found");
        Says(() => TokenSource.Read(AccessRole.Person, _folder, null), _folder, "cannot be read");
    }

    [Theory]
    [InlineData("")]
    [InlineData("short")]
    [InlineData("two words 0123456789abcdef")]
    [InlineData("with-ümlaut-0123456789abcdef")]
    [InlineData("two\nlines-0123456789abcdef0123456789abcdef")]
    public void Read_NoGoodToken_IsNotRepeated(string text)
    {
        Write(text, UnixFileMode.UserRead);
        var error = Says(() => TokenSource.Read(AccessRole.Person, Token, null), Token, "22", "openssl rand");
        Assert.True(text.Length == 0 || !error.Contains(text, StringComparison.Ordinal));
    }

    [Fact]
    public void Read_FileOfSomethingElse_IsRefused()
    {
        Write(new string('x', 100_000), UnixFileMode.UserRead);
        Says(() => TokenSource.Read(AccessRole.Person, Token, null), Token, "1024");
    }

    private static string Says(Action read, params string[] parts)
    {
        var error = Assert.Throws<UserErrorException>(read).Message;
        Assert.All(parts, part => Assert.Contains(part, error));
        return error;
    }

    private void Write(string text, UnixFileMode mode)
    {
        File.WriteAllText(Token, text);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Token, mode);
    }
}
