using Atelier.Worker.Collectives;
using Atelier.Worker.Collectives.Links;
using Atelier.Worker.Peers;

namespace Atelier.Worker.Tests.Peers;

/// <summary>How ranks of a generation meet, over servers that outlive it.</summary>
public sealed class PeerJoinTests : IAsyncDisposable
{
    private readonly List<PeerServer> _servers = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Join_ARankThatDoesNotCome_IsNamed()
    {
        await StartAsync(1);
        var nobody = PeerAddress.Parse(PeerRanks.Unix.ToString());
        var e = await Assert.ThrowsAsync<CollectiveException>(() =>
            _servers[0].JoinAsync(new PeerMembership("run", 1, 1, [nobody, _servers[0].Address, nobody]), TimeSpan.FromMilliseconds(50), TimeProvider.System, Cancellation));

        Assert.Equal((CollectiveFault.Deadline, "joining", 1), (e.Fault, e.Phase, e.Rank));
        Assert.Equal([0, 2], e.Blamed);
    }

    [Fact]
    public async Task Join_OneGenerationAfterTheOther_GoesOnOverTheSameServers()
    {
        await StartAsync(2);
        for (int generation = 1; generation < 4; generation++)
        {
            var links = await Task.WhenAll(JoinAsync(0, generation), JoinAsync(1, generation));
            Assert.Equal([0, 1], links.Select(own => own.Rank));
            links[generation % 2].Dispose();
            links[1 - (generation % 2)].Dispose();
        }
    }

    [Fact]
    public async Task Join_ARankOfAnEarlierGeneration_IsRefused()
    {
        await StartAsync(2);
        using var end = new CancellationTokenSource();
        var waiting = JoinAsync(0, 2, end.Token);
        var e = await Assert.ThrowsAsync<CollectiveException>(() => JoinAsync(1, 1));

        Assert.Equal(CollectiveFault.Mismatch, e.Fault);
        Assert.Equal([0], e.Blamed);
        Assert.Contains("generation 2", e.Message, StringComparison.Ordinal);
        Assert.False(waiting.IsCompleted);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task Join_AGenerationThatTheOtherWasNotToldOfYet_WaitsForIt()
    {
        await StartAsync(2);
        var early = JoinAsync(1, 5);
        // The generation before comes and goes meanwhile.
        using (var end = new CancellationTokenSource())
        {
            var earlier = JoinAsync(0, 4, end.Token);
            await end.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => earlier);
        }
        Assert.False(early.IsCompleted);

        using var links = await JoinAsync(0, 5);
        using var others = await early;
        Assert.Equal((0, 1), (links.Rank, others.Rank));
    }

    [Fact]
    public async Task Join_AGenerationThatTheOtherIsToldOfAnHourLater_IsMet()
    {
        var time = new ManualTime();
        await StartAsync(2, time);
        var early = JoinAsync(1, 5);
        await time.FirstTimer.WaitAsync(PeerRanks.Patience, Cancellation);
        time.Advance(TimeSpan.FromHours(1));
        Assert.False(early.IsCompleted);

        using var links = await JoinAsync(0, 5);
        using var others = await early;
        Assert.Equal((0, 1), (links.Rank, others.Rank));
    }

    [Fact]
    public async Task Join_AnEarlierGenerationAfterTheRunWasForgotten_IsMet()
    {
        await StartAsync(2);
        foreach (var own in await Task.WhenAll(JoinAsync(0, 57), JoinAsync(1, 57)))
            own.Dispose();
        _servers.ForEach(server => server.Forget("run"));

        foreach (var own in await Task.WhenAll(JoinAsync(0, 1), JoinAsync(1, 1)))
            own.Dispose();
    }

    [Fact]
    public async Task Join_AGenerationThatIsOver_Throws()
    {
        await StartAsync(1);
        (await _servers[0].JoinAsync(new PeerMembership("run", 3, 0, [_servers[0].Address]), PeerRanks.Patience, TimeProvider.System, Cancellation)).Dispose();

        await Assert.ThrowsAsync<ArgumentException>(() =>
            _servers[0].JoinAsync(new PeerMembership("run", 3, 0, [_servers[0].Address]), PeerRanks.Patience, TimeProvider.System, Cancellation));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
            await server.DisposeAsync();
    }

    private async Task StartAsync(int count, TimeProvider? time = null)
    {
        for (int i = 0; i < count; i++)
            _servers.Add(await PeerServer.StartAsync(new PeerOptions(PeerRanks.Tcp) { Time = time ?? TimeProvider.System }, Cancellation));
    }

    private Task<IRankLinks> JoinAsync(int rank, long generation, CancellationToken? cancellation = null) => _servers[rank].JoinAsync(
        new PeerMembership("run", generation, rank, [.. _servers.Select(server => server.Address)]), Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation ?? Cancellation);
}
