using System.Net;
using System.Net.ServerSentEvents;
using System.Net.Sockets;
using System.Text.Json;
using Atelier.Rpc.Transport;

namespace Atelier.Cluster.Tests;

/// <summary>A replica's dashboard as a browser has it open: what it shows of a run, and the stream of what happens to it.</summary>
internal sealed class ReplicaPage : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(200);

    private readonly HttpClient _http;
    private readonly string _run;
    private readonly string? _last;
    private IAsyncEnumerator<SseItem<string>>? _items;

    /// <param name="address">The replica's socket, <c>unix:PATH</c>.</param>
    /// <param name="run">The run that is looked at.</param>
    /// <param name="last">Number of the last event that was seen elsewhere; null for none.</param>
    public ReplicaPage(string address, string run, string? last = null)
    {
        (_run, _last) = (run, last);
        var socket = new UnixDomainSocketEndPoint(address["unix:".Length..]);
        _http = new(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await connection.ConnectAsync(socket, cancellation);
                return new NetworkStream(connection, ownsSocket: true);
            },
        })
        { BaseAddress = new Uri("http://localhost/") };
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The runs that its page lists, with their lengths, as the page says them.</summary>
    public async Task<List<(string Run, double TargetKimg)>> RunsAsync()
    {
        var runs = JsonDocument.Parse(await _http.GetStringAsync("api/runs", Cancellation)).RootElement.EnumerateArray()
            .Select(run => (Run: run.GetProperty("run").GetString()!, run.GetProperty("target_kimg").GetDouble())).ToList();
        string page = await _http.GetStringAsync("/", Cancellation);
        Assert.All(runs, run => Assert.Contains($"<a href=\"/runs/{run.Run}\">{run.Run}</a>", page, StringComparison.Ordinal));
        return runs;
    }

    /// <summary>What <c>/api</c> says of the run, when it is as it should be.</summary>
    /// <param name="what">The last part of the path: <c>samples</c>, <c>metrics</c>.</param>
    /// <param name="isSo">How it should be.</param>
    public async Task<JsonElement> UntilAsync(string what, Predicate<JsonElement> isSo)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        late.CancelAfter(Patience);
        using var again = new PeriodicTimer(Glance);
        while (await again.WaitForNextTickAsync(late.Token))
        {
            var answer = JsonDocument.Parse(await _http.GetStringAsync($"api/runs/{_run}/{what}", late.Token)).RootElement;
            if (isSo(answer))
                return answer;
        }

        throw new OperationCanceledException();
    }

    /// <summary>A sample grid, as the page shows it.</summary>
    public Task<byte[]> PictureAsync(string name) => _http.GetByteArrayAsync($"api/runs/{_run}/samples/{name}", Cancellation);

    /// <summary>The next tick of the run: the event's number, and the images shown by then, in thousands.</summary>
    /// <exception cref="IOException">The replica is gone.</exception>
    public async Task<(string Number, double Kimg)> NextTickAsync()
    {
        _items ??= await OpenAsync();
        while (await _items.MoveNextAsync())
        {
            if (_items.Current is { EventType: "tick", EventId: { } number } tick)
                return (number, JsonDocument.Parse(tick.Data).RootElement.GetProperty("Progress/kimg").GetProperty("mean").GetDouble());
        }

        throw new IOException("the stream has ended");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_items is not null)
            await _items.DisposeAsync();
        _http.Dispose();
    }

    private async Task<IAsyncEnumerator<SseItem<string>>> OpenAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"api/runs/{_run}/stream");
        if (_last is not null)
            request.Headers.Add("Last-Event-ID", _last);
        var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return SseParser.Create(await response.Content.ReadAsStreamAsync(Cancellation)).EnumerateAsync(Cancellation).GetAsyncEnumerator(Cancellation);
    }
}
