using System.Net.ServerSentEvents;
using System.Net.Sockets;
using System.Text.Json;

namespace Atelier.Bench;

/// <summary>Pages of a run that are open in as many browsers: each opens the page, listens for what changes, and fetches that, as the page's script does.</summary>
internal sealed class FakeDashboards : IAsyncDisposable
{
    /// <summary>What is fetched as data instead of as a part of the page.</summary>
    private static readonly string[] Data = ["curves", "samples", "metrics"];

    private readonly CancellationTokenSource _end = new();
    private readonly List<Page> _pages;
    private readonly List<Task> _following;

    /// <param name="address">The coordinator, `unix:PATH`.</param>
    /// <param name="run">The run.</param>
    /// <param name="count">How many.</param>
    public FakeDashboards(string address, string run, int count)
    {
        _pages = [.. Enumerable.Range(0, count).Select(_ => new Page(address["unix:".Length..], run))];
        _following = [.. _pages.Select(page => page.FollowAsync(_end.Token))];
    }

    /// <summary>Parts and data that were fetched.</summary>
    public int Fetches => _pages.Sum(page => page.Fetches);

    /// <summary>Waits until all have loaded and heard what the run is like.</summary>
    /// <exception cref="TimeoutException">It took longer.</exception>
    public async Task UntilAllFollowAsync(TimeSpan patience)
    {
        var all = Task.WhenAll(_pages.Select(page => page.Follows));
        await Task.WhenAny(all, Task.WhenAny(_following)).WaitAsync(patience);
        // One that failed says why.
        if (!all.IsCompleted)
            await await Task.WhenAny(_following);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        foreach (var following in _following)
            await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _pages.ForEach(page => page.Dispose());
        _end.Dispose();
    }

    private sealed class Page : IDisposable
    {
        private readonly HttpClient _http;
        private readonly string _run;
        private readonly TaskCompletionSource _follows = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _fetches;

        public Page(string socket, string run)
        {
            _run = run;
            _http = new(new SocketsHttpHandler
            {
                ConnectCallback = async (_, cancellation) =>
                {
                    var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellation);
                    return new NetworkStream(connection, ownsSocket: true);
                },
            })
            { BaseAddress = new Uri("http://localhost") };
        }

        public Task Follows => _follows.Task;

        public int Fetches => Volatile.Read(ref _fetches);

        public async Task FollowAsync(CancellationToken end)
        {
            foreach (string path in (string[])[$"/runs/{_run}", $"/api/runs/{_run}/curves", $"/api/runs/{_run}/samples", $"/api/runs/{_run}/metrics"])
                await _http.GetByteArrayAsync(new Uri(path, UriKind.Relative), end);
            using var stream = await _http.GetStreamAsync(new Uri($"/runs/{_run}/live", UriKind.Relative), end);
            Dictionary<string, string> seen = [];
            await foreach (var item in SseParser.Create(stream).EnumerateAsync(end))
            {
                if (item.EventType != "versions")
                    continue;
                var now = JsonSerializer.Deserialize<Dictionary<string, string>>(item.Data)!;
                foreach (var (part, version) in now.Where(part => seen.Count > 0 && seen.GetValueOrDefault(part.Key) != part.Value))
                {
                    await _http.GetByteArrayAsync(new Uri(Data.Contains(part) ? $"/api/runs/{_run}/{part}" : $"/runs/{_run}/parts/{part}", UriKind.Relative), end);
                    Interlocked.Increment(ref _fetches);
                }
                seen = now;
                _follows.TrySetResult();
            }
        }

        public void Dispose() => _http.Dispose();
    }
}
