using System.Buffers.Binary;
using Atelier.TestKit;

[assembly: AssemblyFixture(typeof(S3Server))]

namespace Atelier.Cluster.Tests;

/// <summary>A run that two workers train, and that is kept in a bucket: the dashboard shows what it would show of a folder.</summary>
/// <param name="server">The bucket's server; the test is skipped where there is none.</param>
public sealed class BucketRunTests(S3Server server)
{
    private const string Run = "faces";

    [Fact]
    public async Task Dashboard_OfARunInABucket_ShowsItsPicturesAndMetrics()
    {
        Assert.SkipWhen(server.WhyNot() is not null, server.WhyNot() ?? "");
        using var cluster = new StandingCluster();
        await cluster.TrainOnTwoAsync(Run, $"{server.MakeBucket("runs/faces")}", "image-kimg=0.4", "snapshot-kimg=0.8", "metrics=droplet", "metrics-every=0.8", "kimg=0.8");
        await using var page = new ReplicaPage(cluster.Address, Run);

        var metrics = await page.UntilAsync("metrics", metrics => metrics.GetArrayLength() > 0);
        var grids = await page.UntilAsync("samples", grids => grids.GetArrayLength() >= 2);

        Assert.Equal("droplet", metrics[0].GetProperty("metric").GetString());
        Assert.Equal(["fakes_init.png", "fakes000000.400.png"], grids.EnumerateArray().Take(2).Select(grid => grid.GetProperty("name").GetString()));
        foreach (string name in (string[])["reals.png", "fakes_init.png", "fakes000000.400.png"])
        {
            byte[] png = await page.PictureAsync(name);
            Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], png[..4]);
            // Eight pictures stand side by side.
            Assert.InRange(BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)), 8 * TinyRun.Side, int.MaxValue);
        }
    }
}
