using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Atelier.Cli.Labelling;
using Atelier.TestKit;
using Atelier.Training.Analysis.Correction;

namespace Atelier.Cli.Tests.Labelling;

/// <summary>The labelling page, as a browser and others talk to it.</summary>
public sealed class LabelServerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _client = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Labels_ThatAreGiven_AreInTheFileAndTheNextSampleFollows()
    {
        using (var labels = new SampleLabels(_folder["labels.jsonl"], write: true))
        await using (var server = await StartAsync(labels, 7, 8, 9))
        {
            Assert.Contains("<kbd>A</kbd>", await _client.GetStringAsync(server.Address, Cancellation), StringComparison.Ordinal);
            Assert.Equal("picture 7", await _client.GetStringAsync(new Uri(server.Address, "image/7"), Cancellation));
            Assert.Equal((7u, 0, 0, 3), Read(await _client.GetStringAsync(new Uri(server.Address, "state"), Cancellation)));
            Assert.Equal((8u, 1, 0, 2), await PostAsync(server, "label", new { seed = 7, label = "artifact" }));
            Assert.Equal((9u, 1, 0, 2), await PostAsync(server, "skip", new { seed = 8 }));
            Assert.Equal((8u, 1, 1, 1), await PostAsync(server, "label", new { seed = 9, label = "normal" }));
            Assert.Equal((9u, 1, 0, 2), await PostAsync(server, "undo", new { }));
        }

        // The next session goes on.
        using var again = new SampleLabels(_folder["labels.jsonl"], write: true);
        await using var other = await StartAsync(again, 7, 8);
        Assert.Equal((8u, 1, 0, 1), Read(await _client.GetStringAsync(new Uri(other.Address, "state"), Cancellation)));
    }

    [Fact]
    public async Task Requests_OfOtherSites_ChangeNothing()
    {
        using var labels = new SampleLabels(_folder["labels.jsonl"], write: true);
        await using var server = await StartAsync(labels, 7);
        using var named = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Address, "state"));
        named.Headers.Host = "attacker.example";
        using var form = new StringContent("{\"seed\":7,\"label\":\"artifact\"}", Encoding.UTF8, "text/plain");
        foreach (string path in new[] { "label", "undo", "skip" })
            Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await _client.PostAsync(new Uri(server.Address, path), form, Cancellation)).StatusCode);

        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await _client.SendAsync(named, Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _client.PostAsJsonAsync(new Uri(server.Address, "label"), new { seed = 99, label = "artifact" }, Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await _client.PostAsJsonAsync(new Uri(server.Address, "label"), new { seed = 7, label = "good" }, Cancellation)).StatusCode);
        Assert.True(server.Address.IsLoopback);
        Assert.Empty(labels.All);
    }

    public void Dispose()
    {
        _client.Dispose();
        _folder.Dispose();
    }

    private static Task<LabelServer> StartAsync(SampleLabels labels, params uint[] seeds) =>
        LabelServer.StartAsync(new LabelSession(labels, seeds, seed => Encoding.UTF8.GetBytes($"picture {seed}")), port: 0);

    private static (uint? Seed, int Artifacts, int Normal, int Left) Read(string json)
    {
        var state = JsonDocument.Parse(json).RootElement;
        int Number(string name) => state.GetProperty(name).GetInt32();
        return (state.GetProperty("seed").GetUInt32(), Number("artifacts"), Number("normal"), Number("left"));
    }

    private async Task<(uint?, int, int, int)> PostAsync(LabelServer server, string path, object order)
    {
        using var answer = await _client.PostAsJsonAsync(new Uri(server.Address, path), order, Cancellation);
        return Read(await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync(Cancellation));
    }
}
