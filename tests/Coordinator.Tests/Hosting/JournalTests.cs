using System.Text.Json;
using Atelier.Protos;

namespace Atelier.Coordinator.Tests.Hosting;

/// <summary>What was said about a run, and happened to it, is kept with the run.</summary>
public sealed class JournalTests
{
    private const string Began = "generation 1 starts at iteration 0 on 1 worker";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task LogsAndEvents_AfterTheCoordinatorWasReplaced_AreThere()
    {
        await using var coordinator = await StartRunAsync();

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

    [Fact]
    public async Task LogsAndEvents_OfARunThatAnotherDatabaseTakesOver_AreThere()
    {
        await using var coordinator = await StartRunAsync();

        await coordinator.ReplaceAsync("another.db");
        await using var worker = await coordinator.AttachAsync("w1");
        await coordinator.Runs.SubmitAsync(coordinator.Request("faces"), cancellationToken: Cancellation);
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

    private static async Task<RunningCoordinator> StartRunAsync()
    {
        var coordinator = await RunningCoordinator.StartAsync();
        var worker = await coordinator.AttachAsync("w0");
        await coordinator.Runs.SubmitAsync(coordinator.Request("faces"), cancellationToken: Cancellation);
        await worker.UntilAsync(WorkerStage.Stepping, Cancellation);
        Assert.Contains(Began, await LogsAsync(coordinator));
        await worker.DisposeAsync();
        var file = Path.Combine(coordinator.Store("faces"), "log.jsonl");
        // Written beside the grain's turns.
        using var glance = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!File.Exists(file) || !(await File.ReadAllTextAsync(file, Cancellation)).Contains(Began, StringComparison.Ordinal))
            await glance.WaitForNextTickAsync(Cancellation);
        Assert.All(await File.ReadAllLinesAsync(file, Cancellation), line => Assert.Equal(["number", "at", "worker", "text"], JsonDocument.Parse(line).RootElement.EnumerateObject().Select(entry => entry.Name)));
        return coordinator;
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
