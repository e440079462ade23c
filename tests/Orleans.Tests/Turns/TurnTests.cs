namespace Atelier.Orleans.Tests.Turns;

public sealed class TurnTests : IAsyncLifetime
{
    private TestSilo _silo = null!;

    public async ValueTask InitializeAsync() => _silo = await TestSilo.StartAsync();

    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    [Fact]
    public async Task Calls_ToOneGrain_RunOneAfterTheOther()
    {
        var grain = _silo.Grains.GetGrain<ITurnGrain>("a");
        var names = Enumerable.Range(0, 50).Select(i => $"call {i}").ToList();

        await Task.WhenAll([.. names.Select(grain.Step)]);

        var log = _silo.Signals.Log.ToList();
        Assert.All(log.Chunk(2), call => Assert.Equal(call[0].Replace(" begins", " ends", StringComparison.Ordinal), call[1]));
        Assert.Equal(names.Order(), log.Chunk(2).Select(call => call[0].Replace(" begins", "", StringComparison.Ordinal)).Order());
    }

    [Fact]
    public async Task Calls_ToTwoGrains_RunBeside()
    {
        var waits = _silo.Grains.GetGrain<ITurnGrain>("a").WaitFor("go");
        await _silo.Signals.WaitAsync("go began");
        await _silo.Grains.GetGrain<ITurnGrain>("b").Step("other");
        _silo.Signals.Set("go");
        await waits;
    }

    [Fact]
    public async Task AlwaysInterleave_WhileACallRuns_DoesNotWait()
    {
        var grain = _silo.Grains.GetGrain<ITurnGrain>("a");
        var waits = grain.WaitFor("go");
        var step = grain.Step("waiting");

        await grain.Set("go");

        await waits;
        await step;
    }

    [Fact]
    public async Task Reentrant_Calls_InterleaveAtAwaits()
    {
        var grain = _silo.Grains.GetGrain<IReentrantTurnGrain>("a");
        var waits = grain.WaitFor("go");

        await grain.Set("go");

        await waits;
    }

    [Fact]
    public async Task Reentrant_Calls_NeverRunOnTwoThreads()
    {
        var grain = _silo.Grains.GetGrain<IReentrantTurnGrain>("a");

        await Task.WhenAll(Enumerable.Range(0, 1999).Select(_ => Task.Run(grain.Add)));

        Assert.Equal(2000, await grain.Add());
    }

    [Fact]
    public async Task AsyncLocals_OfACaller_DoNotArrive()
    {
        TurnGrain.Flows.Value = "the caller's";

        Assert.Null(await _silo.Grains.GetGrain<ITurnGrain>("a").Local());
    }

    [Fact]
    public async Task Turn_AfterAnAwait_IsTheGrains()
    {
        var grain = _silo.Grains.GetGrain<ITurnGrain>("a");

        await grain.UseTimer(leave: false);

        await Assert.ThrowsAsync<InvalidOperationException>(() => grain.UseTimer(leave: true));
    }

    [Fact]
    public async Task OneWay_CallThatFails_TellsTheCallerNothing()
    {
        await _silo.Grains.GetGrain<ITurnGrain>("a").Forget("ran");

        await _silo.Signals.WaitAsync("ran");
    }

    [Fact]
    public async Task Failure_OfAGrain_ReachesTheCallerAsItIs()
    {
        var error = await Assert.ThrowsAsync<FormatException>(async () => await _silo.Grains.GetGrain<ITurnGrain>("a").Fail());

        Assert.Equal("as the grain threw it", error.Message);
    }

#if !NAMED_PACKAGES
    // Orleans looks for calls that are late by a clock of its own.
    [Fact]
    public async Task Timeout_WithoutAResponse_NamesTheCall()
    {
        var waits = _silo.Grains.GetGrain<ITurnGrain>("a").WaitFor("go");
        await _silo.Signals.WaitAsync("go began");

        _silo.Time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(waits.IsCompleted);
        _silo.Time.Advance(TimeSpan.FromSeconds(1));

        var error = await Assert.ThrowsAsync<TimeoutException>(() => waits);
        Assert.Contains("turn/a.WaitFor", error.Message, StringComparison.Ordinal);
        _silo.Signals.Set("go");
    }

    [Theory]
    [InlineData("b", "turn/a.CallThrough → turn/b.Call → turn/a.Step would wait for turn/a.CallThrough")]
    [InlineData("a", "turn/a.CallThrough → turn/a.Call would wait for turn/a.CallThrough")]
    public async Task Cycle_OfCalls_FailsAtOnceAndNamesTheChain(string other, string chain)
    {
        var error = await Assert.ThrowsAnyAsync<global::Orleans.Runtime.OrleansException>(() => _silo.Grains.GetGrain<ITurnGrain>("a").CallThrough(other));

        Assert.Contains(chain, error.Message, StringComparison.Ordinal);
        await _silo.Grains.GetGrain<ITurnGrain>("a").Step("afterwards");
    }
#endif

    [Fact]
    public async Task Call_AfterTheSiloStopped_IsRefused()
    {
        var grain = _silo.Grains.GetGrain<ITurnGrain>("a");
        await grain.Step("before");

        await _silo.StopAsync();

        await Assert.ThrowsAnyAsync<Exception>(() => grain.Step("after"));
        Assert.DoesNotContain("after begins", _silo.Signals.Log);
    }
}
