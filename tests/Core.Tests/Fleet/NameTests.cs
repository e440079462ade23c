using System.Text.Json;
using Atelier.Core.Fleet;

namespace Atelier.Core.Tests.Fleet;

public class NameTests
{
    [Theory]
    [InlineData("ffhq-256_v2.1")]
    [InlineData("7")]
    public void RunId_AName_IsItsTextInJson(string name)
    {
        var json = JsonSerializer.Serialize(new RunId(name));
        Assert.Equal($"\"{name}\"", json);
        Assert.Equal(new RunId(name), JsonSerializer.Deserialize<RunId>(json));
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("-rf")]
    [InlineData("a/b")]
    [InlineData("naïve")]
    [InlineData("a\n")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345")]
    public void Names_OfOtherCharactersOrLengths_AreRefused(string name)
    {
        Assert.Contains("run", Assert.Throws<UserErrorException>(() => new RunId(name)).Message, StringComparison.Ordinal);
        Assert.Contains("worker", Assert.Throws<UserErrorException>(() => new WorkerId(name)).Message, StringComparison.Ordinal);
    }
}
