using Atelier.Core.Access;
using FsCheck;
using FsCheck.Fluent;

namespace Atelier.Core.Tests.Access;

public sealed class RunPathTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("atelier-paths-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("photos.zip")]
    [InlineData("data/photos/2026")]
    [InlineData("data/..hidden")]
    public void Inside_PathBelow_IsThere(string path) => Assert.Equal(Path.Combine(_root, path), RunPath.Inside(_root, path));

    [Theory]
    [InlineData("")]
    [InlineData("/etc/passwd")]
    [InlineData("..")]
    [InlineData("../up")]
    [InlineData("a/../../up")]
    [InlineData("a/./b")]
    [InlineData("a//b")]
    [InlineData("a/")]
    [InlineData("a\\..\\b")]
    [InlineData("a\0b")]
    public void Inside_PathElsewhere_IsRefused(string path) =>
        Assert.Contains("below the folder", Assert.Throws<UserErrorException>(() => RunPath.Inside(_root, path)).Message);

    [Fact]
    public void Inside_AnyText_StaysBelowOrIsRefused() =>
        Check.QuickThrowOnFailure(Prop.ForAll<string>(text =>
        {
            try
            {
                return text is null || Path.GetFullPath(RunPath.Inside(_root, text)).StartsWith(_root + "/", StringComparison.Ordinal);
            }
            catch (UserErrorException)
            {
                return true;
            }
        }));

    [Fact]
    public void Inside_ThroughALink_IsRefusedEvenWhereItDangles()
    {
        Directory.CreateDirectory(Path.Combine(_root, "data"));
        Directory.CreateSymbolicLink(Path.Combine(_root, "data", "out"), "/etc");
        File.CreateSymbolicLink(Path.Combine(_root, "dangling"), "/nowhere/at/all");
        Assert.All(
            new[] { "data/out", "data/out/passwd", "dangling" },
            path => Assert.Contains("link", Assert.Throws<UserErrorException>(() => RunPath.Inside(_root, path)).Message));
    }

    [Fact]
    public void Inside_RootBehindALink_IsTheOperatorsChoice()
    {
        Directory.CreateDirectory(Path.Combine(_root, "real"));
        var link = Path.Combine(_root, "link");
        Directory.CreateSymbolicLink(link, Path.Combine(_root, "real"));
        Assert.Equal(Path.Combine(link, "a"), RunPath.Inside(link, "a"));
    }
}
