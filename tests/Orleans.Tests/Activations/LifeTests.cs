namespace Atelier.Orleans.Tests.Activations;

public sealed class LifeTests : IAsyncLifetime
{
    private TestSilo _silo = null!;

    public async ValueTask InitializeAsync() => _silo = await TestSilo.StartAsync();

    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    private ILifeGrain Grain(string key = "a") => _silo.Grains.GetGrain<ILifeGrain>(key);

    [Fact]
    public async Task Calls_ToOneGrain_MeetOneInstance()
    {
        var instances = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(Grain().Instance)));

        Assert.Single(instances.Distinct());
        Assert.Equal(["activated"], _silo.Signals.Log);
    }

    [Fact]
    public async Task DeactivateOnIdle_WithACallBehind_SendsItToTheNextInstance()
    {
        var last = Grain().EndAfter("go");
        await _silo.Signals.WaitAsync("go began");
        var behind = Grain().Instance();
        _silo.Signals.Set("go");

        Assert.NotEqual(await last, await behind);
        Assert.Equal(["activated", "deactivated: ApplicationRequested", "activated"], _silo.Signals.Log);
    }

    [Fact]
    public async Task Activation_WhileTheLastOneEnds_WaitsForIt()
    {
        _silo.Signals.Set("go");
        var first = await Grain("slow").EndAfter("go");
        var next = Grain("slow").Instance();
        Assert.DoesNotContain("deactivated: ApplicationRequested", _silo.Signals.Log);

        _silo.Signals.Set("may end");

        Assert.NotEqual(first, await next);
        Assert.Equal(["activated", "deactivated: ApplicationRequested", "activated"], _silo.Signals.Log);
    }

    [Fact]
    public async Task Activation_ThatFails_FailsTheCallsAndIsTriedAgain()
    {
        for (var i = 0; i < 2; i++)
        {
            var error = await Assert.ThrowsAnyAsync<Exception>(Grain("broken").Instance);
            Assert.Contains("cannot be activated", error.ToString(), StringComparison.Ordinal);
        }
    }

#if !NAMED_PACKAGES // Orleans takes how long a grain was idle from a watch of its own
    [Fact]
    public async Task IdleGrain_AfterTheCollectionAge_Ends()
    {
        var first = await Grain().Instance();
        _silo.Time.Advance(TimeSpan.FromMinutes(14));
        Assert.Equal(first, await Grain().Instance());

        _silo.Time.Advance(TimeSpan.FromMinutes(14));
        Assert.Equal(first, await Grain().Instance());
        _silo.Time.Advance(TimeSpan.FromMinutes(17));

        await _silo.Signals.WaitAsync("deactivated");
        Assert.NotEqual(first, await Grain().Instance());
        Assert.Contains("deactivated: ActivationIdle", _silo.Signals.Log);
    }

    [Fact]
    public async Task IdleGrain_ThatDelaysItsEnd_StaysSoLong()
    {
        var first = await Grain().Instance();
        await Grain().KeepFor(TimeSpan.FromHours(2));
        _silo.Time.Advance(TimeSpan.FromMinutes(100));
        Assert.DoesNotContain("deactivated: ActivationIdle", _silo.Signals.Log);

        _silo.Time.Advance(TimeSpan.FromMinutes(30));

        await _silo.Signals.WaitAsync("deactivated");
        Assert.NotEqual(first, await Grain().Instance());
    }
#endif

    [Fact]
    public async Task Silo_ThatStops_EndsItsGrains()
    {
        await Grain().Instance();

        await _silo.StopAsync();

        Assert.Equal(["activated", "deactivated: ShuttingDown"], _silo.Signals.Log);
    }

    [Fact]
    public async Task Timer_WithAPeriod_TicksOnWhetherOrNotATickFails()
    {
        await Grain().Tick(failing: 1, waiting: 0);
        for (var tick = 1; tick <= 3; tick++)
            await UntilTickAsync(tick);

        await Grain().StopTicking();

        var ticks = _silo.Signals.Log.Count;
        _silo.Time.Advance(TimeSpan.FromSeconds(10));
        await Grain().Instance();
        Assert.Equal(ticks, _silo.Signals.Log.Count);
    }

    [Fact]
    public async Task Timer_WhoseTickRuns_IsNotDueBeforeItEnds()
    {
        await Grain().Tick(failing: 0, waiting: 1);
        await UntilTickAsync(1);

        _silo.Time.Advance(TimeSpan.FromSeconds(10));
        // A call waits for the tick as for a call.
        var call = Grain().Instance();
        _silo.Signals.Set("tick may end");
        await call;
        Assert.DoesNotContain("tick 2", _silo.Signals.Log);

        await UntilTickAsync(2);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Timer_ThatIsDueDuringACall_WaitsUnlessItInterleaves(bool interleave)
    {
        await Grain().Tick(failing: 0, waiting: 0, interleave);
        var call = Grain().WaitFor("go");
        await _silo.Signals.WaitAsync("go began");
        _silo.Time.Advance(TimeSpan.FromSeconds(1));
        if (interleave)
            await _silo.Signals.WaitAsync("tick 1");
        _silo.Signals.Set("go");

        await call;
        await _silo.Signals.WaitAsync("tick 1");
        string[] expected = interleave ? ["activated", "tick 1", "go"] : ["activated", "go", "tick 1"];
        Assert.Equal(expected, _silo.Signals.Log);
    }

    [Fact]
    public async Task Timer_OfAGrainThatEnds_Ends()
    {
        await Grain().Tick(failing: 0, waiting: 0);
        _silo.Signals.Set("go");
        await Grain().EndAfter("go");

        // The next instance answers once the last one is gone.
        await Grain().Instance();
        _silo.Time.Advance(TimeSpan.FromSeconds(10));
        await Grain().Instance();
        Assert.DoesNotContain("tick 1", _silo.Signals.Log);
    }

    /// <summary>Lets seconds go by until a tick has come.</summary>
    private async Task UntilTickAsync(int tick)
    {
        var came = _silo.Signals.WaitAsync($"tick {tick}");
        while (!came.IsCompleted)
        {
            _silo.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
        await came;
    }
}
