using Atelier.TestKit;
using Orleans;

namespace Atelier.Orleans.Tests;

#if !NAMED_PACKAGES
public sealed class PublicApiTests
{
    [Fact]
    public void PublicMembers_OfTheStandIn_AllStandInTheRealPackages()
    {
        var real = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "api", "Orleans.txt")).ToHashSet(StringComparer.Ordinal);

        var ours = PublicApi.List(typeof(Grain).Assembly);

        Assert.Equal([], ours.Where(line => !real.Contains(line)));
        Assert.InRange(ours.Count, 150, real.Count);
    }
}
#endif
