using System.Runtime.CompilerServices;
using Orleans;
using Orleans.Runtime;

namespace Atelier.Orleans.Tests.Observers;

public sealed class ObserverTests : IAsyncLifetime
{
    private TestSilo _silo = null!;

    private ITellerGrain Teller => _silo.Grains.GetGrain<ITellerGrain>("a");

    public async ValueTask InitializeAsync() => _silo = await TestSilo.StartAsync();

    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    [Fact]
    public async Task Observer_ThatAGrainCalls_HearsInOrder()
    {
        var listener = new Listener(_silo.Signals);
        await Teller.Add(_silo.Grains.CreateObjectReference<IListener>(listener));
        string[] lines = ["one", "bad two", .. Enumerable.Range(3, 20).Select(i => $"{i}")];

        foreach (var line in lines)
            await Teller.Tell(line);

        await _silo.Signals.WaitAsync(lines[^1]);
        Assert.Equal(lines, _silo.Signals.Log);
        GC.KeepAlive(listener);
    }

    [Fact]
    public async Task Observer_ThatAGrainAsks_Answers()
    {
        var listener = new Listener(_silo.Signals);
        await Teller.Add(_silo.Grains.CreateObjectReference<IListener>(listener));

        Assert.Equal(8, await Teller.Ask(7));
        GC.KeepAlive(listener);
    }

    [Fact]
    public async Task Reference_SentTwice_IsTheSame()
    {
        var listener = new Listener(_silo.Signals);
        var reference = _silo.Grains.CreateObjectReference<IListener>(listener);

        Assert.Equal(1, await Teller.Add(reference));
        Assert.Equal(1, await Teller.Add(reference));
        Assert.Equal(2, await Teller.Add(_silo.Grains.CreateObjectReference<IListener>(listener)));
        GC.KeepAlive(listener);
    }

#if !NAMED_PACKAGES
    // Orleans lets these calls run into their time limit.
    [Fact]
    public async Task Reference_ThatWasDeleted_LeadsNowhere()
    {
        var listener = new Listener(_silo.Signals);
        var reference = _silo.Grains.CreateObjectReference<IListener>(listener);
        await Teller.Add(reference);

        _silo.Grains.DeleteObjectReference<IListener>(reference);

        await Assert.ThrowsAnyAsync<OrleansException>(() => Teller.Ask(1));
        Assert.Throws<ArgumentException>(() => _silo.Grains.DeleteObjectReference<IListener>(listener));
        GC.KeepAlive(listener);
    }

    [Fact]
    public async Task Observer_ThatNobodyKeeps_IsGone()
    {
        await Teller.Add(ReferToAForgottenListener());

        await Assert.ThrowsAsync<ClientNotAvailableException>(async () =>
        {
            for (var i = 0; i < 10; i++)
            {
                GC.Collect();
                await Teller.Ask(1);
            }
        });
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private IListener ReferToAForgottenListener() => _silo.Grains.CreateObjectReference<IListener>(new Listener(_silo.Signals));
#endif

    [Fact]
    public void Reference_OfAReference_IsRefused()
    {
        var reference = _silo.Grains.CreateObjectReference<IListener>(new Listener(_silo.Signals));

        Assert.Throws<ArgumentException>(() => _silo.Grains.CreateObjectReference<IListener>(reference));
    }
}
