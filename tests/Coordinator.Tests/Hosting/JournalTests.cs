using System.Text.Json;
using Atelier.Protos;
using Atelier.Storage.Blobs;
using Atelier.TestKit;

[assembly: AssemblyFixture(typeof(S3Server))]

namespace Atelier.Coordinator.Tests.Hosting;

/// <summary>What was said about a run, and happened to it, is kept with the run, in a folder or in a bucket.</summary>
/// <param name="server">The bucket's server; its tests are skipped where there is none.</param>
public sealed class JournalTests(S3Server server)
{
    private const string Began = "generation 1 starts at iteration 0 on 1 worker";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task LogsAndEvents_AfterTheCoordinatorWasReplaced_AreThere(bool isInABucket)
    {
        var bucket = isInABucket ? NewBucket() : null;
        await using var coordinator = await StartRunAsync(bucket);

        await coordinator.ReplaceAsync();

        Assert.Contains(Began, await LogsAsync(coordinator));
        Assert.Contains(Began, await EventsAsync(coordinator));
        // What comes later comes behind it.
        await using var worker = await coordinator.AttachAsync("w1");
        await worker.UntilAsync(WorkerStage.Stepping, Cancellation);
        var lines = await LogsAsync(coordinator);
        Assert.Contains(lines.SkipWhile(line => line != Began), line => line.StartsWith("generation 2 starts at", StringComparison.Ordinal));
        Assert.Equal(lines.Count, lines.Distinct().Count());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task LogsAndEvents_OfARunThatAnotherDatabaseTakesOver_AreThere(bool isInABucket)
    {
        var bucket = isInABucket ? NewBucket() : null;
        await using var coordinator = await StartRunAsync(bucket);

        await coordinator.ReplaceAsync("another.db");
        await using var worker = await coordinator.AttachAsync("w1");
        await coordinator.Runs.SubmitAsync(RequestFor(coordinator, bucket), cancellationToken: Cancellation);
        await worker.UntilAsync(WorkerStage.Stepping, Cancellation);

        Assert.Contains(Began, await LogsAsync(coordinator));
        Assert.Equal(2, (await EventsAsync(coordinator)).Count(text => text == Began));
    }

    [Fact]
    public async Task Logs_AStoreWithHalfALine_AreReadWithoutIt()
    {
        await using var coordinator = await StartRunAsync();
        await File.AppendAllTextAsync(Path.Combine(coordinator.Store("faces"), "log.jsonl"), "{\"number\":7,\"at\":\"2026-", Cancellation);

        await coordinator.ReplaceAsync();

        Assert.Contains(Began, await LogsAsync(coordinator));
    }

    /// <summary>A folder's are written by a worker.</summary>
    [Fact]
    public async Task Ticks_OfARunInABucket_AreKeptInFewObjects()
    {
        var bucket = NewBucket();
        await using var coordinator = await StartRunAsync(bucket);
        await using var worker = await coordinator.AttachAsync("w1");
        await worker.UntilAsync(WorkerStage.Stepping, Cancellation);

        worker.TellTicks(130);

        using var blobs = new S3BlobStore(bucket);
        using var glance = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        List<string[]> parts;
        do
        {
            await glance.WaitForNextTickAsync(Cancellation);
            parts = [];
            foreach (var part in await blobs.ListAsync("stats/", Cancellation)) parts.Add(await LinesOfAsync(blobs, part));
        }
        while (parts.Sum(part => part.Length) < 130);
        Assert.InRange(parts.Count, 3, 6);
        Assert.All(parts, part => Assert.InRange(part.Length, 1, 64));
        Assert.Equal(Enumerable.Range(1, 130), parts.SelectMany(part => part).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("Progress/kimg").GetProperty("mean").GetInt32()));
    }

    private S3Address NewBucket()
    {
        Assert.SkipWhen(server.WhyNot() is not null, server.WhyNot() ?? "");
        return server.MakeBucket("runs/faces");
    }

    private static SubmitRequest RequestFor(RunningCoordinator coordinator, S3Address? bucket)
    {
        var request = coordinator.Request("faces");
        if (bucket is not null) request.RunStore = $"{bucket}";
        return request;
    }

    private static async Task<RunningCoordinator> StartRunAsync(S3Address? bucket = null)
    {
        var coordinator = await RunningCoordinator.StartAsync();
        var worker = await coordinator.AttachAsync("w0");
        await coordinator.Runs.SubmitAsync(RequestFor(coordinator, bucket), cancellationToken: Cancellation);
        await worker.UntilAsync(WorkerStage.Stepping, Cancellation);
        Assert.Contains(Began, await LogsAsync(coordinator));
        await worker.DisposeAsync();
        // Written beside the grain's turns; into a bucket, what was said in some seconds at once.
        using var glance = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        IReadOnlyList<string> lines;
        do
            await glance.WaitForNextTickAsync(Cancellation);
        while ((lines = await StoredLinesAsync(coordinator, bucket)).All(line => !line.Contains(Began, StringComparison.Ordinal)));
        Assert.All(lines, line => Assert.Equal(["number", "at", "worker", "text"], JsonDocument.Parse(line).RootElement.EnumerateObject().Select(entry => entry.Name)));
        return coordinator;
    }

    private static async Task<IReadOnlyList<string>> StoredLinesAsync(RunningCoordinator coordinator, S3Address? bucket)
    {
        if (bucket is null) return Path.Combine(coordinator.Store("faces"), "log.jsonl") is var file && File.Exists(file) ? await File.ReadAllLinesAsync(file, Cancellation) : [];
        using var blobs = new S3BlobStore(bucket);
        var lines = new List<string>();
        foreach (var part in await blobs.ListAsync("log/", Cancellation))
            lines.AddRange(await LinesOfAsync(blobs, part));
        return lines;
    }

    private static async Task<string[]> LinesOfAsync(S3BlobStore blobs, string part)
    {
        using var reader = new StreamReader(await blobs.OpenReadAsync(part, Cancellation));
        return (await reader.ReadToEndAsync(Cancellation)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static async Task<List<string>> LogsAsync(RunningCoordinator coordinator)
    {
        using var call = coordinator.Runs.Logs(new LogsRequest { Run = "faces" }, cancellationToken: Cancellation);
        var lines = new List<string>();
        while (await call.ResponseStream.MoveNext(Cancellation))
            lines.Add(call.ResponseStream.Current.Text);
        return lines;
    }

    private static async Task<List<string>> EventsAsync(RunningCoordinator coordinator) =>
        [.. (await coordinator.Runs.DescribeAsync(new DescribeRequest { Run = "faces", LastEvents = 100 }, cancellationToken: Cancellation)).LastEvents.Select(happened => happened.Text)];
}
