using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Atelier.Coordinator.Tests.Hosting;
using Atelier.Dashboard.Sources;
using Atelier.Storage.Blobs;
using Atelier.TestKit;

[assembly: AssemblyFixture(typeof(S3Server))]

namespace Atelier.Dashboard.Tests.Api;

/// <summary>A run whose store is a bucket.</summary>
/// <param name="server">The bucket's server; tests are skipped where there is none.</param>
public sealed class StoredRunTests(S3Server server)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Reads_OfABucket_HavePicturesAndMetrics()
    {
        Assert.SkipWhen(server.WhyNot() is not null, server.WhyNot() ?? "");
        var address = server.MakeBucket("runs/faces");
        using var blobs = new S3BlobStore(address);
        foreach (var (name, content) in new Dictionary<string, string>
        {
            ["samples/fakes_init.png"] = "first", ["samples/fakes000004.000.png"] = "second", ["samples/reals.png"] = "real", ["samples/notes.txt"] = "none of ours",
            ["metrics/rfd/1.jsonl"] = Metric(4, 3), ["metrics/rfd/2.jsonl"] = Metric(8, 9), ["metrics/rfd/3.jsonl"] = Metric(4, 2), ["metrics/kid/1.jsonl"] = Metric(4, 1),
        })
            await blobs.PutAsync(name, async (stream, token) => await stream.WriteAsync(Encoding.UTF8.GetBytes(content), token), Cancellation);
        await using var coordinator = await RunningCoordinator.StartAsync();
        await using var worker = await coordinator.AttachAsync("w0");
        var request = coordinator.Request("faces");
        request.RunStore = $"{address}";
        await coordinator.Runs.SubmitAsync(request, cancellationToken: Cancellation);
        using var http = new HttpClient { BaseAddress = coordinator.Address };

        var grids = (await http.GetFromJsonAsync<JsonElement>("/api/runs/faces/samples", Cancellation)).EnumerateArray().Select(grid => (grid.GetProperty("name").GetString(), grid.GetProperty("kimg").GetDouble()));
        Assert.Equal([("fakes_init.png", 0.0), ("fakes000004.000.png", 4.0)], grids);
        var picture = await http.GetAsync(new Uri("/api/runs/faces/samples/fakes000004.000.png", UriKind.Relative), Cancellation);
        Assert.Equal(("second", "image/png"), (await picture.Content.ReadAsStringAsync(Cancellation), picture.Content.Headers.ContentType?.MediaType));
        // A browser that has it gets it once.
        using var again = new HttpRequestMessage(HttpMethod.Get, "/api/runs/faces/samples/fakes000004.000.png");
        again.Headers.IfNoneMatch.Add(picture.Headers.ETag!);
        Assert.Equal(HttpStatusCode.NotModified, (await http.SendAsync(again, Cancellation)).StatusCode);
        Assert.Equal("real", await http.GetStringAsync("/api/runs/faces/samples/reals.png", Cancellation));
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri("/api/runs/faces/samples/fakes000008.000.png", UriKind.Relative), Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri("/api/runs/faces/samples/notes.txt", UriKind.Relative), Cancellation)).StatusCode);
        var metrics = (await http.GetFromJsonAsync<JsonElement>("/api/runs/faces/metrics", Cancellation)).EnumerateArray().ToDictionary(
            metric => metric.GetProperty("metric").GetString()!, metric => metric.GetProperty("points").EnumerateArray().Select(point => (point.GetProperty("kimg").GetDouble(), point.GetProperty("value").GetDouble())).ToList());
        Assert.Equal([(4.0, 1.0)], metrics["kid"]);
        // It went back to 4 kimg: what came after it is another branch's.
        Assert.Equal([(4.0, 2.0)], metrics["rfd"]);
    }

    [Fact]
    public async Task Curves_OfABucket_HaveEveryTick()
    {
        Assert.SkipWhen(server.WhyNot() is not null, server.WhyNot() ?? "");
        var address = server.MakeBucket("runs/faces");
        using var blobs = new S3BlobStore(address);
        var clock = new Clock();
        var files = new RunFiles($"{address}", clock);
        int[] all = [.. Enumerable.Range(1, 1000)];
        // It went back from 70 to 60 kimg, and the last part still grows.
        await PutAsync("1", all[..70]);
        await PutAsync("2", all[60..990]);
        await PutAsync("3", all[990..995]);

        Assert.Equal(all, await KimgAsync(all[992..]));
        await PutAsync("3", all[990..999]);
        await PutAsync("4", all[999..]);
        clock.Passed += TimeSpan.FromMinutes(1);

        Assert.Equal(all, await KimgAsync([]));
        files = new RunFiles($"{address}", clock);
        Assert.Equal(all, await KimgAsync([]));

        async Task<IEnumerable<int>> KimgAsync(int[] told) =>
            (await files.CurvesAsync(new() { Points = 2000 }, () => Task.FromResult(told.Select(Tick)), Cancellation)).Kimg.Select(kimg => (int)kimg);

        Task PutAsync(string part, int[] kimg) =>
            blobs.PutAsync($"stats/{part}.jsonl", async (stream, token) => await stream.WriteAsync(Encoding.UTF8.GetBytes(string.Concat(kimg.Select(at => Tick(at) + "\n"))), token), Cancellation);
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Passed { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Passed.Ticks;
    }

    private static string Tick(int kimg) => $$$"""{"Progress/kimg":{"num":1,"mean":{{{kimg}}},"std":0},"Loss/G/loss":{"num":1,"mean":1,"std":0}}""";

    private static string Metric(int kimg, int value) => $$$"""{"results":{"m":{{{value}}}},"kimg":{{{kimg}}}}""" + "\n";
}
