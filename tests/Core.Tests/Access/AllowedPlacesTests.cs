using Atelier.Core.Access;

namespace Atelier.Core.Tests.Access;

public class AllowedPlacesTests
{
    private static readonly AllowedPlaces Some = new(["/data/", "/more/sets"], ["/runs"], ["https://s3.example:9000"]);

    [Theory]
    [InlineData("/runs/a", "/runs/a")]
    [InlineData("/runs/a/", "/runs/a")]
    [InlineData("/runs/./a", "/runs/a")]
    [InlineData("//runs//b/../a", "/runs/a")]
    [InlineData("/../runs/a", "/runs/a")]
    public void Store_HoweverItIsWritten_IsOnePath(string path, string normal)
    {
        Assert.Equal(normal, Some.Store(path));
        Assert.Equal(normal, AllowedPlaces.Anything.Store(path));
    }

    [Theory]
    [InlineData("/runs/../etc")]
    [InlineData("/runsaway/a")]
    [InlineData("/run")]
    [InlineData("/data/a")]
    [InlineData("/")]
    public void Store_OutsideTheRoots_IsRefusedWithThem(string path)
    {
        var refused = Assert.Throws<UserErrorException>(() => Some.Store(path));

        Assert.Contains("/runs (--store-root)", refused.Message, StringComparison.Ordinal);
        AllowedPlaces.Anything.Store(path);
    }

    [Theory]
    [InlineData("runs/a")]
    [InlineData("./a")]
    [InlineData("")]
    [InlineData("/runs/a\nb")]
    public void Store_ThatIsNoAbsolutePath_IsRefusedEverywhere(string path)
    {
        Assert.Throws<UserErrorException>(() => Some.Store(path));
        Assert.Throws<UserErrorException>(() => AllowedPlaces.Anything.Store(path));
    }

    [Fact]
    public void Data_BelowOneOfSeveralRoots_IsAllowed()
    {
        Assert.Equal("/more/sets/a.zip", Some.Data("/more/sets/a.zip"));
        Assert.Equal("/data", Some.Data("/data"));
        Assert.Contains("/data, /more/sets", Assert.Throws<UserErrorException>(() => Some.Data("/more/a.zip")).Message, StringComparison.Ordinal);
        Assert.Equal("/runs/a/export.safetensors", Some.Network("/runs/a/export.safetensors"));
    }

    [Theory]
    [InlineData("https://s3.example:9000", true)]
    [InlineData("https://S3.EXAMPLE:9000/", true)]
    [InlineData("http://s3.example:9000", false)]
    [InlineData("https://s3.example", false)]
    [InlineData(null, false)]
    public void S3_AnEndpoint_IsAllowedWhereItIsNamed(string? endpoint, bool isAllowed)
    {
        var server = endpoint is null ? null : new Uri(endpoint);

        AllowedPlaces.Anything.RequireS3(server);
        if (isAllowed)
            Some.RequireS3(server);
        else
            Assert.Contains("https://s3.example:9000", Assert.Throws<UserErrorException>(() => Some.RequireS3(server)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Stores_OfTheKindThatIsNotNamed_AreRefused()
    {
        Assert.Throws<UserErrorException>(() => new AllowedPlaces([], ["/runs"], []).RequireS3(null));
        Assert.Throws<UserErrorException>(() => new AllowedPlaces([], [], ["https://s3.amazonaws.com"]).Store("/runs/a"));
        new AllowedPlaces([], [], ["https://s3.amazonaws.com"]).RequireS3(null);
        new AllowedPlaces(["/data"], [], []).RequireS3(null);
    }

    [Theory]
    [InlineData("runs", "https://s3.example")]
    [InlineData("/runs", "s3.example")]
    [InlineData("/runs", "https://user@s3.example")]
    [InlineData("/runs", "https://s3.example/bucket")]
    public void Places_OfAnOperatorThatCannotBe_AreRefused(string root, string endpoint) =>
        Assert.Throws<UserErrorException>(() => new AllowedPlaces([], [root], [endpoint]));
}
