using System.Text.Json;
using Atelier.Core.Fleet;

namespace Atelier.Core.Tests.Fleet;

public class FleetNameTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("7")]
    [InlineData("faces-256")]
    [InlineData("2026.11_cats")]
    [InlineData("123456789012345678901234567890123456789012345678901234567890123")]
    public void Ids_OfAnAllowedName_AreItsTextInJson(string name)
    {
        var (run, worker) = (JsonSerializer.Serialize(new RunId(name)), JsonSerializer.Serialize(new WorkerId(name)));
        Assert.Equal(($"\"{name}\"", $"\"{name}\""), (run, worker));
        Assert.Equal(new RunId(name), JsonSerializer.Deserialize<RunId>(run));
        Assert.Equal(new WorkerId(name), JsonSerializer.Deserialize<WorkerId>(worker));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a..b")]
    [InlineData("-rf")]
    [InlineData("a-")]
    [InlineData(".a")]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    [InlineData("A")]
    [InlineData("a b")]
    [InlineData("a\0")]
    [InlineData("a\n")]
    [InlineData("ä")]
    [InlineData("1234567890123456789012345678901234567890123456789012345678901234")]
    public void Ids_OfAnotherName_AreRefused(string name)
    {
        Assert.False(FleetName.IsValid(name));
        Assert.Contains("for a run", Assert.Throws<UserErrorException>(() => new RunId(name)).Message, StringComparison.Ordinal);
        Assert.Contains("for a worker", Assert.Throws<UserErrorException>(() => new WorkerId(name)).Message, StringComparison.Ordinal);
        Assert.Throws<UserErrorException>(() => JsonSerializer.Deserialize<RunId>(JsonSerializer.Serialize(name)));
    }

    [Fact]
    public void Ids_OfAHostileName_ShowItHarmlessly()
    {
        var message = Assert.Throws<UserErrorException>(() => new RunId("\u001b[31m" + new string('x', 100_000))).Message;
        Assert.DoesNotContain('\u001b', message);
        Assert.InRange(message.Length, 1, 500);
    }
}
