using Atelier.TestKit;
using Grpc.Core;

namespace Atelier.Grpc.Tests;

public sealed class PublicApiTests
{
    [Fact]
    public void PublicMembers_OfTheStandIn_AllStandInTheRealPackages()
    {
        var real = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "api", "Grpc.txt")).ToHashSet(StringComparer.Ordinal);

        var ours = PublicApi.List(typeof(Status).Assembly);

        Assert.Equal([], ours.Where(line => !real.Contains(line)));
        Assert.InRange(ours.Count, 200, real.Count);
    }
}
