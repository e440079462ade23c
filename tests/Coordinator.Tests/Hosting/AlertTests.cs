using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using Atelier.Core.Alerts;
using Atelier.Protos;

namespace Atelier.Coordinator.Tests.Hosting;

/// <summary>What people are told when a run does not get on: as events, and by a webhook.</summary>
public sealed class AlertTests : IAsyncDisposable
{
    private readonly HttpListener _hook = new();
    private readonly Channel<JsonElement> _told = Channel.CreateUnbounded<JsonElement>();
    private int _refusals;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_ThatStandsStillAndGoesOn_IsToldTwiceInEventsAndByTheWebhook()
    {
        // The first try of the first alert is refused: it comes again.
        _refusals = 1;
        await using var coordinator = await RunningCoordinator.StartAsync(alerts: new AlertSettings { Standstill = TimeSpan.FromMilliseconds(300) }, webhook: Listen());
        await using var worker = await coordinator.AttachAsync("w0");
        await coordinator.Runs.SubmitAsync(coordinator.Request("faces", "tick-kimg=1000"), cancellationToken: Cancellation);
        await worker.UntilAsync(WorkerStage.Stepping, Cancellation);

        var raised = await _told.Reader.ReadAsync(Cancellation);
        Assert.Equal(("StalledRun", "raised", "faces", 1), (Text(raised, "alert"), Text(raised, "status"), Text(raised, "run"), raised.GetProperty("version").GetInt32()));
        Assert.StartsWith("no progress for", Text(raised, "text"), StringComparison.Ordinal);

        long iteration = 0;
        while (!_told.Reader.TryPeek(out _))
        {
            worker.TellProgress(++iteration);
            using var glance = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
            await glance.WaitForNextTickAsync(Cancellation);
        }
        Assert.Equal(("StalledRun", "cleared"), (Text(await _told.Reader.ReadAsync(Cancellation), "alert"), Text(raised, "status") == "raised" ? "cleared" : ""));

        var known = await coordinator.Runs.DescribeAsync(new DescribeRequest { Run = "faces", LastEvents = 100 }, cancellationToken: Cancellation);
        var events = known.LastEvents.Select(happened => JsonDocument.Parse(happened.Json).RootElement).Where(json => Text(json, "event").StartsWith("alert", StringComparison.Ordinal)).ToList();
        Assert.Equal(["alert-raised", "alert-cleared"], events.Take(2).Select(json => Text(json, "event")));
        Assert.All(events, json => Assert.Equal("StalledRun", Text(json, "alert")));
    }

    [Fact]
    public async Task Webhook_ThatIsAway_DelaysNoRun()
    {
        await using var coordinator = await RunningCoordinator.StartAsync(alerts: new AlertSettings { Standstill = TimeSpan.FromMilliseconds(300) }, webhook: new Uri("http://127.0.0.1:1/"));
        await using var worker = await coordinator.AttachAsync("w0");
        await coordinator.Runs.SubmitAsync(coordinator.Request("faces", "tick-kimg=1000"), cancellationToken: Cancellation);
        await worker.UntilAsync(WorkerStage.Stepping, Cancellation);

        using var watch = coordinator.Runs.Watch(new WatchRequest { Run = "faces" }, cancellationToken: Cancellation);
        while (await watch.ResponseStream.MoveNext(Cancellation) && watch.ResponseStream.Current.Event?.Text.StartsWith("alert StalledRun", StringComparison.Ordinal) != true)
        {
            // Until the alert is an event of the run.
        }

        worker.TellProgress(7);
        while (await watch.ResponseStream.MoveNext(Cancellation) && watch.ResponseStream.Current.Run?.Iteration != 7)
        {
            // Until the run is known to have got on.
        }
    }

    public async ValueTask DisposeAsync()
    {
        _hook.Close();
        await ValueTask.CompletedTask;
    }

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;

    private Uri Listen()
    {
        for (var port = Random.Shared.Next(20000, 30000); ; port++)
        {
            try
            {
                _hook.Prefixes.Add($"http://127.0.0.1:{port}/");
                _hook.Start();
                _ = AnswerAsync();
                return new Uri($"http://127.0.0.1:{port}/alerts");
            }
            catch (HttpListenerException)
            {
                _hook.Prefixes.Clear();
            }
        }
    }

    private async Task AnswerAsync()
    {
        while (_hook.IsListening)
        {
            try
            {
                var call = await _hook.GetContextAsync();
                var notice = (await JsonDocument.ParseAsync(call.Request.InputStream)).RootElement;
                call.Response.StatusCode = _refusals-- > 0 ? 503 : 204;
                if (call.Response.StatusCode == 204)
                    await _told.Writer.WriteAsync(notice);
                call.Response.Close();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
