using Atelier.TestKit;
using TorchSharp;

namespace Atelier.TorchSharp.Tests;

public sealed class PublicApiTests
{
    [Fact]
    public void PublicMembers_OfTheStandIn_AllStandInTheRealPackage()
    {
        var real = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "api", "TorchSharp.txt")).ToHashSet(StringComparer.Ordinal);

        var ours = PublicApi.List(typeof(torch).Assembly);

        Assert.Equal([], ours.Where(line => !real.Contains(line)));
        Assert.InRange(ours.Count, 700, real.Count);
    }
}
