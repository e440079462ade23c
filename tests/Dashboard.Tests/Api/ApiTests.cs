using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using Atelier.Core.Access;
using Atelier.Core.Fleet.Membership;
using Atelier.Coordinator.Tests.Hosting;
using Atelier.TestKit;

namespace Atelier.Dashboard.Tests.Api;

/// <summary>What scripts get from <c>/api</c>.</summary>
public sealed class ApiTests
{
    private const string Token = "people-0123456789abcdef0123";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Fake workers send no heartbeats, and the machine may be busy.</summary>
    private static FleetSettings Patient => new() { LeaseLength = TimeSpan.FromMinutes(5) };

    private static AccessGate Gate => new(new AccessToken(Token, "a test"), null);

    [Fact]
    public async Task Reads_OfAFolder_HaveWhatTrainersLeft()
    {
        using var folder = new TemporaryFolder();
        SyntheticRun.Write(folder["a"], 6250);
        SyntheticRun.Write(folder["b"], 10, spec => spec with { Gamma = 3 });
        await using var dashboard = await FolderDashboard.StartAsync(folder.Path, 0, TimeProvider.System);
        using var http = new HttpClient { BaseAddress = dashboard.Address };

        var runs = await JsonAsync(http, "/api/runs");
        Assert.Equal(["a", "b"], runs.EnumerateArray().Select(run => run.GetProperty("run").GetString()));
        Assert.Equal((25_000.0, 25_000.0, "paused"), (runs[0].GetProperty("kimg").GetDouble(), runs[0].GetProperty("target_kimg").GetDouble(), runs[0].GetProperty("status").GetString()));
        Assert.Equal(("fid50k_full", 100.0 / 9), (runs[0].GetProperty("metric").GetProperty("name").GetString(), runs[0].GetProperty("metric").GetProperty("value").GetDouble()));
        var known = await JsonAsync(http, "/api/runs/a");
        Assert.Equal((folder["a"], 10.0), (known.GetProperty("out").GetString(), known.GetProperty("spec").GetProperty("gamma").GetDouble()));
        var curves = await JsonAsync(http, "/api/runs/a/curves?points=500&names=Loss/G/loss,Nothing");
        Assert.Equal(6250, curves.GetProperty("ticks").GetInt32());
        Assert.Equal("Loss/G/loss", Assert.Single(curves.GetProperty("series").EnumerateObject()).Name);
        Assert.InRange(curves.GetProperty("kimg").GetArrayLength(), 400, 500);
        var metric = Assert.Single((await JsonAsync(http, "/api/runs/a/metrics")).EnumerateArray());
        Assert.Equal(("fid50k_full", 3), (metric.GetProperty("metric").GetString(), metric.GetProperty("points").GetArrayLength()));
        Assert.Equal([0.0, 4, 8.512], (await JsonAsync(http, "/api/runs/a/samples")).EnumerateArray().Select(grid => grid.GetProperty("kimg").GetDouble()));
        Assert.Equal([2L, 1], (await JsonAsync(http, "/api/runs/a/generations")).EnumerateArray().Select(row => row.GetProperty("number").GetInt64()));
        Assert.True((await JsonAsync(http, "/api/runs/a/disk")).GetProperty("folder_bytes").GetInt64() > 1 << 20);
        var difference = Assert.Single((await JsonAsync(http, "/api/differences?run=a&run=b")).EnumerateArray());
        Assert.Equal(("gamma", "10", "3"), (difference.GetProperty("key").GetString(), difference.GetProperty("values").GetProperty("a").GetString(), difference.GetProperty("values").GetProperty("b").GetString()));
    }

    [Fact]
    public async Task Analyses_BelowTheRunsFolder_AreListedAndShown()
    {
        using var folder = new TemporaryFolder();
        SyntheticRun.Write(folder["a"], 2);
        SyntheticRun.AddAnalysis(folder["a"], "droplets");
        File.CreateSymbolicLink(Path.Combine(folder["a"], "analysis", "elsewhere"), folder.Path);
        await using var dashboard = await FolderDashboard.StartAsync(folder.Path, 0, TimeProvider.System);
        using var http = new HttpClient { BaseAddress = dashboard.Address };

        var analysis = Assert.Single((await JsonAsync(http, "/api/runs/a/analyses")).EnumerateArray());
        Assert.Equal("droplets", analysis.GetProperty("name").GetString());
        Assert.Equal(["magnitudes.png", "pictures/seed 1.png"], analysis.GetProperty("pictures").EnumerateArray().Select(picture => picture.GetString()));
        using var picture = await http.GetAsync("/api/runs/a/analyses/droplets?picture=pictures%2Fseed%201.png", Cancellation);
        Assert.Equal("image/png", picture.Content.Headers.ContentType?.MediaType);
        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(folder["a"], "analysis/droplets/pictures/seed 1.png"), Cancellation), await picture.Content.ReadAsByteArrayAsync(Cancellation));
    }

    [Theory]
    [InlineData("/api/runs/a/analyses/droplets?picture=droplets.jsonl", HttpStatusCode.NotFound, "no such picture")]
    [InlineData("/api/runs/a/analyses/droplets?picture=..%2F..%2Ffakes_init.png", HttpStatusCode.NotFound, "no such picture")]
    [InlineData("/api/runs/a/analyses/..%2Fsamples?picture=fakes_init.png", HttpStatusCode.NotFound, "no such picture")]
    [InlineData("/api/runs/nothing", HttpStatusCode.NotFound, "no run named nothing")]
    [InlineData("/api/runs/a/samples/..%2Frun.json", HttpStatusCode.NotFound, "no such picture")]
    [InlineData("/api/runs/a/samples/run.json", HttpStatusCode.NotFound, "no such picture")]
    [InlineData("/api/runs/a/samples/fakes0%2F..%2Frun.json", HttpStatusCode.NotFound, "no such picture")]
    [InlineData("/api/runs/..%2Fa", HttpStatusCode.NotFound, "no run named")]
    public async Task Read_OfWhatIsNotThere_SaysSo(string path, HttpStatusCode status, string title)
    {
        using var folder = new TemporaryFolder();
        SyntheticRun.Write(folder["a"], 2);
        SyntheticRun.AddAnalysis(folder["a"], "droplets");
        await using var dashboard = await FolderDashboard.StartAsync(folder.Path, 0, TimeProvider.System);
        using var http = new HttpClient { BaseAddress = dashboard.Address };

        using var response = await http.GetAsync(new Uri(dashboard.Address.GetLeftPart(UriPartial.Authority) + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }), Cancellation);

        Assert.Equal(status, response.StatusCode);
        Assert.Contains(title, await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_OfARunWhoseNameIsHtml_ShowItAsText()
    {
        const string Name = "<img src=x onerror=alert(1)>&\"'";
        using var folder = new TemporaryFolder();
        SyntheticRun.Write(folder[Name], 2);
        SyntheticRun.Write(folder["b"], 2);
        await using var dashboard = await FolderDashboard.StartAsync(folder.Path, 0, TimeProvider.System);
        using var http = new HttpClient { BaseAddress = dashboard.Address };

        var link = $"/runs/{Uri.EscapeDataString(Name)}";
        foreach (var page in (string[])["/", link, "/runs/b", $"/compare?run=b&run={Uri.EscapeDataString(Name)}"])
        {
            var html = await http.GetStringAsync(page, Cancellation);
            Assert.DoesNotContain("<img src=x", html, StringComparison.Ordinal);
            Assert.Contains("&lt;img src=x", html.Replace("\\u003C", "&lt;", StringComparison.Ordinal), StringComparison.Ordinal);
        }

        Assert.Equal(Name, (await JsonAsync(http, $"/api{link}")).GetProperty("run").GetProperty("run").GetString());
    }

    [Fact]
    public async Task Stream_ThatBroke_GoesOnAfterTheLastEvent()
    {
        using var folder = new TemporaryFolder();
        SyntheticRun.Write(folder["a"], 2);
        await using var dashboard = await FolderDashboard.StartAsync(folder.Path, 0, TimeProvider.System);
        using var http = new HttpClient { BaseAddress = dashboard.Address };
        await using var first = await StreamAsync(http, "/api/runs/a/stream", null);
        var seen = await first.TakeAsync(6);
        Assert.Equal(["1", "2", "3", "4", "5", "6"], seen.Select(item => item.EventId));
        await first.DisposeAsync();

        await using var second = await StreamAsync(http, "/api/runs/a/stream", "4");
        var missed = await second.TakeAsync(2);
        await File.AppendAllTextAsync(Path.Combine(folder["a"], "events.jsonl"), """{"event":"dataset","text":"news","at":"2026-11-02T00:00:00+00:00","kimg":8}""" + "\n", Cancellation);
        var news = Assert.Single(await second.TakeAsync(1));

        Assert.Equal(["5", "6"], missed.Select(item => item.EventId));
        Assert.Equal("7", news.EventId);
        Assert.Equal("news", JsonDocument.Parse(news.Data).RootElement.GetProperty("text").GetString());
    }

    [Fact]
    public async Task Stream_OfACoordinatorsRun_TellsOfItsEventsAndStates()
    {
        await using var coordinator = await RunningCoordinator.StartAsync(fleet: Patient);
        await using var worker = await coordinator.AttachAsync("w0");
        await coordinator.Runs.SubmitAsync(coordinator.Request("faces"), cancellationToken: Cancellation);
        using var http = new HttpClient { BaseAddress = coordinator.Address };

        await using var stream = await StreamAsync(http, "/api/runs/faces/stream", null);
        var begun = await stream.UntilAsync(item => item.EventType == "event" && item.Data.Contains("\"members\":[\"w0\"]", StringComparison.Ordinal));
        var running = await stream.UntilAsync(item => item.EventType == "run" && item.Data.Contains("\"running\"", StringComparison.Ordinal));

        Assert.NotNull(begun.EventId);
        Assert.Null(running.EventId);
        Assert.Contains(
            (await JsonAsync(http, $"/api/runs/faces/events?after={long.Parse(begun.EventId, System.Globalization.CultureInfo.InvariantCulture) - 1}")).EnumerateArray(),
            row => $"{row.GetProperty("number").GetInt64()}" == begun.EventId);
        var member = Assert.Single((await JsonAsync(http, "/api/workers")).EnumerateArray());
        Assert.Equal(("w0", "faces"), (member.GetProperty("worker").GetString(), member.GetProperty("run").GetString()));
    }

    [Fact]
    public async Task Commands_OverHttp_DoWhatTheCommandLineDoes()
    {
        await using var coordinator = await RunningCoordinator.StartAsync(Gate, fleet: Patient);
        await using var worker = new FakeWorker(coordinator.Fleet, "w0");
        using var http = new HttpClient { BaseAddress = coordinator.Address, DefaultRequestHeaders = { Authorization = new("Bearer", Token) } };
        var order = new { run = "faces", data = "/data", @out = coordinator.Store("faces"), recipe = "config-f", set = (string[])["batch=16", "shard=4"], min_workers = 2 };

        using var submitted = await http.PostAsJsonAsync("/api/runs", order, Cancellation);
        using var other = await http.PostAsJsonAsync("/api/runs", new { order.run, order.data, order.@out, order.recipe, set = (string[])["batch=8", "shard=4"], order.min_workers }, Cancellation);
        using var paused = await http.PostAsJsonAsync("/api/runs/faces/pause", new { }, Cancellation);
        using var resumed = await http.PostAsJsonAsync("/api/runs/faces/resume", new { set = (string[])["kimg=7"] }, Cancellation);
        using var cancelled = await http.PostAsJsonAsync("/api/runs/faces/cancel", new { discard = true }, Cancellation);
        using var late = await http.PostAsJsonAsync("/api/runs/faces/pause", new { }, Cancellation);

        Assert.Equal(
            [HttpStatusCode.Created, HttpStatusCode.Conflict, HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.Conflict],
            new[] { submitted, other, paused, resumed, cancelled, late }.Select(response => response.StatusCode));
        Assert.Contains("batch", await other.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        Assert.Equal(7, JsonDocument.Parse(await resumed.Content.ReadAsStringAsync(Cancellation)).RootElement.GetProperty("target_kimg").GetDouble());
    }

    private static async Task<JsonElement> JsonAsync(HttpClient http, string path)
    {
        using var response = await http.GetAsync(new Uri(path, UriKind.Relative), Cancellation);
        var text = await response.Content.ReadAsStringAsync(Cancellation);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }

    private static async Task<OpenStream> StreamAsync(HttpClient http, string path, string? last)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (last is not null) request.Headers.Add("Last-Event-ID", last);
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        return new(response, SseParser.Create(await response.Content.ReadAsStreamAsync(Cancellation)).EnumerateAsync(Cancellation).GetAsyncEnumerator(Cancellation));
    }

    private sealed record OpenStream(HttpResponseMessage Response, IAsyncEnumerator<SseItem<string>> Items) : IAsyncDisposable
    {
        /// <summary>The next events of the run.</summary>
        public async Task<List<SseItem<string>>> TakeAsync(int count)
        {
            var taken = new List<SseItem<string>>();
            while (taken.Count < count) taken.Add(await UntilAsync(item => item.EventType == "event"));
            return taken;
        }

        public async Task<SseItem<string>> UntilAsync(Func<SseItem<string>, bool> isIt)
        {
            while (await Items.MoveNextAsync())
                if (isIt(Items.Current)) return Items.Current;
            throw new InvalidOperationException("the stream has ended");
        }

        public ValueTask DisposeAsync()
        {
            Response.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
