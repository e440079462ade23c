using Atelier.Core.Access;

namespace Atelier.Core.Tests.Access;

public class RunNameTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("faces-256")]
    [InlineData("2026.11_cats")]
    public void Require_AllowedName_Passes(string name) => RunName.Require(name);

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a..b")]
    [InlineData("-a")]
    [InlineData("a-")]
    [InlineData(".a")]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    [InlineData("A")]
    [InlineData("a b")]
    [InlineData("a\0")]
    [InlineData("a\n")]
    [InlineData("ä")]
    public void Require_OtherName_IsRefused(string name) => Assert.Contains("faces-256", Assert.Throws<UserErrorException>(() => RunName.Require(name)).Message);

    [Fact]
    public void Require_Longest_IsTheLimit()
    {
        RunName.Require(new string('a', RunName.MaxLength));
        Assert.Throws<UserErrorException>(() => RunName.Require(new string('a', RunName.MaxLength + 1)));
    }

    [Fact]
    public void Require_HostileName_IsShownHarmlessly()
    {
        var message = Assert.Throws<UserErrorException>(() => RunName.Require("\u001b[31m" + new string('x', 100_000))).Message;
        Assert.DoesNotContain('\u001b', message);
        Assert.InRange(message.Length, 1, 500);
    }
}
